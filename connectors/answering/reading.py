"""From the event log into the outbox: durable there first, then the cursor moves."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from pydantic import ValidationError

from connectors.answering.decide import known, wanted
from connectors.answering.nudge import Nudge
from connectors.answering.outbox import Outbox
from connectors.answering.rows import Known, Receipt, Wanted
from gateway.errors import LogUnavailable
from gateway.log import EventLog, StoredRecord, Subscription
from normalizer.event import ComplaintEvent, EntryReceipt

log = logging.getLogger(__name__)

GROUP = "replies"

_FETCH_RECORDS = 200
_FETCH_SECONDS = 0.5
_FIRST_PAUSE_SECONDS = 0.5
#: As long as a Kafka broker needs for its restart.
_LONGEST_PAUSE_SECONDS = 10.0

Keep = Callable[[Sequence[StoredRecord]], None]


class Reader:
    """Reads one topic until it is cancelled. ``keep`` returns only when the records are durable."""

    def __init__(
        self,
        event_log: EventLog,
        topic: str,
        keep: Keep,
        nudge: Nudge,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._log = event_log
        self._topic = topic
        self._keep = keep
        self._nudge = nudge
        self._sleep = sleep
        self._pause = _FIRST_PAUSE_SECONDS

    async def run(self) -> None:
        """Read for ever. Raises OutboxUnavailable."""
        while True:
            try:
                await self._read()
            except LogUnavailable as fault:
                log.warning(
                    "replies.log_lost",
                    extra={
                        "topic": self._topic,
                        "error": type(fault).__name__,
                        "delay_seconds": self._pause,
                    },
                )
            await self._sleep(self._pause)
            self._pause = min(self._pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _read(self) -> None:
        subscription = await self._log.subscribe(self._topic, GROUP)
        try:
            while True:
                await self._take(subscription)
                self._pause = _FIRST_PAUSE_SECONDS
        finally:
            await subscription.close()

    async def _take(self, subscription: Subscription) -> None:
        found = await subscription.fetch(_FETCH_RECORDS, _FETCH_SECONDS)
        if not found:
            return
        await asyncio.to_thread(self._keep, found)
        self._nudge.ring()
        ends: dict[int, int] = {}
        for stored in found:
            ends[stored.position.partition] = stored.position.offset + 1
        await subscription.commit(ends)


class Keeper:
    """What is kept of the two topics."""

    def __init__(
        self,
        outbox: Outbox,
        reference_prefix: str,
        now: Callable[[], datetime],
        *,
        tells_received: bool = True,
    ) -> None:
        self._outbox = outbox
        self._prefix = reference_prefix
        self._now = now
        self._tells_received = tells_received

    def accepted(self, stored: Sequence[StoredRecord]) -> None:
        """Items and the answers that they ask for. Raises OutboxUnavailable."""
        found: list[tuple[Known, Wanted | None]] = []
        for record in stored:
            try:
                event = ComplaintEvent.from_bytes(record.record.value)
            except ValidationError:
                # Deliver has it among the rejected; nobody can be answered.
                _unreadable(record)
                continue
            if (item := known(event)) is not None:
                asked = wanted(item, event.text, self._prefix, tells_received=self._tells_received)
                found.append((item, asked))
        self._outbox.record(found, self._now())

    def entered(self, stored: Sequence[StoredRecord]) -> None:
        """What stands in LAPOR!. Raises OutboxUnavailable."""
        found: list[Receipt] = []
        for record in stored:
            try:
                receipt = EntryReceipt.model_validate_json(record.record.value, extra="ignore")
            except ValidationError:
                _unreadable(record)
                continue
            found.append(Receipt(receipt.complaint_id, receipt.tracking_id, receipt.entered_at))
        self._outbox.record_receipts(found, self._now())


def _unreadable(stored: StoredRecord) -> None:
    log.error(
        "replies.record_unreadable",
        extra={
            "topic": stored.position.topic,
            "partition": stored.position.partition,
            "offset": stored.position.offset,
        },
    )
