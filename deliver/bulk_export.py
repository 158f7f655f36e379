"""Making a file of what waits, and making it again."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from deliver.bulk import BulkFile, BulkFiles
from deliver.desk import Desk, NotFound
from deliver.entry import make_entry
from deliver.lapor.file import Format, Line, digest_of, put, table_of, write_aside
from deliver.ledger import Stale
from deliver.rows import LedgerRow

#: Others may take rows at the same time; after so many tries they are quicker than us.
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Written:
    """A file that stands on disk."""

    made: BulkFile
    path: Path
    rows: Sequence[LedgerRow]
    #: Written again: False when the cells are not those of the first time.
    as_before: bool = True


@dataclass(frozen=True, slots=True)
class Exports:
    """The file side of one operator's desk."""

    desk: Desk
    zone: ZoneInfo
    new_id: Callable[[], UUID] = uuid4

    @property
    def files(self) -> BulkFiles:
        """The files in the ledger."""
        return BulkFiles(self.desk.ledger)

    def make(self, directory: Path, form: Format, limit: int) -> Written | None:
        """Take what waits in hand and write it into a file; None when nothing waits.

        The file is on disk before anything is claimed, and gets its name after: a full disk
        claims nothing, and after a crash in between ``again`` writes it.

        Raises:
            OSError: the directory cannot be written to; nothing was claimed.
            Stale: others took what waits, again and again; nothing was claimed.
        """
        for attempt in range(_TRIES):
            rows = list(islice(self.desk.waiting(), limit))
            if not rows:
                return None
            table = self._table(rows)
            made = BulkFile(
                self.new_id(), self.desk.now(), self.desk.by.name, len(rows), digest_of(table)
            )
            aside = write_aside(table, directory, str(made.file_id), form)
            try:
                self.files.make(made, rows, self.desk.by)
            except BaseException as fault:
                with suppress(OSError):
                    aside.unlink()
                if isinstance(fault, Stale) and attempt + 1 < _TRIES:
                    continue
                raise
            return Written(made, put(aside), rows)
        raise Stale("others took what waits")

    def again(self, file_id: UUID, directory: Path, form: Format) -> Written:
        """Write a file again, with those of its rows that are still open.

        What was entered or given back meanwhile is left out: uploaded once more, it would be in
        LAPOR twice.

        Raises:
            NotFound: no such file, or none of its rows is open.
            OSError: the directory cannot be written to.
        """
        made = self.files.get(file_id)
        if made is None:
            raise NotFound(f"tidak ada berkas {file_id}; lihat `gateway lapor files`")
        rows = self.files.open_rows(file_id)
        if not rows:
            raise NotFound(f"berkas {file_id} tidak punya baris yang masih menunggu nomor")
        table = self._table(rows)
        path = put(write_aside(table, directory, str(file_id), form))
        as_before = len(rows) < made.rows or digest_of(table) == made.sha256
        return Written(made, path, rows, as_before)

    def _table(self, rows: Sequence[LedgerRow]) -> Sequence[Line]:
        # Without a key nobody is named: the file goes through many hands.
        return table_of([make_entry(row.event(), None, self.zone) for row in rows])
