"""A repository in a bucket of S3, or of what speaks its protocol.

There is no lock: two publishers are told apart by conditional writes (``If-None-Match``, ``If-Match``), of which one
succeeds. Packages and indices by checksum never change, and caches are told so.

boto3 comes with ``pip install 'dray[s3]'``. It finds credentials, region and endpoint by itself, as the AWS command
line does (``AWS_ACCESS_KEY_ID``, ``AWS_REGION``, ``AWS_ENDPOINT_URL_S3``, profiles, roles of machines).
"""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dray.errors import ConfigError
from dray.repository.store import Item, Stored, Upload, fail, is_immutable, validate_key

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

_FOR_EVER = "public, max-age=31536000, immutable"
_SHORT = "public, max-age=60"
_AT_ONCE = 8
_PAGE = 1000
_CHANGED = {"PreconditionFailed", "ConditionalRequestConflict", "412", "409"}
_MISSING = {"NoSuchKey", "404", "NotFound"}


class S3Store:
    """A bucket, or a folder of one.

    Args:
        bucket: Its name.
        prefix: The folder, without a slash at its end; empty for the whole bucket.
        client: Speaks to the service; boto3's with what it finds by itself where it is None.
    """

    def __init__(self, bucket: str, prefix: str = "", *, client: Any = None) -> None:
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        self._modified: dict[str, float] = {}
        self._client = client or _make_client(self.address)

    @property
    def address(self) -> str:
        """``s3://BUCKET/PREFIX``."""
        return f"s3://{self._bucket}/{self._prefix}".rstrip("/")

    def lock(self) -> AbstractContextManager[None]:
        """Nothing: ``replace`` decides."""
        return contextlib.nullcontext()

    def get(self, key: str) -> Stored | None:
        """Return a file."""
        place = self._object(key)
        try:
            found = self._client.get_object(**place)
            self._modified[key] = found["LastModified"].timestamp()
            return Stored(found["Body"].read(), found["ETag"])
        except Exception as error:
            if _code(error) in _MISSING:
                return None
            raise fail(self, f"{key} cannot be read", error) from error

    def put_new(self, uploads: Sequence[Upload]) -> tuple[str, ...]:
        """Store files that are not there yet."""
        done = self._map(lambda upload: self._put(upload, IfNoneMatch="*"), uploads)
        return tuple(upload.key for upload, stored in zip(uploads, done, strict=True) if not stored)

    def put(self, uploads: Sequence[Upload]) -> None:
        """Store files."""
        self._map(self._put, uploads)

    def replace(self, key: str, data: bytes, etag: str | None) -> bool:
        """Store a file if it has not changed."""
        condition = {"IfNoneMatch": "*"} if etag is None else {"IfMatch": etag}
        # HTTP tells two contents of a file apart by seconds, and the service says which second it is.
        time.sleep(min(1.0, max(0.0, self._modified.get(key, 0.0) + 1.0 - time.time())))
        return self._put(Upload(key, data), **condition)

    def list_items(self, prefix: str) -> tuple[Item, ...]:
        """Return the files below a folder."""
        start = f"{self._prefix}{prefix}/" if prefix else self._prefix
        cut = len(self._prefix)
        try:
            pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=start)
            return tuple(
                Item(found["Key"][cut:], found["Size"], found["LastModified"].timestamp())
                for page in pages
                for found in page.get("Contents", ())
            )
        except Exception as error:
            raise fail(self, "the bucket cannot be listed", error) from error

    def delete(self, keys: Sequence[str]) -> None:
        """Remove files."""
        for start in range(0, len(keys), _PAGE):
            objects = [{"Key": self._prefix + validate_key(key)} for key in keys[start : start + _PAGE]]
            try:
                self._client.delete_objects(Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True})
            except Exception as error:
                raise fail(self, "files cannot be removed", error) from error

    def _object(self, key: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._prefix + validate_key(key)}

    def _put(self, upload: Upload, **condition: str) -> bool:
        cache = _FOR_EVER if is_immutable(upload.key) else _SHORT
        place = {**self._object(upload.key), "CacheControl": cache, "ContentType": _content_type(upload.key)}
        try:
            with contextlib.ExitStack() as stack:
                body = stack.enter_context(upload.body.open("rb")) if isinstance(upload.body, Path) else upload.body
                self._client.put_object(**place, **condition, Body=body)
        except Exception as error:
            if condition and _code(error) in _CHANGED:
                return False
            raise fail(self, f"{upload.key} cannot be written", error) from error
        return True

    def _map(self, work: Callable[[Upload], bool], uploads: Sequence[Upload]) -> list[bool]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return list(pool.map(work, uploads))


def _make_client(address: str) -> Any:
    try:
        import boto3  # noqa: PLC0415 - an extra, and slow to load
        import botocore.config  # noqa: PLC0415
    except ImportError:
        hint = "pip install 'dray[s3]', or pipx inject dray boto3"
        raise ConfigError(f"{address} needs the package boto3, which is not installed", hint=hint) from None
    config = botocore.config.Config(retries={"max_attempts": 5, "mode": "standard"}, max_pool_connections=_AT_ONCE)
    try:
        return boto3.client("s3", config=config)
    except Exception as error:  # noqa: BLE001 - of what it finds in the environment
        raise ConfigError(
            f"{address} cannot be reached: {error}", hint="aws s3 ls says whether AWS is set up"
        ) from None


def _code(error: Exception) -> str:
    """Return the code of an error of the service; empty for errors of other kinds."""
    response = getattr(error, "response", None)
    return str(response.get("Error", {}).get("Code", "")) if isinstance(response, dict) else ""


def _content_type(key: str) -> str:
    if key.endswith(".deb"):
        return "application/vnd.debian.binary-package"
    if key.endswith((".gz", ".xz", ".zst", ".gpg")) or "/by-hash/" in key:
        return "application/octet-stream"
    return "text/plain; charset=utf-8"
