"""The proof for Pasal 6(2): whatever was received is accounted for, and the remainder is 0.

``received`` is what the log holds together with what the ledger holds, by complaint id and local
day; every other column is where one of them stands now.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from deliver.queries import Queries
from deliver.settings import GROUP
from deliver.states import State
from deliver.unreadable import channel_of, item_id
from gateway.log import EventLog, Position, StoredRecord
from gateway.settings import TopicSettings
from normalizer.event import Channel, ComplaintEvent, RejectedItem

Column = Literal[
    "entered",
    "linked",
    "excluded",
    "held",
    "sending",
    "unknown",
    "parked",
    "waiting",
    "unreadable",
    "unaccounted",
]

#: Headings in the order shown.
COLUMNS: Mapping[Column, str] = {
    "entered": "Masuk",
    "linked": "Tertaut",
    "excluded": "Dikecualikan",
    "held": "Ditahan",
    "sending": "Dikirim",
    "unknown": "Belum pasti",
    "parked": "Ditolak",
    "waiting": "Menunggu",
    "unreadable": "Tak terbaca",
    "unaccounted": "Tak terhitung",
}

_OF_STATE: Mapping[State, Column] = {
    State.ENTERED: "entered",
    State.LINKED: "linked",
    State.EXCLUDED: "excluded",
    State.HELD: "held",
    State.SENDING: "sending",
    State.UNKNOWN: "unknown",
    State.PARKED: "parked",
    State.RECEIVED: "waiting",
}


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included; None is open. ``channel`` None: all of them."""

    first: date | None = None
    last: date | None = None
    channel: Channel | None = None

    def covers(self, day: date, channel: Channel) -> bool:
        """Whether something received then and there is asked for."""
        return (
            (self.first is None or day >= self.first)
            and (self.last is None or day <= self.last)
            and self.channel in (None, channel)
        )


@dataclass(frozen=True, slots=True)
class Unaccounted:
    """Something that the log gave out for good and that stands nowhere."""

    #: The complaint id; for a record that is no event, the id it would have in the rejected topic.
    item_id: UUID
    reference: str | None
    channel: Channel
    day: date
    position: Position


@dataclass(frozen=True, slots=True)
class Line:
    """One channel on one day."""

    day: date
    channel: Channel
    received: int
    counts: Mapping[Column, int]


@dataclass(frozen=True, slots=True)
class Report:
    """The equation, line by line, and by name whatever breaks it."""

    lines: Sequence[Line]
    unaccounted: Sequence[Unaccounted]

    @property
    def balanced(self) -> bool:
        """Whether the remainder is 0."""
        return not self.unaccounted

    def total(self) -> tuple[int, Mapping[Column, int]]:
        """Received, and the sum of every column."""
        summed: Counter[Column] = Counter()
        for line in self.lines:
            summed.update(line.counts)
        return sum(line.received for line in self.lines), summed


@dataclass(slots=True)
class _Tally:
    received: int = 0
    counts: Counter[Column] = field(default_factory=Counter)


async def reconcile(
    event_log: EventLog, topics: TopicSettings, queries: Queries, zone: ZoneInfo, period: Period
) -> Report:
    """Compare the log with the ledger.

    Raises:
        LogUnavailable, LedgerUnavailable.
    """
    # In this order: what stands before the cursor was in the ledger before the cursor moved.
    cursor = await event_log.committed(topics.accepted, GROUP)
    logged: dict[UUID, Unaccounted] = {}
    unreadable: set[UUID] = set()
    async for stored in event_log.scan(topics.accepted):
        item, readable = _read(stored, zone)
        if period.covers(item.day, item.channel):
            logged.setdefault(item.item_id, item)
            if not readable:
                unreadable.add(item.item_id)
    rejected = await _rejected_by_deliver(event_log, topics) if unreadable else frozenset()
    standings = queries.standings(period.first, period.last, period.channel)
    known = {standing.complaint_id for standing in standings}
    # The first delivery decides the day; a later one may have been logged on another.
    elsewhere = queries.has(logged.keys() - known - unreadable)

    tallies: dict[tuple[date, Channel], _Tally] = {}

    def count(day: date, channel: Channel, column: Column) -> None:
        tally = tallies.setdefault((day, channel), _Tally())
        tally.received += 1
        tally.counts[column] += 1

    for standing in standings:
        count(standing.day, standing.channel, _OF_STATE[standing.state])
    lost: list[Unaccounted] = []
    for item in logged.values():
        if item.item_id in known or item.item_id in elsewhere:
            continue
        column = _column_of(item, cursor, rejected)
        count(item.day, item.channel, column)
        if column == "unaccounted":
            lost.append(item)
    lines = [
        Line(day, channel, tally.received, tally.counts)
        for (day, channel), tally in sorted(tallies.items())
    ]
    return Report(lines, lost)


def _column_of(item: Unaccounted, cursor: Mapping[int, int], rejected: frozenset[UUID]) -> Column:
    if item.item_id in rejected:
        return "unreadable"
    taken = item.position.offset < cursor.get(item.position.partition, 0)
    return "unaccounted" if taken else "waiting"


def _read(stored: StoredRecord, zone: ZoneInfo) -> tuple[Unaccounted, bool]:
    try:
        event = ComplaintEvent.from_bytes(stored.record.value)
    except ValidationError:
        channel, _ = channel_of(stored)
        day = stored.logged_at.astimezone(zone).date()
        position = stored.position
        return Unaccounted(item_id(position), None, channel, day, position), False
    day = event.received_at.astimezone(zone).date()
    item = Unaccounted(event.complaint_id, event.reference, event.channel, day, stored.position)
    return item, True


async def _rejected_by_deliver(event_log: EventLog, topics: TopicSettings) -> frozenset[UUID]:
    found = set()
    async for stored in event_log.scan(topics.rejected):
        try:
            item = RejectedItem.model_validate_json(stored.record.value, extra="ignore")
        except ValidationError:
            continue
        if item.stage == "deliver":
            found.add(item.item_id)
    return frozenset(found)
