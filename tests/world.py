"""A machine with OTP, Elixir and a project, made of ``.app`` files: enough to resolve applications."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dray.assemble.resolve import resolve_applications
from dray.core.erts import Erts
from dray.core.project import Member, Project, Toolchain

if TYPE_CHECKING:
    from pathlib import Path

    from dray.core.application import Application

BASE = (("kernel", "permanent"), ("stdlib", "permanent"), ("elixir", "permanent"), ("sasl", "permanent"))


class World:
    """The machine.

    Args:
        root: Its files.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("kernel", "stdlib", "sasl", "crypto", "compiler"):
            self.otp(name, *([] if name in {"kernel", "stdlib"} else ["kernel", "stdlib"]))
        self.write("elixir/lib/elixir", "elixir", ["kernel", "stdlib", "compiler"])
        self.write("elixir/lib/iex", "iex", ["kernel", "stdlib", "elixir"])
        self.write("elixir/lib/logger", "logger", ["kernel", "stdlib", "elixir"])

    def write(self, folder: str, name: str, needs: list[str], version: str = "1.0", extra: str = "") -> None:
        """Write an application."""
        ebin = self.root / folder / "ebin"
        ebin.mkdir(parents=True, exist_ok=True)
        (ebin / f"{name}.app").write_text(
            f'{{application,{name},[{{vsn,"{version}"}},{{description,""}},{{modules,[]}},{{registered,[]}},'
            f"{{applications,[{','.join(needs)}]}}{extra}]}}."
        )

    def otp(self, name: str, *needs: str, version: str = "1.0", extra: str = "") -> None:
        """Install an application of OTP."""
        self.write(f"otp/lib/{name}-{version}", name, list(needs), version, extra)

    def build(self, name: str, *needs: str, extra: str = "") -> None:
        """Compile an application of the project."""
        self.write(f"_build/prod/lib/{name}", name, ["kernel", "stdlib", "elixir", *needs], extra=extra)

    def project(self, **given: Any) -> Project:
        """Return the facts of the project."""
        elixir = self.root / "elixir"
        tools = Toolchain("25", "13.1", self.root / "otp", self.root / "otp/lib", (), "1.14.0", elixir / "bin")
        path = [*(self.root / "_build/prod/lib").glob("*/ebin"), *(elixir / "lib").glob("*/ebin")]
        return Project(
            kind="mix",
            root=self.root,
            name="shop",
            version="1.0",
            env="prod",
            target="host",
            build_path=self.root / "_build/prod",
            toolchain=tools,
            members=(Member("shop", "1.0", self.root),),
            code_path=tuple(path),
            **given,
        )

    def resolve(
        self, *requested: tuple[str, str], unchecked: tuple[str, ...] = (), **given: Any
    ) -> tuple[Application, ...]:
        """Return the applications of a release."""
        erts = Erts("13.1", self.root / "otp", self.root / "otp/lib")
        project = self.project(**given)
        return resolve_applications(project, erts, (*BASE, *requested), unchecked=unchecked)
