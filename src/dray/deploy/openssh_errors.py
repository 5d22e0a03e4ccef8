"""What ``ssh`` says when it cannot connect, and what a person can do about it.

``ssh`` ends with 255 whatever happened, so its words are all that there is to go by. They choose the hint and nothing
else: what is not recognised is shown as it is.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from dray.deploy.hints import CHANGED, hint_changed, hint_refused, hint_silent, hint_unknown
from dray.errors import RemoteError

if TYPE_CHECKING:
    from dray.core.host import Host

_OFFENDING = re.compile(r"Offending .*key in (.+):(\d+)")
_REMOVE = re.compile(r"-R ['\"]?([^'\"\s]+)")
_NOISE = re.compile(r"^(@|\*\* |Host key verification failed|Connection closed by UNKNOWN|client_loop|kex_exchange)")


class _Reason(NamedTuple):
    pattern: str
    what: str
    hint: str = ""  # empty for that of a host that does not answer


_REASONS = (
    _Reason(
        "Could not resolve hostname",
        "its name cannot be resolved",
        "mistyped? HostName in ~/.ssh/config can say where it is",
    ),
    _Reason("timed out|timeout", "it does not answer"),
    _Reason("No route to host|Network is unreachable", "it cannot be reached"),
    _Reason(
        "Connection refused",
        "it refuses the connection",
        "is sshd running there, and on this port? USER@HOST:PORT names another",
    ),
    _Reason(
        "no matching|Unable to negotiate",
        "it and this ssh have no algorithm in common",
        "see KexAlgorithms, Ciphers and HostKeyAlgorithms in ssh_config(5)",
    ),
    _Reason(
        "onfiguration option|Bad owner or permissions",
        "ssh refuses its configuration",
        "mend the file that it names",
    ),
    _Reason(
        "Connection (reset|closed)",
        "it closed the connection",
        "sshd's MaxStartups may be reached: fewer hosts at once",
    ),
)


def explain_ssh(host: Host, said: str, *, command: str) -> RemoteError:
    """Return the error for what ``ssh`` said.

    Args:
        host: The host.
        said: Its standard error.
        command: The command by which a person logs in.
    """
    if "HOST IDENTIFICATION HAS CHANGED" in said:
        return _explain_changed(host, said)
    if "Host key verification failed" in said:
        return RemoteError(f"{host}: its key is not known on this machine", hint=hint_unknown(command))
    reason = last_reason(said) or "ssh ended without a word"
    if "Permission denied" in said or "Too many authentication failures" in said:
        return RemoteError(f"{host} refuses the user: {reason}", hint=hint_refused(command))
    for known in _REASONS:
        if re.search(known.pattern, said):
            return RemoteError(f"{host}: {known.what}: {reason}", hint=known.hint or hint_silent(command))
    return RemoteError(f"{host}: {reason}", hint=f"try: {command}", output=said or None)


def last_reason(said: str) -> str:
    """Return the last line that says something."""
    lines = [line.strip() for line in said.splitlines()]
    told = [line for line in lines if line and not _NOISE.match(line)] or [line for line in lines if line]
    return told[-1].removeprefix("ssh: ").rstrip(".") if told else ""


def _explain_changed(host: Host, said: str) -> RemoteError:
    found = _OFFENDING.search(said)
    where = f" (line {found[2]} of {found[1]})" if found else ""
    named = _REMOVE.search(said)
    hint = hint_changed(host, named[1] if named else host.name, found[1] if found else "")
    return RemoteError(f"{host}: {CHANGED}{where}", hint=hint)
