"""What is left of an erased identity: that it was erased, when, by whom and why."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, exists, insert, select, update

from deliver.database import READS_ONLY, reporting_unavailable
from deliver.identity.files import SETTLED, has_files_underway, leave_blobs, take_files
from deliver.identity.stripping import ERASED_TEXT, without_identity
from deliver.ledger import Ledger, LedgerConflict, NotAllowed, Stale
from deliver.rows import LedgerRow, row_of
from deliver.states import Actor
from deliver.tables import complaint, erasure, lapor_update, transition
from normalizer.update import ComplaintUpdate

#: Words in the history.
ERASED = "identity_erased"
ERASED_WITH_TEXT = "identity_and_text_erased"


class Erased(LedgerConflict):
    """Only the tombstone is left. Reaction: tell the person when and why it was erased."""


class NothingSealed(LedgerConflict):
    """The complaint came without a sealed part. Reaction: tell the person."""


@dataclass(frozen=True, slots=True)
class Tombstone:
    """An identity that is gone."""

    complaint_id: UUID
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class Removal:
    """What goes beside the sealed part and the way back, which always go."""

    with_text: bool = False
    #: The complaint still has to be entered: copies of its files are needed for that.
    keep_copies: bool = False
    #: ``raw/<sha256>``: its name stands in the sealed part alone.
    raw_blob: str | None = None


class Tombstones:
    """Every method may raise LedgerUnavailable."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine
        self._reading_engine = ledger.engine.execution_options(**{READS_ONLY: True})

    def of(self, complaint_id: UUID) -> Tombstone | None:
        """The tombstone of a complaint."""
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return _tombstone(connection, complaint_id)

    def listed(self, since: datetime | None = None) -> Sequence[Tombstone]:
        """All of them, or those from a moment on, oldest first."""
        query = select(erasure).order_by(erasure.c.at, erasure.c.complaint_id)
        if since is not None:
            query = query.where(erasure.c.at >= since)
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return [
                Tombstone(UUID(row["complaint_id"]), row["at"], row["by"], row["reason"])
                for row in connection.execute(query).mappings()
            ]

    def record_opening(
        self, complaint_id: UUID, by: Actor, what: str, now: datetime, words: str
    ) -> str:
        """Put an opening on record; the sealed part as it stands at that moment.

        Raises:
            Erased, NothingSealed, NotAllowed: nothing was recorded.
        """
        with reporting_unavailable(), self._engine.begin() as connection:
            row = _row(connection, complaint_id)
            buried = _tombstone(connection, complaint_id)
            if buried is not None:
                day = buried.at.date().isoformat()
                raise Erased(f"identitas sudah dihapus pada {day}: {buried.reason}")
            sealed = row.event().sealed
            if sealed is None:
                raise NothingSealed("pengaduan ini datang tanpa identitas; tidak ada yang dibuka")
            _note(connection, row, by, what, now, words)
        return sealed

    def erase(
        self, row: LedgerRow, by: Actor, reason: str, now: datetime, removal: Removal
    ) -> LedgerRow:
        """Take the identity out of the ledger, all or nothing, and leave a tombstone.

        ``content_hash`` stays: a replay from the log, which holds the ciphertext until its
        retention ends, is then recognised as a repeat and brings nothing back. What lies in the
        store is written down as still to be deleted, in the same transaction (``left_blobs``).

        Raises:
            Stale: the complaint was changed since ``row`` was read.
            NotAllowed: a file of it is on its way.
        """
        kept = without_identity(row.event(), with_text=removal.with_text)
        with reporting_unavailable(), self._engine.begin() as connection:
            if connection.dialect.name == "sqlite":
                # Else the old bytes stay in the file's free pages.
                connection.exec_driver_sql("PRAGMA secure_delete = ON")
            changed = connection.execute(
                update(complaint)
                .where(
                    complaint.c.complaint_id == str(row.complaint_id),
                    complaint.c.version == row.version,
                )
                .values(
                    event=kept.to_bytes().decode(),
                    # The key that tied it to the person's other complaints goes, too.
                    lane=str(row.complaint_id),
                    version=row.version + 1,
                )
                .returning(complaint)
            )
            values = changed.mappings().one_or_none()
            if values is None:
                raise Stale("the complaint was changed by somebody else")
            if removal.with_text:
                _silence_updates(connection, row.complaint_id)
            names = take_files(connection, row.complaint_id, now, copies=not removal.keep_copies)
            if removal.raw_blob is not None:
                names = {*names, removal.raw_blob}
            _bury(connection, row.complaint_id, by, reason, now, names)
            what = ERASED_WITH_TEXT if removal.with_text else ERASED
            _note(connection, row, by, what, now, reason)
        return row_of(values)

    def overdue(self, before: datetime, limit: int) -> Sequence[LedgerRow]:
        """Complaints that were settled before then and still say who complained, oldest first."""
        query = (
            select(complaint)
            .where(
                complaint.c.state.in_(SETTLED),
                complaint.c.state_at <= before,
                ~exists().where(erasure.c.complaint_id == complaint.c.complaint_id),
                ~has_files_underway(),
            )
            .order_by(complaint.c.state_at)
            .limit(limit)
        )
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return [row_of(values) for values in connection.execute(query).mappings()]

    def of_reporter(self, key: str) -> Sequence[LedgerRow]:
        """Every complaint of one reporter key that is not erased yet, oldest first."""
        query = select(complaint).where(complaint.c.lane == key).order_by(complaint.c.received_at)
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return [row_of(values) for values in connection.execute(query).mappings()]


def _row(connection: Connection, complaint_id: UUID) -> LedgerRow:
    found = connection.execute(
        # On PostgreSQL an erasure waits for this transaction, or this one for the erasure.
        select(complaint).where(complaint.c.complaint_id == str(complaint_id)).with_for_update()
    )
    values = found.mappings().one_or_none()
    if values is None:
        raise NotAllowed("tidak ada pengaduan itu di buku besar")
    return row_of(values)


def _tombstone(connection: Connection, complaint_id: UUID) -> Tombstone | None:
    found = connection.execute(
        select(erasure.c.at, erasure.c.by, erasure.c.reason).where(
            erasure.c.complaint_id == str(complaint_id)
        )
    ).one_or_none()
    return Tombstone(complaint_id, found[0], found[1], found[2]) if found else None


def _silence_updates(connection: Connection, complaint_id: UUID) -> None:
    """What LAPOR answered may quote the reporter. That it answered, and when, stays."""
    mine = lapor_update.c.complaint_id == str(complaint_id)
    for key, body in connection.execute(
        select(lapor_update.c.update_id, lapor_update.c.body).where(mine)
    ).all():
        told = ComplaintUpdate.from_bytes(body.encode())
        if told.text is not None:
            silent = told.model_copy(update={"text": ERASED_TEXT}).to_bytes().decode()
            connection.execute(
                update(lapor_update)
                .where(mine, lapor_update.c.update_id == key)
                .values(body=silent)
            )


def _bury(
    connection: Connection,
    complaint_id: UUID,
    by: Actor,
    reason: str,
    now: datetime,
    names: Collection[str],
) -> None:
    if _tombstone(connection, complaint_id) is None:
        connection.execute(
            insert(erasure).values(
                complaint_id=str(complaint_id), at=now, by=by.name, reason=reason
            )
        )
    # Erased a second time: now the text goes, too. The first tombstone stands.
    leave_blobs(connection, complaint_id, names)


def _note(
    connection: Connection, row: LedgerRow, by: Actor, what: str, now: datetime, words: str
) -> None:
    connection.execute(
        insert(transition).values(
            complaint_id=str(row.complaint_id),
            at=now,
            from_state=row.state,
            to_state=row.state,
            who=by.who,
            actor=by.name,
            reason=what,
            note=words,
        )
    )
