"""Versions of a project that follow each other: built, changed in place, built again, upgraded and rehearsed."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from dray.beam.etf import decode
from dray.upgrade.local_node import copy_release
from dray.upgrade.snapshot import build_snapshot
from tests.harness import Done, Launcher, dray, run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dray.upgrade.snapshot import Snapshot

_numbers = count(1)

Changes: TypeAlias = "Mapping[str, str | tuple[tuple[str, str], ...] | None]"
"""For each file its new text, what is replaced in it, or None where it goes."""


@dataclass(frozen=True)
class Version:
    """A version of a project that is built.

    Args:
        project: The project's folder.
        name: The release's name.
        version: Its version.
        dray: Runs dray, on the machine where the project is built.
    """

    project: Path
    name: str
    version: str
    dray: Callable[..., Done] = dray

    @property
    def tree(self) -> Path:
        """The folder of the release."""
        return self.project / "_build/prod/rel" / self.name

    @property
    def archive(self) -> Path:
        """The archive, where one was packed."""
        (found,) = self.project.glob(f"_build/prod/{self.name}-{self.version}.tar.gz")
        return found

    @property
    def verdicts(self) -> dict[str, list[str]]:
        """The lines of the verdict, for each base."""
        folder = self.tree / "releases" / self.version / "upgrade/from"
        return {file.name: file.read_text().splitlines() for file in folder.iterdir()}

    def follow(
        self, target: Path, changes: Changes, *, version: str, bases: tuple[Version, ...] = (), pack: bool = False
    ) -> Version:
        """Build the version that comes after this one.

        Args:
            target: Where the project of that version is made.
            changes: What is changed in the project.
            version: The version.
            bases: What it is upgraded from; this version unless others are given.
            pack: Whether to make an archive, too.
        """
        shutil.copytree(self.project, target, ignore=shutil.ignore_patterns("rel-*", "*.tar.gz"), symlinks=True)
        shutil.rmtree(target / "_build/prod/rel")
        change_project(target, changes)
        return build_version(target, self.name, version, bases or (self,), pack=pack, dray=self.dray)


def build_version(
    project: Path,
    name: str,
    version: str,
    bases: tuple[Version, ...] = (),
    *,
    pack: bool = False,
    dray: Callable[..., Done] = dray,
) -> Version:
    """Build a project; it must work."""
    done = dray(
        *("run", "packed" if pack else "build", f"--set=release.version={version}"),
        cwd=project,
        env={"BASES": ":".join(str(base.tree) for base in bases)},
    )
    assert done.status == 0, done.err
    return Version(project, name, version, dray)


def change_project(project: Path, changes: Changes) -> None:
    """Change files of a project in place; what is to be replaced must be there."""
    for path, change in changes.items():
        file = project / path
        if change is None:
            file.unlink()
        elif isinstance(change, str):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(change)
        else:
            text = file.read_text()
            for old, new in change:
                assert old in text, (path, old)
                text = text.replace(old, new)
            file.write_text(text)


def rehearse(old: Version, new: Version, **variables: str) -> dict[str, Any]:
    """Rehearse an upgrade and its downgrade, and return the report."""
    given = [f"--variable={name}={value}" for name, value in variables.items()]
    done = new.dray("rehearse", str(old.tree), str(new.tree), "--json", *given, cwd=new.project)
    assert done.out, done.err
    report: dict[str, Any] = json.loads(done.out)
    assert report["equal"] == (done.status == 0), done.out + done.err
    return report


def require_equal(old: Version, new: Version, *, mode: str = "hot", **variables: str) -> dict[str, Any]:
    """Rehearse, and fail unless the node was equal both ways."""
    report = rehearse(old, new, **variables)
    assert report["equal"], json.dumps(report, indent=2)
    assert (report["up"]["mode"], report["down"]["mode"]) == (mode, mode), report
    return report


def add_version(tree: Path, version: Version) -> None:
    """Put a version beside those of an installed release, as a package would."""
    copy_release(version.tree, tree)


def change(launcher: Launcher, command: str, *arguments: str, **env: str) -> dict[str, Any]:
    """Run upgrade or downgrade with ``--json``, and return the report with its exit status."""
    done = launcher(command, *arguments, "--json", env=env)
    assert done.out.startswith("{"), done
    report: dict[str, Any] = json.loads(done.out)
    return {**report, "status": done.status, "err": done.err}


def ask(launcher: Launcher, expression: str) -> str:
    """Return what an expression of Elixir is in the running system, as text; faster than the launcher's ``rpc``."""
    answer = Path(launcher.env["RELEASE_TMP"], "answer")
    code = f'File.write!("{answer}", inspect(({expression}), limit: :infinity))'
    call_node(launcher, f"'Elixir.Code':eval_string({json.dumps(code)})")
    return answer.read_text()


def look_at(launcher: Launcher, tool: Path) -> Snapshot:
    """Return what a running system is, as rehearsals see it.

    Args:
        launcher: The system's.
        tool: The compiled ``dray_snapshot``, without its suffix.
    """
    answer = Path(launcher.env["RELEASE_TMP"], "answer.etf")
    call_node(
        launcher,
        f'{{module, Tool}} = code:load_abs("{tool}"),'
        f' ok = file:write_file("{answer}", term_to_binary(Tool:take(node(), "{launcher.tree}"))),'
        " code:delete(Tool), code:purge(Tool)",
    )
    return build_snapshot(decode(answer.read_bytes()))


def call_node(launcher: Launcher, code: str) -> None:
    """Run Erlang code in the running system."""
    program = next(launcher.tree.glob("erts-*/bin/erl_call"))
    node, cookie = launcher.env["RELEASE_NODE"], Path(launcher.env["RELEASE_TMP"], "COOKIE").read_text().strip()
    argv = (*launcher.shell, program, "-h", f"ask-{next(_numbers)}", "-sname", node, "-c", cookie, "-e")
    done = run(*argv, cwd=launcher.tree, env=launcher.env, stdin=f"{code}, ok.\n")
    assert done.out == "{ok, ok}", done


def list_versions(launcher: Launcher) -> dict[str, str]:
    """Return what the launcher says of each version that is installed."""
    done = launcher("versions")
    assert done.status == 0, done.err
    return {line.split()[0]: line.partition(" ")[2].strip() for line in done.out.splitlines()}


def require_hot(launcher: Launcher, target: str) -> None:
    """Take a system to another version inside of its process; it must work."""
    done = change(launcher, "upgrade", target, "--hot")
    assert (done["status"], done["mode"], done.get("error")) == (0, "hot", None), done["err"]
    assert list_versions(launcher)[target].startswith("running, permanent")
