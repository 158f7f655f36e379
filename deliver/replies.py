"""Answers to reporters in the ledger: how they ended, as the replies process told it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine, select
from sqlalchemy.dialects import postgresql, sqlite

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.tables import complaint, reply
from normalizer.event import Channel
from normalizer.outcome import ReplyKind, ReplyOutcome, ReplyState


@dataclass(frozen=True, slots=True)
class ReplyRow:
    """One answer of one complaint."""

    complaint_id: UUID
    #: None when the complaint has not come here yet.
    reference: str | None
    kind: ReplyKind
    round: int
    channel: Channel
    state: ReplyState
    reason: str | None
    at: datetime


class Replies:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading_engine = engine.execution_options(**{READS_ONLY: True})

    def apply(self, outcome: ReplyOutcome) -> None:
        """Record how an answer ended; of the same round the latest counts."""
        values = {
            "channel": outcome.channel,
            "state": outcome.state,
            "reason": outcome.reason,
            "at": outcome.at,
        }
        dialect = postgresql if self._engine.dialect.name == "postgresql" else sqlite
        statement = dialect.insert(reply).values(
            complaint_id=str(outcome.complaint_id),
            kind=outcome.kind,
            round=outcome.round,
            **values,
        )
        statement = statement.on_conflict_do_update(
            index_elements=["complaint_id", "kind", "round"],
            set_=values,
            where=reply.c.at <= outcome.at,
        )
        with reporting_unavailable(), self._engine.begin() as connection:
            connection.execute(statement)

    def of(self, complaint_id: UUID) -> Sequence[ReplyRow]:
        """Those of one complaint, oldest first."""
        return self._rows(complaint_id=complaint_id)

    def listed(self, states: Collection[ReplyState], limit: int = 1000) -> Sequence[ReplyRow]:
        """Answers that ended in one of these states, oldest first."""
        return self._rows(states=states, limit=limit)

    def _rows(
        self,
        complaint_id: UUID | None = None,
        states: Collection[ReplyState] = (),
        limit: int = 1000,
    ) -> Sequence[ReplyRow]:
        query = (
            select(reply, complaint.c.reference)
            .outerjoin(complaint, complaint.c.complaint_id == reply.c.complaint_id)
            .order_by(reply.c.at)
            .limit(limit)
        )
        if complaint_id is not None:
            query = query.where(reply.c.complaint_id == str(complaint_id))
        if states:
            query = query.where(reply.c.state.in_(states))
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return [
                ReplyRow(
                    complaint_id=UUID(row["complaint_id"]),
                    reference=row["reference"],
                    kind=ReplyKind(row["kind"]),
                    round=row["round"],
                    channel=Channel(row["channel"]),
                    state=ReplyState(row["state"]),
                    reason=row["reason"],
                    at=row["at"],
                )
                for row in connection.execute(query).mappings()
            ]
