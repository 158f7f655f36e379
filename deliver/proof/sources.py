"""What the sources say they gave out, and which item of ours each of their numbers became."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, Engine, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.proof import ranges
from deliver.tables import complaint, source_count, source_number
from normalizer.count import SourceCount
from normalizer.event import Channel, ComplaintEvent, SourceNumber

#: Rows of one statement: far below the parameters that SQLite takes.
_AT_ONCE = 100


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """Within which the numbers of a source count."""

    channel: Channel
    account: str
    #: A UIDVALIDITY, a batch, a provider's list; empty where it counts by account.
    name: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """An item of ours, complaint or rejected, with the numbers that its source gave it."""

    channel: Channel
    account: str
    item_id: UUID
    numbers: Sequence[SourceNumber]


class Sources:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading_engine = engine.execution_options(**{READS_ONLY: True})

    def apply(self, count: SourceCount) -> None:
        """Keep a count; the same one told again changes nothing."""
        with reporting_unavailable(), self._engine.begin() as connection:
            _insert_new(
                connection,
                source_count,
                [
                    {
                        "count_id": str(count.count_id),
                        "channel": count.channel,
                        "account": count.account,
                        "scope": count.scope,
                        "counted_at": count.counted_at,
                        "body": count.to_bytes().decode(),
                    }
                ],
            )

    def remember(self, items: Iterable[Numbered]) -> None:
        """Keep which numbers these items had; what is known already changes nothing."""
        rows = [row for item in items for row in _rows_of(item)]
        if rows:
            with reporting_unavailable(), self._engine.begin() as connection:
                _insert_new(connection, source_number, rows)

    def counts(self, since: datetime | None, channel: Channel | None) -> Sequence[SourceCount]:
        """Every count made since then, oldest first."""
        query = select(source_count.c.body).order_by(
            source_count.c.counted_at, source_count.c.count_id
        )
        if since is not None:
            query = query.where(source_count.c.counted_at >= since)
        if channel is not None:
            query = query.where(source_count.c.channel == channel)
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return [SourceCount.from_bytes(row[0].encode()) for row in connection.execute(query)]

    def known(self, scope: Scope, first: int, last: int) -> ranges.Ranges:
        """The numbers from ``first`` to ``last`` that became an item of ours."""
        query = select(source_number.c.number).where(
            source_number.c.channel == scope.channel,
            source_number.c.account == scope.account,
            source_number.c.scope == scope.name,
            source_number.c.number.between(first, last),
        )
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return ranges.of_numbers(row[0] for row in connection.execute(query))

    def in_batch(self, channel: Channel, batch: str) -> frozenset[UUID]:
        """The complaints of a batch (one opening of a box)."""
        # The batch stands only in the event. The text is searched as it was written, and the
        # event is read to be sure: batches are small, and their names are rare in other texts.
        written = f'"batch":{json.dumps(batch, ensure_ascii=False)}'
        query = select(complaint.c.event).where(
            complaint.c.channel == channel, complaint.c.event.contains(written, autoescape=True)
        )
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            events = [
                ComplaintEvent.from_bytes(row[0].encode()) for row in connection.execute(query)
            ]
        return frozenset(event.complaint_id for event in events if event.batch == batch)


def take_numbers(connection: Connection, event: ComplaintEvent) -> None:
    """Note the numbers of an event in the caller's transaction; none: nothing is asked."""
    if event.source_numbers:
        _insert_new(connection, source_number, _rows_of(numbered(event)))


def numbered(event: ComplaintEvent) -> Numbered:
    """An event's numbers."""
    return Numbered(event.channel, event.account, event.complaint_id, event.source_numbers or ())


def _rows_of(item: Numbered) -> list[Mapping[str, object]]:
    return [
        {
            "channel": item.channel,
            "account": item.account,
            "scope": one.scope,
            "number": one.number,
            "item_id": str(item.item_id),
        }
        for one in item.numbers
    ]


def _insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, object]]) -> None:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for start in range(0, len(rows), _AT_ONCE):
        part = list(rows[start : start + _AT_ONCE])
        connection.execute(insert(table).values(part).on_conflict_do_nothing())
