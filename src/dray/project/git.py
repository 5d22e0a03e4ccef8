"""What git knows of the project: the commit, those before it, and which files it ignores."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dray.errors import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dray.core.context import Shell
    from dray.core.history import LoggedCommit
    from dray.core.project import Commit

_RECORD, _FIELD = "\x01", "\x02"
_MOST_COMMITS = 1000


def read_commit(shell: Shell, root: Path) -> Commit | None:
    """Return the commit of the working tree; None where there is no git, no repository or no commit yet."""
    log = _git(shell, root, "log", "-1", "--format=%H %ct")
    if not log:
        return None
    from dray.core.project import Commit  # noqa: PLC0415 - who only lists git's files needs no facts

    sha, time = log.split()
    status = _git(shell, root, "status", "--porcelain", "--untracked-files=no", "--", ".")
    return Commit(sha, int(time), dirty=bool(status))


def find_revision(shell: Shell, root: Path, name: str) -> str:
    """Return the full name of the commit that a name stands for; empty where the repository has none such."""
    if not name or name.startswith("-"):
        return ""
    return _git(shell, root, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")


def read_history(shell: Shell, root: Path, since: str, until: str) -> tuple[LoggedCommit, ...]:
    """Return the commits below the project that came after one and up to another, the newest first, without merges.

    Args:
        shell: Starts git.
        root: The project; what lies outside of it does not count.
        since: A commit that the repository has.
        until: Another one.
    """
    from dray.core.history import LoggedCommit  # noqa: PLC0415 - most builds tell nobody

    log = _git(
        shell,
        root,
        "-c",
        "core.quotePath=false",
        "log",
        f"--max-count={_MOST_COMMITS}",
        "--no-merges",
        "--no-renames",
        "--no-show-signature",
        "--relative",
        "--name-only",
        "--format=%x01%h%x02%s%x02%an%x02",
        f"{since}..{until}",
        "--",
        ".",
    )
    commits = []
    for record in log.split(_RECORD)[1:]:
        sha, subject, author, files = (*record.split(_FIELD, 3), "", "", "")[:4]
        commits.append(LoggedCommit(sha, subject, author, tuple(line for line in files.split("\n") if line)))
    return tuple(commits)


def read_user(shell: Shell, root: Path) -> str:
    """Return the name under which git makes commits here; empty where there is none."""
    return _git(shell, root, "config", "user.name")


def read_author(shell: Shell, root: Path) -> str:
    """Return who wrote the last commit, ``Name <mail>``; empty where nobody is known."""
    return _git(shell, root, "log", "-1", "--format=%an <%ae>")


def read_tags(shell: Shell, root: Path) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    """Return the tags that lead to this commit, the newest first: name, time, and the subjects of its commits."""
    listed = _git(
        shell, root, "tag", "--merged", "HEAD", "--sort=-creatordate", "--format=%(refname:short) %(creatordate:unix)"
    )
    tags = [line.split() for line in listed.splitlines()]
    found = []
    for (name, moment), older in zip(tags, [*(tag[0] for tag in tags), ""][1:], strict=True):
        span = f"{older}..{name}" if older else name
        subjects = _git(shell, root, "log", "--no-merges", "--format=%s", span).splitlines()
        found.append((name, int(moment), tuple(subjects)))
    return tuple(found)


def list_reference_files(root: Path) -> tuple[Path, ...]:
    """Return the files in which git keeps what ``git describe`` in a ``mix.exs`` depends on: HEAD and references."""
    git = _find_git_folder(root)
    if git is None:
        return ()
    common = git / "commondir"
    shared = (git / common.read_text(encoding="utf-8").strip()).resolve() if common.is_file() else git
    return (git / "HEAD", shared / "packed-refs", *sorted((shared / "refs").rglob("*")))


def find_git_index(root: Path) -> Path | None:
    """Return the file in which git keeps what is staged; None where there is no repository."""
    git = _find_git_folder(root)
    return git / "index" if git else None


def is_git_file(path: str) -> bool:
    """Tell whether a file is git's own, such as those of ``list_reference_files``."""
    return "/.git/" in path


def filter_ignored(shell: Shell, root: Path, paths: Iterable[str]) -> tuple[str, ...]:
    """Return those of some paths that git ignores: files that are made, not written."""
    listed = "\0".join(paths)
    if not listed or shell.which("git") is None:
        return ()
    done = shell.run(
        ("git", "check-ignore", "--stdin", "-z"), cwd=root, stdin=listed.encode(), capture=True, check=False
    )
    return tuple(path for path in done.output.split("\0") if path)


def _find_git_folder(root: Path) -> Path | None:
    for folder in (root, *root.parents):
        git = folder / ".git"
        if git.is_file():
            git = (folder / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
        if git.is_dir():
            return git
    return None


def _git(shell: Shell, root: Path, *arguments: str) -> str:
    try:
        done = shell.run(("git", "--no-optional-locks", *arguments), cwd=root, capture=True, check=False)
    except ToolError:
        return ""
    return done.output.strip() if done.status == 0 else ""
