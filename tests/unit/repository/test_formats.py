"""Release and Packages: what is written is read again, and what is none is an error."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dray.errors import ConfigError, IntegrityError
from dray.package.deb822 import Stanza
from dray.package.read_deb import read_deb
from dray.repository.host import Source, build_keyring_entries, format_source, list_host_commands, source_name
from dray.repository.index import Entry, Index, build_entry, parse_entry, parse_index
from dray.repository.release_file import (
    Description,
    Listed,
    ReleaseFile,
    format_date,
    format_release,
    parse_date,
    parse_release,
)
from tests.debs import write_deb

words = st.from_regex(r"[a-z0-9][a-z0-9.+-]{0,10}", fullmatch=True)
times = st.integers(0, 4_000_000_000)
listed = st.builds(
    Listed,
    words.map(lambda word: f"main/binary-{word}/Packages"),
    st.integers(0, 10**12),
    st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
)
releases = st.builds(
    lambda name, origin, date, valid, names, generation, items: ReleaseFile(
        suite=name,
        about=Description(origin, origin, f"The packages of {origin}"),
        date=date,
        valid_until=valid,
        components=tuple(names),
        architectures=tuple(names),
        generation=generation,
        signed_by="0123456789abcdef",
        listed=tuple(items),
    ),
    words,
    words,
    times,
    st.none() | times,
    st.lists(words, min_size=1, max_size=3),
    st.integers(0, 10**9),
    st.lists(listed, max_size=4),
)


@given(releases)
def test_a_release_is_read_as_it_was_written(release):
    assert parse_release(format_release(release).encode(), file="Release") == release


@given(st.binary(max_size=300))
def test_any_bytes_are_a_release_or_an_error(data):
    try:
        parse_release(data, file="Release")
    except IntegrityError:
        assert True


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Date: today\n", "says when it was made"),
        ("Date: Thu, 26 Nov 2026 20:00:00 UTC\nSHA256:\n nonsense\n", "lists checksum, size and path"),
        (f"Date: Thu, 26 Nov 2026 20:00:00 UTC\nSHA256:\n {'0' * 64} 1 ../x\n", "lists checksum, size and path"),
        (f"Date: Thu, 26 Nov 2026 20:00:00 UTC\nSHA256:\n {'0' * 64} 1 /x\n", "lists checksum, size and path"),
        ("Date: Thu, 26 Nov 2026 20:00:00 UTC\nDray-Generation: -1\n", "is a number"),
    ],
)
def test_a_damaged_release_is_an_error_that_says_what(text, message):
    with pytest.raises(IntegrityError, match=message):
        parse_release(text.encode(), file="Release")


def test_what_cannot_be_written_is_refused():
    with pytest.raises(ConfigError, match="Description"):
        format_release(ReleaseFile("stable", Description("x", "x", "two\nlines")))


@given(times)
def test_times_are_those_of_debian(seconds):
    assert format_date(seconds).endswith(" UTC")
    assert parse_date(format_date(seconds), "x") == seconds


def entry(name, version, **fields):
    given = {"Package": name, "Version": version, "Architecture": "amd64", "Filename": f"pool/{name}", "SHA256": "0"}
    return Entry(Stanza(tuple((given | fields).items())))


@given(
    st.dictionaries(
        words.filter(lambda w: len(w) > 1), st.lists(st.integers(0, 99).map(str), unique=True, max_size=3)
    )
)
def test_an_index_is_read_as_it_was_written(packages):
    index = Index().replace({name: [entry(name, version) for version in given] for name, given in packages.items()})
    again = parse_index(index.format(), file="Packages")
    assert again.blocks == index.blocks
    assert list(again.names) == sorted(again.names)
    for name, wanted in packages.items():
        assert [item.version for item in again.find(name)] == sorted(wanted, key=int)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_index_or_an_error(data):
    try:
        parse_index(data, file="Packages").entries()
    except IntegrityError:
        assert True


def test_an_index_of_another_program_is_read():
    text = b"Architecture: amd64\nPackage: shop\nVersion: 1\nFilename: x\nSHA256: 0\n\n\nPackage: aa\nVersion: 2\n"
    index = parse_index(text, file="Packages")
    assert index.names == ("aa", "shop")
    assert index.find("shop")[0].version == "1"
    with pytest.raises(IntegrityError, match="an index says Architecture of each package"):
        index.find("aa")
    with pytest.raises(IntegrityError, match="begins with the name"):
        parse_index(b"Version: 1\n", file="Packages")


def test_a_version_that_is_none_is_an_error():
    with pytest.raises(IntegrityError, match="package shop"):
        parse_entry("Package: shop\nVersion: x\nArchitecture: all\nFilename: x\nSHA256: 0\n")


def test_what_a_package_says_of_its_place_does_not_count(tmp_path):
    deb = read_deb(
        write_deb(tmp_path, Filename="../../etc/passwd", SHA256="0", Size="x", Phased_Update_Percentage="3")
    )
    found = build_entry(deb, "pool/x", 100)
    assert (found.filename, found.size, found.sha256, found.rollout) == ("pool/x", deb.size, deb.sha256, 100)
    assert build_entry(deb, "pool/x", 0).rollout == 0
    assert entry("x", "1").size == -1


def test_a_host_is_told_what_it_needs(signer):
    source = Source("shop", "https://apt.shop.example", "testing", "main beta")
    assert format_source(source) == (
        "Types: deb\nURIs: https://apt.shop.example\nSuites: testing\nComponents: main beta\n"
        "Signed-By: /usr/share/keyrings/shop-archive-keyring.gpg\n"
    )
    assert list_host_commands(source)[0] == (
        "curl -fsS https://apt.shop.example/shop-archive-keyring.gpg -o /usr/share/keyrings/shop-archive-keyring.gpg"
    )
    assert list_host_commands(Source("shop", "file:/srv/apt"))[1] == (
        "cp /srv/apt/shop.sources /etc/apt/sources.list.d/shop.sources"
    )
    (keyring,) = build_keyring_entries(source, [signer.certificate])
    assert (keyring.path, keyring.source) == ("usr/share/keyrings/shop-archive-keyring.gpg", signer.certificate.data)
    assert [source_name(text) for text in ("Shop & Co.", "", "é")] == ["shop-co", "dray", "dray"]
