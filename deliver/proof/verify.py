"""Whether the past still is what it was when it was closed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import Connection, Engine, func, select

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.proof.chain import (
    GENESIS,
    ClosedDay,
    complaint_digest,
    entered_digest,
    line_digest,
    read_manifest,
)
from deliver.proof.closings import complaints_of, lines_between
from deliver.tables import closed_day, transition


class Broken(StrEnum):
    """What was done to the past."""

    #: The closing itself is not what was hashed.
    CLOSING_CHANGED = "closing_changed"
    #: It does not follow the closing before: one between them is gone or was made anew.
    CHAIN_BROKEN = "chain_broken"
    LINE_CHANGED = "line_changed"
    LINE_VANISHED = "line_vanished"
    #: A line that was not there when the day was closed.
    LINE_INSERTED = "line_inserted"
    COMPLAINT_CHANGED = "complaint_changed"
    COMPLAINT_VANISHED = "complaint_vanished"
    #: It was in LAPOR under a tracking id, and the ledger now says otherwise.
    ENTRY_CHANGED = "entry_changed"
    #: The hash on paper is none of the ledger's.
    PAPER_UNKNOWN = "paper_unknown"


@dataclass(frozen=True, slots=True)
class Break:
    """One thing that differs, and the day that was closed over it."""

    what: Broken
    day: date | None
    complaint_id: str | None = None
    seq: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``breaks``: by day, the first one first."""

    days: int
    last: ClosedDay | None
    #: Lines of history since the last closing: nothing covers them yet.
    open_lines: int
    breaks: Sequence[Break]

    @property
    def intact(self) -> bool:
        """Whether everything is as it was."""
        return not self.breaks


def verify(engine: Engine, paper_hash: str | None = None) -> Verdict:
    """Recompute the whole chain from the rows as they are now.

    ``paper_hash`` is one that was kept outside, of any day: only that detects a chain that was
    made anew from the beginning.

    Raises:
        LedgerUnavailable.
    """
    reading = engine.execution_options(**{READS_ONLY: True})
    breaks: list[Break] = []
    previous: ClosedDay | None = None
    count, papers = 0, set[str]()
    with reporting_unavailable(), reading.begin() as connection:
        days = connection.scalars(select(closed_day.c.day).order_by(closed_day.c.day)).all()
        # One day at a time: a manifest may be large.
        for day in days:
            row = connection.execute(select(closed_day).where(closed_day.c.day == day)).mappings()
            closed = ClosedDay(**row.one())
            breaks += _of_day(connection, closed, previous)
            papers.add(closed.hash)
            previous, count = closed, count + 1
        through = previous.through_seq if previous is not None else 0
        later = select(func.count()).select_from(transition).where(transition.c.seq > through)
        open_lines = connection.scalar(later) or 0
    if paper_hash is not None and paper_hash not in papers:
        breaks.append(Break(Broken.PAPER_UNKNOWN, None))
    return Verdict(count, previous, open_lines, breaks)


def _of_day(
    connection: Connection, closed: ClosedDay, previous: ClosedDay | None
) -> Iterator[Break]:
    before = previous.hash if previous is not None else GENESIS
    after = previous.through_seq if previous is not None else 0
    if closed.previous_hash != before or closed.through_seq < after:
        yield Break(Broken.CHAIN_BROKEN, closed.day)
    if closed.hash != closed.computed_hash():
        yield Break(Broken.CLOSING_CHANGED, closed.day)
    try:
        manifest = read_manifest(closed.manifest)
    except ValueError:
        return  # The closing was changed: said above.
    yield from _lines(connection, closed, after, manifest["lines"])
    yield from _complaints(connection, closed, manifest)


def _lines(
    connection: Connection, closed: ClosedDay, after: int, expected: Mapping[str, str]
) -> Iterator[Break]:
    missing = set(expected)
    for line in lines_between(connection, after, closed.through_seq):
        seq, complaint_id = line["seq"], line["complaint_id"]
        missing.discard(str(seq))
        if str(seq) not in expected:
            yield Break(Broken.LINE_INSERTED, closed.day, complaint_id, seq)
        elif expected[str(seq)] != line_digest(line):
            yield Break(Broken.LINE_CHANGED, closed.day, complaint_id, seq)
    for gone in sorted(missing, key=int):
        yield Break(Broken.LINE_VANISHED, closed.day, None, int(gone))


def _complaints(
    connection: Connection, closed: ClosedDay, manifest: Mapping[str, Mapping[str, str]]
) -> Iterator[Break]:
    complaints, entered = manifest["complaints"], manifest["entered"]
    missing = set(complaints)
    for row in complaints_of(connection, sorted(complaints)):
        name = row["complaint_id"]
        missing.discard(name)
        if complaints[name] != complaint_digest(row):
            yield Break(Broken.COMPLAINT_CHANGED, closed.day, name)
        if name in entered and entered[name] != entered_digest(row):
            yield Break(Broken.ENTRY_CHANGED, closed.day, name)
    for gone in sorted(missing):
        yield Break(Broken.COMPLAINT_VANISHED, closed.day, gone)
