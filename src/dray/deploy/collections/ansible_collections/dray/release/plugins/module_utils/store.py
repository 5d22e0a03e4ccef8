"""Reads a store of releases: a folder, a tar of one, or a URL where a web server serves one.

    store = open_store("https://releases.shop.example", fetch=Fetcher(open_url))
    entry = find_release(store, "shop")            # {"version": "0.2.0", "manifest": "9f86...", ...}
    data = store.read_verified("files", sha256)

What is in a store is written by dray (``dray.deploy.store``): ``NAME.json`` lists the releases, and all else lies
under its SHA-256, packed by gzip. A file that is not what its name says is refused.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import tarfile
import threading
import zlib

FORMAT = 1
FOLDERS = {"manifests": "manifests/{0}.json.gz", "files": "files/{1}/{0}.gz"}


class StoreError(Exception):
    """A store that has not got something, or has something damaged."""


class Store:
    """A store, and how many bytes were read from it so far."""

    def __init__(self, location):
        self.location = location
        self.fetched = 0
        self.counting = threading.Lock()

    def read(self, key):
        """Return the bytes of a key; they are counted."""
        data = self.read_plain(key)
        with self.counting:
            self.fetched += len(data)
        return data

    def read_plain(self, key):
        """Return the bytes of a key."""
        raise NotImplementedError

    def read_verified(self, folder, sha256):
        """Return the bytes with a checksum, unpacked."""
        key = FOLDERS[folder].format(sha256, sha256[:2])
        packed = self.read(key)
        try:
            data = gzip.decompress(packed)
        except (OSError, EOFError, zlib.error) as error:
            raise StoreError(f"{key} of {self.location} is damaged: {error}") from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise StoreError(f"{key} of {self.location} is damaged: it has another checksum")
        return data


class FolderStore(Store):
    """A folder of this machine."""

    def read_plain(self, key):
        """Return the bytes of a key."""
        try:
            with open(os.path.join(self.location, key), "rb") as file:
                return file.read()
        except OSError as error:
            raise StoreError(f"{key} cannot be read in {self.location}: {error.strerror}") from error


class TarStore(Store):
    """A tar of a store, or of a part of one."""

    def __init__(self, location):
        super().__init__(location)
        try:
            with tarfile.open(location, "r:") as archive:
                self.places = {member.name: (member.offset_data, member.size) for member in archive}
        except (OSError, tarfile.TarError) as error:
            raise StoreError(f"{location} cannot be read: {error}") from error

    def read_plain(self, key):
        """Return the bytes of a key."""
        if key not in self.places:
            raise StoreError(f"{key} is not in {self.location}")
        offset, size = self.places[key]
        with open(self.location, "rb") as file:
            file.seek(offset)
            return file.read(size)


class UrlStore(Store):
    """A store that a web server serves."""

    def __init__(self, location, fetch):
        super().__init__(location.rstrip("/"))
        self.fetch = fetch

    def read_plain(self, key):
        """Return the bytes of a key."""
        url = f"{self.location}/{key}"
        try:
            return self.fetch(url)
        except Exception as error:  # what a URL can fail with has no common root
            raise StoreError(f"{url} cannot be fetched: {error}") from error


def open_store(location, fetch=None):
    """Return the store at a path or a URL.

    Args:
        location: The folder, the tar, or the URL.
        fetch: Returns the bytes of a URL.
    """
    if "://" in location and not location.startswith("file://"):
        return UrlStore(location, fetch)
    path = location[len("file://") :] if location.startswith("file://") else location
    return FolderStore(path) if os.path.isdir(path) else TarStore(path)


def find_release(store, name, version="latest", checksum=None):
    """Return what a store says of a release: version, manifest, source, kit and root.

    Args:
        store: The store.
        name: The release.
        version: Its version; ``latest`` for the one that was stored last.
        checksum: What ``checksum_entry`` must say of it, where that is known.
    """
    key = f"{name}.json"
    try:
        index = json.loads(store.read(key).decode())
        releases, written = index["releases"], index["format"]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{key} of {store.location} is no list of releases") from error
    if written != FORMAT:
        raise StoreError(
            f"{store.location} is of format {written}, and this collection reads {FORMAT}: update dray.release"
        )
    found = [item for item in releases if version in ("latest", item["version"])]
    if not found:
        have = ", ".join(item["version"] for item in releases)
        raise StoreError("{} has no {} {}; it has: {}".format(store.location, name, version, have or "nothing"))
    if checksum and checksum_entry(found[-1]) != checksum:
        raise StoreError(f"{name} {version} of {key} is not the one that is meant: it has another checksum")
    return found[-1]


def checksum_entry(entry):
    """Return the SHA-256 of an entry of the list: it covers all that is deployed."""
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
