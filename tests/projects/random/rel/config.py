"""A release without an upgrade: the rehearsal makes it one."""

from dray.steps import assemble, release

build = release("random") | assemble()
