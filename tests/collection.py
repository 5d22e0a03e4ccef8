"""Lets tests import the parts of the Ansible collection, as Ansible lays them out on a host."""

from __future__ import annotations

import sys

from tests.harness import ROOT

COLLECTIONS = ROOT / "src/dray/deploy/collections"
COLLECTION = COLLECTIONS / "ansible_collections/dray/release"

if str(COLLECTIONS) not in sys.path:
    sys.path.append(str(COLLECTIONS))
