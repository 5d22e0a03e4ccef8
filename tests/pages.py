"""Pages of the documentation that show commands: what is typed, and the lines that are shown of what it prints."""

from __future__ import annotations

import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.harness import Done, run


@dataclass
class Typed:
    """A command of the page: where it is typed, and the lines that the page shows of what it prints."""

    prompt: str
    command: str
    shown: list[str] = field(default_factory=list)


def read_commands(page: Path) -> list[Typed]:
    """Return the commands of a page in their order."""
    commands: list[Typed] = []
    for block in read_blocks(page, "console"):
        for line in block.splitlines():
            if line[:2] in {"$ ", "# "}:
                commands.append(Typed(line[0], line[2:]))
            elif line:
                commands[-1].shown.append(line)
    return commands


def read_blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in a language."""
    text = page.read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def pattern_of(line: str) -> str:
    """Return a line of a page as a pattern: figures, times and identifiers differ each time."""
    escaped = re.escape(line)
    escaped = re.sub(r"[0-9a-f]{40}", "[0-9a-f]{40}", escaped)
    escaped = re.sub(r"(?<=\\\+)[0-9a-f]{6}\b", "[0-9a-f]{6}", escaped)
    escaped = re.sub(r"SHA256:\S+", r"SHA256:\\S+", escaped)
    escaped = re.sub(r"\d\d:\d\d:\d\d", r"\\d\\d:\\d\\d:\\d\\d", escaped)
    escaped = re.sub(r"(?<=pid\\ )\d+|\d+(?=[dhms]\b)", r"\\d+", escaped)
    escaped = re.sub(r"\d+\\\.\d+(?=\\ (?:s|MB))", r"\\d+\\.\\d+", escaped)
    return re.sub(r"(?:\\ )+", r"\\s+", escaped)


class Developer:
    """Types commands on this machine, in a folder that ``cd`` changes.

    Args:
        folder: Where it begins.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        self.env = {"HOME": str(folder), "PATH": path, "MIX_HOME": "", "MIX_ENV": ""}

    def type(self, command: str) -> Done:
        if command.startswith("cd "):
            self.folder /= command.removeprefix("cd ")
            return Done(0, "", "")
        env = {name: value for name, value in self.env.items() if value}
        return run("sh", "-c", command, cwd=self.folder, env=env)
