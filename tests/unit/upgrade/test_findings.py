"""The table of what goes wrong with hot upgrades names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[2]


def test_every_finding_has_a_test():
    rows = (TESTS / "integration/upgrade_findings.md").read_text().splitlines()
    defined = {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    findings = [re.findall(r"`(test_\w+)`", row) for row in rows if row.startswith("| ") and "test |" not in row]
    assert len(findings) > 20
    assert [named for named in findings if not named or not set(named) <= defined] == []
