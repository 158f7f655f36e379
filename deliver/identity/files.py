"""The files of an erased complaint: out of the ledger first, then out of the store."""

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, exists, or_, select, update

from deliver.attachments import FILE_ERASED, AttachmentState
from deliver.database import READS_ONLY, reporting_unavailable
from deliver.ledger import Ledger, NotAllowed
from deliver.states import State
from deliver.tables import attachment, complaint, erasure
from gateway.blobs import Blobs

log = logging.getLogger(__name__)

#: From here nothing more goes to LAPOR by itself.
SETTLED = (State.ENTERED, State.LINKED, State.EXCLUDED)
#: Copies of files that nobody passed on stay this long after the end of a complaint that was
#: erased while it still waited: in assisted mode nobody tells that they were uploaded.
_LAST_CALL = timedelta(days=30)
#: LAPOR has these, or nobody will send them any more: their state still says which.
_ENDED = (
    AttachmentState.DELIVERED,
    AttachmentState.WITHHELD,
    AttachmentState.EXPIRED,
    AttachmentState.REFUSED,
    AttachmentState.FAILED,
)


class ErasedFiles:
    """Files of complaints that have a tombstone. Every method may raise LedgerUnavailable."""

    def __init__(self, ledger: Ledger) -> None:
        self._engine = ledger.engine
        self._reading_engine = ledger.engine.execution_options(**{READS_ONLY: True})

    def take_leftovers(self, now: datetime) -> int:
        """Files that were kept for an entry that is over by now; of how many complaints."""
        over = (
            select(attachment.c.complaint_id)
            .join(erasure, erasure.c.complaint_id == attachment.c.complaint_id)
            .join(complaint, complaint.c.complaint_id == attachment.c.complaint_id)
            .where(
                or_(attachment.c.sha256.is_not(None), attachment.c.copy_sha256.is_not(None)),
                complaint.c.state.in_(SETTLED),
                ~has_files_underway(),
                or_(
                    attachment.c.state.in_(_ENDED),
                    complaint.c.state_at <= now - _LAST_CALL,
                ),
            )
            .distinct()
        )
        with reporting_unavailable(), self._engine.begin() as connection:
            found = [UUID(key) for key in connection.scalars(over)]
            for complaint_id in found:
                names = take_files(connection, complaint_id, now, copies=True)
                leave_blobs(connection, complaint_id, names)
        return len(found)

    def left(self) -> Mapping[UUID, Sequence[str]]:
        """Names in the store that are still to be deleted, by complaint."""
        query = select(erasure.c.complaint_id, erasure.c.left_blobs)
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            rows = connection.execute(query.where(erasure.c.left_blobs.is_not(None))).all()
        return {UUID(row[0]): json.loads(row[1]) for row in rows}

    def is_shared(self, complaint_id: UUID, name: str) -> bool:
        """Whether another complaint needs the same bytes.

        Of raw payloads the names cannot be compared, they are sealed: the same payload makes the
        same complaint, so the content hash stands for it.
        """
        folder, _, digest = name.partition("/")
        if folder == "raw":
            query = select(_twin_of(complaint_id))
        else:
            column = attachment.c.copy_sha256 if folder == "copy" else attachment.c.sha256
            query = select(
                exists().where(column == digest, attachment.c.complaint_id != str(complaint_id))
            )
        with reporting_unavailable(), self._reading_engine.begin() as connection:
            return bool(connection.scalar(query))

    def deleted(self, complaint_id: UUID, names: Collection[str]) -> None:
        """These are gone from the store, or stay there for another complaint."""
        with reporting_unavailable(), self._engine.begin() as connection:
            _write_left(connection, complaint_id, _read_left(connection, complaint_id) - set(names))


async def delete_left(files: ErasedFiles, blobs: Blobs) -> int:
    """Delete from the store what erasures left; how many names are settled.

    Safe to repeat: what is not deleted stays written down.

    Raises:
        BlobsUnavailable: the store is away; the rest is done the next time.
    """
    count = 0
    for complaint_id, names in (await asyncio.to_thread(files.left)).items():
        for name in names:
            if not await asyncio.to_thread(files.is_shared, complaint_id, name):
                await blobs.delete(name)
            await asyncio.to_thread(files.deleted, complaint_id, [name])
            count += 1
        log.info("files.erased", extra={"complaint_id": str(complaint_id), "count": len(names)})
    return count


def take_files(
    connection: Connection, complaint_id: UUID, now: datetime, *, copies: bool
) -> Collection[str]:
    """Forget the files of a complaint in the ledger; their names in the store.

    Without ``copies`` those that may still go to LAPOR stay; the originals, with all that a camera
    notes, go in any case.

    Raises:
        NotAllowed: one of them is being fetched or sent at this moment.
    """
    mine = attachment.c.complaint_id == str(complaint_id)
    names: set[str] = set()
    for file in connection.execute(select(attachment).where(mine)).mappings().all():
        if file["state"] == AttachmentState.WAITING:
            raise NotAllowed(
                "lampiran masih diambil dari platform; ulangi setelah selesai, lihat "
                "`gateway media list`"
            )
        if file["state"] == AttachmentState.SENDING:
            raise NotAllowed("lampiran sedang dikirim ke LAPOR!; ulangi beberapa menit lagi")
        changes: dict[str, object] = {"sha256": None}
        if file["sha256"] is not None:
            names.add(f"original/{file['sha256']}")
        if copies or file["state"] in _ENDED:
            changes |= {"copy_sha256": None, "reason": FILE_ERASED}
            if file["copy_sha256"] is not None:
                names.add(f"copy/{file['copy_sha256']}")
            if file["state"] not in _ENDED:
                changes |= {"state": AttachmentState.EXPIRED, "state_at": now, "next_try_at": None}
        connection.execute(
            update(attachment)
            .where(mine, attachment.c.media_id == file["media_id"])
            .values(**changes)
        )
    return names


def has_files_underway() -> ColumnElement[bool]:
    """Of a query on complaints: one of its files is being fetched or sent."""
    file = attachment.alias("file")
    return exists().where(
        file.c.complaint_id == complaint.c.complaint_id,
        file.c.state.in_((AttachmentState.WAITING, AttachmentState.SENDING)),
    )


def leave_blobs(connection: Connection, complaint_id: UUID, names: Collection[str]) -> None:
    """Write down, in the transaction of an erasure, what is to be deleted after it."""
    _write_left(connection, complaint_id, _read_left(connection, complaint_id) | set(names))


def _read_left(connection: Connection, complaint_id: UUID) -> set[str]:
    found: str | None = connection.scalar(
        select(erasure.c.left_blobs).where(erasure.c.complaint_id == str(complaint_id))
    )
    return set(json.loads(found)) if found else set()


def _write_left(connection: Connection, complaint_id: UUID, names: Collection[str]) -> None:
    connection.execute(
        update(erasure)
        .where(erasure.c.complaint_id == str(complaint_id))
        .values(left_blobs=json.dumps(sorted(names)) if names else None)
    )


def _twin_of(complaint_id: UUID) -> ColumnElement[bool]:
    this = complaint.alias("this")
    return exists().where(
        this.c.complaint_id == str(complaint_id),
        complaint.c.content_hash == this.c.content_hash,
        complaint.c.complaint_id != this.c.complaint_id,
        ~exists().where(erasure.c.complaint_id == complaint.c.complaint_id),
    )
