"""The page "Your first VPS in ten minutes", typed as it is: on this machine, for a host that was just booted."""

from __future__ import annotations

import os
import pty
import re
import signal

import pytest

from tests.harness import ROOT, Done
from tests.hosts.fleet import fleet
from tests.pages import Developer, pattern_of, read_blocks, read_commands

pytestmark = [pytest.mark.beam, pytest.mark.root, pytest.mark.hosts, pytest.mark.sshd]

PAGE = ROOT / "docs/first-vps.md"
SERVER = "vps.hello.example"
SECONDS = 180


class DeveloperAtATerminal(Developer):
    """Answers the question that the page answers."""

    def answer(self, command: str) -> Done:
        """Type a command, and yes when it asks."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            env = {name: value for name, value in self.env.items() if value}
            os.execvpe("sh", ["sh", "-c", command], {**os.environ, **env, "TERM": "xterm", "NO_COLOR": "1", "CI": ""})
        signal.alarm(SECONDS)  # whoever is never asked would wait for ever
        said, asked = b"", False
        try:
            while read := read_terminal(terminal):
                said += read
                if not asked and b"Type yes: " in said:
                    os.write(terminal, b"yes\n")
                    asked = True
        finally:
            signal.alarm(0)
            os.close(terminal)
            status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert asked
        return Done(status, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", said.decode()).replace("\r\n", "\n"), "")


def read_terminal(terminal):
    """Return what was written; nothing once the program has ended."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def test_the_page_works_as_it_stands(tmp_path):
    (tmp_path / "hosts").mkdir()
    developer = DeveloperAtATerminal(tmp_path)
    with fleet(tmp_path / "hosts", 1) as hosts:
        make_known(developer, hosts)
        for typed in read_commands(PAGE):
            done = developer.answer(typed.command) if is_asked(typed) else developer.type(typed.command)
            is_refused = any(line.startswith("error: ") for line in typed.shown)
            assert done.status == (3 if is_refused else 0), f"{typed.command}\n{done.out}\n{done.err}"
            for line in typed.shown:
                assert re.search(pattern_of(line), done.out + done.err), (
                    f"{typed.command} does not say: {line}\n{done.out}\n{done.err}"
                )
            if typed.command == "cd hello":
                write_files(developer.folder)
        known = (tmp_path / ".ssh/known_hosts").read_text()
        assert known.split()[0] == hosts[0].address


def is_asked(typed):
    return any("Type yes" in line for line in typed.shown)


def make_known(developer, hosts):
    """Let ssh and curl find the host by its name; nobody has accepted its key yet."""
    (developer.folder / ".ssh").mkdir()
    (developer.folder / ".ssh/config").write_text(
        f"Host {SERVER}\n  HostName {hosts[0].address}\n  User root\n  IdentityFile {hosts.identity}\n"
    )
    (developer.folder / ".curlrc").write_text(f'resolve = "{SERVER}:4000:{hosts[0].address}"\n')


def write_files(project):
    """Write the files that the page shows: the first line of each names it."""
    for block in read_blocks(PAGE, "elixir"):
        (project / block.splitlines()[0].removeprefix("# ")).write_text(block)
