"""The machine's distribution is read from its os-release."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.package.deb.distribution import DISTRIBUTIONS, find_distribution


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n', "debian-12"),
        ('ID=ubuntu\nVERSION_ID="24.04"\nID_LIKE=debian\nUBUNTU_CODENAME=noble\n', "ubuntu-24.04"),
        ('ID=linuxmint\nVERSION_ID="22"\nID_LIKE="ubuntu debian"\nUBUNTU_CODENAME=noble\n', "ubuntu-24.04"),
        ('ID=linuxmint\nVERSION_ID="6"\nID_LIKE=debian\nDEBIAN_CODENAME=bookworm\n', "debian-12"),
        ("ID=raspbian\nVERSION_ID=11\nVERSION_CODENAME=bullseye\nID_LIKE=debian\n", "debian-11"),
        ("ID=debian\nVERSION_ID=10\nVERSION_CODENAME=buster\n", None),
        ("ID=ubuntu\nVERSION_ID=25.10\nUBUNTU_CODENAME=questing\nID_LIKE=debian\n", None),
        ("ID=alpine\nVERSION_ID=3.22.0\n", None),
        ('ID="debian\n', None),
        ("", None),
    ],
)
def test_a_machine_runs_a_distribution(text, name):
    assert find_distribution(text) == name


@given(st.text(max_size=100))
def test_any_text_is_read(text):
    assert find_distribution(text) in {None, *DISTRIBUTIONS}
