"""The proof for Pasal 6(2): whatever was received is accounted for, and the remainder is 0.

``received`` is what the log holds together with what the ledger holds, by complaint id and local
day; every other column is where one of them stands now.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal
from zoneinfo import ZoneInfo

from deliver.proof.logged import Logged, Unaccounted, read_log
from deliver.proof.period import Period as Period
from deliver.queries import Queries
from deliver.states import State
from gateway.log import EventLog
from gateway.settings import TopicSettings
from normalizer.event import Channel

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
    logged = await read_log(event_log, topics, zone)
    return await asyncio.to_thread(equation, logged, queries, period)


def equation(logged: Logged, queries: Queries, period: Period) -> Report:
    """The equation over a log that was read before.

    Raises:
        LedgerUnavailable.
    """
    standings = queries.standings(period.first, period.last, period.channel)
    known = {standing.complaint_id for standing in standings}
    there = [item for item in logged.items.values() if period.covers(item.day, item.channel)]
    # The first delivery decides the day; a later one may have been logged on another.
    known |= queries.has({item.item_id for item in there} - known - logged.unreadable)
    tallies: dict[tuple[date, Channel], _Tally] = {}

    def count(day: date, channel: Channel, column: Column) -> None:
        tally = tallies.setdefault((day, channel), _Tally())
        tally.received += 1
        tally.counts[column] += 1

    for standing in standings:
        count(standing.day, standing.channel, _OF_STATE[standing.state])
    lost: list[Unaccounted] = []
    for item in there:
        if item.item_id in known:
            continue
        column = _column_of(item, logged)
        count(item.day, item.channel, column)
        if column == "unaccounted":
            lost.append(item)
    lines = [
        Line(day, channel, tally.received, tally.counts)
        for (day, channel), tally in sorted(tallies.items())
    ]
    return Report(lines, lost)


def _column_of(item: Unaccounted, logged: Logged) -> Column:
    kept_aside = logged.rejected.get(item.item_id)
    if kept_aside is not None and kept_aside.stage == "deliver":
        return "unreadable"
    return "unaccounted" if logged.taken(item) else "waiting"
