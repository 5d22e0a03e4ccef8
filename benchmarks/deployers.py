"""How others bring a tree to hosts, link it as the current one and restart its service: rsync, tar, pyinfra, Ansible.

Each is used as someone would who knows it well and wants it fast: all hosts at once, few tasks, what is there already
is linked or not sent. Ansible and pyinfra are programs in a virtual environment of their own; nothing of them is
imported. Where each puts a tree on a host: ``/srv/NAME/releases/VERSION``, with ``/srv/NAME/current`` a link to it.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benchmarks.measure import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.hosts.fleet import Fleet

RSYNC, TAR = "rsync -az --link-dest and ssh", "ssh host tar x < tar.gz"
PYINFRA, ANSIBLE = "pyinfra, files.rsync", "Ansible, synchronize, pipelining"
_PACKAGES = ("ansible-core==2.19.*", "pyinfra==3.*")
_COLLECTIONS = "ansible==12.*"  # 55 MB, of which only the collection with synchronize is unpacked
_POSIX = "ansible_collections/ansible/posix/"
# What links a version and restarts the service, on the host.
_SWITCH = "cd /srv/{0} && ln -sfn releases/{1} next && mv -T next current && systemctl restart {0}"
_PYINFRA = """\
from pyinfra.operations import files, server

files.rsync(src="{tree}/", dest="/srv/pyinfra/releases/{version}/",
            flags=["-az", "--link-dest=/srv/pyinfra/current/"])
server.shell(commands=["{switch}"])
"""
_ANSIBLE = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.posix.synchronize:
        src: "{tree}/"
        dest: /srv/ansible/releases/{version}/
        link_dest: [/srv/ansible/current/]
        use_ssh_args: true
        verify_host: true
    - ansible.builtin.command:
        argv: [sh, -c, "{switch}"]
"""


def check_tree(tree: Path, found: Path) -> None:
    """See that a folder has a tree, down to the bytes of the newest file."""
    files = {path.relative_to(tree) for path in tree.rglob("*") if path.is_file()}
    there = {path.relative_to(found.resolve()) for path in found.resolve().rglob("*") if path.is_file()}
    newest = max(files, key=lambda path: (tree / path).stat().st_mtime_ns)
    if files != there or (tree / newest).read_bytes() != (found / newest).read_bytes():
        raise RuntimeError(f"{found} is not {tree}: {sorted(files ^ there)[:5]} {newest}")


def clear_releases(place: Path, version: str) -> None:
    """Remove the releases of a host but for one; all of them for an empty version."""
    if not version:
        (place / "current").unlink(missing_ok=True)
    for release in (place / "releases").iterdir():
        if release.name != version:
            shutil.rmtree(release)


@dataclass(frozen=True)
class Site:
    """Where trees are brought to.

    Args:
        hosts: The hosts.
        ssh_config: How ssh reaches them; they may be far away.
        work: A folder for what the programs need here.
    """

    hosts: Fleet
    ssh_config: Path
    work: Path

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the hosts, for ssh."""
        return tuple(host.name for host in self.hosts)


@dataclass(frozen=True)
class Deployer:
    """A way to deploy.

    Args:
        name: What the table calls it.
        folder: Where its trees lie on a host, below /srv; its service has this name too.
        write: Writes what it needs before the time counts, and returns the programs to run side by side.
        after: What is done when the time no longer counts.
        prepare: Makes the folder on a host ready.
        check: Sees that a host has the tree, in that folder.
        clear: Forgets what a host has there, but for a version; all of it for an empty one.
    """

    name: str
    folder: str
    write: Callable[[Site, Path, str], list[Program]]
    after: Callable[[Site], None] = lambda _: None
    prepare: Callable[[Path], None] = lambda place: (place / "releases").mkdir(parents=True)
    check: Callable[[Path, Path], None] = lambda tree, place: check_tree(tree, place / "current")
    clear: Callable[[Path, str], None] = clear_releases

    def deploy(self, site: Site, tree: Path, version: str) -> float:
        """Bring a tree to all hosts as a version, and return the seconds that it took."""
        programs = self.write(site, tree, version)
        started = time.perf_counter()
        _run_at_once(programs)
        seconds = time.perf_counter() - started
        self.after(site)
        return seconds


def make_deployers(work: Path) -> list[Deployer]:
    """Install what is needed below a folder, and return everything that can deploy."""
    programs = _install_programs(work)
    return [
        Deployer(RSYNC, "rsync", _write_rsync),
        Deployer("the same over one connection", "rsync1", _write_rsync_once),
        Deployer(TAR, "tar", _write_tar),
        Deployer(PYINFRA, "pyinfra", lambda *what: _write_pyinfra(programs / "pyinfra", *what)),
        Deployer(
            ANSIBLE,
            "ansible",
            lambda *what: _write_ansible(programs / "ansible-playbook", *what),
            _end_connections,
        ),
    ]


def switch(name: str, version: str) -> str:
    """Return the command that makes a version the current one on a host, and restarts the service."""
    return _SWITCH.format(name, version)


def _run_at_once(programs: Iterable[Program]) -> None:
    running = [(program, program.start()) for program in programs]
    ended = [(program, process.communicate()[0], process.returncode) for program, process in running]
    for program, said, status in ended:
        if status != 0:
            raise RuntimeError(f"{' '.join(program.argv)} ended with {status}:\n{said}")


def _shell(site: Site, script: str, *arguments: str) -> Program:
    return Program(("sh", "-ec", script, "sh", str(site.ssh_config), *arguments), site.work, {})


def _write_rsync(site: Site, tree: Path, version: str) -> list[Program]:
    script = (
        'rsync -az --link-dest=/srv/rsync/current/ -e "ssh -F $1" "$2/" "$3:/srv/rsync/releases/$4/"\n'
        'exec ssh -F "$1" "$3" "$5"'
    )
    return [_shell(site, script, str(tree), name, version, switch("rsync", version)) for name in site.names]


def _write_rsync_once(site: Site, tree: Path, version: str) -> list[Program]:
    script = (
        'trap \'ssh -F "$1" -S "$3.sock" -O exit "$3" 2>/dev/null\' EXIT\n'
        'ssh -F "$1" -S "$3.sock" -MNf "$3"\n'
        'rsync -az --link-dest=/srv/rsync1/current/ -e "ssh -F $1 -S $3.sock" "$2/" "$3:/srv/rsync1/releases/$4/"\n'
        'ssh -F "$1" -S "$3.sock" "$3" "$5"'
    )
    return [_shell(site, script, str(tree), name, version, switch("rsync1", version)) for name in site.names]


def _write_tar(site: Site, tree: Path, version: str) -> list[Program]:
    """Stream an archive that a build has made anyway, so that making it does not count."""
    archive = site.work / "tree.tar.gz"
    subprocess.run(("tar", "-C", tree, "-czf", archive, "."), check=True)
    command = (
        f"mkdir /srv/tar/releases/{version} && tar -C /srv/tar/releases/{version} -xzf - && {switch('tar', version)}"
    )
    script = 'exec ssh -F "$1" "$2" "$3" <"$4"'
    return [_shell(site, script, name, command, str(archive)) for name in site.names]


def _write_pyinfra(pyinfra: Path, site: Site, tree: Path, version: str) -> list[Program]:
    text = _PYINFRA.format(tree=tree, version=version, switch=switch("pyinfra", version))
    (site.work / "pyinfra_deploy.py").write_text(text)
    data = {
        "ssh_config_file": str(site.ssh_config),
        "ssh_known_hosts_file": str(site.ssh_config.with_name("known_hosts")),
        "ssh_strict_host_key_checking": "yes",
        "ssh_allow_agent": False,
    }
    (site.work / "pyinfra_hosts.py").write_text(f"hosts = ({list(site.names)!r}, {data!r})\n")
    argv = (str(pyinfra), "-y", "pyinfra_hosts.py", "pyinfra_deploy.py")
    return [Program(argv, site.work, {"HOME": str(site.work)})]


def _write_ansible(playbook: Path, site: Site, tree: Path, version: str) -> list[Program]:
    text = _ANSIBLE.format(tree=tree, version=version, switch=switch("ansible", version))
    (site.work / "deploy.yml").write_text(text)
    (site.work / "hosts.ini").write_text("\n".join(site.names) + "\n")
    settings = {
        "HOME": str(site.work),
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_COLLECTIONS_PATH": str(playbook.parent.parent / "collections"),
        "ANSIBLE_FORKS": "20",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_PYTHON_INTERPRETER": "/usr/bin/python3",
        "ANSIBLE_SSH_COMMON_ARGS": f"-F {site.ssh_config}",
        "ANSIBLE_SSH_CONTROL_PATH_DIR": str(site.work / "cp"),
    }
    return [Program((str(playbook), "-i", "hosts.ini", "deploy.yml"), site.work, settings)]


def _end_connections(site: Site) -> None:
    """End the connections that Ansible keeps open for a minute: each deployment begins anew."""
    for socket in (site.work / "cp").glob("*"):
        subprocess.run(("ssh", "-S", socket, "-O", "exit", "any"), capture_output=True, check=False)


def _install_programs(work: Path) -> Path:
    """Make a virtual environment with Ansible and pyinfra; return the folder of its programs."""
    place = work / "programs"
    if not (place / "collections").exists():
        subprocess.run((sys.executable, "-m", "venv", place), check=True)
        pip = (str(place / "bin/pip"), "--quiet", "--disable-pip-version-check")
        Program((*pip, "install", *_PACKAGES), work, {}).run()
        Program(
            (*pip, "download", "--no-deps", "--only-binary=:all:", "-d", str(place), _COLLECTIONS), work, {}
        ).run()
        wheel = next(place.glob("ansible-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place / "new", [name for name in archive.namelist() if name.startswith(_POSIX)])
        wheel.unlink()
        shutil.move(place / "new", place / "collections")
    return place / "bin"
