"""The step deb, on a release that was made by hand."""

from __future__ import annotations

import pytest

from dray.core.contents import File
from dray.core.release import Release
from dray.errors import ConfigError
from dray.package.deb.options import DebOptions
from dray.steps import deb


def test_the_options_are_those_of_a_package():
    assert [option.name for option in deb.options] == list(DebOptions.__dataclass_fields__)
    assert deb.repeatable


def test_a_release_that_is_not_assembled_cannot_be_packed(make_ctx):
    release = Release(name="shop", version="1").add(File("bin/shop", b""))
    options = {option.name: option.default for option in deb.options}
    with pytest.raises(ConfigError, match="deb packs an assembled release") as caught:
        deb.run(release, make_ctx(), **options)
    assert caught.value.hint == "put assemble() before deb()"
