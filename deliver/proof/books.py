"""What the ledger must answer for itself: its places in the log, and a history without holes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Engine, Row, Select, and_, func, or_, select

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.proof.period import Period
from deliver.states import State
from deliver.tables import complaint, transition
from gateway.log import Position
from normalizer.event import Channel

#: How a line moves a complaint; all others are notes.
_MOVES = or_(transition.c.from_state.is_(None), transition.c.from_state != transition.c.to_state)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a complaint of the ledger was in the log."""

    complaint_id: UUID
    reference: str
    channel: Channel
    day: date
    position: Position
    received_at: datetime
    #: None: the line of its history that says so is gone.
    taken_at: datetime | None


class Flaw(StrEnum):
    """What can be wrong with a complaint in the ledger itself."""

    #: No line says that it was taken from the log.
    NO_BEGINNING = "no_beginning"
    #: A line begins where the one before did not end.
    HOLE_IN_HISTORY = "hole_in_history"
    #: The last line leads elsewhere than the complaint stands.
    STATE_WITHOUT_HISTORY = "state_without_history"
    ENTERED_WITHOUT_NUMBER = "entered_without_number"
    #: It is in LAPOR, and nobody who answers reporters was told.
    RECEIPT_OWED = "receipt_owed"


@dataclass(frozen=True, slots=True)
class Flawed:
    """A complaint that the ledger cannot answer for."""

    flaw: Flaw
    complaint_id: UUID
    reference: str
    channel: Channel
    day: date
    state: State


@dataclass(frozen=True, slots=True)
class Orphan:
    """A history whose complaint is gone."""

    complaint_id: UUID
    first_at: datetime
    last_state: State


class Books:
    """Reads only. Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{READS_ONLY: True})

    def places(self, period: Period, topic: str) -> Sequence[Place]:
        """Every complaint of those days that came from this topic."""
        first_line = transition.alias("first_line")
        query = (
            select(
                complaint.c.complaint_id,
                complaint.c.reference,
                complaint.c.channel,
                complaint.c.day,
                complaint.c.log_topic,
                complaint.c.log_partition,
                complaint.c.log_offset,
                complaint.c.received_at,
                func.min(first_line.c.at, type_=first_line.c.at.type).label("taken_at"),
            )
            .outerjoin(
                first_line,
                and_(
                    first_line.c.complaint_id == complaint.c.complaint_id,
                    first_line.c.from_state.is_(None),
                ),
            )
            .where(complaint.c.log_topic == topic, *within(period))
            .group_by(complaint.c.complaint_id)
        )
        return [
            Place(
                UUID(row.complaint_id),
                row.reference,
                Channel(row.channel),
                row.day,
                Position(row.log_topic, row.log_partition, row.log_offset),
                row.received_at,
                row.taken_at,
            )
            for row in self._all(query)
        ]

    def flawed(self, period: Period, receipts_before: datetime) -> Sequence[Flawed]:
        """Those that the ledger cannot answer for; receipts owed since before that time."""
        conditions = {
            Flaw.NO_BEGINNING: _no_beginning(),
            Flaw.HOLE_IN_HISTORY: complaint.c.complaint_id.in_(_holes()),
            Flaw.STATE_WITHOUT_HISTORY: complaint.c.complaint_id.in_(_elsewhere()),
            Flaw.ENTERED_WITHOUT_NUMBER: and_(
                complaint.c.state == State.ENTERED, complaint.c.tracking_id.is_(None)
            ),
            Flaw.RECEIPT_OWED: and_(
                complaint.c.state == State.ENTERED,
                complaint.c.tracking_id.is_not(None),
                complaint.c.receipt_published_at.is_(None),
                complaint.c.state_at < receipts_before,
            ),
        }
        return [
            Flawed(
                flaw,
                UUID(row.complaint_id),
                row.reference,
                Channel(row.channel),
                row.day,
                State(row.state),
            )
            for flaw, condition in conditions.items()
            for row in self._all(_facts().where(condition, *within(period)))
        ]

    def orphans(self) -> Sequence[Orphan]:
        """Histories without a complaint, of all days: with the complaint its day is gone."""
        query = (
            select(
                transition.c.complaint_id,
                func.min(transition.c.at, type_=transition.c.at.type).label("first_at"),
                func.max(transition.c.seq).label("last_seq"),
            )
            .outerjoin(complaint, complaint.c.complaint_id == transition.c.complaint_id)
            .where(complaint.c.complaint_id.is_(None))
            .group_by(transition.c.complaint_id)
        ).subquery()
        last = select(query.c.complaint_id, query.c.first_at, transition.c.to_state).join(
            transition, transition.c.seq == query.c.last_seq
        )
        return [
            Orphan(UUID(row.complaint_id), row.first_at, State(row.to_state))
            for row in self._all(last.order_by(query.c.first_at))
        ]

    def _all(self, query: Select[*tuple[object, ...]]) -> Sequence[Row[*tuple[object, ...]]]:
        with reporting_unavailable(), self._engine.begin() as connection:
            return connection.execute(query).all()


def _facts() -> Select[*tuple[object, ...]]:
    return select(
        complaint.c.complaint_id,
        complaint.c.reference,
        complaint.c.channel,
        complaint.c.day,
        complaint.c.state,
    ).order_by(complaint.c.day, complaint.c.reference)


def within(period: Period) -> list[ColumnElement[bool]]:
    """The conditions that keep a query on complaints to the period."""
    wanted: list[ColumnElement[bool]] = []
    if period.first is not None:
        wanted.append(complaint.c.day >= period.first)
    if period.last is not None:
        wanted.append(complaint.c.day <= period.last)
    if period.channel is not None:
        wanted.append(complaint.c.channel == period.channel)
    return wanted


def _no_beginning() -> ColumnElement[bool]:
    return ~(
        select(transition.c.seq)
        .where(
            transition.c.complaint_id == complaint.c.complaint_id,
            transition.c.from_state.is_(None),
        )
        .exists()
    )


def _holes() -> Select[*tuple[str]]:
    # Notes are left out: they take the state as they found it, and need not wait for a move.
    before = func.lag(transition.c.to_state).over(
        partition_by=transition.c.complaint_id, order_by=transition.c.seq
    )
    moves = (
        select(transition.c.complaint_id, transition.c.from_state, before.label("before"))
        .where(_MOVES)
        .subquery()
    )
    # A second beginning is no hole: a row that was lost and taken from the log once more.
    return select(moves.c.complaint_id).where(
        moves.c.before.is_not(None),
        moves.c.from_state.is_not(None),
        moves.c.from_state != moves.c.before,
    )


def _elsewhere() -> Select[*tuple[str]]:
    last = (
        select(func.max(transition.c.seq))
        .where(transition.c.complaint_id == complaint.c.complaint_id, _MOVES)
        .correlate(complaint)
        .scalar_subquery()
    )
    return (
        select(transition.c.complaint_id)
        .where(transition.c.seq == last, transition.c.to_state != complaint.c.state)
        .correlate(complaint)
    )
