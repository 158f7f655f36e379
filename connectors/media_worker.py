"""The worker that fetches attachments: from the topic into jobs, and from jobs to the log."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import apsw
from pydantic import ValidationError

from connectors.media_fetching import Fetching
from connectors.media_jobs import Job, MediaJobs
from gateway.cloudevents import media_record, traceparent_of
from gateway.errors import GatewayFault, NotConnected, NotKept
from gateway.intake import utc_now
from gateway.log import EventLog, StoredRecord, Subscription
from gateway.metrics import MEDIA_OUTCOMES, MEDIA_WAITING
from gateway.ownership import Ownership
from gateway.settings import TopicSettings
from normalizer.event import ComplaintEvent
from normalizer.outcome import MediaOutcome, MediaState

log = logging.getLogger(__name__)

GROUP = "media"

#: Fetched side by side; each may hold an attachment of the largest size a few times over.
_PLACES = 4
#: One account that is slow leaves a place to the others.
_PLACES_OF_ONE = _PLACES - 1
_FIRST_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0
#: How soon another process of the box takes over when the one that fetches is gone.
_STAND_BY_SECONDS = 5.0
_BATCH = 200
_SWEEP_SECONDS = 3600.0

Sleep = Callable[[float], Awaitable[None]]


class MediaWorker:
    """One of several processes on a data directory does the fetching; the others stand by.

    A crash at any point costs at most a second fetch: what was decided is told to the log again
    under the same id.
    """

    def __init__(
        self,
        event_log: EventLog,
        topics: TopicSettings,
        jobs: MediaJobs,
        fetching: Fetching,
        owner: Ownership,
        *,
        now: Callable[[], datetime] = utc_now,
        sleep: Sleep = asyncio.sleep,
        look_seconds: float = 5.0,
    ) -> None:
        """``look_seconds``: how often the clock is compared with the jobs when nothing happens."""
        self._log = event_log
        self._topics = topics
        self._jobs = jobs
        self._fetching = fetching
        self._owner = owner
        self._now = now
        self._sleep = sleep
        self._look_seconds = look_seconds
        self._in_hand: dict[int, tuple[Job, asyncio.Task[None]]] = {}
        self._changed = asyncio.Event()
        self._next_sweep: datetime | None = None

    async def run(self) -> None:
        """Work until cancelled; then let the fetchers go. Nothing that is away ends it."""
        try:
            while not self._owns():
                await self._sleep(_STAND_BY_SECONDS)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._for_ever(self._collect))
                tasks.create_task(self._for_ever(self._dispatch))
        finally:
            await self._let_go()

    def _owns(self) -> bool:
        try:
            self._owner.take()
        except NotConnected:
            return False
        return True

    async def _let_go(self) -> None:
        tasks = [task for _, task in self._in_hand.values()]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await self._fetching.close()
        await asyncio.to_thread(self._jobs.close)
        self._owner.release()

    async def _for_ever(self, work: Callable[[], Awaitable[None]]) -> None:
        pause = _FIRST_PAUSE_SECONDS
        while True:
            began = self._now()
            try:
                await work()
            except (GatewayFault, apsw.Error, OSError) as fault:
                if self._now() - began > timedelta(seconds=_LONGEST_PAUSE_SECONDS):
                    pause = _FIRST_PAUSE_SECONDS
                log.warning(
                    "media.interrupted",
                    extra={"error": type(fault).__name__, "delay_seconds": pause},
                )
            await self._sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)

    async def _collect(self) -> None:
        """From the topic into the file, until the log is away."""
        subscription = await self._log.subscribe(self._topics.accepted, GROUP)
        try:
            while True:
                await self._take(subscription, await subscription.fetch(_BATCH, self._look_seconds))
        finally:
            await subscription.close()

    async def _take(self, subscription: Subscription, stored: Sequence[StoredRecord]) -> None:
        if not stored:
            return
        added = await asyncio.to_thread(self._jobs.add, list(_events(stored)), self._now())
        next_offsets: dict[int, int] = {}
        for one in stored:
            next_offsets[one.position.partition] = one.position.offset + 1
        await subscription.commit(next_offsets)
        if added:
            self._changed.set()

    async def _dispatch(self) -> None:
        """Give free places to what is due, in turn among the accounts."""
        while True:
            self._changed.clear()
            await self._sweep()
            if len(self._in_hand) < _PLACES:
                due = await asyncio.to_thread(
                    self._jobs.due, self._now(), tuple(self._in_hand), _PLACES
                )
                for job in self._in_turn(due):
                    task = asyncio.create_task(self._work_on(job), name="media")
                    self._in_hand[job.id] = (job, task)
            MEDIA_WAITING.set(await asyncio.to_thread(self._jobs.count))
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_seconds):
                    await self._changed.wait()

    def _in_turn(self, due: Sequence[Job]) -> Sequence[Job]:
        """Those to begin with now: always one of the account that has the fewest in hand."""
        busy = Counter(job.lane for job, _ in self._in_hand.values())
        left, chosen = list(due), list[Job]()
        while left and len(self._in_hand) + len(chosen) < _PLACES:
            job = min(left, key=lambda one: busy[one.lane])
            if busy[job.lane] >= _PLACES_OF_ONE:
                break
            left.remove(job)
            chosen.append(job)
            busy[job.lane] += 1
        return chosen

    async def _work_on(self, job: Job) -> None:
        try:
            await self._advance(job)
        except (apsw.Error, OSError) as fault:
            # Nothing was noted: it is due again at the next look.
            log.warning("media.not_noted", extra={"error": type(fault).__name__})
            await self._sleep(_FIRST_PAUSE_SECONDS)
        finally:
            del self._in_hand[job.id]
            self._changed.set()

    async def _advance(self, job: Job) -> None:
        outcome = job.outcome
        if outcome is None:
            found = await self._fetching.try_once(job)
            if not isinstance(found, MediaOutcome):
                await asyncio.to_thread(self._jobs.postpone, job, found.at, found.reason)
                return
            outcome = found
            await asyncio.to_thread(self._jobs.decide, job, outcome)
        try:
            await self._log.append(self._topics.media, media_record(outcome, job.traceparent))
        except NotKept:
            later = self._fetching.next_try_at(job)
            await asyncio.to_thread(self._jobs.postpone, job, later, "log_away")
            return
        await asyncio.to_thread(self._jobs.finish, job, self._now())
        _show(job, outcome)

    async def _sweep(self) -> None:
        now = self._now()
        if self._next_sweep is None or now >= self._next_sweep:
            self._next_sweep = now + timedelta(seconds=_SWEEP_SECONDS)
            # As long as the topic can bring the same complaint again.
            kept = timedelta(days=self._topics.accepted_days)
            await asyncio.to_thread(self._jobs.forget, now - kept)


def _events(stored: Iterable[StoredRecord]) -> Iterable[tuple[ComplaintEvent, str | None]]:
    for one in stored:
        # Deliver puts aside what is no event.
        with suppress(ValidationError):
            yield ComplaintEvent.from_bytes(one.record.value), traceparent_of(one)


def _show(job: Job, outcome: MediaOutcome) -> None:
    MEDIA_OUTCOMES.labels(job.channel, outcome.state).inc()
    log.log(
        logging.INFO if outcome.state is MediaState.STORED else logging.WARNING,
        "media.settled",
        extra={
            "complaint_id": str(job.complaint_id),
            "channel": job.channel,
            "account": job.account,
            "state": outcome.state,
            "reason": outcome.reason,
            "attempt": job.attempts + 1,
        },
    )
