"""An artifact is made anew only where something has changed."""

from __future__ import annotations

import pytest

from dray.assemble.content import digest_of
from dray.core.contents import Digest
from dray.core.release import Release
from dray.errors import ConfigError, StepError
from dray.package.reuse import manifest_digest, reuse_or_write


@pytest.fixture
def make(tmp_path):
    def make(key, content=b"x"):
        def write(path):
            path.write_bytes(content)
            return digest_of(content)

        return reuse_or_write(
            tmp_path / "out" / "a.tar.gz", kind="tar", key=key, records=tmp_path / "records.json", write=write
        )

    make.path = tmp_path / "out" / "a.tar.gz"
    make.records = tmp_path / "records.json"
    return make


def test_the_same_key_takes_what_is_there(make):
    first, reused = make("k")
    assert not reused
    second, reused = make("k", b"never written")
    assert reused
    assert second == first


@pytest.mark.parametrize(
    "disturb",
    [
        lambda make: make.path.unlink(),
        lambda make: make.path.write_bytes(b"y"),
        lambda make: make.records.write_text("{broken"),
        lambda make: make.records.write_text('{"x": 1}'),
    ],
    ids=["removed", "changed", "no record", "damaged record"],
)
def test_anything_else_makes_it_anew(make, disturb):
    make("k")
    disturb(make)
    _, reused = make("k")
    assert not reused
    assert make("other")[1] is False


def test_a_failure_to_write_is_an_error_that_names_the_file(tmp_path):
    def fail(_):
        raise OSError(13, "Permission denied")

    with pytest.raises(StepError, match=r"a\.tar\.gz cannot be written: Permission denied"):
        reuse_or_write(tmp_path / "a.tar.gz", kind="tar", key="k", records=tmp_path / "r", write=fail)


def test_only_an_assembled_release_can_be_packed():
    with pytest.raises(ConfigError) as caught:
        manifest_digest(Release(name="s", version="1"), step="tar")
    assert caught.value.hint == "put assemble() before tar()"
    done = Release(name="s", version="1", digests={"releases/1/manifest.json": Digest(1, "abc")})
    assert manifest_digest(done, step="tar") == "abc"
