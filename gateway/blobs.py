"""Where attachments and large originals are stored: a folder, or an S3-compatible store.

What is stored is sealed already; this file knows names and bytes only. Names are
``original/<sha256>``, ``copy/<sha256>`` and ``raw/<sha256>``, the hash being that of the bytes
before they were sealed. Writing a name again replaces it: the new bytes are sealed with the key
of today, while the old ones may need a key that is about to go.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from gateway.errors import GatewayFault, Misconfigured
from gateway.settings import BlobSettings, ConfigFile, GatewaySettings

_NAME = re.compile(r"(original|copy|raw)/[0-9a-f]{64}")
_PROBE = "check/probe"
#: A lost packet is no reason to send 30 MB again from outside; more than that is an outage.
_RETRIES = 2


class BlobsUnavailable(GatewayFault):
    """The store does not answer or does not take it. Reaction: the same again later."""


class BlobMissing(GatewayFault):
    """The store answers, and has nothing of that name. Reaction: park; a person must look."""


class Blobs:
    """A store of named bytes. Every call ends within the time-out."""

    def __init__(
        self, store: ObjectStore, where: str, timeout_seconds: float, folder: Path | None = None
    ) -> None:
        self._store = store
        #: For people: the folder, or the bucket with its prefix.
        self.where = where
        self._timeout_seconds = timeout_seconds
        self._folder = folder

    async def put(self, name: str, content: bytes) -> None:
        """Durable on return: the old bytes or the new ones at every moment, never a part.

        Raises:
            BlobsUnavailable: it is not (or not certainly) stored.
        """
        async with self._answering():
            await self._put(_known(name), content)

    async def get(self, name: str) -> bytes:
        """The bytes of that name.

        Raises:
            BlobMissing: there are none.
            BlobsUnavailable: not known.
        """
        async with self._answering():
            try:
                found = await obstore.get_async(self._store, _known(name))
                return bytes(await found.bytes_async())
            except FileNotFoundError as error:
                # S3 answers 404 for a bucket that is not there, too.
                if "NoSuchBucket" in str(error):
                    raise
        raise BlobMissing(f"{self.where} has no blob of that name; was it restored completely?")

    async def exists(self, name: str) -> bool:
        """Whether there are bytes of that name. Raises BlobsUnavailable."""
        async with self._answering():
            try:
                await obstore.head_async(self._store, _known(name))
            except FileNotFoundError:
                return False
        return True

    async def delete(self, name: str) -> None:
        """Gone on return, also when there was none. Raises BlobsUnavailable."""
        async with self._answering():
            if self._folder is not None:
                await asyncio.to_thread(_delete_durably, self._folder / _known(name))
                return
            # S3 answers a delete of nothing like any other.
            await obstore.delete_async(self._store, _known(name))

    async def check(self) -> None:
        """Prove that a blob could be kept right now. Raises BlobsUnavailable."""
        async with self._answering():
            await self._put(_PROBE, b"")

    async def _put(self, name: str, content: bytes) -> None:
        if self._folder is not None:
            await asyncio.to_thread(_write_durably, self._folder / name, content)
        else:
            await obstore.put_async(self._store, name, content, use_multipart=False)

    @asynccontextmanager
    async def _answering(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                yield
        except (BaseError, OSError, TimeoutError) as error:
            # The library's own text quotes requests with their addresses.
            raise BlobsUnavailable(
                f"the store of attachments {self.where} does not take or give anything "
                f"({type(error).__name__}); see [blobs] in gateway.toml"
            ) from None


def make_blobs(config: ConfigFile) -> Blobs:
    """The store that the settings name. The folder is made, nothing is called.

    Raises:
        Misconfigured: a setting is wrong.
        BlobsUnavailable: the folder cannot be made.
    """
    settings = config.load(BlobSettings)
    if settings.url:
        return _s3(settings, f"{config.path or 'environment'}: [blobs]")
    folder = config.load(GatewaySettings).data_dir / "blobs"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BlobsUnavailable(f"{folder} cannot be made ({error.strerror})") from None
    return Blobs(LocalStore(prefix=folder), str(folder), settings.timeout_seconds, folder)


def _s3(settings: BlobSettings, where: str) -> Blobs:
    parts = urlsplit(settings.url)
    if parts.scheme != "s3" or not parts.hostname or parts.query or parts.fragment:
        raise Misconfigured(f"{where}: url: is no address like s3://bucket/prefix")
    if (settings.access_key_id is None) != (settings.secret_access_key is None):
        raise Misconfigured(f"{where}: access_key_id and secret_access_key go together")
    options: dict[str, Any] = {"region": settings.region}
    if settings.endpoint is not None:
        options["endpoint"] = settings.endpoint
    if settings.access_key_id is not None and settings.secret_access_key is not None:
        options["access_key_id"] = settings.access_key_id
        options["secret_access_key"] = settings.secret_access_key.get_secret_value()
    limit = timedelta(seconds=settings.timeout_seconds)
    store = S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        client_options={
            "timeout": limit,
            "allow_http": (settings.endpoint or "").startswith("http://"),
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": limit},
        **options,
    )
    return Blobs(store, settings.url, settings.timeout_seconds)


def _known(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError("not a name of a blob")
    return name


def _write_durably(path: Path, content: bytes) -> None:
    """Temporary file, fsync, rename, fsync of the directory.

    Written here because obstore's ``LocalStore`` renames without any fsync (object_store's
    ``LocalFileSystem::with_fsync`` is off, and obstore 0.12 has no switch for it): after a power
    cut the name could stand there with nothing behind it, while the log says that it is kept.
    """
    if not path.parent.is_dir():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        _sync_directory(path.parent.parent)
    fresh = path.with_name(f"{path.name}.{uuid4().hex}.new")
    try:
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        with suppress(OSError):
            fresh.unlink()
        raise
    _sync_directory(path.parent)


def _delete_durably(path: Path) -> None:
    try:
        path.unlink()
    except FileNotFoundError:
        return
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
