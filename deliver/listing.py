"""What the operators' pages ask of the ledger: lists page by page, and what LAPOR said."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import ColumnElement, Connection, Engine, and_, func, or_, select

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.rows import LedgerRow, row_of
from deliver.states import State
from deliver.tables import closed_day, complaint, lapor_standing, lapor_update
from normalizer.event import Channel
from normalizer.update import ComplaintUpdate


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page; rows that come or go elsewhere do not move the next page."""

    received_at: datetime
    complaint_id: UUID

    @classmethod
    def after(cls, row: LedgerRow) -> "Cursor":
        """Where the page after this row begins."""
        return cls(row.received_at, row.complaint_id)

    def __str__(self) -> str:
        """For an address: microseconds since 1970 and the id."""
        micros = round(self.received_at.timestamp() * 1_000_000)
        return f"{micros}.{self.complaint_id.hex}"


@dataclass(frozen=True, slots=True)
class Filter:
    """Which complaints; None and empty: all of them."""

    states: Collection[State] = ()
    channel: Channel | None = None
    day: date | None = None
    #: The code of a kecamatan, such as ``35.21.10``.
    kecamatan: str | None = None


@dataclass(frozen=True, slots=True)
class InLapor:
    """What LAPOR said last about one complaint, and everything that happened to it there."""

    status: str | None
    checked_at: datetime | None
    updates: Sequence[ComplaintUpdate]


@dataclass(frozen=True, slots=True)
class Closed:
    """A closed day without its manifest."""

    day: date
    closed_at: datetime
    rows: int
    hash: str


class Listing:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{READS_ONLY: True})

    def page(
        self, wanted: Filter, size: int, after: Cursor | None = None, *, newest_first: bool = False
    ) -> Sequence[LedgerRow]:
        """At most ``size`` complaints by the time of receipt, those after the cursor."""
        time, key = complaint.c.received_at, complaint.c.complaint_id
        order = (time.desc(), key.desc()) if newest_first else (time, key)
        query = select(complaint).where(*_conditions(wanted)).order_by(*order).limit(size)
        if after is not None:
            last_id = str(after.complaint_id)
            later = time < after.received_at if newest_first else time > after.received_at
            beyond = key < last_id if newest_first else key > last_id
            query = query.where(or_(later, and_(time == after.received_at, beyond)))
        with self._reading() as connection:
            return [row_of(values) for values in connection.execute(query).mappings()]

    def in_hand(self, name: str) -> Sequence[LedgerRow]:
        """What this person has in hand, oldest first."""
        query = (
            select(complaint)
            .where(
                complaint.c.state == State.SENDING,
                complaint.c.claim_until.is_(None),
                complaint.c.claimed_by == name,
            )
            .order_by(complaint.c.state_at)
        )
        with self._reading() as connection:
            return [row_of(values) for values in connection.execute(query).mappings()]

    def states_of(self, complaint_ids: Collection[UUID]) -> Mapping[UUID, State]:
        """The states of those that the ledger has; not more than a page of ids."""
        query = select(complaint.c.complaint_id, complaint.c.state).where(
            complaint.c.complaint_id.in_([str(one) for one in complaint_ids])
        )
        with self._reading() as connection:
            return {UUID(row[0]): State(row[1]) for row in connection.execute(query)}

    def oldest(self, states: Collection[State]) -> LedgerRow | None:
        """The one that was received first of those in these states."""
        found = self.page(Filter(states), 1)
        return found[0] if found else None

    def lapor_statuses(self) -> Mapping[str, int]:
        """How many complaints stand in each status at LAPOR, in LAPOR's words."""
        name = func.coalesce(lapor_standing.c.status_name, "")
        query = select(name, func.count()).group_by(name).order_by(func.count().desc())
        with self._reading() as connection:
            return {row[0]: int(row[1]) for row in connection.execute(query)}

    def in_lapor(self, complaint_id: UUID) -> InLapor | None:
        """What LAPOR said about one complaint; None when it was not asked yet."""
        key = str(complaint_id)
        standing = select(lapor_standing.c.status_name, lapor_standing.c.checked_at)
        told = select(lapor_update.c.body).where(lapor_update.c.complaint_id == key)
        with self._reading() as connection:
            found = connection.execute(
                standing.where(lapor_standing.c.complaint_id == key)
            ).one_or_none()
            bodies = connection.scalars(told.order_by(lapor_update.c.at)).all()
        if found is None and not bodies:
            return None
        updates = [update for body in bodies if (update := _update(body)) is not None]
        return InLapor(found[0] if found else None, found[1] if found else None, updates)

    def closed_days(self, limit: int) -> Sequence[Closed]:
        """The latest first."""
        shut = closed_day.c
        query = select(shut.day, shut.closed_at, shut.rows, shut.hash)
        with self._reading() as connection:
            found = connection.execute(query.order_by(shut.day.desc()).limit(limit))
            return [Closed(*row) for row in found]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with reporting_unavailable(), self._engine.begin() as connection:
            yield connection


def _conditions(wanted: Filter) -> Sequence[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.states:
        found.append(complaint.c.state.in_(wanted.states))
    if wanted.channel is not None:
        found.append(complaint.c.channel == wanted.channel)
    if wanted.day is not None:
        found.append(complaint.c.day == wanted.day)
    if wanted.kecamatan is not None:
        # The event is JSON without spaces, where quotes inside a text are escaped: this can stand
        # nowhere but at the beginning of its place. Seldom asked for, so there is no index.
        code = f'"place":{{"code":"{wanted.kecamatan}'
        found.append(complaint.c.event.contains(code, autoescape=True))
    return found


def _update(body: str) -> ComplaintUpdate | None:
    try:
        return ComplaintUpdate.from_bytes(body.encode())
    except ValidationError:
        # One of a later version that this one cannot show; the history has its own line of it.
        return None
