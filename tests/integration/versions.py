"""Projects that are built in several versions, and what dray says of the upgrades between them."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dray.beam.term_writer import format_term
from dray.beam.terms import parse_terms
from tests.harness import build, dray

if TYPE_CHECKING:
    from pathlib import Path

PIPELINE = """\
from dray.steps import assemble, release, tar, upgrade

build = release() | assemble() | upgrade() | tar()
"""
FRAME = re.compile(r"\{apply,\{dray_node,")


@dataclass
class Project:
    """A project that is built in several versions."""

    root: Path
    name: str

    @property
    def tree(self):
        return self.root / "_build/prod/rel" / self.name

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def replace(self, path, old, new):
        text = (self.root / path).read_text()
        assert old in text
        (self.root / path).write_text(text.replace(old, new))

    def build(self, version, *arguments):
        return build(self.root, "--set", f"release.version={version}", *arguments)

    def fail(self, version, *arguments):
        done = dray("build", "--set", f"release.version={version}", *arguments, cwd=self.root)
        assert done.status == 1, done.err
        return done.err

    def copy(self, folder):
        """Return a copy of the project and of what was built of it."""
        return Project(shutil.copytree(self.root, folder / self.root.name, symlinks=True), self.name)

    def archive(self, version):
        return self.root / f"_build/prod/{self.name}-{version}.tar.gz"

    def versions(self):
        """Return the applications of the release and their versions."""
        manifest = self.manifest()
        return {item["name"]: item["version"] for item in manifest["applications"]}

    def manifest(self):
        (file,) = self.tree.glob("releases/*/manifest.json")
        return json.loads(file.read_text())

    def relup(self, base):
        """Return the instructions of the way up from a base, and of the way down to it."""
        (file,) = self.tree.glob("releases/*/relup")
        ((_, up, down),) = parse_terms(file.read_text())
        scripts = []
        for way in (up, down):
            (script,) = [script for version, _, script in way if version == base]
            scripts.append([format_term(item) for item in script])
        return [Script(script) for script in scripts]

    def verdict(self, base):
        (file,) = self.tree.glob(f"releases/*/upgrade/from/{base}")
        return file.read_text().splitlines()


@dataclass
class Script:
    """The instructions of one way."""

    all: list[str]

    @property
    def own(self):
        """Those that dray did not put there."""
        return [item for item in self.all if not FRAME.match(item)]

    def of(self, name):
        """Return the instructions of one kind, without the methods of purging."""
        found = [item for item in self.own if item.startswith(f"{{{name},")]
        return [item.replace(",soft_purge,soft_purge", "").replace("'Elixir.", "'") for item in found]

    def modules(self, name):
        return [re.sub(r"^\{\w+,\{?'?|'?\}+$", "", item) for item in self.of(name)]
