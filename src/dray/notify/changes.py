"""Which applications of a project changed between two releases, with the commits that touched them.

A commit counts for an application whose folder it touches, and for all where it touches what they share: the
project's own ``mix.exs``, ``mix.lock``, ``config``, ``rel``, and dependencies that lie in the project.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dray.core.application import AppOrigin
from dray.notify.report import AppChange, Changes, CommitLine, Commits
from dray.notify.words import clip, join_some
from dray.project.git import find_revision, read_history

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from dray.core.context import Shell
    from dray.core.history import LoggedCommit
    from dray.core.project import Project
    from dray.core.release import Release
    from dray.notify.previous import Known

SHARED = ("mix.exs", "mix.lock", "rebar.config", "rebar.lock", "config/", "rel/")
_SHOWN_COMMITS = 8
_SHOWN_APPLICATIONS = 20


def find_changes(release: Release, previous: Known | None, shell: Shell, root: Path) -> Changes:
    """Return what changed in a release since the one before.

    Args:
        release: The new one.
        previous: The one before; None for a first one.
        shell: Asks git.
        root: The project.
    """
    own = {app.name: app.version for app in release.applications if app.origin is AppOrigin.PROJECT}
    present = join_some([f"{name} {version}" for name, version in own.items()])
    if previous is None:
        return Changes(present)
    commits, note = _read_commits(release, previous, shell, root)
    if commits is None and not previous.applications:
        return Changes(present, note=note)
    folders = list_folders(release.project, own) if release.project else {}
    changes = build_changes(
        own, previous.applications, commits or (), folders, _list_shared(release.project, folders)
    )
    return _with_others(changes, release, previous, note)


def _read_commits(
    release: Release, previous: Known, shell: Shell, root: Path
) -> tuple[tuple[LoggedCommit, ...] | None, str]:
    """Return the commits since the release before, None where they cannot be known, and what is to be said of it."""
    commit = release.project.commit if release.project else None
    if commit is None:
        return None, ""
    if not previous.commit:
        return None, f"the commit of {clip(previous.version, 60)} is not known"
    since = find_revision(shell, root, previous.commit)
    if not since:
        return None, f"the commit {previous.commit[:7]} of {clip(previous.version, 60)} is not in this clone"
    commits = read_history(shell, root, since, commit.sha)
    if not commits and since != commit.sha:
        back = len(read_history(shell, root, commit.sha, since))
        return commits, f"takes back {back} commit{'s' if back != 1 else ''}" if back else ""
    return commits, ""


def list_folders(project: Project, names: Iterable[str]) -> dict[str, str]:
    """Return the folders of applications, relative to the project with ``/`` at the end; empty for the project."""
    folders = {}
    for member in project.members:
        if member.name in set(names) and member.path.is_relative_to(project.root):
            relative = member.path.relative_to(project.root).as_posix()
            folders[member.name] = "" if relative == "." else f"{relative}/"
    return folders


def _list_shared(project: Project | None, folders: Mapping[str, str]) -> tuple[str, ...]:
    """Return what all applications share: files, and folders with ``/`` at the end."""
    if project is None or "" in folders.values():
        return ()  # the project is one application, and all that is in it belongs to it
    inside = [item.path for item in project.dependencies if item.path.is_relative_to(project.root)]
    paths = [path.relative_to(project.root).as_posix() for path in inside]
    return (*SHARED, *(f"{path}/" for path in paths if not path.startswith("deps/") and path != "."))


def build_changes(
    own: Mapping[str, str],
    before: Mapping[str, str],
    commits: Sequence[LoggedCommit],
    folders: Mapping[str, str],
    shared: tuple[str, ...],
) -> Changes:
    """Return which applications changed.

    Args:
        own: The applications of the project in the release, and their versions.
        before: All applications of the release before, and their versions; empty where they are not known.
        commits: The commits since then, the newest first.
        folders: Where each application lies.
        shared: What all applications share.
    """
    for_all = [commit for commit in commits if _touches(commit, shared)]
    changed: list[AppChange] = []
    alike: list[str] = []
    unchanged: list[str] = []
    for name, version in own.items():
        touching = [commit for commit in commits if name in folders and _touches(commit, (folders[name],))]
        moved = bool(before) and before.get(name) != version
        if (touching or moved) and len(changed) < _SHOWN_APPLICATIONS:
            old = before.get(name, "new") if moved else ""
            changed.append(AppChange(clip(name, 60), clip(version, 60), clip(old, 60), list_commits(touching)))
        elif touching or moved or for_all:
            alike.append(f"{name} {version}")
        else:
            unchanged.append(name)
    return Changes(
        applications=tuple(changed),
        alike=join_some(alike),
        unchanged=join_some(unchanged),
        shared=list_commits(for_all),
    )


def _touches(commit: LoggedCommit, places: tuple[str, ...]) -> bool:
    """Tell whether a commit touches one of these files, or something in one of these folders."""
    return any(
        file == place or not place or (place.endswith("/") and file.startswith(place))
        for file in commit.files
        for place in places
    )


def list_commits(commits: Sequence[LoggedCommit]) -> Commits:
    """Return commits as they are printed, not more than somebody reads."""
    shown = tuple(CommitLine(c.sha, clip(c.subject, 100) or "(no subject)", clip(c.author, 40)) for c in commits)
    return Commits(shown[:_SHOWN_COMMITS], max(0, len(shown) - _SHOWN_COMMITS))


def _with_others(changes: Changes, release: Release, previous: Known, note: str) -> Changes:
    """Return the changes with those of dependencies, and with the applications that are gone."""
    before = previous.applications
    kinds = {app.name: app.origin for app in release.applications}
    libraries = {app.name: app.version for app in release.applications if app.origin is AppOrigin.DEPENDENCY}
    removed = [name for name in before if name not in kinds]
    moved = [
        f"{name} {before[name]} -> {version}" if name in before else f"{name} {version} (new)"
        for name, version in libraries.items()
        if before and before.get(name) != version
    ]
    runtime = [
        f"{app.name} {before[app.name]} -> {app.version}"
        for app in release.applications
        if app.name in {"erts", "kernel", "elixir"} and before.get(app.name, app.version) != app.version
    ]
    return replace(changes, removed=join_some(removed), dependencies=join_some([*moved, *runtime]), note=note)
