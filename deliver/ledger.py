"""The ledger: the state of every complaint, and the append-only history of how it came there.

Synchronous; asyncio code calls it with ``asyncio.to_thread``. Every change is one transaction that
checks the version it was based on and writes its line of history.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine, Exists, and_, exists, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from deliver.attachments import Attachments, take_attachments
from deliver.database import reporting_unavailable
from deliver.identity.stripping import unless_erased
from deliver.listing import Listing
from deliver.proof.books import Books
from deliver.proof.sources import Sources, numbered, take_numbers
from deliver.queries import Queries
from deliver.replies import Replies
from deliver.rows import Changes, LedgerRow, Recorded, content_hash, lane_of, row_of
from deliver.states import Actor, State, may_move
from deliver.tables import complaint, transition
from gateway.log import Position
from gateway.metrics import DELIVER_TRANSITIONS
from normalizer.event import ComplaintEvent, EntryReceipt


class LedgerConflict(Exception):
    """Base of the ledger's ways of saying no. Nothing was changed."""


class Stale(LedgerConflict):
    """Somebody changed the row since it was read. Reaction: read again and decide again."""


class NotAllowed(LedgerConflict):
    """The state machine has no such move for this actor. Reaction: tell the person."""


class TrackingIdTaken(LedgerConflict):
    """Another complaint was entered under this number. Reaction: a person compares both."""


class Ledger:
    """Changes; what is only asked stands in ``queries``. Any method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine, zone: ZoneInfo) -> None:
        self._engine = engine
        self._zone = zone
        self.queries = Queries(engine)
        self.attachments = Attachments(engine)
        self.replies = Replies(engine)
        self.listing = Listing(engine)
        self.sources = Sources(engine)
        self.books = Books(engine)

    @property
    def engine(self) -> Engine:
        """For parts that keep tables of their own beside the complaints."""
        return self._engine

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def record(
        self, event: ComplaintEvent, position: Position, now: datetime, by: Actor
    ) -> tuple[LedgerRow, Recorded]:
        """Take an event from the log into the ledger, once.

        A repeat changes nothing. The same id with other content leaves a note in the history,
        once for each other content.
        """
        try:
            return self._insert(event, position, now, by), Recorded.NEW
        except IntegrityError:
            row = self.queries.get(event.complaint_id)
        if row is None:
            raise NotAllowed("the ledger refuses a row and does not have it")
        if event.source_numbers:
            # A source may give the same complaint out again under another number.
            self.sources.remember([numbered(event)])
        digest = content_hash(event)
        if digest == row.content_hash:
            return row, Recorded.REPEAT
        if not self._has_note(row.complaint_id, "conflicting_repeat", digest):
            self.note(row.complaint_id, by, "conflicting_repeat", now, digest)
        return row, Recorded.CONFLICT

    def restore(
        self,
        event: ComplaintEvent,
        position: Position,
        now: datetime,
        by: Actor,
        moves: Sequence[tuple[State, str, str | None, Changes]],
    ) -> LedgerRow:
        """Take in an event whose row was lost, and move it on before anybody can take it in hand.

        Each move is state, reason, note and changes, as for ``move``; all or nothing.

        Raises:
            NotAllowed, TrackingIdTaken, Stale: the ledger has a row by now.
        """
        try:
            with reporting_unavailable(), self._engine.begin() as connection:
                row = self._insert_into(connection, event, position, now, by)
                for after, reason, note, changes in moves:
                    row = self._move(connection, row, after, by, reason, now, note, changes)
        except IntegrityError:
            raise Stale("the ledger has the complaint") from None
        return row

    def move(
        self,
        row: LedgerRow,
        after: State,
        by: Actor,
        reason: str,
        now: datetime,
        note: str | None = None,
        **changes: Unpack[Changes],
    ) -> LedgerRow:
        """Move a complaint on from the state that ``row`` was read in; the row as it is then.

        Raises:
            NotAllowed, Stale, TrackingIdTaken.
        """
        with reporting_unavailable(), self._engine.begin() as connection:
            return self._move(connection, row, after, by, reason, now, note, changes)

    def claim(
        self, row: LedgerRow, by: Actor, now: datetime, until: datetime | None, mode: str
    ) -> LedgerRow | None:
        """Take a complaint in hand before it is entered; None when an earlier one goes first.

        Earlier means: of the same lane, earlier in the log, and waiting or in a worker's hand.
        Without ``until`` the claim is a person's and waits for nobody.

        Raises:
            NotAllowed, Stale: somebody else has it.
        """
        with reporting_unavailable(), self._engine.begin() as connection:
            if until is not None and connection.scalar(select(_earlier(row))):
                return None
            changes = Changes(
                claimed_by=by.name, claim_until=until, mode=mode, attempts=row.attempts + 1
            )
            return self._move(connection, row, State.SENDING, by, "claimed", now, None, changes)

    def claim_together(
        self,
        rows: Sequence[LedgerRow],
        by: Actor,
        now: datetime,
        mode: str,
        write_beside: Callable[[Connection], None],
    ) -> None:
        """Take several in a person's hand, with what belongs to it: all of it or nothing.

        Raises:
            NotAllowed, Stale: somebody else has one of them.
        """
        with reporting_unavailable(), self._engine.begin() as connection:
            for row in rows:
                changes = Changes(
                    claimed_by=by.name, claim_until=None, mode=mode, attempts=row.attempts + 1
                )
                self._move(connection, row, State.SENDING, by, "claimed", now, None, changes)
            write_beside(connection)

    def note(
        self, complaint_id: UUID, by: Actor, reason: str, now: datetime, note: str | None = None
    ) -> None:
        """Add a line to the history that moves nothing."""
        with reporting_unavailable(), self._engine.begin() as connection:
            state = connection.scalar(
                select(complaint.c.state).where(complaint.c.complaint_id == str(complaint_id))
            )
            if state is None:
                raise NotAllowed("there is no such complaint in the ledger")
            _append(connection, complaint_id, State(state), State(state), by, reason, now, note)

    def receipt_published(self, receipt: EntryReceipt, now: datetime) -> None:
        """Remember that this receipt stands in the log.

        If the complaint has moved on meanwhile, it owes another one.
        """
        with reporting_unavailable(), self._engine.begin() as connection:
            connection.execute(
                update(complaint)
                .where(
                    complaint.c.complaint_id == str(receipt.complaint_id),
                    complaint.c.state_at == receipt.entered_at,
                )
                .values(receipt_published_at=now)
            )

    def _insert(
        self, event: ComplaintEvent, position: Position, now: datetime, by: Actor
    ) -> LedgerRow:
        with reporting_unavailable(), self._engine.begin() as connection:
            return self._insert_into(connection, event, position, now, by)

    def _insert_into(
        self,
        connection: Connection,
        event: ComplaintEvent,
        position: Position,
        now: datetime,
        by: Actor,
    ) -> LedgerRow:
        kept = unless_erased(connection, event)
        values = connection.execute(
            insert(complaint)
            .values(
                complaint_id=str(event.complaint_id),
                reference=event.reference,
                channel=event.channel,
                account=event.account,
                lane=lane_of(kept),
                received_at=event.received_at,
                day=event.received_at.astimezone(self._zone).date(),
                state=State.RECEIVED,
                state_at=now,
                version=1,
                attempts=0,
                content_hash=content_hash(event),
                event=kept.to_bytes().decode(),
                log_topic=position.topic,
                log_partition=position.partition,
                log_offset=position.offset,
            )
            .returning(complaint)
        )
        row = row_of(values.mappings().one())
        _append(connection, event.complaint_id, None, State.RECEIVED, by, "taken_from_log", now)
        take_attachments(connection, kept, now)
        take_numbers(connection, event)
        DELIVER_TRANSITIONS.labels(State.RECEIVED).inc()
        return row

    def _move(
        self,
        connection: Connection,
        row: LedgerRow,
        after: State,
        by: Actor,
        reason: str,
        now: datetime,
        note: str | None,
        changes: Changes,
    ) -> LedgerRow:
        if not may_move(row.state, after, by.who):
            raise NotAllowed(f"no move from {row.state} to {after} for {by.who}")
        implied: dict[str, object] = {}
        if after is not State.SENDING:
            implied = {"claimed_by": None, "claim_until": None}
        if after is State.ENTERED:
            # One that was linked before has a receipt with the other number.
            implied["receipt_published_at"] = None
        plain = {
            key: str(value) if isinstance(value, UUID) else value for key, value in changes.items()
        }
        try:
            moved = connection.execute(
                update(complaint)
                .where(
                    complaint.c.complaint_id == str(row.complaint_id),
                    complaint.c.version == row.version,
                )
                .values(**{**implied, **plain}, state=after, state_at=now, version=row.version + 1)
                .returning(complaint)
            )
            values = moved.mappings().one_or_none()
        except IntegrityError:
            raise TrackingIdTaken("another complaint was entered under this tracking id") from None
        if values is None:
            raise Stale("the complaint was changed by somebody else")
        _append(connection, row.complaint_id, row.state, after, by, reason, now, note)
        DELIVER_TRANSITIONS.labels(after).inc()
        return row_of(values)

    def _has_note(self, complaint_id: UUID, reason: str, note: str) -> bool:
        return any(
            line.reason == reason and line.note == note
            for line in self.queries.history(complaint_id)
        )


def _earlier(row: LedgerRow) -> Exists:
    waiting = or_(
        complaint.c.state == State.RECEIVED,
        and_(complaint.c.state == State.SENDING, complaint.c.claim_until.is_not(None)),
    )
    return exists().where(
        complaint.c.lane == row.lane,
        complaint.c.complaint_id != str(row.complaint_id),
        complaint.c.log_partition == row.position.partition,
        complaint.c.log_offset < row.position.offset,
        waiting,
    )


def _append(
    connection: Connection,
    complaint_id: UUID,
    before: State | None,
    after: State,
    by: Actor,
    reason: str,
    now: datetime,
    note: str | None = None,
) -> None:
    connection.execute(
        insert(transition).values(
            complaint_id=str(complaint_id),
            at=now,
            from_state=before,
            to_state=after,
            who=by.who,
            actor=by.name,
            reason=reason,
            note=note,
        )
    )
