"""Attachments in the ledger: what is stored of them, and what LAPOR has."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    RowMapping,
    Select,
    and_,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.states import State
from deliver.tables import attachment, complaint
from normalizer.event import Attachment, ComplaintEvent, Relation
from normalizer.outcome import MediaOutcome, MediaState


class AttachmentState(StrEnum):
    """Where an attachment stands."""

    #: The platform has it; it is being fetched.
    WAITING = "waiting"
    #: Here, with a copy that may leave the house.
    STORED = "stored"
    #: Here, and it stays here: only the sealed original is kept.
    WITHHELD = "withheld"
    #: Nobody can fetch it any more, or it is not fetched.
    EXPIRED = "expired"
    REFUSED = "refused"
    FAILED = "failed"
    #: The worker is calling LAPOR.
    SENDING = "sending"
    #: LAPOR has it.
    DELIVERED = "delivered"
    #: LAPOR did not answer: perhaps it has it. Not sent again by itself.
    UNKNOWN = "unknown"
    #: LAPOR will not take it.
    PARKED = "parked"
    #: A person has the copy, to put it into LAPOR by hand. Not sent by itself.
    HANDED_OUT = "handed_out"


#: A late outcome changes nothing about these.
_ON_THE_WAY = (
    AttachmentState.SENDING,
    AttachmentState.DELIVERED,
    AttachmentState.UNKNOWN,
    AttachmentState.HANDED_OUT,
)
#: Reason of one whose complaint was erased: whatever is told about it later changes nothing.
FILE_ERASED = "erased"
#: What an operator may send (again).
RESENDABLE = (AttachmentState.UNKNOWN, AttachmentState.PARKED, AttachmentState.HANDED_OUT)
#: Files of these go with the complaint that they belong to.
_GOES_WITH_PARENT = frozenset({Relation.SUPPLEMENT, Relation.REPLY_TO, Relation.EDIT})


@dataclass(frozen=True, slots=True)
class AttachmentRow:
    """One attachment of one complaint as it stands."""

    complaint_id: UUID
    media_id: str
    position: int
    state: AttachmentState
    state_at: datetime
    reason: str | None
    media_type: str
    size_bytes: int | None
    sha256: str | None
    copy_sha256: str | None
    attempts: int
    next_try_at: datetime | None


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files of one item that can be added to a complaint in LAPOR now."""

    complaint_id: UUID
    tracking_id: str
    rows: tuple[AttachmentRow, ...]


def take_attachments(connection: Connection, event: ComplaintEvent, now: datetime) -> None:
    """Record the attachments of a new event, in the transaction that records the event."""
    seen: set[str] = set()
    for position, item in enumerate(event.attachments, start=1):
        media_id = item.media_id or f"part:{position}"
        if media_id in seen:
            continue
        seen.add(media_id)
        values = _values(item, _state_of(item), None, now)
        # An outcome that was quicker than its complaint knows more.
        _insert_if_new(connection, event.complaint_id, media_id, position, values)


class Attachments:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._reading_engine = engine.execution_options(**{READS_ONLY: True})

    def of(self, complaint_id: UUID) -> Sequence[AttachmentRow]:
        """Those of one complaint, in their order."""
        query = select(attachment).where(attachment.c.complaint_id == str(complaint_id))
        return self._rows(query.order_by(attachment.c.position))

    def apply(self, outcome: MediaOutcome) -> None:
        """Record how fetching ended. A repeat changes nothing."""
        item = outcome.attachment
        state = (
            _state_of(item)
            if outcome.state is MediaState.STORED
            else AttachmentState(outcome.state.value)
        )
        values = _values(item, state, outcome.reason or item.withheld, outcome.at)
        with reporting_unavailable(), self._engine.begin() as connection:
            if _insert_if_new(connection, outcome.complaint_id, outcome.media_id, 0, values):
                return
            connection.execute(
                update(attachment)
                .where(
                    attachment.c.complaint_id == str(outcome.complaint_id),
                    attachment.c.media_id == outcome.media_id,
                    attachment.c.state.not_in(_ON_THE_WAY),
                    func.coalesce(attachment.c.reason, "") != FILE_ERASED,
                )
                .values(**values)
            )

    def due(self, now: datetime, limit: int, without: Collection[UUID] = ()) -> Sequence[Parcel]:
        """What can be passed on now: stored, and its complaint has a number in LAPOR."""
        parent = complaint.alias("parent")
        twin = attachment.alias("twin")
        number = func.coalesce(complaint.c.tracking_id, parent.c.tracking_id)
        query = (
            select(attachment, number.label("number"), complaint.c.event)
            .join(complaint, complaint.c.complaint_id == attachment.c.complaint_id)
            .outerjoin(
                parent,
                and_(
                    complaint.c.state == State.LINKED,
                    parent.c.complaint_id == complaint.c.linked_to,
                    parent.c.state == State.ENTERED,
                ),
            )
            .where(
                attachment.c.state == AttachmentState.STORED,
                or_(attachment.c.next_try_at.is_(None), attachment.c.next_try_at <= now),
                or_(complaint.c.state == State.ENTERED, parent.c.tracking_id.is_not(None)),
                # An edited caption brings the same picture again.
                ~exists().where(
                    twin.c.complaint_id == complaint.c.linked_to,
                    twin.c.sha256 == attachment.c.sha256,
                ),
                attachment.c.complaint_id.not_in([str(one) for one in without]),
            )
            .order_by(attachment.c.complaint_id, attachment.c.position)
            .limit(limit)
        )
        with self._reading() as connection:
            found = connection.execute(query).mappings().all()
        return [
            Parcel(UUID(key), str(rows[0]["number"]), tuple(_row_of(row) for row in rows))
            for key, group in groupby(found, key=lambda row: str(row["complaint_id"]))
            if _goes_out((rows := list(group))[0])
        ]

    def claim(self, parcel: Parcel, now: datetime, until: datetime) -> bool:
        """Take the files in hand before the call; False when somebody else was quicker."""
        with reporting_unavailable(), self._engine.begin() as connection:
            taken = connection.execute(
                update(attachment)
                .where(*_these(parcel), attachment.c.state == AttachmentState.STORED)
                .values(
                    state=AttachmentState.SENDING,
                    state_at=now,
                    next_try_at=until,
                    attempts=attachment.c.attempts + 1,
                )
            )
            if taken.rowcount != len(parcel.rows):
                connection.rollback()
                return False
        return True

    def settle(
        self,
        parcel: Parcel,
        state: AttachmentState,
        reason: str | None,
        now: datetime,
        next_try_at: datetime | None = None,
    ) -> None:
        """What became of files that were in hand."""
        with reporting_unavailable(), self._engine.begin() as connection:
            connection.execute(
                update(attachment)
                .where(*_these(parcel), attachment.c.state == AttachmentState.SENDING)
                .values(state=state, state_at=now, reason=reason, next_try_at=next_try_at)
            )

    def give_up_claims(self, now: datetime) -> int:
        """Claims that ran out: perhaps LAPOR has the files. How many there were."""
        with reporting_unavailable(), self._engine.begin() as connection:
            lost = connection.execute(
                update(attachment)
                .where(
                    attachment.c.state == AttachmentState.SENDING,
                    attachment.c.next_try_at <= now,
                )
                .values(
                    state=AttachmentState.UNKNOWN,
                    state_at=now,
                    reason="claim_ran_out",
                    next_try_at=None,
                )
            )
        return lost.rowcount

    def send_again(self, complaint_id: UUID, now: datetime) -> int:
        """An operator knows that LAPOR does not have them; how many are sent again."""
        with reporting_unavailable(), self._engine.begin() as connection:
            changed = connection.execute(
                update(attachment)
                .where(
                    attachment.c.complaint_id == str(complaint_id),
                    attachment.c.state.in_(RESENDABLE),
                )
                .values(
                    state=AttachmentState.STORED, state_at=now, reason="resend", next_try_at=None
                )
            )
        return changed.rowcount

    def hand_out(self, complaint_id: UUID, now: datetime) -> None:
        """A person has the copies and puts them into LAPOR: not sent by itself any more."""
        ready = (AttachmentState.STORED, AttachmentState.PARKED)
        self._set(complaint_id, ready, AttachmentState.HANDED_OUT, now)

    def hand_back(self, complaint_id: UUID, now: datetime) -> None:
        """The person did not put them in."""
        self._set(complaint_id, (AttachmentState.HANDED_OUT,), AttachmentState.STORED, now)

    def _set(
        self,
        complaint_id: UUID,
        before: Collection[AttachmentState],
        after: AttachmentState,
        now: datetime,
    ) -> None:
        with reporting_unavailable(), self._engine.begin() as connection:
            connection.execute(
                update(attachment)
                .where(
                    attachment.c.complaint_id == str(complaint_id),
                    attachment.c.state.in_(before),
                    attachment.c.copy_sha256.is_not(None),
                )
                .values(state=after, state_at=now, reason=None, next_try_at=None)
            )

    def _rows(self, query: Select[tuple[object, ...]]) -> Sequence[AttachmentRow]:
        with self._reading() as connection:
            return [_row_of(row) for row in connection.execute(query).mappings()]

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            yield connection


def _state_of(item: Attachment) -> AttachmentState:
    if item.sha256 is None:
        return AttachmentState.WAITING
    return AttachmentState.WITHHELD if item.copy_sha256 is None else AttachmentState.STORED


def _values(
    item: Attachment, state: AttachmentState, reason: str | None, now: datetime
) -> dict[str, object]:
    return {
        "state": state,
        "state_at": now,
        "reason": reason or item.withheld,
        "media_type": item.media_type,
        "size_bytes": item.size_bytes,
        "sha256": item.sha256,
        "copy_sha256": item.copy_sha256,
    }


def _insert_if_new(
    connection: Connection,
    complaint_id: UUID,
    media_id: str,
    position: int,
    values: dict[str, object],
) -> bool:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    done = connection.execute(
        dialect.insert(attachment)
        .values(
            complaint_id=str(complaint_id),
            media_id=media_id,
            position=position,
            attempts=0,
            **values,
        )
        .on_conflict_do_nothing()
    )
    return done.rowcount == 1


def _these(parcel: Parcel) -> tuple[ColumnElement[bool], ...]:
    return (
        attachment.c.complaint_id == str(parcel.complaint_id),
        attachment.c.media_id.in_([row.media_id for row in parcel.rows]),
    )


def _goes_out(row: RowMapping) -> bool:
    relation = ComplaintEvent.from_bytes(row["event"].encode()).relation
    return relation is None or relation in _GOES_WITH_PARENT


def _row_of(values: RowMapping) -> AttachmentRow:
    plain = {column.name: values[column.name] for column in attachment.columns}
    plain["complaint_id"] = UUID(plain["complaint_id"])
    plain["state"] = AttachmentState(plain["state"])
    return AttachmentRow(**plain)
