"""Attachments as they are kept: the original, sealed, and a clean copy that may leave the house."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from gateway.blobs import Blobs, BlobsUnavailable, make_blobs
from gateway.cleaning.apart import Cleaned, CleaningApart, CleaningUnavailable
from gateway.errors import NotKept
from gateway.sealing import Sealer, load_sealer
from gateway.settings import ConfigFile, MediaSettings, SealingSettings
from gateway.virus import ScannerAway, Verdict, VirusScanner, make_scanner
from normalizer.draft import DraftAttachment
from normalizer.event import Withheld

_UNKNOWN = "application/octet-stream"

_VERDICTS = {
    Verdict.INFECTED: Withheld.INFECTED,
    Verdict.TOO_LARGE: Withheld.TOO_LARGE,
    Verdict.UNREADABLE: Withheld.DAMAGED,
}


class AttachmentStore:
    """Implements ``gateway.intake.ContentStore``. Make it inside a running loop.

    The same bytes again give the same hashes and are stored once. What is stored is sealed with
    the deliver key: ``original/<sha256>`` and ``copy/<sha256>``, each under the hash of its own
    bytes before sealing.
    """

    def __init__(
        self,
        blobs: Blobs,
        sealer: Sealer,
        max_bytes: int,
        scanner: VirusScanner | None = None,
        cleaning: CleaningApart | None = None,
    ) -> None:
        self._blobs = blobs
        self._sealer = sealer
        self._max_bytes = max_bytes
        self._scanner = scanner
        self._cleaning = cleaning or CleaningApart()

    async def keep(self, attachment: DraftAttachment) -> DraftAttachment:
        """See ``ContentStore.keep``.

        ``media_type`` of the result is that of the copy, or of the original when there is none.
        ``size_bytes`` and ``sha256`` are the original's.
        """
        content = attachment.content
        if content is None:
            return attachment
        async with _or_not_kept():
            cleaned = await self._clean(content)
            copy_sha256 = None
            if cleaned.copy is not None:
                copy_sha256 = await self._store("copy", cleaned.copy)
            return replace(
                attachment,
                media_type=cleaned.media_type,
                size_bytes=len(content),
                content=None,
                sha256=await self._store("original", content),
                copy_sha256=copy_sha256,
                withheld=cleaned.withheld,
            )

    async def keep_raw(self, raw: bytes) -> str:
        """See ``ContentStore.keep_raw``."""
        async with _or_not_kept():
            return await self._store("raw", raw)

    async def check(self) -> None:
        """Prove that an attachment could be kept right now.

        Raises:
            BlobsUnavailable, ScannerAway: it could not.
        """
        await self._blobs.check()
        if self._scanner is not None:
            await self._scanner.check()

    async def _clean(self, content: bytes) -> Cleaned:
        if len(content) > self._max_bytes:
            return Cleaned(_UNKNOWN, None, Withheld.TOO_LARGE)
        verdict = Verdict.CLEAN
        if self._scanner is not None:
            verdict = await self._scanner.scan(content)
        cleaned = await self._cleaning.clean(content)
        if verdict is not Verdict.CLEAN:
            return replace(cleaned, copy=None, withheld=_VERDICTS[verdict])
        return cleaned

    async def _store(self, folder: str, content: bytes) -> str:
        digest, sealed = await asyncio.to_thread(self._seal, content)
        await self._blobs.put(f"{folder}/{digest}", sealed)
        return digest

    def _seal(self, content: bytes) -> tuple[str, bytes]:
        return hashlib.sha256(content).hexdigest(), self._sealer.seal_bytes(content).encode()


@asynccontextmanager
async def _or_not_kept() -> AsyncIterator[None]:
    try:
        yield
    except (BlobsUnavailable, ScannerAway, CleaningUnavailable) as fault:
        raise NotKept(str(fault)) from None


def make_contents(config: ConfigFile) -> AttachmentStore:
    """The store that the settings describe; inside a running loop.

    Raises:
        Misconfigured: a setting is wrong, or the key is missing.
        BlobsUnavailable: the folder cannot be made.
    """
    media = config.load(MediaSettings)
    return AttachmentStore(
        make_blobs(config),
        load_sealer(config.load(SealingSettings).public_key_file),
        media.max_bytes,
        make_scanner(config),
    )
