"""Acts of people that concern no single complaint: append-only, like the history."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import RowMapping, insert, select, text

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.ledger import Ledger
from deliver.states import Actor
from deliver.tables import act


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did. ``subject`` and ``note`` name no reporter."""

    at: datetime
    actor: str
    what: str
    subject: str | None
    note: str | None


class Acts:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine
        self._reading_engine = ledger.engine.execution_options(**{READS_ONLY: True})

    def add(self, by: Actor, what: str, now: datetime, subject: str | None, note: str) -> None:
        """Put an act on record."""
        with reporting_unavailable(), self._engine.begin() as connection:
            connection.execute(
                insert(act).values(at=now, actor=by.name, what=what, subject=subject, note=note)
            )

    def begin(
        self,
        by: Actor,
        what: str,
        now: datetime,
        subject: str,
        note: str,
        unless: Collection[str],
    ) -> Act | None:
        """Put an act on record, unless the subject has one of those already: then that one."""
        with reporting_unavailable(), self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # SQLite has one writer at a time anyhow.
                lock = text("SELECT pg_advisory_xact_lock(hashtext(:subject))")
                connection.execute(lock, {"subject": subject})
            query = select(act).where(act.c.subject == subject, act.c.what.in_(unless))
            earlier = connection.execute(query.order_by(act.c.seq.desc())).mappings().first()
            if earlier is not None:
                return _act(earlier)
            connection.execute(
                insert(act).values(at=now, actor=by.name, what=what, subject=subject, note=note)
            )
        return None

    def of(self, *what: str) -> Sequence[Act]:
        """Acts of these kinds, oldest first."""
        query = select(act).where(act.c.what.in_(what)).order_by(act.c.seq)
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return [_act(row) for row in connection.execute(query).mappings()]


def _act(row: RowMapping) -> Act:
    return Act(row["at"], row["actor"], row["what"], row["subject"], row["note"])
