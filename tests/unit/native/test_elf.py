"""ELF files say the machine that they need."""

from __future__ import annotations

import contextlib
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.errors import IntegrityError
from dray.native.elf import read_header, read_platform
from dray.native.find import is_native_file, list_native_files
from dray.native.platform import Platform


def header(machine, *, abi=0, order=1):
    fmt = "<" if order == 1 else ">"
    return b"\x7fELF" + bytes([2, order, 1, abi]) + bytes(8) + struct.pack(f"{fmt}HH", 3, machine) + bytes(40)


@pytest.mark.parametrize(
    ("data", "cpu", "system"),
    [
        (header(62), "x86_64", "linux"),
        (header(183), "aarch64", "linux"),
        (header(243), "riscv64", "linux"),
        (header(21), "powerpc64le", "linux"),
        (header(21, order=2), "powerpc64", "linux"),
        (header(22, order=2), "s390x", "linux"),
        (header(62, abi=9), "x86_64", "freebsd"),
        (header(9999), "machine9999", "linux"),
    ],
)
def test_cpu_and_system_stand_in_the_header(data, cpu, system):
    found = read_header(data, file="x.so")
    assert (found.cpu, found.system) == (cpu, system)


@pytest.mark.parametrize("data", [b"", b"\x7fELF", b"MZ" * 20, b"\x7fELF\x02\x07" + bytes(30)])
def test_what_is_no_elf_file_is_refused(data):
    with pytest.raises(IntegrityError):
        read_header(data, file="x.so")


@given(st.binary(max_size=200))
def test_damaged_files_are_read_or_refused(data):
    for head in (header(62), header(62)[:18]):
        with contextlib.suppress(IntegrityError):
            read_platform(head + data, file="x.so")


def test_the_running_python_needs_this_machine():
    path = Path(sys.executable).resolve()
    platform = read_platform(path.read_bytes(), file=str(path))
    assert platform.system == "linux"
    assert platform.libc in {"gnu", "musl"}
    assert platform.libc == "musl" or platform.libc_version >= (2, 2)


@pytest.mark.beam
def test_the_c_library_is_the_one_that_is_linked(tmp_path):
    source = tmp_path / "x.c"
    source.write_text('#include <stdio.h>\nint f(void) { return puts("x"); }\n')
    subprocess.run(("cc", "-shared", "-fPIC", "-o", str(tmp_path / "x.so"), str(source)), check=True)
    platform = read_platform((tmp_path / "x.so").read_bytes(), file="x.so")
    assert platform.libc == "gnu"
    assert str(platform).startswith(f"{platform.cpu}-linux-gnu2.")


@pytest.mark.parametrize(
    ("binary", "machine", "runs"),
    [
        (Platform("x86_64", "linux", "gnu", (2, 17)), Platform("x86_64", "linux", "gnu", (2, 36)), True),
        (Platform("x86_64", "linux", "musl"), Platform("x86_64", "linux", "gnu"), False),
        (Platform("aarch64", "linux", "gnu"), Platform("x86_64", "linux", "gnu"), False),
        (Platform("x86_64", "freebsd"), Platform("x86_64", "linux", "gnu"), False),
        (Platform("x86_64", "linux"), Platform("x86_64", "linux", "musl"), True),
    ],
)
def test_platforms_run_beside_their_own_kind(binary, machine, runs):
    assert binary.runs_on(machine) is runs


@pytest.mark.parametrize(
    ("platform", "text"),
    [
        (Platform("x86_64", "linux", "gnu", (2, 36)), "x86_64-linux-gnu2.36"),
        (Platform("aarch64", "linux", "musl"), "aarch64-linux-musl"),
        (Platform("x86_64", "linux"), "x86_64-linux"),
    ],
)
def test_platforms_are_written_as_the_design_says(platform, text):
    assert str(platform) == text


def test_native_files_are_found_by_their_first_bytes(tmp_path):
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.so").write_bytes(header(62))
    (tmp_path / "b.dylib").write_bytes(b"\xcf\xfa\xed\xfe....")
    (tmp_path / "c.txt").write_text("text")
    (tmp_path / "dangling").symlink_to("nowhere")
    assert [path.name for path in list_native_files(tmp_path)] == ["b.dylib", "a.so"]
    assert list_native_files(tmp_path / "none") == []
    assert not is_native_file(tmp_path)
    assert shutil.which("cc") is None or is_native_file(Path(shutil.which("cc")).resolve())
