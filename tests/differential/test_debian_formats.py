"""Formats of Debian, compared with dpkg and python-debian."""

from __future__ import annotations

import itertools
import random
import subprocess

import pytest
from debian.deb822 import Deb822
from debian.debfile import DebFile

from dray.package.deb822 import parse_stanza
from dray.package.debian_version import compare_versions
from dray.package.read_deb import read_deb
from tests.debs import write_deb

VERSIONS = [
    "0~",
    "1",
    "1~",
    "1.0",
    "1.0-1",
    "1.0-1~bpo12+1",
    "1.0+git",
    "1.0~rc1-1",
    "2:0.1",
    "1.10",
    "1.9",
    "1a",
    "1.",
]


def random_versions(count):
    choose = random.Random(7)  # noqa: S311 - the same in every run
    for _ in range(count):
        yield "".join(
            [choose.choice("0123456789"), *(choose.choice("019az.+~Z-") for _ in range(choose.randrange(6)))]
        )


@pytest.mark.parametrize(
    "given", [VERSIONS, [v for v in random_versions(30) if v[-1] != "-"]], ids=["chosen", "random"]
)
def test_versions_compare_as_dpkg_does(given):
    pairs = list(itertools.combinations(given, 2))
    script = "".join(
        f"if dpkg --compare-versions '{a}' lt '{b}'; then echo -1; elif dpkg --compare-versions '{a}' eq '{b}'; "
        "then echo 0; else echo 1; fi\n"
        for a, b in pairs
    )
    asked = subprocess.run(["/bin/sh"], input=script, capture_output=True, text=True, check=True).stdout.split()
    assert [(a, b, str(compare_versions(a, b))) for a, b in pairs] == [
        (a, b, answer) for (a, b), answer in zip(pairs, asked, strict=True)
    ]


@pytest.mark.parametrize("codec", [".gz", ".xz", ".zst"])
def test_control_is_what_dpkg_deb_and_python_debian_read(tmp_path, codec):
    file = write_deb(
        tmp_path, version="1:2.0~rc1-1", codec=codec, Depends="libc6 (>= 2.34)", X_Note="one\n two\n .\n three"
    )
    control = read_deb(file).control
    shown = subprocess.run(["dpkg-deb", "-f", str(file)], capture_output=True, text=True, check=True).stdout
    assert parse_stanza(shown) == control
    if codec != ".zst":  # which python-debian asks a program for
        with DebFile(str(file)) as opened:
            assert dict(opened.debcontrol()) == dict(control.fields)
    assert dict(Deb822(shown)) == dict(control.fields)
