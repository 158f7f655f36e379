"""Erases by itself what is kept long enough, and finishes what an erasure left in the store."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from deliver.identity.erasing import Asked, Erasing, Wish, erase_all
from deliver.identity.files import ErasedFiles, delete_left
from deliver.identity.settings import RetentionSettings
from deliver.identity.tombstones import Tombstones
from deliver.ledger import Ledger
from deliver.states import Actor
from gateway.blobs import Blobs, BlobsUnavailable, make_blobs
from gateway.intake import utc_now
from gateway.sealing import Opener, load_opener
from gateway.settings import ConfigFile, SealingSettings

log = logging.getLogger(__name__)

#: Each is a transaction; between two batches others get the ledger.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Retention:
    """One run over everything, or a loop. ``opener`` is needed when days are set."""

    ledger: Ledger
    blobs: Blobs
    settings: RetentionSettings
    by: Actor
    now: Callable[[], datetime]
    opener: Opener | None = None
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def run(self) -> None:
        """Look again and again, until it is cancelled.

        Raises:
            LedgerUnavailable: the worker must end.
        """
        while True:
            await self.once()
            await self.sleep(self.settings.look_every_seconds)

    async def once(self) -> int:
        """Erase what is due; how many complaints. A store that is away is left for later.

        Raises:
            LedgerUnavailable.
        """
        erased = await asyncio.to_thread(self.erase_due)
        files = ErasedFiles(self.ledger)
        await asyncio.to_thread(files.take_leftovers, self.now())
        try:
            await delete_left(files, self.blobs)
        except BlobsUnavailable as fault:
            log.warning("files.not_erased", extra={"error": type(fault).__name__})
        return erased

    def erase_due(self) -> int:
        """In the ledger: every identity that is older than the settings allow; how many."""
        days = self.settings.identity_days
        if days is None or self.opener is None:
            return 0
        erasing = Erasing(self.ledger, self.opener)
        wish = Wish(with_text=self.settings.with_text)
        before, count = self.now() - timedelta(days=days), 0
        while True:
            due = Tombstones(self.ledger).overdue(before, _AT_ONCE)
            done = erase_all(
                erasing, Asked(due, ()), self.by, f"retensi {days} hari", self.now(), wish
            )
            count += len(done.going)
            if len(due) < _AT_ONCE or not done.going:
                return count

    def due(self) -> int:
        """How many would be erased now, at most one batch."""
        days = self.settings.identity_days
        if days is None:
            return 0
        return len(Tombstones(self.ledger).overdue(self.now() - timedelta(days=days), _AT_ONCE))


def make_retention(config: ConfigFile, ledger: Ledger, by: Actor) -> Retention:
    """What the settings ask for.

    Raises:
        Misconfigured: a setting is wrong, or it shall erase and has no key: the names of large
            payloads in the store stand in the sealed parts.
    """
    settings = config.load(RetentionSettings)
    opener = None
    if settings.identity_days is not None:
        opener = load_opener(config.load(SealingSettings).private_key_dir)
    return Retention(ledger, make_blobs(config), settings, by, utc_now, opener)
