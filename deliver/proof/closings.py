"""Closed days in the ledger: each covers the history since the one before, and its hash."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import date, datetime

from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, text
from sqlalchemy.exc import OperationalError

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.ledger import LedgerConflict
from deliver.proof.chain import (
    GENESIS,
    ClosedDay,
    Manifest,
    canonical,
    complaint_digest,
    entered_digest,
    line_digest,
)
from deliver.states import State
from deliver.tables import act, closed_day, complaint, transition

#: SQLite takes at most 999 parameters in its older builds.
_AT_ONCE = 500

#: Every change of the ledger takes milliseconds. Whoever waits behind us must not wait longer for
#: one that hangs; the closing comes again.
_LOCK_SECONDS = 5.0


class AlreadyClosed(LedgerConflict):
    """That day, or a later one, is shut. Reaction: tell the person; nothing is to be done."""


class LedgerInUse(LedgerConflict):
    """Somebody keeps a change of the ledger open. Reaction: later again; nothing was changed."""


class Closings:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading_engine = engine.execution_options(**{READS_ONLY: True})

    def last(self) -> ClosedDay | None:
        """The latest closing."""
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return _last(connection)

    def all(self) -> Sequence[ClosedDay]:
        """Every closing, oldest first."""
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            rows = connection.execute(select(closed_day).order_by(closed_day.c.day)).mappings()
            return [ClosedDay(**row) for row in rows]

    def of(self, day: date) -> ClosedDay | None:
        """The closing of one day."""
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            query = select(closed_day).where(closed_day.c.day == day)
            row = connection.execute(query).mappings().one_or_none()
            return ClosedDay(**row) if row is not None else None

    def close(self, day: date, numbers: object, now: datetime, by: str) -> ClosedDay:
        """Shut a day: its hash covers every line of history since the closing before.

        ``numbers`` is kept as canonical JSON. Of several who close at once one succeeds.

        Raises:
            AlreadyClosed, LedgerInUse.
        """
        through = self._settled_through()
        with reporting_unavailable(), self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # One closing at a time: two of different days would both follow the same one.
                _lock(connection, "closed_day IN SHARE ROW EXCLUSIVE MODE")
            previous = _last(connection)
            if previous is not None and previous.day >= day:
                raise AlreadyClosed(f"hari {previous.day.isoformat()} sudah ditutup")
            after = previous.through_seq if previous is not None else 0
            through = max(through, after)
            manifest, rows = _manifest(connection, after, through)
            unhashed = ClosedDay(
                day=day,
                closed_at=now,
                closed_by=by,
                through_seq=through,
                rows=rows,
                numbers=canonical(numbers),
                manifest=manifest,
                previous_hash=previous.hash if previous is not None else GENESIS,
                hash="",
            )
            made = replace(unhashed, hash=unhashed.computed_hash())
            connection.execute(insert(closed_day).values(asdict(made)))
            connection.execute(
                insert(act).values(at=now, actor=by, what="day_closed", subject=day.isoformat())
            )
        return made

    def _settled_through(self) -> int:
        """The last line of history before which no line can still appear.

        SQLite has one writer: lines become visible in their order. On PostgreSQL a line draws its
        number before its transaction commits, so that a lower one may become visible after a
        higher. A writer holds ROW EXCLUSIVE on the table from before it draws the number until it
        ends; SHARE conflicts with that. Having it once, for the length of this query, proves that
        whatever drew a number up to the highest one has ended, and later ones draw higher.
        """
        with reporting_unavailable(), self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                _lock(connection, "transition IN SHARE MODE")
            return connection.scalar(select(func.max(transition.c.seq))) or 0


@contextmanager
def _in_use_told() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if isinstance(error.orig, LockNotAvailable):
            raise LedgerInUse("buku besar sedang diubah proses lain; coba lagi nanti") from None
        raise


def _lock(connection: Connection, what: str) -> None:
    with _in_use_told():
        connection.execute(text(f"SET LOCAL lock_timeout = {round(_LOCK_SECONDS * 1000)}"))
        connection.execute(text(f"LOCK TABLE {what}"))


def _last(connection: Connection) -> ClosedDay | None:
    query = select(closed_day).order_by(closed_day.c.day.desc()).limit(1)
    row = connection.execute(query).mappings().one_or_none()
    return ClosedDay(**row) if row is not None else None


def lines_between(connection: Connection, after: int, through: int) -> Iterator[RowMapping]:
    """The lines of history that a closing covers, in order."""
    query = select(transition).where(transition.c.seq > after, transition.c.seq <= through)
    yield from connection.execute(query.order_by(transition.c.seq)).mappings()


def complaints_of(connection: Connection, ids: Sequence[str]) -> Iterator[RowMapping]:
    """The rows of these complaints; those that are gone are left out."""
    columns = [column for column in complaint.c if column.name != "event"]
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        query = select(*columns).where(complaint.c.complaint_id.in_(part))
        yield from connection.execute(query).mappings()


def _manifest(connection: Connection, after: int, through: int) -> tuple[str, int]:
    found = Manifest(lines={}, complaints={}, entered={})
    ids: dict[str, None] = {}
    for line in lines_between(connection, after, through):
        found["lines"][str(line["seq"])] = line_digest(line)
        ids[line["complaint_id"]] = None
    for row in complaints_of(connection, list(ids)):
        found["complaints"][row["complaint_id"]] = complaint_digest(row)
        if row["state"] == State.ENTERED:
            found["entered"][row["complaint_id"]] = entered_digest(row)
    return canonical(found), len(found["lines"])
