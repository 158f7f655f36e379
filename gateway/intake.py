"""The one door: normalise, seal, publish; and only then is a source told that its item is kept."""

import base64
import hashlib
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

from gateway.cloudevents import accepted_record, rejected_record
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
    SealingSettings,
    TopicSettings,
)
from normalizer.draft import Rejection
from normalizer.event import PrivatePart, RejectedItem
from normalizer.gazetteer import load_gazetteer
from normalizer.normalize import Context, Normalized, normalize
from normalizer.text import repair

log = logging.getLogger(__name__)

#: Namespace of the ids of items that did not become an event.
_REJECTED_NAMESPACE = UUID("8f0b4c39-4b9f-5a0e-9d6e-3f5f0a4d7b11")


def utc_now() -> datetime:
    """The wall clock, aware UTC."""
    return datetime.now(UTC)


class Intake:
    """Implements ``gateway.contract.Door`` on an open event log."""

    def __init__(
        self,
        event_log: EventLog,
        topics: TopicSettings,
        context: Context,
        sealer: Sealer,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._log = event_log
        self._topics = topics
        self._context = context
        self._sealer = sealer
        self._clock = clock
        self._last = datetime.min.replace(tzinfo=UTC)

    async def accept(self, item: Item, traceparent: str | None = None) -> Kept:
        """See ``Door.accept``. An item that cannot become an event is kept, sealed, aside."""
        now = self._next_instant()
        try:
            if isinstance(item, Rejection):
                return await self._reject(item, now, traceparent)
            # A clerk may say when the slip reached the office; a platform's item reaches us now.
            outcome = normalize(item, item.received_at or now, self._context)
            if isinstance(outcome, Rejection):
                return await self._reject(outcome, now, traceparent)
            return await self._publish(outcome, now, traceparent)
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

    def _next_instant(self) -> datetime:
        """The time, never the same twice: an item without id and time is told apart by it."""
        self._last = max(self._clock(), self._last + timedelta(microseconds=1))
        return self._last

    async def _publish(self, outcome: Normalized, now: datetime, traceparent: str | None) -> Kept:
        event = outcome.event.model_copy(update={"sealed": self._sealer.seal(outcome.private)})
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
    digest = hashlib.sha256(item.raw).hexdigest()
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
    )


def _raw_part(item: Rejection, source_id: str | None) -> PrivatePart:
    encoding: Literal["utf-8", "base64"] = "utf-8"
    try:
        raw = item.raw.decode("utf-8")
    except UnicodeDecodeError:
        encoding, raw = "base64", base64.b64encode(item.raw).decode("ascii")
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
    )


def make_intake(config: ConfigFile, event_log: EventLog) -> Intake:
    """The door on a log that somebody else opens and closes.

    Raises:
        Misconfigured: a setting is wrong or a key is missing.
    """
    return Intake(
        event_log,
        config.load(TopicSettings),
        make_context(config),
        load_sealer(config.load(SealingSettings).public_key_file),
    )


@asynccontextmanager
async def open_door(config: ConfigFile) -> AsyncIterator[Intake]:
    """A door with a log of its own, for programs that bring items once (imports).

    Raises:
        GatewayFault: settings, keys or log are not in order.
    """
    topics = config.load(TopicSettings)
    event_log = make_log(config, (topics.accepted, topics.rejected))
    intake = make_intake(config, event_log)
    await event_log.open()
    try:
        yield intake
    finally:
        await event_log.close()
