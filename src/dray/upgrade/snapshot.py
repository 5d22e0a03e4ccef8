"""What a running node is, and in what two of them differ: the question of a rehearsal.

    before = take_snapshot(node, tools)
    find_differences(take_snapshot(upgraded, tools), take_snapshot(fresh, tools))

``beam/rehearsal/dray_snapshot.erl`` looks at the node; nothing of one start alone (processes, folders) is in it.
"""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dray.beam.etf import decode
from dray.beam.term_writer import format_term
from dray.core.term import Map
from dray.errors import StepError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from dray.upgrade.local_node import LocalNode

_KINDS = {
    "applications": "application",
    "modules": "module",
    "environment": "environment of",
    "supervisors": "supervisors of",
    "registered": "registered name",
    "protocols": "protocol",
    "code_path": "code path",
}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a node is.

    Args:
        parts: For each kind of thing, names and what they are, as text.
    """

    parts: Mapping[str, Mapping[str, str]]


def take_snapshot(node: LocalNode, tools: Path) -> Snapshot:
    """Look at a running node.

    Args:
        node: The node.
        tools: The folder of the compiled ``dray_snapshot``.

    Raises:
        StepError: The node does not answer.
    """
    reply = _ask(node, tools, {})
    if not isinstance(reply, Map):
        raise StepError(f"the running {node.name} could not be looked at", got=format_term(reply)[:500])
    return build_snapshot(reply)


def build_snapshot(found: Map) -> Snapshot:
    """Return what ``dray_snapshot:take/1`` found."""
    parts: dict[str, Any] = {str(kind): items for kind, items in found.pairs}
    return Snapshot({kind: dict(map(_name_item, parts[kind])) for kind in _KINDS})


def _name_item(item: Any) -> tuple[str, str]:
    """Return a name and what it is; a thing that is only there, such as a registered name, is its name alone."""
    if isinstance(item, tuple) and len(item) > 1:
        return format_term(item[0]), format_term(item[1] if len(item) == 2 else item[1:])
    return format_term(item), ""


def find_differences(found: Snapshot, wanted: Snapshot) -> tuple[str, ...]:
    """Return what is different, a line each; empty where both nodes are the same.

    Args:
        found: The node that was upgraded.
        wanted: The node that was freshly booted.
    """
    return tuple(
        line for kind, word in _KINDS.items() for line in _compare(word, found.parts[kind], wanted.parts[kind])
    )


def _compare(word: str, found: Mapping[str, str], wanted: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(found.keys() | wanted.keys()):
        if name not in found:
            yield f"{word} {name}: only in the booted system"
        elif name not in wanted:
            yield f"{word} {name}: only in the upgraded system"
        elif found[name] != wanted[name]:
            yield f"{word} {name}: upgraded {_shorten(found[name])}, booted {_shorten(wanted[name])}"


def _shorten(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:400]}..."


@contextlib.contextmanager
def watch_pauses(node: LocalNode, tools: Path) -> Iterator[list[float]]:
    """Measure, while the block lasts, how long a process of the node takes to answer.

    Args:
        node: The node.
        tools: The folder of the compiled ``dray_snapshot``.

    Yields:
        A list that holds the longest time, in seconds, when the block has ended; empty where the node went away.
    """
    flag = node.folder / "watch"
    flag.touch()
    longest: list[float] = []

    def watch() -> None:
        with contextlib.suppress(StepError, OSError):
            reply = _ask(node, tools, {"DRAY_WATCH": str(flag)})
            longest.append(reply / 1e6)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield longest
    finally:
        flag.unlink()
        thread.join()


def _ask(node: LocalNode, tools: Path, variables: Mapping[str, str]) -> Any:
    """Return what ``dray_snapshot`` says of a node."""
    reply = node.folder / f"snapshot-{len(variables)}.etf"
    distribution, name = node.read_address()
    environ = {
        **node.environ,
        "DRAY_NODE": name,
        "DRAY_ROOT": str(node.tree),
        "DRAY_REPLY": str(reply),
        **variables,
    }
    argv = (
        *("erl", "-noinput", "-hidden", f"-{distribution}", f"watch-{len(variables)}-{name}"),
        *("-setcookie", node.environ["RELEASE_COOKIE"], "-pa", str(tools), "-s", "dray_snapshot", "main"),
    )
    done = node.shell.run(argv, cwd=node.folder, env=environ, capture=True, check=False)
    if done.status != 0 or not reply.exists():
        raise StepError(f"the running {node.name} could not be looked at", output=done.output or node.read_log())
    return decode(reply.read_bytes())
