"""The package that brings later keys to hosts."""

from __future__ import annotations

from dray.package.deb.lintian import format_overrides
from dray.repository.host import Source, build_keyring
from dray.repository.keyring_package import build_keyring_package, publish_keyring
from dray.repository.keys import generate_key, read_secret_key
from dray.repository.publish import Terms

SOURCE = Source("shop", "https://apt.shop.example")
ANN = "Ann Shop <ann@shop.example>"


def test_the_package_has_the_keys_where_the_source_looks_for_them(signer):
    following = read_secret_key(generate_key("Next", valid_days=0)[0].encode(), origin="a test").certificate
    package = build_keyring_package(SOURCE, (signer.certificate, following), maintainer=ANN, moment=1_800_000_000)
    files = {entry.path: entry.source for entry in package.contents}
    assert files["usr/share/keyrings/shop-archive-keyring.gpg"] == build_keyring((signer.certificate, following))
    assert (package.field("Package"), package.field("Architecture")) == ("shop-archive-keyring", "all")
    assert package.field("Version") == "2027.01.15.080000"
    for certificate in (signer.certificate, following):
        assert certificate.fingerprint in package.field("Description")
    assert package.scripts == ()
    assert format_overrides("x").path not in files


def test_later_keys_are_a_later_version(repository, signer):
    terms = Terms()
    published = [
        publish_keyring(repository, SOURCE, (signer.certificate,), terms, maintainer=ANN, moment=1_800_000_000 + n)
        for n in (0, 60)
    ]
    ((first,), (second,)) = published
    assert second.previous == first.version < second.version
