"""What the ledger says about LAPOR: which complaint stands there under which tracking id."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Column, Engine, RowMapping, select

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.proof.books import within
from deliver.proof.period import Period
from deliver.states import State
from deliver.tables import complaint
from normalizer.event import Channel

#: SQLite takes at most 999 parameters in its older builds.
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Entered:
    """A complaint with what the ledger says of LAPOR. ``tracking_id`` empty: nothing."""

    complaint_id: UUID
    reference: str
    channel: Channel
    #: Of the receipt, and the local day since which it stands in this state.
    day: date
    entered_on: date
    state: State
    tracking_id: str
    linked_tracking_id: str | None


class EnteredRows:
    """Reads only. Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine, zone: ZoneInfo) -> None:
        self._engine = engine.execution_options(**{READS_ONLY: True})
        self._zone = zone

    def entered(self, period: Period) -> Sequence[Entered]:
        """What was received in the period and entered under a tracking id."""
        query = (
            select(complaint)
            .where(
                complaint.c.state == State.ENTERED,
                complaint.c.tracking_id.is_not(None),
                *within(period),
            )
            .order_by(complaint.c.received_at)
        )
        with reporting_unavailable(), self._engine.begin() as connection:
            return [self._row(row) for row in connection.execute(query).mappings()]

    def by_tracking_id(self, ids: Collection[str]) -> Mapping[str, Entered]:
        """Who holds these ids, as its own or as what it is linked to."""
        found = {
            row.linked_tracking_id or "": row
            for row in self._where(complaint.c.linked_tracking_id, ids)
        }
        found |= {row.tracking_id: row for row in self._where(complaint.c.tracking_id, ids)}
        return found

    def by_reference(self, references: Collection[str]) -> Mapping[str, Entered]:
        """Complaints by their number; of two with one number, the entered one."""
        rows = self._where(complaint.c.reference, references)
        return {
            row.reference: row for row in sorted(rows, key=lambda row: row.state is State.ENTERED)
        }

    def _where(self, column: Column[str], values: Collection[str]) -> list[Entered]:
        wanted = sorted(values)
        found: list[Entered] = []
        with reporting_unavailable(), self._engine.begin() as connection:
            for start in range(0, len(wanted), _AT_ONCE):
                part = select(complaint).where(column.in_(wanted[start : start + _AT_ONCE]))
                found += [self._row(row) for row in connection.execute(part).mappings()]
        return found

    def _row(self, row: RowMapping) -> Entered:
        return Entered(
            complaint_id=UUID(row["complaint_id"]),
            reference=row["reference"],
            channel=Channel(row["channel"]),
            day=row["day"],
            entered_on=row["state_at"].astimezone(self._zone).date(),
            state=State(row["state"]),
            tracking_id=row["tracking_id"] or "",
            linked_tracking_id=row["linked_tracking_id"],
        )
