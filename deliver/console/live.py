"""The newest complaints straight from the intake topic, whether the ledger has them or not."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from uuid import UUID

from pydantic import ValidationError

from gateway.log import EventLog, StoredRecord
from normalizer.event import ComplaintEvent

#: What fits a screen with its heading; more are found in the lists.
ROWS = 25


class Live:
    """Follows the topic only while somebody looks, once for everybody. Used by one event loop."""

    def __init__(self, event_log: EventLog, topic: str) -> None:
        self._log = event_log
        self._topic = topic
        self._next: dict[int, int] = {}
        self._events: OrderedDict[UUID, ComplaintEvent] = OrderedDict()
        self._looking = asyncio.Lock()

    async def newest(self) -> Sequence[ComplaintEvent]:
        """At most ``ROWS`` complaints, the latest received first.

        Raises:
            LogUnavailable.
        """
        async with self._looking:
            await self._look()
        events = sorted(self._events.values(), key=lambda one: one.received_at, reverse=True)
        return events[:ROWS]

    async def _look(self) -> None:
        ends = await self._log.end_offsets(self._topic)
        for partition, end in ends.items():
            # After a night without a visitor nobody needs what scrolled past.
            start = max(self._next.get(partition, 0), end - ROWS, 0)
            self._next[partition] = start
        if all(self._next[partition] >= end for partition, end in ends.items()):
            return
        async for stored in self._log.scan(self._topic, dict(self._next)):
            self._next[stored.position.partition] = stored.position.offset + 1
            self._take(stored)
        # Every partition may bring a screenful; the latest of all are among the last so many.
        while len(self._events) > ROWS * max(1, len(ends)):
            self._events.popitem(last=False)

    def _take(self, stored: StoredRecord) -> None:
        try:
            event = ComplaintEvent.from_bytes(stored.record.value)
        except ValidationError:
            return  # Unreadable: the reconciliation counts it.
        self._events.setdefault(event.complaint_id, event)
