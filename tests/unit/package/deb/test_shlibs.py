"""Native code depends on packages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from dray.errors import ConfigError, ProjectError
from dray.native.needs import read_needs
from dray.package.deb.distribution import DISTRIBUTIONS
from dray.package.deb.shlibs import Dependencies, Problem, find_dependencies, validate_dependencies
from tests.elf import build_elf

if TYPE_CHECKING:
    from pathlib import Path

PORT = "lib/shop-1.0/priv/port"


def make(file=PORT, **given):
    return read_needs(build_elf(**given), file=file)


CRYPTO = make(
    file="lib/crypto-5.5/priv/lib/crypto.so",
    needed=("libcrypto.so.3", "libc.so.6"),
    symbols=(
        ("EVP_sha256", "OPENSSL_3.0.0", "libcrypto.so.3"),
        ("memcpy", "GLIBC_2.14", "libc.so.6"),
        ("enif_make_int", "", ""),
    ),
)


@pytest.mark.parametrize(
    ("distributions", "relations"),
    [
        (("debian-12",), ("libc6 (>= 2.14)", "libssl3 (>= 3.0.0)")),
        (("debian-13",), ("libc6 (>= 2.14)", "libssl3t64 (>= 3.0.0)")),
        (("ubuntu-22.04",), ("libc6 (>= 2.14)", "libssl3 (>= 3.0.0)")),
        (("ubuntu-24.04",), ("libc6 (>= 2.14)", "libssl3t64 (>= 3.0.0)")),
        (("ubuntu-26.04",), ("libc6 (>= 2.14)", "libssl3t64 (>= 3.0.0)")),
        (("debian-12", "debian-13"), ("libc6 (>= 2.14)", "libssl3t64 (>= 3.0.0) | libssl3 (>= 3.0.0)")),
        (("debian-13", "debian-12"), ("libc6 (>= 2.14)", "libssl3t64 (>= 3.0.0) | libssl3 (>= 3.0.0)")),
        (("ubuntu-22.04", "debian-13"), ("libc6 (>= 2.14)", "libssl3t64 (>= 3.0.0) | libssl3 (>= 3.0.0)")),
    ],
    ids=lambda value: "+".join(value) if value[0] in DISTRIBUTIONS else "",
)
def test_a_nif_depends_on_the_packages_of_its_libraries(distributions, relations):
    assert find_dependencies([CRYPTO], distributions) == Dependencies(relations)


def test_a_library_that_the_distribution_lacks_is_a_problem():
    found = find_dependencies([CRYPTO], ("debian-11", "debian-12"))
    assert found.problems == (
        Problem(CRYPTO.file, "libcrypto.so.3", "debian-11", "no package that dray knows has it"),
    )
    assert str(found.problems[0]) == (
        "lib/crypto-5.5/priv/lib/crypto.so needs libcrypto.so.3 on debian-11: no package that dray knows has it"
    )
    with pytest.raises(ProjectError, match=r"crypto\.so needs libcrypto\.so\.3 on debian-11") as caught:
        validate_dependencies(found)
    assert "oldest distribution" in caught.value.hint
    validate_dependencies(find_dependencies([CRYPTO], ("debian-12",)))


def test_symbol_versions_that_the_distribution_lacks_are_a_problem():
    symbols = (("strlcpy", "GLIBC_2.38", "libc.so.6"), ("stat", "GLIBC_2.33", "libc.so.6"))
    needs = make(needed=("libc.so.6",), symbols=symbols)
    assert find_dependencies([needs], ("debian-13",)) == Dependencies(("libc6 (>= 2.38)",))
    (problem,) = find_dependencies([needs], ("debian-12",)).problems
    assert problem.reason == "that library has no GLIBC_2.38 there"
    (problem,) = find_dependencies([needs], ("debian-11",)).problems
    assert problem.reason == "that library has no GLIBC_2.33, GLIBC_2.38 there"


def test_a_weak_symbol_version_is_no_problem():
    needs = make(needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_2.99", True),))
    assert find_dependencies([needs], ("debian-12",)).problems == ()


def test_a_symbol_version_counts_where_no_symbol_has_it():
    needs = make(needed=("libc.so.6",), versions=(("libc.so.6", "GLIBC_ABI_DT_RELR", False),))
    assert find_dependencies([needs], ("debian-12",)).relations == ("libc6 (>= 2.36)",)


def test_symbols_without_a_version_raise_what_is_needed():
    needs = make(needed=("libsqlite3.so.0",), symbols=(("sqlite3_open", "", ""), ("sqlite3_error_offset", "", "")))
    assert find_dependencies([needs], ("debian-12",)).relations == ("libsqlite3-0 (>= 3.38.0)",)


def test_private_symbols_of_glibc_need_that_very_glibc():
    needs = make(needed=("libc.so.6",), symbols=(("_dl_sym", "GLIBC_PRIVATE", "libc.so.6"),))
    assert find_dependencies([needs], ("debian-12",)).relations == (
        "libc6 (<< 2.37)",
        "libc6 (>= 2.2.5)",
        "libc6 (>> 2.36)",
    )
    (problem,) = find_dependencies([needs], ("debian-12", "debian-13")).problems
    assert problem.reason == "it takes what differs between them: build one for each"
    assert problem.file == PORT


@pytest.mark.parametrize(
    ("folder", "search", "relations"),
    [
        ("lib/shop-1.0/priv/lib", "$ORIGIN/lib", ()),
        ("lib/shop-1.0/priv", "/opt/x:${ORIGIN}", ()),
        ("lib/shop-1.0/priv/lib", "", ("libstdc++6 (>= 4.1.1)",)),
        ("lib/other-1.0/priv", "$ORIGIN", ("libstdc++6 (>= 4.1.1)",)),
    ],
)
def test_a_library_of_the_release_is_no_dependency_where_it_is_found_first(folder, search, relations):
    own = make(file=f"{folder}/libstdc++.so.6", soname="libstdc++.so.6")
    port = make(needed=("libstdc++.so.6",), runpath=search)
    assert find_dependencies([own, port], ("debian-12",)) == Dependencies(relations)


def test_a_library_that_only_the_release_has_is_no_problem():
    own = make(file="lib/shop-1.0/priv/libours.so", soname="libours.so.7")
    plugin = make(file="lib/shop-1.0/priv/plugin.so")
    port = make(needed=("libours.so.7", "plugin.so", "libtheirs.so.1"))
    found = find_dependencies([own, plugin, port], ("debian-12",))
    assert [problem.soname for problem in found.problems] == ["libtheirs.so.1"]


@pytest.mark.parametrize(
    "given", [{"needed": ("libc.musl-x86_64.so.1",)}, {"interpreter": "/lib/ld-musl-x86_64.so.1"}]
)
def test_musl_is_refused(given):
    (problem,) = find_dependencies([make(**given)], ("debian-12",)).problems
    assert problem.reason == "it was built with musl, and a Debian package is for glibc"
    assert "musl" in problem.soname


def test_a_distribution_that_dray_does_not_know_is_refused():
    with pytest.raises(ConfigError) as caught:
        find_dependencies([CRYPTO], ("debian-21",))
    assert caught.value.choices == DISTRIBUTIONS


def write_info(folder: Path) -> Path:
    symbols = (
        "libown.so.1 libown1 #MINVER#\n f@Base 1.0\n g@Base 1.5\nlibc.so.6 libc6 #MINVER#\n memcpy@GLIBC_2.14 2.77\n"
    )
    (folder / "libown1:amd64.symbols").write_text(symbols)
    (folder / "libown1:i386.symbols").write_text("libother.so.1 libother1 #MINVER#\n f@Base 1.0\n")
    (folder / "libplain2.shlibs").write_text("libplain 2 libplain2 (>= 2.1)\nudeb: libplain 2 libplain2-udeb\n")
    return folder


def test_the_machines_own_packages_come_first_for_its_own_distribution(tmp_path):
    info = write_info(tmp_path)
    symbols = (("g", "", ""), ("memcpy", "GLIBC_2.14", "libc.so.6"))
    needs = make(needed=("libown.so.1", "libplain-2.so", "libc.so.6", "libz.so.1"), symbols=symbols)
    assert find_dependencies([needs], ("debian-12",), machine="debian-12", info=info) == Dependencies(
        ("libc6 (>= 2.77)", "libown1 (>= 1.5)", "libplain2 (>= 2.1)", "zlib1g (>= 1:1.1.4)")
    )
    elsewhere = find_dependencies([needs], ("debian-12",), machine="debian-13", info=info)
    assert elsewhere.relations == ("libc6 (>= 2.14)", "zlib1g (>= 1:1.1.4)")
    assert [problem.soname for problem in elsewhere.problems] == ["libown.so.1", "libplain-2.so"]


def test_packages_of_another_architecture_are_left_out(tmp_path):
    info = write_info(tmp_path)
    needs = make(needed=("libother.so.1",))
    assert find_dependencies([needs], ("debian-12",), machine="debian-12", info=info).problems
    needs = make(needed=("libown.so.1",), cpu="aarch64")
    assert find_dependencies([needs], ("debian-12",), machine="debian-12", info=info).problems
