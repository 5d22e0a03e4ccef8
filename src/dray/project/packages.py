"""What Mix does not report of a dependency: licences that only Hex's metadata say, and native code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.beam.etf import decode, encode
from dray.beam.terms import parse_terms
from dray.core.term import FALSE, TRUE, Atom, Map
from dray.errors import IntegrityError
from dray.native.find import list_native_files

if TYPE_CHECKING:
    from dray.core.term import Term


def add_package_facts(facts: bytes) -> bytes:
    """Return the facts with licences and native code added to each dependency.

    Args:
        facts: The reply of ``beam/facts.exs`` in the external term format.
    """
    reply = decode(facts)
    dependencies = reply.get(Atom("dependencies"), [])
    if not isinstance(reply, Map) or not dependencies:
        return facts
    return encode(reply.put(Atom("dependencies"), [_enrich(item) for item in dependencies]))


def _enrich(dependency: Any) -> Term:
    folder = Path(dependency[3].decode("utf-8", "surrogateescape"))
    native = TRUE if list_native_files(folder / "priv") else FALSE
    licenses: list[Term] = [name.encode() for name in read_hex_licenses(folder)]
    return (*dependency[:5], licenses, native)


def read_hex_licenses(folder: Path) -> tuple[str, ...]:
    """Return the licences that a package's ``hex_metadata.config`` says; none where there is no such file."""
    path = folder / "hex_metadata.config"
    try:
        terms = parse_terms(path.read_text(encoding="utf-8"), file=str(path))
    except (OSError, UnicodeDecodeError, IntegrityError):
        return ()
    for term in terms:
        if isinstance(term, tuple) and len(term) == 2 and term[0] == b"licenses" and isinstance(term[1], list):
            return tuple(item.decode("utf-8", "replace") for item in term[1] if isinstance(item, bytes))
    return ()
