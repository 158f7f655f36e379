"""Everything that is asked of the ledger without changing it."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Executable,
    RowMapping,
    and_,
    exists,
    func,
    not_,
    or_,
    select,
)

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.rows import HistoryRow, LedgerRow, history_of, row_of
from deliver.states import State, Who
from deliver.tables import complaint, transition
from normalizer.event import Channel, EntryReceipt

_RECEIPT_COLUMNS = (
    complaint.c.complaint_id,
    complaint.c.reference,
    complaint.c.state,
    complaint.c.state_at,
    complaint.c.mode,
)

#: From here only a person brings a complaint back.
_DECIDED_OTHERWISE = (
    State.HELD,
    State.LINKED,
    State.EXCLUDED,
    State.PARKED,
    State.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Standing:
    """What reconciliation needs of one row."""

    complaint_id: UUID
    channel: Channel
    day: date
    state: State


class Queries:
    """Reads on the ledger's engine. Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{READS_ONLY: True})

    def get(self, complaint_id: UUID) -> LedgerRow | None:
        """One complaint by its id."""
        found = self._rows(select(complaint).where(complaint.c.complaint_id == str(complaint_id)))
        return found[0] if found else None

    def find(self, reference: str) -> Sequence[LedgerRow]:
        """Complaints by their number; nearly always one at most."""
        return self._rows(select(complaint).where(complaint.c.reference == reference))

    def by_tracking_id(self, tracking_id: str) -> LedgerRow | None:
        """The complaint that was entered under that number."""
        found = self._rows(select(complaint).where(complaint.c.tracking_id == tracking_id))
        return found[0] if found else None

    def linked_under(self, tracking_id: str) -> Sequence[LedgerRow]:
        """Complaints that belong to that number in LAPOR without having been entered under it."""
        return self._rows(
            select(complaint).where(
                complaint.c.linked_tracking_id == tracking_id, complaint.c.state == State.LINKED
            )
        )

    def listed(self, states: Collection[State] = (), limit: int = 1000) -> Sequence[LedgerRow]:
        """Oldest first."""
        query = select(complaint).order_by(complaint.c.received_at, complaint.c.log_offset)
        if states:
            query = query.where(complaint.c.state.in_(states))
        return self._rows(query.limit(limit))

    def history(self, complaint_id: UUID) -> Sequence[HistoryRow]:
        """Every line about a complaint, in the order written."""
        query = (
            select(transition)
            .where(transition.c.complaint_id == str(complaint_id))
            .order_by(transition.c.seq)
        )
        with self._reading() as connection:
            return [history_of(row) for row in connection.execute(query).mappings()]

    def was_sent_back(self, complaint_id: UUID) -> bool:
        """Whether a person decided that it is to be entered, after all."""
        query = select(
            exists().where(
                transition.c.complaint_id == str(complaint_id),
                transition.c.who == Who.OPERATOR,
                transition.c.from_state.in_(_DECIDED_OTHERWISE),
                transition.c.to_state == State.RECEIVED,
            )
        )
        with self._reading() as connection:
            return bool(connection.scalar(query))

    def due(self, now: datetime, limit: int, without: Collection[UUID] = ()) -> Sequence[LedgerRow]:
        """Rows that the worker may take in hand now, in the order of the log."""
        query = (
            select(complaint)
            .where(
                complaint.c.state == State.RECEIVED,
                or_(complaint.c.next_try_at.is_(None), complaint.c.next_try_at <= now),
                not_(complaint.c.complaint_id.in_([str(one) for one in without])),
            )
            .order_by(complaint.c.log_offset, complaint.c.received_at)
        )
        return self._rows(query.limit(limit))

    def ended_holds(self, now: datetime, limit: int = 100) -> Sequence[LedgerRow]:
        """Rows whose wait for a place is over."""
        return self._rows(
            select(complaint)
            .where(complaint.c.state == State.HELD, complaint.c.hold_until <= now)
            .limit(limit)
        )

    def claims(self, until: datetime | None = None) -> Sequence[LedgerRow]:
        """Rows that a worker has in hand, or with ``until`` only those whose claim has run out.

        A person's claim does not run out and is never among them.
        """
        query = select(complaint).where(
            complaint.c.state == State.SENDING, complaint.c.claim_until.is_not(None)
        )
        if until is not None:
            query = query.where(complaint.c.claim_until <= until)
        return self._rows(query)

    def missing_receipts(self, limit: int = 100) -> Sequence[EntryReceipt]:
        """Receipts of complaints that are in LAPOR, not yet published."""
        parent = complaint.alias("parent")
        tracking_id = func.coalesce(
            complaint.c.tracking_id, complaint.c.linked_tracking_id, parent.c.tracking_id
        ).label("tracking_id")
        query = (
            select(*_RECEIPT_COLUMNS, tracking_id)
            .select_from(
                complaint.outerjoin(parent, complaint.c.linked_to == parent.c.complaint_id)
            )
            .where(
                complaint.c.receipt_published_at.is_(None),
                complaint.c.state.in_((State.ENTERED, State.LINKED)),
                tracking_id.is_not(None),
            )
            .order_by(complaint.c.state_at)
            .limit(limit)
        )
        with self._reading() as connection:
            return [_receipt(row) for row in connection.execute(query).mappings()]

    def counts(self) -> Mapping[State, int]:
        """How many complaints stand in each state."""
        query = select(complaint.c.state, func.count()).group_by(complaint.c.state)
        with self._reading() as connection:
            found = {State(row[0]): int(row[1]) for row in connection.execute(query)}
        return {state: found.get(state, 0) for state in State}

    def standings(
        self, first: date | None, last: date | None, channel: Channel | None
    ) -> Sequence[Standing]:
        """Every complaint received in those days, both included."""
        wanted: list[ColumnElement[bool]] = []
        if first is not None:
            wanted.append(complaint.c.day >= first)
        if last is not None:
            wanted.append(complaint.c.day <= last)
        if channel is not None:
            wanted.append(complaint.c.channel == channel)
        query = select(
            complaint.c.complaint_id, complaint.c.channel, complaint.c.day, complaint.c.state
        ).where(and_(True, *wanted))
        with self._reading() as connection:
            return [
                Standing(UUID(row[0]), Channel(row[1]), row[2], State(row[3]))
                for row in connection.execute(query)
            ]

    def has(self, complaint_ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the ids that the ledger knows, whatever their day."""
        query = select(complaint.c.complaint_id)
        wanted = [str(one) for one in complaint_ids]
        found: set[UUID] = set()
        with self._reading() as connection:
            # 500 a time: SQLite takes at most 999 parameters in its older builds.
            for start in range(0, len(wanted), 500):
                part = query.where(complaint.c.complaint_id.in_(wanted[start : start + 500]))
                found |= {UUID(row[0]) for row in connection.execute(part)}
        return frozenset(found)

    def _rows(self, query: Executable) -> Sequence[LedgerRow]:
        with self._reading() as connection:
            return [row_of(values) for values in connection.execute(query).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with reporting_unavailable(), self._engine.begin() as connection:
            yield connection


def _receipt(row: RowMapping) -> EntryReceipt:
    linked = row["state"] == State.LINKED
    return EntryReceipt(
        complaint_id=UUID(row["complaint_id"]),
        reference=row["reference"],
        tracking_id=row["tracking_id"],
        mode="linked" if linked else row["mode"],
        entered_at=row["state_at"],
    )
