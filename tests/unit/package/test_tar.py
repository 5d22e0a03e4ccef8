"""Archives: the same release gives the same bytes, and others read them."""

from __future__ import annotations

import gzip
import hashlib
import io
import subprocess
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.core.contents import Directory, File, Symlink
from dray.core.release import Release
from dray.package import tar as tar_module
from dray.package.tar import write_tar_gz

names = st.text(st.characters(codec="utf-8", exclude_characters="/\0\n\r"), min_size=1, max_size=60).filter(
    lambda name: name not in {".", ".."}
)
paths = st.lists(names, min_size=1, max_size=4).map("/".join)


def pack(release, folder, **given):
    path = folder / "out.tar.gz"
    digest = write_tar_gz(release, path, **{"level": 5, "mtime": 1000, **given})
    return path, digest


def sample():
    return Release(name="shop", version="1").add(
        File("bin/shop", b"#!/bin/sh\n", 0o755),
        File("share/" + "long/" * 40 + "name", b"x" * 1000),
        Symlink("current", "bin/shop"),
        Directory("empty"),
    )


def test_an_archive_holds_the_release(tmp_path):
    path, digest = pack(sample(), tmp_path)
    data = path.read_bytes()
    assert (digest.size, digest.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    with tarfile.open(path) as archive:
        found = {member.name: member for member in archive}
    assert found["bin/shop"].mode == 0o755
    assert found["current"].linkname == "bin/shop"
    assert found["empty"].isdir()
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in found.values()} == {(0, 0, "", "", 1000)}


def test_the_same_release_gives_the_same_bytes(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, _ = pack(sample(), tmp_path / "a")
    two, _ = pack(sample(), tmp_path / "b")
    assert one.read_bytes() == two.read_bytes()
    assert gzip.decompress(one.read_bytes())[:0] == b""
    assert one.read_bytes()[4:8] == bytes(4)


@given(st.dictionaries(paths, st.binary(max_size=700), max_size=5))
def test_any_names_and_contents_come_back(files):
    kept = {path: data for path, data in files.items() if not any(other.startswith(path + "/") for other in files)}
    release = Release(name="x", version="1").add(*(File(path, data) for path, data in kept.items()))
    raw = b"".join(tar_module.split_archive(release, 0))
    with tarfile.open(fileobj=io.BytesIO(raw)) as archive:
        assert {m.name: archive.extractfile(m).read() for m in archive} == kept


def test_a_large_release_becomes_several_members_that_read_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(tar_module, "_CHUNK", 4096)
    release = Release(name="x", version="1").add(*(File(f"f{i}", bytes([i]) * 1500) for i in range(20)))
    path, _ = pack(release, tmp_path)
    with tarfile.open(path) as archive:
        assert len(archive.getmembers()) == 20


@pytest.mark.shells
@pytest.mark.parametrize("program", [("tar",), ("busybox", "tar")])
def test_other_programs_unpack_it(tmp_path, program):
    path, _ = pack(sample(), tmp_path)
    out = tmp_path / "out"
    out.mkdir()
    subprocess.run((*program, "-xzf", str(path), "-C", str(out)), check=True, capture_output=True)
    assert (out / "bin/shop").read_text() == "#!/bin/sh\n"
    assert (out / "bin/shop").stat().st_mode & 0o777 == 0o755


def test_an_archive_that_cannot_be_written_leaves_the_old_one(tmp_path, monkeypatch):
    path, _ = pack(sample(), tmp_path)
    before = path.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tar_module.deflate, "gzip_compress", full)
    with pytest.raises(OSError, match="No space"):
        pack(sample().add(File("more", b"")), tmp_path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["out.tar.gz"]
