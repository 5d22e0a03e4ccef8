"""The two projects that are built: the example umbrella, and a release with every application of OTP besides."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "shop_umbrella"
DRAY = str(Path(sys.executable).with_name("dray"))

_MIX = """\
defmodule ShopUmbrella.MixProject do
  use Mix.Project

  def project do
    [
      apps_path: "apps",
      version: "0.1.0",
      start_permanent: Mix.env() == :prod,
      deps: [],
      releases: [
        shop: [applications: %(applications)s],
        packed: [applications: %(applications)s, steps: [:assemble, :tar]]
      ]
    ]
  end
end
"""
_CONFIG = """\
from dray.steps import assemble, release, tar

build = release("shop") | assemble()
packed = release("packed") | assemble() | tar()
"""
_numbers = count(1)


@dataclass(frozen=True)
class Side:
    """A copy of a project that one program builds.

    Args:
        name: What the table calls the project.
        root: The copy.
    """

    name: str
    root: Path

    def dray(self, *arguments: str) -> Program:
        """Return a command of dray in this copy."""
        return Program((DRAY, *arguments), self.root, {})

    def mix(self, *arguments: str) -> Program:
        """Return a command of Mix in this copy."""
        return Program(("mix", *arguments), self.root, {"MIX_ENV": "prod"})

    def bin(self, *arguments: str, env: Mapping[str, str] | None = None) -> Program:
        """Return a command of the release that was built here."""
        return Program((str(self.root / "_build/prod/rel/shop/bin/shop"), *arguments), self.root, env or {})

    def put_away(self, *paths: str) -> None:
        """Move what was built out of the way; to remove it here would slow the file system for what comes next."""
        attic = self.root.parent / "attic"
        attic.mkdir(exist_ok=True)
        for path in paths:
            if (self.root / path).exists():
                (self.root / path).rename(attic / f"{self.root.name}-{next(_numbers)}")

    def change_a_module(self) -> None:
        """Change one module, so that its compiled form changes too."""
        file = self.root / "apps/shop/lib/shop.ex"
        lines = [line for line in file.read_text().splitlines() if "def changed" not in line]
        file.write_text("\n".join([*lines[:-1], f"  def changed, do: {next(_numbers)}", lines[-1]]) + "\n")
        # Mix compares whole seconds: a second change in the same one would not be seen.
        ahead = file.stat().st_mtime + next(_numbers)
        os.utime(file, (ahead, ahead))


def make_side(place: Path, name: str, builder: str) -> Side:
    """Copy a project for one of the builders; ``name`` is ``example`` or ``large``."""
    root = place / f"{name}-{builder}"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("_build"))
    applications = "[shop: :permanent, shop_web: :permanent]"
    if name == "large":
        applications = f"[shop: :permanent, shop_web: :permanent, {', '.join(f'{n}: :load' for n in _otp())}]"
    (root / "mix.exs").write_text(_MIX % {"applications": applications})
    (root / "rel" / "config.py").write_text(_CONFIG)
    return Side(name, root)


def _otp() -> list[str]:
    """Return every application of OTP that is installed here, but for those that Elixir itself starts."""
    code = "io:put_chars(code:lib_dir()), halt()."
    done = subprocess.run(("erl", "-noshell", "-eval", code), capture_output=True, text=True, check=True)
    found = {file.stem for file in Path(done.stdout).glob("*/ebin/*.app")}
    return sorted(found - {"kernel", "stdlib", "compiler"})
