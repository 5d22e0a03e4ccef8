"""Keys: made, read, used, and refused where apt would refuse them."""

from __future__ import annotations

import shutil
import subprocess

import pysequoia
import pytest

from dray.errors import ConfigError, IntegrityError, RepositoryError
from dray.repository.key_policy import validate_certificate
from dray.repository.key_source import default_key_path, load_signer, read_certificates
from dray.repository.keys import (
    format_expiry,
    generate_key,
    parse_certificates,
    read_secret_key,
    verify_text,
    write_key,
)

DAY = 86400


def test_what_is_signed_is_verified(signer):
    signed = signer.sign(b"one\n- two\n")
    assert signed.startswith(b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n")
    assert verify_text(signed, [signer.certificate], file="x") == b"one\n- two\n"


def test_gpgv_verifies_it_too(signer, tmp_path):
    (tmp_path / "keyring.gpg").write_bytes(signer.certificate.data)
    (tmp_path / "text").write_bytes(signer.sign(b"hello\n"))
    argv = ["gpgv", "--keyring", tmp_path / "keyring.gpg", tmp_path / "text"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Good signature" in done.stderr


@pytest.mark.parametrize(
    "damage", [lambda d: d.replace(b"hello", b"hallo"), lambda d: d[:60], lambda _: b"", lambda _: b"x"]
)
def test_what_was_changed_is_not_verified(signer, damage):
    with pytest.raises(IntegrityError):
        verify_text(damage(signer.sign(b"hello\n")), [signer.certificate], file="x")


@pytest.mark.parametrize(
    "around",
    [
        lambda signed: signed + signed,
        lambda signed: signed + b"Suite: other\n",
        lambda signed: b"Suite: other\n" + signed,
        lambda signed: b"\n" + signed,
    ],
    ids=["twice", "behind", "before", "an empty line before"],
)
def test_what_stands_around_a_signed_text_is_refused_as_apt_refuses_it(signer, around):
    signed = signer.sign(b"Suite: stable\n- x\n")
    assert verify_text(signed + b"\n", [signer.certificate], file="x") == b"Suite: stable\n- x\n"
    with pytest.raises(IntegrityError, match="more than a signed text"):
        verify_text(around(signed), [signer.certificate], file="x")


def test_another_key_does_not_count(signer):
    _, other = generate_key("Other", valid_days=0)
    with pytest.raises(IntegrityError, match=other.fingerprint):
        verify_text(signer.sign(b"hello\n"), [other], file="x")
    assert verify_text(signer.sign(b"hello\n"), [other, signer.certificate], file="x") == b"hello\n"


def test_a_key_expires_when_it_is_said(clock):
    _, certificate = generate_key("Shop", valid_days=100)
    assert abs(certificate.expires - clock.time - 100 * DAY) < 180
    assert format_expiry(certificate, clock.time) is None
    assert "in 49 days" in format_expiry(certificate, clock.time + 50.5 * DAY)
    validate_certificate(certificate, clock.time)
    with pytest.raises(RepositoryError, match="expired on"):
        validate_certificate(certificate, clock.time + 101 * DAY)


@pytest.mark.parametrize(("suite", "message"), [("RSA2k", "RSA key of 2048 bits"), ("RSA3k", None), ("P256", None)])
def test_a_weak_key_is_refused(clock, suite, message):
    secret = pysequoia.Tsk.generate("x", cipher_suite=getattr(pysequoia.CipherSuite, suite))
    certificate = read_secret_key(bytes(secret), origin="x").certificate
    if message is None:
        validate_certificate(certificate, clock.time)
        return
    with pytest.raises(RepositoryError, match=message):
        validate_certificate(certificate, clock.time)


def gpg(home, *arguments):
    argv = [
        "gpg",
        "--homedir",
        str(home),
        "--batch",
        "--quiet",
        "--pinentry-mode",
        "loopback",
        "--passphrase",
        "",
        *arguments,
    ]
    return subprocess.run(argv, capture_output=True, check=True).stdout


@pytest.fixture
def gpg_home(tmp_path_factory):
    home = tmp_path_factory.mktemp("g")
    home.chmod(0o700)
    yield home
    subprocess.run(["gpgconf", "--homedir", home, "--kill", "all"], check=False)
    shutil.rmtree(home, ignore_errors=True)


def test_a_key_that_vouches_for_itself_with_sha1_is_refused(gpg_home, clock):
    gpg(gpg_home, "--cert-digest-algo", "SHA1", "--quick-gen-key", "old@shop.example", "rsa3072", "sign", "never")
    (certificate,) = parse_certificates(gpg(gpg_home, "--export"), origin="gpg")
    with pytest.raises(RepositoryError, match="SHA1"):
        validate_certificate(certificate, clock.time)


def test_a_dsa_key_is_refused(gpg_home, clock):
    gpg(gpg_home, "--quick-gen-key", "old@shop.example", "dsa2048", "sign", "never")
    (certificate,) = parse_certificates(gpg(gpg_home, "--export"), origin="gpg")
    with pytest.raises(RepositoryError, match="DSA"):
        validate_certificate(certificate, clock.time)


def test_a_key_of_gpgs_agent_signs(gpg_home, clock, monkeypatch):
    gpg(gpg_home, "--quick-gen-key", "ops@shop.example", "ed25519", "sign", "never")
    monkeypatch.setenv("GNUPGHOME", str(gpg_home))
    (certificate,) = parse_certificates(gpg(gpg_home, "--export"), origin="gpg")
    validate_certificate(certificate, clock.time)
    signer = load_signer(f"gpg:{certificate.fingerprint}", environ={})
    assert verify_text(signer.sign(b"hello\n"), [certificate], file="x") == b"hello\n"
    with pytest.raises(ConfigError, match="gpg has no key"):
        load_signer("gpg:0123456789ABCDEF", environ={})


def test_a_key_with_a_passphrase_signs(gpg_home):
    argv = ["gpg", "--homedir", str(gpg_home), "--batch", "--pinentry-mode", "loopback", "--passphrase", "open"]
    subprocess.run(
        [*argv, "--quick-gen-key", "x@x.example", "ed25519", "sign", "never"], check=True, capture_output=True
    )
    text = subprocess.run([*argv, "--armor", "--export-secret-keys"], check=True, capture_output=True).stdout.decode()
    opened = load_signer(text, environ={}, passphrase="open")  # noqa: S106 - of a key that is gone in a moment
    assert opened.sign(b"x\n")
    with pytest.raises(RepositoryError, match="cannot sign"):
        load_signer(text, environ={}).sign(b"x\n")


def test_a_key_comes_from_where_it_is_said(key, tmp_path):
    path = tmp_path / "config/dray/apt.key"
    write_key(path, key)
    assert path.stat().st_mode & 0o777 == 0o600
    environ = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / "config")}
    assert default_key_path({"HOME": "/home/ada"}).as_posix() == "/home/ada/.config/dray/apt.key"
    fingerprints = {
        load_signer(None, environ=environ).certificate.fingerprint,
        load_signer(None, environ={"DRAY_APT_KEY": key}).certificate.fingerprint,
        load_signer(key, environ={}).certificate.fingerprint,
        load_signer(str(path), environ={}).certificate.fingerprint,
    }
    assert len(fingerprints) == 1
    with pytest.raises(ConfigError, match="cannot be written"):
        write_key(path, key)


def test_a_key_that_is_not_there_or_is_none_is_an_error(tmp_path, key, signer):
    with pytest.raises(ConfigError, match="there is no key to sign with") as caught:
        load_signer(None, environ={"HOME": str(tmp_path)})
    assert "dray apt init" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot be read"):
        load_signer(str(tmp_path / "none"), environ={})
    (tmp_path / "open.key").write_text(key)
    (tmp_path / "open.key").chmod(0o644)
    with pytest.raises(ConfigError, match="can be read by others"):
        load_signer(str(tmp_path / "open.key"), environ={})
    (tmp_path / "bad.key").write_text("nonsense")
    (tmp_path / "bad.key").chmod(0o600)
    with pytest.raises(ConfigError, match="no secret OpenPGP key"):
        load_signer(str(tmp_path / "bad.key"), environ={})
    with pytest.raises(ConfigError, match="no secret OpenPGP key"):
        load_signer("-----BEGIN PGP nonsense", environ={})
    (tmp_path / "public").write_bytes(signer.certificate.data)
    assert read_certificates([str(tmp_path / "public")]) == (signer.certificate,)
    for file in ("bad.key", "none"):
        with pytest.raises(ConfigError, match="public key|no OpenPGP key"):
            read_certificates([str(tmp_path / file)])
