"""known_hosts as ssh reads and writes it; what ssh-keygen says of it is compared."""

from __future__ import annotations

import base64
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.deploy.known_hosts import KnownKey, append_key, find_keys, name_host, parse_known_hosts, read_known_hosts

BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)).decode()


def found(names, name):
    return bool(find_keys(parse_known_hosts(f"{names} ssh-ed25519 {BLOB}\n"), name))


@pytest.mark.parametrize(
    ("names", "name", "expected"),
    [
        ("web1", "web1", True),
        ("Web1.Shop.Example", "web1.shop.example", True),
        ("web1,10.0.0.1", "10.0.0.1", True),
        ("web1", "web11", False),
        ("*.shop.example", "web1.shop.example", True),
        ("web?", "web1", True),
        ("web?", "web12", False),
        ("*,!web1", "web1", False),
        ("!web1,*", "web1", False),
        ("!web1", "web2", False),
        ("[web1]:2222", "[web1]:2222", True),
        ("[web1]:2222", "web1", False),
        ("web1", "[web1]:2222", False),
        ("[*]:2222", "[web1]:2222", True),
        ("[w]eb1", "web1", False),
        ("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", "192.168.1.61", True),
        ("|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg=", "192.168.1.62", False),
        ("|1|notbase64|x", "web1", False),
        ("|2|a|b", "web1", False),
    ],
)
def test_a_line_speaks_of_the_hosts_that_it_names(names, name, expected):
    assert found(names, name) is expected


def test_the_lines_of_a_file_are_numbered_and_those_that_nobody_can_read_are_passed_over(tmp_path):
    file = tmp_path / "known_hosts"
    file.write_text(
        f"# a comment\n\nweb1 ssh-ed25519 {BLOB} a comment\nweb2 ssh-ed25519\nweb3 ssh-ed25519 %%%\n"
        f"@revoked * ssh-ed25519 {BLOB}\n@unheard-of * ssh-ed25519 {BLOB}\n"
    )
    keys = read_known_hosts((tmp_path / "none", file))
    assert [(key.names, key.marker, key.line) for key in keys] == [("web1", "", 3), ("*", "@revoked", 6)]
    assert keys[0].format_key() == f"ssh-ed25519 {BLOB}"
    assert keys[0].file == str(file)


@given(st.text())
def test_no_file_is_an_error(text):
    find_keys(parse_known_hosts(text), "web1")


@pytest.mark.parametrize(("port", "name"), [(0, "web1"), (22, "web1"), (2222, "[web1]:2222")])
def test_a_host_is_named_with_its_port_where_it_is_another_one(port, name):
    assert name_host("WEB1", port) == name


KEY = KnownKey("[web1]:2222", "ssh-ed25519", base64.b64decode(BLOB))


@pytest.mark.parametrize("before", ["", "other ssh-ed25519 AAAA\n", "other ssh-ed25519 AAAA"])
def test_a_key_is_written_to_the_end_of_the_file(tmp_path, before):
    file = tmp_path / ".ssh" / "known_hosts"
    if before:
        file.parent.mkdir()
        file.write_text(before)
    append_key(file, KEY)
    lines = file.read_text().splitlines()
    assert lines[-1] == f"[web1]:2222 ssh-ed25519 {BLOB}"
    assert len(lines) == (2 if before else 1)
    if not before:
        assert file.stat().st_mode & 0o777 == 0o600
        assert file.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.sshd
def test_a_name_is_hashed_where_those_of_the_file_are_and_ssh_finds_it(tmp_path):
    file = tmp_path / "known_hosts"
    append_key(file, KnownKey("first", "ssh-ed25519", KEY.blob))
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", file], check=True, capture_output=True)
    append_key(file, KEY)
    assert "web1" not in file.read_text()
    for name in ("first", "[web1]:2222"):
        subprocess.run(["ssh-keygen", "-F", name, "-f", file], check=True, capture_output=True)
        assert find_keys(read_known_hosts((file,)), name)
    assert not find_keys(read_known_hosts((file,)), "web1")
