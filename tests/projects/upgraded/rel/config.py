"""Each build is upgraded from the one before."""

from dray.steps import assemble, release, tar, upgrade

build = release() | assemble() | upgrade() | tar()
