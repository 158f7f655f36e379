"""What did not become an event: listed by what is known of it, and tried again once.

An item of stage ``deliver`` is a record of the accepted topic that this program could not read: a
later version may. One of stage ``intake`` holds what a provider sent: the intake reads it again,
in a process of its own, since deliver knows no channel. The id of an event is computed from the
provider's own id, so an item that came another way meanwhile is a repeat.
"""

import asyncio
import base64
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from pydantic import ValidationError

from deliver.acts import Acts
from deliver.ledger import Ledger, LedgerConflict, NotAllowed
from deliver.states import Actor
from gateway.blobs import Blobs
from gateway.cloudevents import accepted_record
from gateway.errors import GatewayFault
from gateway.log import EventLog
from gateway.sealing import Opener
from gateway.settings import TopicSettings
from normalizer.event import ComplaintEvent, PrivatePart, RejectedItem

#: Acts, with the item's id as subject.
BEGAN = "rejected_retry_began"
RETRIED = "rejected_retried"
STILL_UNREADABLE = "rejected_still_unreadable"
OPENED = "rejected_opened"

#: Reads an item again; a name, not an import: deliver and connectors know nothing of each other.
READER = "connectors.retrying"
#: Starting Python and every channel takes seconds; an item with large files some more.
_READER_SECONDS = 120.0


class StillUnreadable(LedgerConflict):
    """It is read no better than before. Reaction: a person reads it and types it in."""


class ReaderFailed(GatewayFault):
    """The intake's process ended without a word. Reaction: look at its lines, then try again."""


def mark_of(ledger: Ledger) -> dict[str, str]:
    """Of every item that somebody tried again, the last word of it."""
    acts = Acts(ledger).of(BEGAN, RETRIED, STILL_UNREADABLE)
    return {one.subject: one.what for one in acts if one.subject is not None}


async def rejected_items(event_log: EventLog, topic: str) -> Sequence[RejectedItem]:
    """Every item once, oldest first; a later version's that cannot be read are passed over."""
    found: dict[UUID, RejectedItem] = {}
    async for stored in event_log.scan(topic):
        try:
            item = RejectedItem.model_validate_json(stored.record.value, extra="ignore")
        except ValidationError:
            continue
        found.setdefault(item.item_id, item)
    return sorted(found.values(), key=lambda item: item.received_at)


async def raw_of(private: PrivatePart, blobs: Blobs, opener: Opener) -> bytes:
    """The bytes as they came.

    Raises:
        BlobMissing, BlobsUnavailable, CannotOpen.
    """
    if private.raw_encoding == "blob":
        sealed = await blobs.get(f"raw/{private.raw}")
        return await asyncio.to_thread(opener.open_bytes, sealed.decode("ascii"))
    if private.raw_encoding == "base64":
        return base64.b64decode(private.raw)
    return private.raw.encode()


@dataclass(frozen=True, slots=True)
class Retry:
    """Tries rejected items again. Nobody sees what is opened for it."""

    event_log: EventLog
    topics: TopicSettings
    ledger: Ledger
    opener: Opener
    blobs: Blobs
    by: Actor

    async def run(
        self, item: RejectedItem, note: str, now: datetime, *, again: bool = False
    ) -> Sequence[UUID]:
        """Put an item through once more; the complaints that it became.

        It is on record before anything happens: one that was interrupted is not tried again by
        itself. ``again``: a person looked and wants it nevertheless.

        Raises:
            NotAllowed: it was tried already; nothing was done.
            StillUnreadable: it is on record, and nothing else was changed.
            NotKept, ReaderFailed, CannotOpen, BlobMissing, BlobsUnavailable: perhaps it went
                through, perhaps not; under its own id it can do so once only.
        """
        await asyncio.to_thread(self._begin, item, note, now, again)
        private = await asyncio.to_thread(self.opener.open, item.sealed)
        raw = await raw_of(private, self.blobs, self.opener)
        if item.stage == "deliver":
            kept = await self._published(raw)
        else:
            kept = await _read_again(item, private, raw)
        subject = str(item.item_id)
        acts = Acts(self.ledger)
        if not kept:
            await asyncio.to_thread(acts.add, self.by, STILL_UNREADABLE, now, subject, note)
            raise StillUnreadable(
                "masih tidak terbaca; baca isinya dengan `gateway rejected show ID --open`, lalu "
                "ketik lewat formulir petugas"
            )
        words = f"{note} → {', '.join(str(one) for one in kept)}"
        await asyncio.to_thread(acts.add, self.by, RETRIED, now, subject, words)
        return kept

    def _begin(self, item: RejectedItem, note: str, now: datetime, again: bool) -> None:
        begun = Acts(self.ledger).begin(
            self.by, BEGAN, now, str(item.item_id), note, (RETRIED,) if again else (RETRIED, BEGAN)
        )
        if begun is None:
            return
        day = begun.at.date().isoformat()
        if begun.what == RETRIED:
            raise NotAllowed(
                f"sudah diproses ulang pada {day}; hasilnya di `gateway rejected show`"
            )
        raise NotAllowed(
            f"sudah dicoba pada {day} dan tidak berhasil atau terputus; setelah penyebabnya "
            "diperbaiki, tambahkan --again"
        )

    async def _published(self, raw: bytes) -> Sequence[UUID]:
        try:
            event = ComplaintEvent.from_bytes(raw)
        except ValidationError:
            return ()
        await self.event_log.append(self.topics.accepted, accepted_record(event))
        return (event.complaint_id,)


async def _read_again(item: RejectedItem, private: PrivatePart, raw: bytes) -> Sequence[UUID]:
    """What the channel makes of the bytes today, published by the intake's own door."""
    order = {
        "channel": item.channel,
        "account": item.account,
        "media_type": private.raw_media_type,
        "received_at": item.received_at.isoformat(),
        "raw": base64.b64encode(raw).decode("ascii"),
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        READER,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(_READER_SECONDS):
            said, _ = await process.communicate(json.dumps(order).encode())
        kept = [UUID(one) for one in json.loads(said)["kept"]]
    except (TimeoutError, ValueError, KeyError, TypeError):
        raise ReaderFailed(
            "the intake could not read the item again; its own lines above say why"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return kept
