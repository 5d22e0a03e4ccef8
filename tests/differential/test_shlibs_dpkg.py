"""Dependencies of native code through dray and through dpkg-shlibdeps: the same relations.

Debian's own packages are asked as well: what stands in their ``Depends`` is what dpkg-shlibdeps said when they were
built, for the libraries of that release.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dray.native.find import is_native_file
from dray.native.needs import read_needs
from dray.package.deb.catalogue import read_catalogue
from dray.package.deb.distribution import find_distribution
from dray.package.deb.installed import DPKG_INFO, InstalledLibraries
from dray.package.deb.relations import format_relation, parse_relations
from dray.package.deb.shlibs import find_dependencies
from dray.package.debian_version import version_key
from tests.differential.erlang import ask_erlang
from tests.hosts.debian_roots import find_root

pytestmark = pytest.mark.dpkg

NIF = """
#include <string.h>
extern "C" {
  const char *zlibVersion(void); int deflateReset(void *); void *EVP_sha256(void);
  int enif_make_int(void *, int);
  int load(void *env, double x, char *a, const char *b) {
    if (deflateReset(a)) throw *a;
    int made = enif_make_int(env, (int)__builtin_pow(x, 2.5)) + *strcat(a, b);
    return strlen(zlibVersion()) + (EVP_sha256() != 0) + made;
  }
}
"""
CONTROL = "Source: x\nMaintainer: A <a@b.example>\n\nPackage: x\nArchitecture: any\nDescription: x\n"


@pytest.fixture(scope="module")
def distribution():
    name = find_distribution(Path("/etc/os-release").read_text())
    if name is None:
        pytest.skip("dray has no data of this machine's distribution")
    return name


@pytest.fixture(scope="module")
def native_files(tmp_path_factory):
    """The machine code of Erlang on this machine by group, and a NIF."""
    folder = tmp_path_factory.mktemp("nif")
    root = Path(ask_erlang("code:root_dir()", folder))
    (folder / "nif.cc").write_text(NIF)
    libraries = ("-l:libz.so.1", "-l:libcrypto.so.3", "-lm")
    subprocess.run(("c++", "-shared", "-fPIC", "-o", "nif.so", "nif.cc", *libraries), cwd=folder, check=True)
    return {
        "erts": [path for path in sorted(root.glob("erts-*/bin/*")) if is_native_file(path)],
        "otp": [path for path in sorted(root.glob("lib/*/priv/**/*")) if path.is_file() and is_native_file(path)],
        "crypto": sorted(root.glob("lib/crypto-*/priv/lib/crypto.so")),
        "nif": [folder / "nif.so"],
    }


@pytest.mark.beam
@pytest.mark.parametrize("group", ["erts", "otp", "crypto", "nif"])
def test_dpkg_shlibdeps_finds_the_same(native_files, distribution, tmp_path, group):
    files = native_files[group]
    assert files
    theirs = ask_shlibdeps(files, tmp_path)
    needs = [read_needs(path.read_bytes(), file=str(path)) for path in files]
    for machine in (None, distribution):  # from the data that ships with dray, and from dpkg's own
        ours = find_dependencies(needs, (distribution,), machine=machine)
        assert (set(ours.relations), ours.problems) == (theirs, ())


def test_the_data_agrees_with_the_packages_of_this_machine(distribution):
    catalogue, installed = read_catalogue(distribution), InstalledLibraries(DPKG_INFO, "x86_64")
    common = sorted(set(catalogue.list_sonames()) & set(installed.list_sonames()))
    assert {"libc.so.6", "libstdc++.so.6", "libz.so.1"} <= set(common)
    differences = []
    for soname in common:
        shipped, own = catalogue.find_library(soname), installed.find_library(soname)
        places = [*own.symbols, *(f"{version}@{version}" for version in own.versions)]
        for name, version in (place.split("@") for place in places):
            needs = shipped.find_need(name, version), own.find_need(name, version)
            if needs[0] != needs[1] or not shipped.has_version(version):
                differences.append((soname, name, version, *needs))
        if (shipped.depends, shipped.minimum) != (own.depends, own.minimum):
            differences.append((soname, shipped.depends, shipped.minimum, own.depends, own.minimum))
    assert differences == []


@pytest.mark.parametrize(
    ("root", "name"),
    [
        pytest.param(None, None, id="this-machine"),
        pytest.param("trixie", "debian-13", id="debian13", marks=[pytest.mark.root, pytest.mark.debian13]),
    ],
)
def test_debians_own_packages_depend_on_the_same(distribution, root, name):
    folder = find_root(root) if root else Path("/")
    checked = 0
    for package, field in list_packages(folder, r"erlang-.*"):
        files = list_files(folder, package)
        needs = [read_needs((folder / path).read_bytes(), file=str(path)) for path in files]
        theirs = {format_relation(relation) for relation in parse_relations(field)}
        ours = find_dependencies(needs, (name or distribution,))
        assert ours.problems == ()
        assert set(ours.relations) <= theirs, package
        checked += len(ours.relations)
    assert checked >= 5 or not root


versions = st.from_regex(r"(?:[0-3]:)?[0-9][0-9a-zA-Z.+~]{0,6}(?:-[0-9a-z+.~]{1,4})?", fullmatch=True)


@settings(max_examples=60)
@given(versions, versions)
def test_versions_are_in_dpkgs_order(one, other):
    done = subprocess.run(("dpkg", "--compare-versions", one, "lt", other), check=False, stderr=subprocess.DEVNULL)
    assert (version_key(one) < version_key(other)) is (done.returncode == 0)


def ask_shlibdeps(files, folder):
    """Return the relations that dpkg-shlibdeps finds."""
    (folder / "debian").mkdir()
    (folder / "debian/control").write_text(CONTROL)
    done = subprocess.run(
        ("dpkg-shlibdeps", "-O", *map(str, files)), cwd=folder, check=True, capture_output=True, text=True
    )
    return {format_relation(one) for one in parse_relations(done.stdout.strip().removeprefix("shlibs:Depends="))}


def list_packages(root, pattern):
    """Return name and relations of the installed packages whose names fit."""
    found = []
    for stanza in (root / "var/lib/dpkg/status").read_text().split("\n\n"):
        fields = dict(re.findall(r"^([A-Z][\w-]*): (.*)$", stanza, re.MULTILINE))
        if re.fullmatch(pattern, fields.get("Package", "")) and " installed" in fields["Status"]:
            names = ("Pre-Depends", "Depends", "Recommends", "Suggests")
            found.append((fields["Package"], ", ".join(fields[name] for name in names if name in fields)))
    return found


def list_files(root, package):
    """Return the machine code of an installed package."""
    lists = sorted((root / "var/lib/dpkg/info").glob(f"{package}*.list"))
    names = [
        line[1:] for path in lists if path.stem.partition(":")[0] == package for line in path.read_text().split()
    ]
    return [Path(name) for name in names if not (root / name).is_symlink() and is_native_file(root / name)]
