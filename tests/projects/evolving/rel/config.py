"""Releases that can follow each other; the tests say from which version to which."""

import os

from dray.steps import assemble, release, tar, upgrade

bases = os.environ.get("BASES")

build = release("evolving") | assemble() | upgrade(bases.split(":") if bases else "last")
packed = build | tar()
