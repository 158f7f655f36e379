"""The sandbox's own database: one SQLite file, one connection, one thread, commit before answer."""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files as package_files
from pathlib import Path
from typing import Literal, TypeVar

T = TypeVar("T")
FileKind = Literal["docs", "images"]

_LIST = """
SELECT tracking_id, received_at, fields,
       (SELECT group_concat(file_id) FROM complaint_files f WHERE f.tracking_id = c.tracking_id),
       (SELECT min(created_at) FROM followups u WHERE u.tracking_id = c.tracking_id)
FROM complaints c
"""


class StoreUnavailable(Exception):
    """The database file cannot be used. Reaction: exit with the message, which names the file."""


class FileUnknown(Exception):
    """An attachment id that was never given out. Reaction: 422; nothing was written."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """What is kept of an uploaded file. The bytes are not: the hash is enough to prove them."""

    kind: FileKind
    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Complaint:
    """An entered complaint. Times are aware UTC; ``fields`` is the create body as it came."""

    tracking_id: int
    received_at: datetime
    fields: Mapping[str, object]
    file_ids: tuple[int, ...]
    first_followup_at: datetime | None


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A follow-up with the names of its attachments by file id."""

    id: int
    created_at: datetime
    fields: Mapping[str, object]
    attachments: Mapping[int, str]


class Store:
    """Every method runs in the one thread of the store, in the order of the calls.

    A call whose caller goes away is finished all the same.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lapor-sandbox-store")
        self._db: sqlite3.Connection | None = None

    async def open(self) -> None:
        """Open the file and make what is missing.

        Raises:
            StoreUnavailable: not a database, not writable, or held by another sandbox.
        """
        try:
            self._db = await asyncio.get_running_loop().run_in_executor(
                self._thread, _connect, self._path
            )
        except (sqlite3.Error, OSError) as error:
            self._thread.shutdown()
            raise StoreUnavailable(
                f"the database {self._path} cannot be used ({error}); "
                "name another with --db or stop the other sandbox"
            ) from None

    async def close(self) -> None:
        """Finish what was asked for, then let go of the file."""
        if self._db is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._db.close)
        self._thread.shutdown()

    async def add_complaint(
        self, received_at: datetime, fields: Mapping[str, object], file_ids: Sequence[int]
    ) -> int:
        """The new tracking id, once the complaint is on disk.

        Raises:
            FileUnknown: one of the files was never uploaded.
        """

        def add(db: sqlite3.Connection) -> int:
            cursor = db.execute(
                "INSERT INTO complaints (received_at, content, fields) VALUES (?, ?, ?)",
                (received_at.isoformat(), fields["content"], json.dumps(fields)),
            )
            tracking_id = cursor.lastrowid
            db.executemany(
                "INSERT INTO complaint_files VALUES (?, ?)",
                [(tracking_id, file_id) for file_id in dict.fromkeys(file_ids)],
            )
            return int(tracking_id or 0)

        try:
            return await self._run(add)
        except sqlite3.IntegrityError:
            raise FileUnknown from None

    async def complaints(
        self, content_contains: str = "", limit: int = 1000
    ) -> Sequence[Complaint]:
        """Newest first; only those whose content holds the text, letter for letter."""
        query = f"{_LIST} WHERE instr(content, ?) OR ? = '' ORDER BY tracking_id DESC LIMIT ?"

        def select(db: sqlite3.Connection) -> list[Complaint]:
            rows = db.execute(query, (content_contains, content_contains, limit))
            return [_complaint(row) for row in rows]

        return await self._run(select)

    async def complaints_between(
        self, since: datetime | None, until: datetime | None, offset: int, limit: int
    ) -> Sequence[Complaint]:
        """A stretch of what came at or after ``since`` and before ``until``, oldest first."""
        query = (
            f"{_LIST} WHERE received_at >= ? AND received_at < ? "
            "ORDER BY tracking_id LIMIT ? OFFSET ?"
        )
        # Times are kept as text of one form in UTC; a letter comes after every digit.
        first = since.astimezone(UTC).isoformat() if since else ""
        last = until.astimezone(UTC).isoformat() if until else "Z"

        def select(db: sqlite3.Connection) -> list[Complaint]:
            return [_complaint(row) for row in db.execute(query, (first, last, limit, offset))]

        return await self._run(select)

    async def complaint(self, tracking_id: int) -> Complaint | None:
        """One complaint, or None."""

        def select(db: sqlite3.Connection) -> Complaint | None:
            row = db.execute(f"{_LIST} WHERE tracking_id = ?", (tracking_id,)).fetchone()
            return _complaint(row) if row else None

        return await self._run(select)

    async def count(self) -> int:
        """How many complaints there are."""
        return await self._run(
            lambda db: int(db.execute("SELECT count(*) FROM complaints").fetchone()[0])
        )

    async def add_files(self, new: Sequence[NewFile]) -> Sequence[int]:
        """Ids in the order of the files."""
        return await self._run(lambda db: _insert_files(db, new))

    async def add_followup(
        self,
        tracking_id: int,
        created_at: datetime,
        fields: Mapping[str, object],
        new_files: Sequence[NewFile],
    ) -> int | None:
        """The follow-up's id, or None when there is no such complaint."""

        def add(db: sqlite3.Connection) -> int | None:
            if not db.execute(
                "SELECT 1 FROM complaints WHERE tracking_id = ?", (tracking_id,)
            ).fetchone():
                return None
            cursor = db.execute(
                "INSERT INTO followups (tracking_id, created_at, fields) VALUES (?, ?, ?)",
                (tracking_id, created_at.isoformat(), json.dumps(fields)),
            )
            db.executemany(
                "INSERT INTO followup_files VALUES (?, ?)",
                [(cursor.lastrowid, file_id) for file_id in _insert_files(db, new_files)],
            )
            return cursor.lastrowid

        return await self._run(add)

    async def followups(self, tracking_id: int, offset: int, limit: int) -> Sequence[FollowUp]:
        """A stretch of a complaint's follow-ups, oldest first."""

        def select(db: sqlite3.Connection) -> list[FollowUp]:
            rows = db.execute(
                "SELECT id, created_at, fields FROM followups WHERE tracking_id = ? "
                "ORDER BY id LIMIT ? OFFSET ?",
                (tracking_id, limit, offset),
            ).fetchall()
            attached = (
                "SELECT f.id, f.name FROM followup_files a JOIN files f ON f.id = a.file_id "
                "WHERE a.followup_id = ? ORDER BY f.id"
            )
            return [
                FollowUp(
                    row[0],
                    datetime.fromisoformat(row[1]),
                    json.loads(row[2]),
                    dict(db.execute(attached, (row[0],)).fetchall()),
                )
                for row in rows
            ]

        return await self._run(select)

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._db is None:
            raise StoreUnavailable("the database is not open")
        return await asyncio.get_running_loop().run_in_executor(
            self._thread, _in_transaction, self._db, work
        )


def _connect(path: Path) -> sqlite3.Connection:
    # No wait for a lock: the only other holder would be a second sandbox, which never lets go.
    db = sqlite3.connect(path, timeout=0, check_same_thread=False)
    try:
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        db.executescript(package_files(__package__).joinpath("schema.sql").read_text("utf-8"))
    except sqlite3.Error:
        db.close()
        raise
    return db


def _in_transaction(db: sqlite3.Connection, work: Callable[[sqlite3.Connection], T]) -> T:
    with db:
        return work(db)


def _insert_files(db: sqlite3.Connection, new: Sequence[NewFile]) -> list[int]:
    insert = "INSERT INTO files (kind, name, size_bytes, sha256) VALUES (?, ?, ?, ?) RETURNING id"
    return [
        int(db.execute(insert, (file.kind, file.name, file.size_bytes, file.sha256)).fetchone()[0])
        for file in new
    ]


def _complaint(row: tuple[int, str, str, str | None, str | None]) -> Complaint:
    tracking_id, received_at, fields, file_ids, first_followup_at = row
    return Complaint(
        tracking_id,
        datetime.fromisoformat(received_at),
        json.loads(fields),
        tuple(sorted(int(part) for part in file_ids.split(","))) if file_ids else (),
        datetime.fromisoformat(first_followup_at) if first_followup_at else None,
    )
