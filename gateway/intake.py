"""The one door: normalise, seal, publish; and only then is a source told that its item is kept."""

import hashlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from gateway.already_in_lapor import AlreadyInLaporSettings
from gateway.cloudevents import accepted_record, counted_record, rejected_record
from gateway.contract import Item, Kept
from gateway.errors import NotKept
from gateway.log import EventLog
from gateway.log.factory import make_log
from gateway.metrics import INTAKE_ACCEPTED, INTAKE_FAULTS, INTAKE_LAST_ITEM, INTAKE_REJECTED
from gateway.sealing import Sealer, load_reporter_key, load_sealer
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    NormalizerSettings,
    RepliesSettings,
    SealingSettings,
    TopicSettings,
)
from normalizer.count import SourceCount
from normalizer.draft import Draft, DraftAttachment, Gathering, Piece, Rejection
from normalizer.event import PrivatePart, RejectedItem, ReplyPath
from normalizer.gazetteer import load_gazetteer
from normalizer.identity import platform_complaint_id
from normalizer.normalize import Context, Normalized, normalize
from normalizer.person import as_text
from normalizer.text import repair

log = logging.getLogger(__name__)

#: Namespace of the ids of items that did not become an event.
_REJECTED_NAMESPACE = UUID("8f0b4c39-4b9f-5a0e-9d6e-3f5f0a4d7b11")

#: Larger raw payloads are stored as a blob: as base64 in a JWE they would fill a record.
RAW_INLINE_BYTES = 48 * 1024


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


#: Makes one item of its pieces; see ``gateway.contract.Joins``.
Joiner = Callable[[Gathering], Draft]


@dataclass(frozen=True, slots=True)
class Ripe:
    """An item whose pieces need not wait any longer."""

    group: str
    draft: Draft


class PieceStore(Protocol):
    """Where pieces wait for each other, durably (``gateway/pieces.py``)."""

    async def add(self, piece: Piece, now: datetime) -> Ripe | None:
        """Keep a piece; durable on return. The item, if this piece makes it ready.

        None: it waits for others, or was here already. A piece that comes after its item was
        published becomes an item of its own, related to that one.

        Raises:
            NotKept: it is not kept.
        """
        ...

    async def ripe(self, now: datetime) -> Sequence[Ripe]:
        """Items whose waiting is over and that are not published yet. Raises NotKept."""
        ...

    async def published(self, group: str, now: datetime) -> None:
        """The log has the item: forget what was written in its pieces, remember that they came.

        Never raises: what is published twice has the same id.
        """
        ...


class ContentStore(Protocol):
    """Where bytes are kept that a record does not carry (``gateway/attachments.py``)."""

    async def keep(self, attachment: DraftAttachment) -> DraftAttachment:
        """Store an attachment's ``content``, sealed, and a copy that may leave the house.

        The result has no ``content``, and the real type, size, hashes and ``withheld``.

        Raises:
            NotKept: the store is away.
        """
        ...

    async def keep_raw(self, raw: bytes) -> str:
        """Store a large payload, sealed; its SHA-256. Raises NotKept."""
        ...


class Intake:
    """Implements ``gateway.contract.Door`` on an open event log."""

    def __init__(
        self,
        event_log: EventLog,
        topics: TopicSettings,
        context: Context,
        sealer: Sealer,
        clock: Callable[[], datetime] = utc_now,
        *,
        reply_sealer: Sealer | None = None,
        pieces: PieceStore | None = None,
        contents: ContentStore | None = None,
    ) -> None:
        self._log = event_log
        self._topics = topics
        self._context = context
        self._sealer = sealer
        self._clock = clock
        self._reply_sealer = reply_sealer
        self._pieces = pieces
        self._contents = contents
        self._last = datetime.min.replace(tzinfo=UTC)

    async def accept(self, item: Item, traceparent: str | None = None) -> Kept:
        """See ``Door.accept``. An item that cannot become an event is kept, sealed, aside."""
        now = self._next_instant()
        try:
            if isinstance(item, Piece):
                return await self._gather(item, now, traceparent)
            return await self._take(item, now, traceparent)
        except NotKept as fault:
            INTAKE_FAULTS.labels(item.channel, item.account).inc()
            log.error(
                "intake.not_kept",
                extra={
                    "channel": item.channel,
                    "account": item.account,
                    "error": type(fault).__name__,
                },
            )
            raise

    async def tell(self, count: SourceCount) -> None:
        """See ``Door.tell``."""
        await self._log.append(self._topics.counted, counted_record(count))

    async def publish_ripe(self) -> int:
        """Publish the items whose pieces have waited long enough; how many there were.

        Raises:
            NotKept: the log or the store of pieces is away; the same again later.
        """
        if self._pieces is None:
            return 0
        ripe = await self._pieces.ripe(self._clock())
        fault: NotKept | None = None
        for one in ripe:
            try:
                await self._take(one.draft, self._next_instant(), None)
            except NotKept as error:
                # Each has its chance before the first fault is told.
                fault = fault or error
                continue
            await self._pieces.published(one.group, self._clock())
        if fault is not None:
            raise fault
        return len(ripe)

    async def _gather(self, piece: Piece, now: datetime, traceparent: str | None) -> Kept:
        if self._pieces is None:
            raise NotKept("pieces of an item came, and this process has no store for them")
        ripe = await self._pieces.add(piece, now)
        if ripe is None:
            return Kept(platform_complaint_id(piece.channel, piece.account, piece.key), None)
        kept = await self._take(ripe.draft, now, traceparent)
        await self._pieces.published(ripe.group, self._clock())
        return kept

    async def _take(self, item: Draft | Rejection, now: datetime, traceparent: str | None) -> Kept:
        item = await self._without_bytes(item)
        if isinstance(item, Rejection):
            return await self._reject(item, now, traceparent)
        # A clerk may say when the slip reached the office; a platform's item reaches us now.
        outcome = normalize(item, item.received_at or now, self._context)
        if isinstance(outcome, Rejection):
            return await self._reject(outcome, now, traceparent)
        return await self._publish(outcome, now, traceparent, item.reply_path)

    async def _without_bytes(self, item: Draft | Rejection) -> Draft | Rejection:
        """What is too large for a record is stored first: the event then says where it is."""
        if self._contents is None:
            if isinstance(item, Draft) and any(one.content for one in item.attachments):
                raise NotKept("an attachment came, and this process has no store for it")
            return item
        if len(item.raw) > RAW_INLINE_BYTES:
            item = replace(item, raw=b"", raw_sha256=await self._contents.keep_raw(item.raw))
        if isinstance(item, Draft) and any(one.content is not None for one in item.attachments):
            kept = [
                one if one.content is None else await self._contents.keep(one)
                for one in item.attachments
            ]
            item = replace(item, attachments=tuple(kept))
        return item

    def _next_instant(self) -> datetime:
        """The time, never the same twice: an item without id and time is told apart by it."""
        self._last = max(self._clock(), self._last + timedelta(microseconds=1))
        return self._last

    async def _publish(
        self,
        outcome: Normalized,
        now: datetime,
        traceparent: str | None,
        reply_path: ReplyPath | None,
    ) -> Kept:
        sealed = {"sealed": self._sealer.seal(outcome.private)}
        if reply_path is not None and self._reply_sealer is not None:
            sealed["reply_to"] = self._reply_sealer.seal(reply_path)
        event = outcome.event.model_copy(update=sealed)
        await self._log.append(self._topics.accepted, accepted_record(event, traceparent))
        INTAKE_ACCEPTED.labels(event.channel, event.account).inc()
        INTAKE_LAST_ITEM.labels(event.channel, event.account).set(now.timestamp())
        log.info(
            "intake.accepted",
            extra={"complaint_id": str(event.complaint_id), "channel": event.channel},
        )
        return Kept(event.complaint_id, event.reference)

    async def _reject(self, item: Rejection, now: datetime, traceparent: str | None) -> Kept:
        rejected = seal_rejection(item, now, self._sealer)
        await self._log.append(self._topics.rejected, rejected_record(rejected, traceparent))
        INTAKE_REJECTED.labels(item.channel, item.account, item.reason).inc()
        log.warning(
            "intake.rejected",
            extra={
                "item_id": str(rejected.item_id),
                "channel": item.channel,
                "reason": item.reason,
            },
        )
        return Kept(rejected.item_id, None)


def seal_rejection(item: Rejection, now: datetime, sealer: Sealer) -> RejectedItem:
    """The rejected item as it stands in its topic: the same bytes again give the same id."""
    digest = item.raw_sha256 or hashlib.sha256(item.raw).hexdigest()
    source_id = None if item.source_id is None else repair(item.source_id)
    account = repair(item.account)
    name = "\x1f".join((item.channel, account, source_id or "", digest))
    return RejectedItem(
        item_id=uuid5(_REJECTED_NAMESPACE, name),
        channel=item.channel,
        account=account,
        received_at=now,
        stage="intake",
        reason=item.reason,
        sealed=sealer.seal(_raw_part(item, source_id)),
        source_numbers=item.source_numbers or None,
    )


def _raw_part(item: Rejection, source_id: str | None) -> PrivatePart:
    raw, encoding = as_text(item.raw, item.raw_sha256)
    return PrivatePart(
        source_id=source_id,
        raw=raw,
        raw_encoding=encoding,
        raw_media_type=repair(item.raw_media_type),
    )


def make_context(config: ConfigFile) -> Context:
    """What the normalizer needs of the settings.

    Raises:
        Misconfigured: a setting is wrong, or the reporter key is missing.
    """
    settings = config.load(NormalizerSettings)
    return Context(
        reporter_key_secret=load_reporter_key(settings.reporter_key_file),
        reference_prefix=settings.reference_prefix,
        keywords=settings.keywords,
        gazetteer=load_gazetteer(),
        time_zone=ZoneInfo(config.load(GatewaySettings).time_zone),
        in_lapor=config.load(AlreadyInLaporSettings).as_rules(),
    )


def make_intake(
    config: ConfigFile,
    event_log: EventLog,
    pieces: PieceStore | None = None,
    contents: ContentStore | None = None,
) -> Intake:
    """The door on a log that somebody else opens and closes.

    Raises:
        Misconfigured: a setting is wrong or a key is missing.
    """
    sealing = config.load(SealingSettings)
    answers = config.load(RepliesSettings).enabled
    return Intake(
        event_log,
        config.load(TopicSettings),
        make_context(config),
        load_sealer(sealing.public_key_file),
        reply_sealer=load_sealer(sealing.reply_public_key_file) if answers else None,
        pieces=pieces,
        contents=contents,
    )


@asynccontextmanager
async def open_door(config: ConfigFile) -> AsyncIterator[Intake]:
    """A door with a log of its own, for programs that bring items once (imports).

    Raises:
        GatewayFault: settings, keys or log are not in order.
    """
    topics = config.load(TopicSettings)
    event_log = make_log(config, (topics.accepted, topics.rejected, topics.counted))
    intake = make_intake(config, event_log)
    await event_log.open()
    try:
        yield intake
    finally:
        await event_log.close()
