"""Taking the log through the ledger again: changes nothing, except for rows that were lost.

What the ledger has is a repeat, or a conflict that is noted once. What it lacks although the
worker's cursor has passed it was deleted by a hand, or the ledger is an older copy: it is taken
in again, in the state that is certain of it.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from deliver.ledger import Ledger, Stale, TrackingIdTaken
from deliver.rows import Changes, content_hash
from deliver.settings import GROUP
from deliver.states import Actor, State, Who
from deliver.traces import Traces
from gateway.log import EventLog, StoredRecord
from gateway.settings import TopicSettings
from normalizer.event import ComplaintEvent, EntryReceipt


class Outcome(StrEnum):
    """What a replay finds of one record."""

    #: The ledger lacks it: taken in.
    NEW = "new"
    REPEAT = "repeat"
    #: The same id with other content.
    CONFLICT = "conflict"
    #: Behind the worker's cursor: it comes to the ledger by itself.
    WAITING = "waiting"
    #: No event; it stands in the rejected topic.
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Lost:
    """An event that the ledger lacks, and the state in which it is taken in."""

    complaint_id: UUID
    reference: str
    state: State
    tracking_id: str | None


@dataclass(slots=True)
class Replayed:
    """What a replay found, record by record."""

    counts: Counter[Outcome] = field(default_factory=Counter)
    lost: list[Lost] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Replay:
    """One replay of the days ``first`` to ``last``, both included, by the time of receipt."""

    event_log: EventLog
    topics: TopicSettings
    ledger: Ledger
    zone: ZoneInfo
    first: date
    last: date
    by: Actor
    now: Callable[[], datetime]
    #: Nothing is certain of what is missing (the ledger is an older copy): a person looks at each.
    uncertain: bool = False

    async def run(self, *, dry: bool) -> Replayed:
        """Go through the period; with ``dry`` only look.

        Raises:
            LogUnavailable, LedgerUnavailable: what was taken in before is there; run it again.
        """
        # In this order: what stands before the cursor was in the ledger before the cursor moved.
        cursor = await self.event_log.committed(self.topics.accepted, GROUP)
        receipts = await self._receipts()
        found = Replayed()
        seen: set[UUID] = set()
        async for stored in self.event_log.scan(self.topics.accepted):
            event = _event(stored)
            if event is None:
                if self._covers(stored.logged_at):
                    found.counts[Outcome.UNREADABLE] += 1
                continue
            if not self._covers(event.received_at):
                continue
            if stored.position.offset >= cursor.get(stored.position.partition, 0):
                found.counts[Outcome.WAITING] += 1
                continue
            take = self._look if dry else self._take
            outcome, lost = await asyncio.to_thread(take, stored, event, receipts)
            if event.complaint_id in seen and outcome is Outcome.NEW:
                outcome, lost = Outcome.REPEAT, None
            seen.add(event.complaint_id)
            found.counts[outcome] += 1
            if lost is not None:
                found.lost.append(lost)
        return found

    def _look(
        self, _: StoredRecord, event: ComplaintEvent, receipts: Mapping[UUID, EntryReceipt]
    ) -> tuple[Outcome, Lost | None]:
        row = self.ledger.queries.get(event.complaint_id)
        if row is None:
            return Outcome.NEW, self._certain(event, receipts.get(event.complaint_id))
        same = content_hash(event) == row.content_hash
        return (Outcome.REPEAT if same else Outcome.CONFLICT), None

    def _take(
        self, stored: StoredRecord, event: ComplaintEvent, receipts: Mapping[UUID, EntryReceipt]
    ) -> tuple[Outcome, Lost | None]:
        outcome, lost = self._look(stored, event, receipts)
        if lost is None:
            # What the worker does with every record that the log delivers again.
            self.ledger.record(event, stored.position, self.now(), self._program)
            return outcome, None
        receipt = receipts.get(event.complaint_id)
        try:
            self.ledger.restore(
                event, stored.position, self.now(), self._program, _moves(lost, receipt)
            )
        except TrackingIdTaken:
            lost = Lost(lost.complaint_id, lost.reference, State.UNKNOWN, None)
            self.ledger.restore(
                event, stored.position, self.now(), self._program, _moves(lost, receipt)
            )
        except Stale:
            return Outcome.REPEAT, None
        return Outcome.NEW, lost

    def _certain(self, event: ComplaintEvent, receipt: EntryReceipt | None) -> Lost:
        """Never back to the start when anything shows that it may be in LAPOR."""
        if receipt is not None:
            state = State.LINKED if receipt.mode == State.LINKED else State.ENTERED
            return Lost(event.complaint_id, event.reference, state, receipt.tracking_id)
        if self.uncertain or Traces(self.ledger).was_sent(event.complaint_id):
            return Lost(event.complaint_id, event.reference, State.UNKNOWN, None)
        return Lost(event.complaint_id, event.reference, State.RECEIVED, None)

    @property
    def _program(self) -> Actor:
        """The state machine lets a program do it; whose command it ran stays readable."""
        return Actor(Who.WORKER, f"replay:{self.by.name}")

    def _covers(self, moment: datetime) -> bool:
        return self.first <= moment.astimezone(self.zone).date() <= self.last

    async def _receipts(self) -> Mapping[UUID, EntryReceipt]:
        found: dict[UUID, EntryReceipt] = {}
        async for stored in self.event_log.scan(self.topics.entered):
            try:
                receipt = EntryReceipt.model_validate_json(stored.record.value, extra="ignore")
            except ValidationError:
                continue
            found[receipt.complaint_id] = receipt
        return found


def _moves(
    lost: Lost, receipt: EntryReceipt | None
) -> list[tuple[State, str, str | None, Changes]]:
    """The way of a row that was lost, from ``received`` on."""
    mode = receipt.mode if receipt is not None else None
    match lost.state:
        case State.RECEIVED:
            return []
        case State.LINKED:
            linked = Changes(linked_tracking_id=lost.tracking_id)
            return [(State.LINKED, "restored_from_receipt", None, linked)]
        case State.ENTERED if lost.tracking_id is not None and mode is not None:
            entered = Changes(tracking_id=lost.tracking_id, mode=mode)
            return [
                (State.SENDING, "restored", None, Changes(attempts=1)),
                (State.ENTERED, "restored_from_receipt", None, entered),
            ]
        case _:
            words = f"tanda terima {receipt.tracking_id}" if receipt is not None else None
            return [
                (State.SENDING, "restored", None, Changes(attempts=1)),
                (State.UNKNOWN, "restored_without_outcome", words, Changes()),
            ]


def _event(stored: StoredRecord) -> ComplaintEvent | None:
    try:
        return ComplaintEvent.from_bytes(stored.record.value)
    except ValidationError:
        return None
