"""The release in a package is read as it is in its own tree; packages that were made to harm are refused."""

from __future__ import annotations

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dray.assemble import stored_deb
from dray.assemble.stored import iterate_files
from dray.assemble.stored_deb import is_package, iterate_package, read_title, unpack_package
from dray.core.contents import File, Symlink
from dray.errors import DrayError, IntegrityError, UsageError
from tests.debs import PACK, build_ar, build_control, build_tar

CONTROL = build_control(Dray_Release="shop 1.0")
ROOT = "./usr/lib/shop"
REL = (f"{ROOT}/releases/1.0/shop.rel", b"rel")


def member(name, data=b"", **fields):
    """Return a member of a tar archive and its bytes."""
    info = tarfile.TarInfo(name)
    info.size = len(data)
    for field, value in fields.items():
        setattr(info, field, value)
    return info, data


def build(*members, control=CONTROL, codec=".zst"):
    """Return a package; members are names and bytes, or headers and bytes."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for given in members:
            info, data = given if isinstance(given[0], tarfile.TarInfo) else member(*given)
            archive.addfile(info, io.BytesIO(data))
    return pack(target.getvalue(), control, codec)


def pack(data, control=CONTROL, codec=".zst"):
    """Return a package whose files are these bytes, a tar archive or none."""
    return build_ar(
        {
            "debian-binary": b"2.0\n",
            "control.tar": build_tar({"control": control.encode()}),
            f"data.tar{codec}": PACK[codec](data),
        }
    )


LONG = f"{ROOT}/lib/{'x' * 120}-1.0/ebin/x.app"
GOOD = build(
    (f"{ROOT}/.first/start_erl.data", b"13.1 1.0"),
    member(f"{ROOT}/bin/shop", b"#!", mode=0o755),
    member(f"{ROOT}/bin/shopctl", type=tarfile.SYMTYPE, linkname="shop"),
    (LONG, b"{application, x, []}."),
    REL,
    ("./usr/share/doc/shop/copyright", b"text"),
    ("./usr/lib/systemd/system/shop.service", b"[Unit]"),
)


@pytest.fixture
def write(tmp_path):
    def do(data):
        path = tmp_path / "shop.deb"
        path.write_bytes(data)
        return path

    return do


def test_the_files_are_those_of_the_tree(write):
    assert list(iterate_package(write(GOOD))) == [
        File("releases/start_erl.data", b"13.1 1.0"),
        File("bin/shop", b"#!", 0o755),
        Symlink("bin/shopctl", "shop"),
        File(LONG.removeprefix(f"{ROOT}/"), b"{application, x, []}."),
        File("releases/1.0/shop.rel", b"rel"),
    ]
    assert [file.path for file in iterate_files(write(GOOD))][:2] == ["releases/start_erl.data", "bin/shop"]


@pytest.mark.parametrize("codec", sorted(PACK))
def test_every_compression_of_packages_is_read(write, codec):
    assert len(list(iterate_package(write(build(REL, codec=codec))))) == 1


def test_a_package_is_unpacked(write, tmp_path):
    unpack_package(write(GOOD), tmp_path / "tree")
    assert (tmp_path / "tree/bin/shopctl").read_bytes() == b"#!"
    assert (tmp_path / "tree/bin/shop").stat().st_mode & 0o777 == 0o755
    assert not (tmp_path / "tree/.first").exists()


def test_a_package_says_what_it_holds(write, tmp_path):
    assert (is_package(write(GOOD)), read_title(write(GOOD))) == (True, ("shop", "1.0"))
    assert read_title(write(build(REL, control=build_control()))) is None
    assert read_title(write(GOOD[:300])) is None
    assert (is_package(tmp_path / "none.deb"), read_title(tmp_path / "none.deb")) == (False, None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (build(REL, control=build_control()), "none that dray made"),
        (build(REL, control=build_control("../etc", Dray_Release="shop 1.0")), "none that dray made"),
        (build((f"{ROOT}/lib/x", b"")), "only parts of one"),
        (build(), "only parts of one"),
    ],
    ids=["another's", "a name that leads out", "no releases", "nothing"],
)
def test_a_package_without_a_release_is_refused(write, data, message):
    with pytest.raises(UsageError, match=message):
        list(iterate_package(write(data)))


@pytest.mark.parametrize(
    "data",
    [
        build((f"{ROOT}/../../../etc/passwd", b""), REL),
        build((f"{ROOT}//etc/passwd", b""), REL),
        build((f"{ROOT}/.first/../../x", b""), REL),
        build(member(f"{ROOT}/releases", type=tarfile.SYMTYPE, linkname="/etc"), REL),
        build(REL, member(f"{ROOT}/releases", type=tarfile.SYMTYPE, linkname="/etc")),
        build(REL, REL),
        build((f"{ROOT}/releases/RELEASES", b""), (f"{ROOT}/.first/RELEASES", b""), REL),
        build(member(f"{ROOT}/x", type=tarfile.LNKTYPE, linkname="/etc/passwd"), REL),
        build(member(f"{ROOT}/x", type=tarfile.CHRTYPE), REL),
        build(member(f"{ROOT}/x", type=tarfile.FIFOTYPE), REL),
        build(member(f"{ROOT}/x", b"", type=tarfile.GNUTYPE_SPARSE), REL),
        build(REL)[:-40],
        build(REL, codec="")[:-9000],
        pack(b"x" * 2000),
        pack(b"\0" * 512),
        pack(b""),
        pack(bytes(member(f"{ROOT}/x", b"", size=1 << 40)[0].tobuf()) + b"x" * 1024),
        pack(member("x", b"", type=b"x", size=5)[0].tobuf() * 3000),
        build(REL).replace(b"data.tar.zst", b"data.tar.lzo"),
        build(REL).replace(b"data.tar.zst", b"data.tar.gz "),
    ],
    ids=[
        *("dots", "an empty part", "dots behind the first", "a link below a file", "a link over a folder", "twice"),
        *("twice by another name", "a hard link", "a device", "a pipe", "a sparse file", "cut", "cut uncompressed"),
        *("no tar", "zeros", "no bytes", "a size beyond all", "headers of headers", "lzo", "not gzip"),
    ],
)
def test_a_package_that_was_made_to_harm_is_refused(write, tmp_path, data):
    (tmp_path / "tree").mkdir()
    with pytest.raises((IntegrityError, UsageError)):
        unpack_package(write(data), tmp_path / "tree")
    assert not [path for path in tmp_path.rglob("*") if path.is_symlink()]
    assert {path.name for path in tmp_path.iterdir()} == {"tree", "shop.deb"}


def test_a_package_of_too_many_files_or_bytes_is_refused(write, monkeypatch):
    monkeypatch.setattr(stored_deb, "_MOST", 3)
    with pytest.raises(IntegrityError, match="more than 3 files"):
        list(iterate_package(write(GOOD)))
    monkeypatch.undo()
    monkeypatch.setattr(stored_deb, "_LARGEST", 2 << 20)
    with pytest.raises(IntegrityError, match="more than 2 MB"):
        list(iterate_package(write(build((f"{ROOT}/x", bytes(1 << 20)), (f"{ROOT}/y", bytes(1 << 20)), REL))))


@settings(max_examples=300)
@given(st.data())
def test_a_damaged_package_is_read_or_is_an_error(tmp_path_factory, data):
    file = tmp_path_factory.getbasetemp() / "damaged-release.deb"
    whole = data.draw(st.sampled_from([GOOD, build(REL, (LONG, b"1"), codec="")]))
    kind = data.draw(st.sampled_from(["cut", "flip", "insert"]))
    position = data.draw(st.integers(0, len(whole) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=8))
    rest = {"cut": b"", "flip": noise + whole[position + len(noise) :], "insert": noise + whole[position:]}[kind]
    file.write_bytes(whole[:position] + rest)
    try:
        for entry in iterate_package(file):
            assert not entry.path.startswith(("/", "../"))
    except DrayError as error:
        assert isinstance(error, IntegrityError | UsageError)  # noqa: PT017 - either is right
