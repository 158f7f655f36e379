"""The worker: takes events from the log, decides, has them entered, records, commits.

With ``steps.py``, ``sending.py`` and ``gate.py`` it is the only place that waits, parks or stops.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from functools import partial
from uuid import UUID

from pydantic import ValidationError

from deliver import sweep
from deliver.attachments import Parcel
from deliver.gate import Gate, GateClosed
from deliver.lanes import Lanes
from deliver.ledger import Ledger
from deliver.offsets import Offsets
from deliver.receipts import publish_missing
from deliver.rows import LedgerRow, Recorded
from deliver.settings import GROUP
from deliver.states import State
from deliver.steps import Plan, advance
from deliver.unreadable import reject
from gateway.errors import LogUnavailable
from gateway.log import EventLog, Position, StoredRecord, Subscription
from gateway.metrics import DELIVER_IN_FLIGHT
from gateway.sealing import Sealer
from gateway.settings import TopicSettings
from normalizer.event import ComplaintEvent

log = logging.getLogger(__name__)

#: Fetched and not yet settled, for each place at the target: keeps every place busy while one
#: reporter's items queue up, and memory flat while LAPOR is away.
_BACKLOG_PER_PLACE = 4
#: Files looked at in one sweep.
_FILES_AT_ONCE = 50
_RESUBSCRIBE_FIRST_SECONDS = 0.5
#: As long as a Kafka broker needs for its restart.
_RESUBSCRIBE_MAX_SECONDS = 10.0


class Worker:
    """One run of the worker; make a new one to start again."""

    def __init__(
        self,
        event_log: EventLog,
        topics: TopicSettings,
        ledger: Ledger,
        sealer: Sealer,
        plan: Plan,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._log = event_log
        self._topics = topics
        self._ledger = ledger
        self._sealer = sealer
        self._plan = plan
        self._now = now
        self._sleep = sleep
        self._lanes = Lanes(plan.max_in_flight, self._fail)
        self._offsets = Offsets()
        #: What is being worked on, with the log positions that wait for it.
        self._in_flight: dict[UUID, set[Position]] = {}
        #: Items whose files are being passed on.
        self._parcels: set[UUID] = set()
        self._changed = asyncio.Event()
        self._fault: BaseException | None = None
        self._next_sweep = 0.0
        self._owes_receipts = True

    @property
    def gate(self) -> Gate | None:
        """The gate before LAPOR; None when people enter."""
        return self._plan.sending.gate if self._plan.sending is not None else None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until ``stop`` is set; then finish what is being entered, commit, and return.

        Raises:
            CredentialsRefused: a person must mend that.
            GatewayFault: log or ledger are away for longer than it makes sense to wait.
        """
        try:
            await self._run(stop)
        finally:
            await self._finish()
        if self._fault is not None:
            raise self._fault

    async def _run(self, stop: asyncio.Event) -> None:
        pause = _RESUBSCRIBE_FIRST_SECONDS
        while not self._ends(stop):
            try:
                subscription = await self._log.subscribe(self._topics.accepted, GROUP)
            except LogUnavailable as fault:
                await self._log_away(fault, pause)
                pause = min(pause * 2, _RESUBSCRIBE_MAX_SECONDS)
                continue
            pause = _RESUBSCRIBE_FIRST_SECONDS
            try:
                await self._consume(subscription, stop)
            except LogUnavailable as fault:
                await self._log_away(fault, pause)
            finally:
                await subscription.close()

    async def _consume(self, subscription: Subscription, stop: asyncio.Event) -> None:
        # What an earlier subscription took and did not commit comes again on this one.
        self._offsets = Offsets()
        alone = False
        try:
            while not self._ends(stop):
                fetched = await self._fetch(subscription)
                if subscription.exclusive and not alone:
                    alone = True
                    await self._give_up_claims(until=None)
                for stored in fetched:
                    await self._take(stored)
                await self._commit(subscription)
                await self._sweep()
                await self._publish_receipts()
        finally:
            if self._ends(stop):
                await self._finish()
        await self._publish_receipts()
        await self._commit(subscription)

    async def _fetch(self, subscription: Subscription) -> list[StoredRecord]:
        room = self._room()
        if room > 0:
            return list(await subscription.fetch(room, self._plan.fetch_seconds))
        self._changed.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._changed.wait(), self._plan.fetch_seconds)
        return list(await subscription.fetch(0, 0))

    async def _take(self, stored: StoredRecord) -> None:
        """One record into the ledger, and on to its lane."""
        position = stored.position
        self._offsets.taken(position)
        try:
            event = ComplaintEvent.from_bytes(stored.record.value)
        except ValidationError:
            # If even that cannot be kept, NotKept ends the worker and nothing is committed.
            await reject(self._log, self._topics.rejected, stored, self._sealer)
            self._offsets.settled(position)
            return
        row, recorded = await asyncio.to_thread(
            self._ledger.record, event, position, self._now(), self._plan.by
        )
        if recorded is Recorded.CONFLICT:
            log.warning("complaint.repeat_conflicts", extra={"complaint_id": str(row.complaint_id)})
        if row.state is State.RECEIVED:
            self._submit(row, position)
        else:
            self._offsets.settled(position)

    def _submit(self, row: LedgerRow, position: Position | None = None) -> None:
        waiting = self._in_flight.get(row.complaint_id)
        if waiting is None:
            waiting = self._in_flight[row.complaint_id] = set()
            self._lanes.submit(row.lane, partial(self._work_on, row.complaint_id))
            DELIVER_IN_FLIGHT.set(len(self._in_flight))
        if position is not None:
            waiting.add(position)

    async def _work_on(self, complaint_id: UUID) -> None:
        try:
            row = await advance(complaint_id, self._ledger, self._plan, self._now)
        except GateClosed:
            del self._in_flight[complaint_id]
            return
        # The ledger has it now, whatever it waits for: the log need not bring it again.
        for position in self._in_flight.pop(complaint_id):
            self._offsets.settled(position)
        self._owes_receipts |= row is not None and row.state in (State.ENTERED, State.LINKED)
        DELIVER_IN_FLIGHT.set(len(self._in_flight))
        self._changed.set()

    async def _sweep(self) -> None:
        """Work that no record brings: resends, ended holds, lost claims, receipts still owed."""
        now = self._now()
        if now.timestamp() < self._next_sweep:
            return
        self._next_sweep = now.timestamp() + self._plan.sweep_seconds
        self._owes_receipts = True
        await self._give_up_claims(until=now)
        await asyncio.to_thread(sweep.end_holds, self._ledger, self._plan.by, now)
        await asyncio.to_thread(sweep.show_counts, self._ledger)
        sending = self._plan.sending
        if sending is not None and sending.gate.is_open and (room := self._room()) > 0:
            for row in await asyncio.to_thread(
                self._ledger.queries.due, now, room, tuple(self._in_flight)
            ):
                self._submit(row)
            await self._pass_on(now)

    async def _pass_on(self, now: datetime) -> None:
        """Files of what is entered. They have lanes of their own: no entry waits for them."""
        passing_on = self._plan.passing_on
        if passing_on is None:
            return
        await asyncio.to_thread(passing_on.attachments.give_up_claims, now)
        for parcel in await asyncio.to_thread(
            passing_on.attachments.due, now, _FILES_AT_ONCE, tuple(self._parcels)
        ):
            self._parcels.add(parcel.complaint_id)
            self._lanes.submit(f"files {parcel.complaint_id}", partial(self._carry, parcel))

    async def _carry(self, parcel: Parcel) -> None:
        try:
            if self._plan.passing_on is not None:
                await self._plan.passing_on.pass_on(parcel)
        finally:
            self._parcels.discard(parcel.complaint_id)

    async def _give_up_claims(self, until: datetime | None) -> None:
        """Those that ran out; without ``until`` all but our own, as nobody else can be at work."""
        await asyncio.to_thread(
            sweep.give_up_claims,
            self._ledger,
            self._plan.by,
            self._now(),
            until,
            frozenset(self._in_flight),
        )

    async def _publish_receipts(self) -> None:
        if self._owes_receipts:
            self._owes_receipts = False
            await publish_missing(self._log, self._topics.entered, self._ledger, self._now)

    async def _commit(self, subscription: Subscription) -> None:
        if offsets := self._offsets.committable():
            await subscription.commit(offsets)
            self._offsets.committed(offsets)

    async def _finish(self) -> None:
        if self._plan.sending is not None:
            self._plan.sending.gate.shut()
        await self._lanes.close(self._plan.stop_grace_seconds)

    async def _log_away(self, fault: LogUnavailable, pause: float) -> None:
        log.warning(
            "deliver.log_lost", extra={"error": type(fault).__name__, "delay_seconds": pause}
        )
        await self._sleep(pause)

    def _room(self) -> int:
        return self._plan.max_in_flight * _BACKLOG_PER_PLACE - len(self._in_flight)

    def _fail(self, fault: BaseException) -> None:
        self._fault = self._fault or fault
        self._changed.set()

    def _ends(self, stop: asyncio.Event) -> bool:
        return stop.is_set() or self._fault is not None
