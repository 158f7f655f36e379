"""What others tell: answers that were sent, attachments that were fetched, counts at sources."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from pydantic import ValidationError

from deliver.ledger import Ledger
from deliver.settings import GROUP
from gateway.errors import LogUnavailable
from gateway.log import EventLog, StoredRecord, Subscription
from gateway.settings import TopicSettings
from normalizer.count import SourceCount
from normalizer.outcome import MediaOutcome, ReplyOutcome

log = logging.getLogger(__name__)

_FETCH_RECORDS = 100
_FETCH_SECONDS = 1.0
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0


class Outcomes:
    """Takes what stands in these topics into the ledger, until it is cancelled.

    A cancel loses nothing: what is not committed comes again and changes nothing.
    """

    def __init__(
        self,
        event_log: EventLog,
        topics: TopicSettings,
        ledger: Ledger,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._log = event_log
        self._topics = topics
        self._ledger = ledger
        self._sleep = sleep

    async def run(self) -> None:
        """Follow all of them.

        Raises:
            LedgerUnavailable: the worker must end.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._follow(self._topics.replied, self._take_reply))
            group.create_task(self._follow(self._topics.media, self._take_media))
            group.create_task(self._follow(self._topics.counted, self._take_count))

    async def _follow(self, topic: str, take: Callable[[bytes], None]) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            try:
                subscription = await self._log.subscribe(topic, GROUP)
                try:
                    while True:
                        await self._some(subscription, take)
                        pause = _FIRST_PAUSE_SECONDS
                finally:
                    await subscription.close()
            except LogUnavailable as fault:
                extra = {"error": type(fault).__name__, "topic": topic, "delay_seconds": pause}
                log.warning("outcomes.log_lost", extra=extra)
                await self._sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _some(self, subscription: Subscription, take: Callable[[bytes], None]) -> None:
        fetched = await subscription.fetch(_FETCH_RECORDS, _FETCH_SECONDS)
        for stored in fetched:
            await asyncio.to_thread(_taken, stored, take)
        if fetched:
            await subscription.commit(
                {one.position.partition: one.position.offset + 1 for one in fetched}
            )

    def _take_reply(self, value: bytes) -> None:
        self._ledger.replies.apply(ReplyOutcome.from_bytes(value))

    def _take_media(self, value: bytes) -> None:
        self._ledger.attachments.apply(MediaOutcome.from_bytes(value))

    def _take_count(self, value: bytes) -> None:
        self._ledger.sources.apply(SourceCount.from_bytes(value))


def _taken(stored: StoredRecord, take: Callable[[bytes], None]) -> None:
    try:
        take(stored.record.value)
    except ValidationError:
        # Written by our own programs: a newer one, or somebody's hand. The complaint is not in it.
        log.error(
            "outcome.unreadable",
            extra={
                "topic": stored.position.topic,
                "partition": stored.position.partition,
                "offset": stored.position.offset,
            },
        )
