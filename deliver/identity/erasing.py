"""Erasing an identity: what may be erased when, one by one, and what LAPOR has of it already."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deliver.desk import clean_note
from deliver.identity.files import SETTLED
from deliver.identity.stripping import ERASED_TEXT
from deliver.identity.tombstones import Removal, Tombstone, Tombstones
from deliver.ledger import Ledger, LedgerConflict, NotAllowed
from deliver.rows import LedgerRow
from deliver.states import Actor, State
from gateway.errors import CannotOpen
from gateway.sealing import Opener

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """How far an erasure goes."""

    #: Title and text too: rules replaced numbers and names in them, but find not everything.
    with_text: bool = False
    #: What is not in LAPOR yet shall be entered without a reporter.
    enter_anonymously: bool = False


@dataclass(frozen=True, slots=True)
class Erasing:
    """Erases; refusals are sentences for the person who asked."""

    ledger: Ledger
    opener: Opener

    def refusal(self, row: LedgerRow, wish: Wish) -> str | None:
        """Why this one cannot be erased now; None if it can."""
        buried = Tombstones(self.ledger).of(row.complaint_id)
        if buried is not None and (not wish.with_text or row.event().text == ERASED_TEXT):
            return _buried(buried)
        if row.state is State.SENDING:
            return "sedang dikirim atau dipegang operator; ulangi setelah selesai"
        if row.state in SETTLED:
            return None
        if wish.with_text:
            return "belum masuk LAPOR!: isinya masih diperlukan; masukkan atau kecualikan dahulu"
        if not wish.enter_anonymously:
            return (
                "belum masuk LAPOR!: tambahkan --enter-anonymously agar dimasukkan tanpa nama, "
                "atau kecualikan dahulu dengan `gateway entry exclude`"
            )
        return None

    def erase(self, row: LedgerRow, by: Actor, reason: str, now: datetime, wish: Wish) -> LedgerRow:
        """Erase one; its files are still in the store after it (``files.delete_left``).

        Raises:
            NotAllowed: see ``refusal``; nothing was changed.
            Stale: somebody changed it meanwhile; nothing was changed.
        """
        words = clean_note(reason)
        if not words:
            raise NotAllowed("alasan wajib diisi untuk menghapus identitas")
        why_not = self.refusal(row, wish)
        if why_not is not None:
            raise NotAllowed(f"{row.reference}: {why_not}")
        removal = Removal(
            with_text=wish.with_text,
            keep_copies=row.state not in SETTLED,
            raw_blob=self._raw_blob(row),
        )
        erased = Tombstones(self.ledger).erase(row, by, words, now, removal)
        log.info("identity.erased", extra={"complaint_id": str(row.complaint_id)})
        return erased

    def _raw_blob(self, row: LedgerRow) -> str | None:
        """The name of a large payload in the store. Nobody is shown what is opened for it."""
        sealed = row.event().sealed
        if sealed is None:
            return None
        try:
            private = self.opener.open(sealed)
        except CannotOpen:
            # Without its key a payload in the store cannot be opened either.
            return None
        return f"raw/{private.raw}" if private.raw_encoding == "blob" else None


@dataclass(frozen=True, slots=True)
class Asked:
    """The complaints somebody asked to erase: which go, and why the others do not."""

    going: Sequence[LedgerRow]
    staying: Sequence[tuple[LedgerRow, str]]


def sort_out(erasing: Erasing, rows: Sequence[LedgerRow], wish: Wish) -> Asked:
    """What an erasure of these would do; changes nothing."""
    going: list[LedgerRow] = []
    staying: list[tuple[LedgerRow, str]] = []
    for row in rows:
        why_not = erasing.refusal(row, wish)
        if why_not is None:
            going.append(row)
        else:
            staying.append((row, why_not))
    return Asked(going, staying)


def erase_all(
    erasing: Erasing, asked: Asked, by: Actor, reason: str, now: datetime, wish: Wish
) -> Asked:
    """Erase those that go; what became of them. One that cannot is no reason to keep another."""
    gone: list[LedgerRow] = []
    stayed = list(asked.staying)
    for row in asked.going:
        try:
            gone.append(erasing.erase(row, by, reason, now, wish))
        except LedgerConflict as conflict:
            stayed.append((row, str(conflict)))
    return Asked(gone, stayed)


def _buried(tombstone: Tombstone) -> str:
    return f"identitas sudah dihapus pada {tombstone.at.date().isoformat()}: {tombstone.reason}"
