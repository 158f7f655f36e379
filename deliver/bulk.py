"""Files for LAPOR's bulk upload in the ledger: which complaint stood in which row.

A complaint is claimed in the transaction that records its row: it is in a person's hand exactly
when a file names it, and a lost file can be written again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    insert,
    select,
)

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.lapor.file import MODE
from deliver.ledger import Ledger
from deliver.rows import LedgerRow, row_of
from deliver.states import Actor, State
from deliver.tables import bulk_file, bulk_row, complaint


@dataclass(frozen=True, slots=True)
class BulkFile:
    """One file as it was made. ``sha256`` is over its cells, the same for XLSX and CSV."""

    file_id: UUID
    made_at: datetime
    made_by: str
    rows: int
    sha256: str


class BulkFiles:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._reading = ledger.engine.execution_options(**{READS_ONLY: True})

    def make(self, made: BulkFile, rows: Sequence[LedgerRow], by: Actor) -> None:
        """Take the rows in hand for this file, in their order: all of them or none.

        Raises:
            Stale: somebody else has one of them; nothing was changed.
        """

        def record(connection: Connection) -> None:
            connection.execute(
                insert(bulk_file).values(
                    file_id=str(made.file_id),
                    made_at=made.made_at,
                    made_by=made.made_by,
                    rows=made.rows,
                    sha256=made.sha256,
                )
            )
            connection.execute(
                insert(bulk_row),
                [
                    {
                        "file_id": str(made.file_id),
                        "row": number,
                        "complaint_id": str(row.complaint_id),
                    }
                    for number, row in enumerate(rows, start=1)
                ],
            )

        self._ledger.claim_together(rows, by, made.made_at, MODE, record)

    def get(self, file_id: UUID) -> BulkFile | None:
        """One file by its id."""
        query = select(bulk_file).where(bulk_file.c.file_id == str(file_id))
        with reporting_unavailable(), self._reading.begin() as connection:
            values = connection.execute(query).mappings().one_or_none()
        return _file_of(values) if values is not None else None

    def listed(self) -> Sequence[tuple[BulkFile, int]]:
        """Every file, oldest first, and how many of its rows are still open."""
        waiting = (
            select(func.count())
            .select_from(bulk_row.join(complaint, _same()))
            .where(bulk_row.c.file_id == bulk_file.c.file_id, *_open())
            .scalar_subquery()
        )
        query = select(bulk_file, waiting.label("open")).order_by(
            bulk_file.c.made_at, bulk_file.c.file_id
        )
        with reporting_unavailable(), self._reading.begin() as connection:
            return [
                (_file_of(values), int(values["open"]))
                for values in connection.execute(query).mappings()
            ]

    def open_rows(self, file_id: UUID) -> Sequence[LedgerRow]:
        """Complaints that are in hand for this file and have no number yet, in its order."""
        query: Select[tuple[object, ...]] = (
            select(complaint)
            .join(bulk_row, _same())
            .where(bulk_row.c.file_id == str(file_id), *_open())
            .order_by(bulk_row.c.row)
        )
        with reporting_unavailable(), self._reading.begin() as connection:
            return [row_of(values) for values in connection.execute(query).mappings()]


def _same() -> ColumnElement[bool]:
    return bulk_row.c.complaint_id == complaint.c.complaint_id


def _open() -> tuple[ColumnElement[bool], ...]:
    """In hand for this file: one given back and taken again belongs to the later file alone."""
    later_row, later_file = bulk_row.alias("later_row"), bulk_file.alias("later_file")
    this = bulk_file.alias("this")
    later = exists().where(
        and_(
            later_row.c.complaint_id == bulk_row.c.complaint_id,
            later_row.c.file_id == later_file.c.file_id,
            this.c.file_id == bulk_row.c.file_id,
            later_file.c.made_at > this.c.made_at,
        )
    )
    return (
        complaint.c.state == State.SENDING,
        complaint.c.claim_until.is_(None),
        complaint.c.mode == MODE,
        ~later,
    )


def _file_of(values: RowMapping) -> BulkFile:
    return BulkFile(
        file_id=UUID(values["file_id"]),
        made_at=values["made_at"],
        made_by=values["made_by"],
        rows=values["rows"],
        sha256=values["sha256"],
    )
