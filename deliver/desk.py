"""What an operator may do with a complaint. Every act is a line of its history."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from deliver.decide import WaitForOperator, decide
from deliver.ledger import Ledger, LedgerConflict, NotAllowed, Stale, TrackingIdTaken
from deliver.rows import LedgerRow
from deliver.states import Actor, State
from normalizer.pii import tokenize

MODE = "assisted"

#: Longer than any sensible sentence; a note is no place for a file.
_MAX_NOTE_CHARS = 500
#: Read from the ledger at a time while looking for what may be taken in hand.
_CANDIDATES = 50


class NotFound(LedgerConflict):
    """No complaint, or more than one, has this number. Reaction: tell the person."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The ledger in the hands of one operator. Messages are for that person."""

    ledger: Ledger
    by: Actor
    now: Callable[[], datetime]

    def look_up(self, name: str) -> LedgerRow:
        """A complaint by its id or its number.

        Raises:
            NotFound: none, or several with that number.
        """
        try:
            row = self.ledger.queries.get(UUID(name))
            found = [row] if row else []
        except ValueError:
            found = list(self.ledger.queries.find(name.strip().upper()))
        if not found:
            raise NotFound(f"tidak ada pengaduan {name}")
        if len(found) > 1:
            ids = ", ".join(str(row.complaint_id) for row in found)
            raise NotFound(f"nomor {name} dimiliki beberapa pengaduan; pakai salah satu id: {ids}")
        return found[0]

    def claim_next(self) -> LedgerRow | None:
        """Take the oldest waiting complaint in hand; None when nothing waits."""
        for row in self.waiting():
            try:
                return self.ledger.claim(row, self.by, self.now(), None, MODE)
            except Stale:
                continue  # Another operator took it just now.
        return None

    def waiting(self) -> Iterator[LedgerRow]:
        """What a person may take in hand now, oldest first.

        The rules are asked again: a complaint may wait in the ledger while the worker that would
        have linked or excluded it is down or has not come to it yet.
        """
        now = self.now()
        seen: list[UUID] = []
        while rows := self.ledger.queries.due(now, _CANDIDATES, seen):
            for row in rows:
                seen.append(row.complaint_id)
                if self._is_for_entry(row, now):
                    yield row

    def done(self, row: LedgerRow, tracking_id: str, note: str | None = None) -> LedgerRow:
        """It was typed into LAPOR and got this number.

        Raises:
            NotAllowed, Stale, TrackingIdTaken.
        """
        number = _number(tracking_id)
        if row.state is State.RECEIVED:
            claimed = self.ledger.claim(row, self.by, self.now(), None, MODE)
            row = claimed or row
        _in_a_persons_hand(row)
        return self._entered(row, "entered_by_hand", number, note)

    def found(self, row: LedgerRow, tracking_id: str, note: str | None = None) -> LedgerRow:
        """An uncertain or refused one stands in LAPOR after all, under this number.

        Raises:
            NotAllowed, Stale, TrackingIdTaken.
        """
        if row.state not in (State.UNKNOWN, State.PARKED):
            raise NotAllowed("hanya pengaduan yang belum pasti atau ditolak dapat ditemukan")
        return self._entered(row, "found_in_lapor", _number(tracking_id), note)

    def resend(self, row: LedgerRow, note: str | None = None) -> LedgerRow:
        """It is not in LAPOR and shall be entered (again), whatever held it back."""
        if row.state is State.SENDING:
            raise NotAllowed("pengaduan ini sedang dikirim; tidak perlu dikirim ulang")
        return self.ledger.move(
            row, State.RECEIVED, self.by, "sent_again", self.now(), clean_note(note),
            next_try_at=None,
        )  # fmt: skip

    def exclude(self, row: LedgerRow, reason: str, note: str | None = None) -> LedgerRow:
        """It does not belong into LAPOR, for a reason that stays readable."""
        words = clean_note("; ".join(part for part in (reason, note) if part))
        if not words:
            raise NotAllowed("alasan wajib diisi")
        return self.ledger.move(row, State.EXCLUDED, self.by, "excluded", self.now(), words)

    def release(self, row: LedgerRow, note: str | None = None) -> LedgerRow:
        """Give back one that a person had taken in hand; it was not entered."""
        _in_a_persons_hand(row)
        back = self.ledger.move(
            row, State.RECEIVED, self.by, "given_back", self.now(), clean_note(note)
        )
        # Whoever enters it now passes its files on as well.
        self.ledger.attachments.hand_back(row.complaint_id, self.now())
        return back

    def linked_as_well(self, row: LedgerRow) -> str | None:
        """A word of warning when other complaints are linked to the number of this one.

        That may be right: LAPOR forwarded what we had just typed in. Or somebody found an older
        report in LAPOR and gave its number to a complaint that was never entered.
        """
        linked = self.ledger.queries.linked_under(row.tracking_id) if row.tracking_id else ()
        if not linked:
            return None
        names = ", ".join(other.reference for other in linked)
        return (
            f"Perhatian: {names} ditautkan ke tracking id {row.tracking_id} yang sama. Bila "
            f"laporan itu ada di LAPOR! sebelum {row.reference} dimasukkan, periksa lagi nomornya."
        )

    def send_files_again(self, row: LedgerRow, note: str | None = None) -> int:
        """LAPOR does not have the files whose sending was uncertain or refused; how many."""
        count = self.ledger.attachments.send_again(row.complaint_id, self.now())
        if count == 0:
            raise NotAllowed("tidak ada lampiran yang belum pasti atau ditolak")
        self.ledger.note(
            row.complaint_id, self.by, "files_sent_again", self.now(), clean_note(note)
        )
        return count

    def files_saved(self, row: LedgerRow, count: int) -> None:
        """Put on record that copies of the attachments were opened and saved.

        Of one that a person enters, or that is in LAPOR, the person puts them in as well: from
        here on the worker leaves them alone, in every mode.
        """
        self.ledger.note(row.complaint_id, self.by, "files_saved", self.now(), f"{count} lampiran")
        by_hand = row.state is State.SENDING and row.claim_until is None
        if by_hand or row.state in (State.ENTERED, State.LINKED):
            self.ledger.attachments.hand_out(row.complaint_id, self.now())

    def identity_shown(self, row: LedgerRow, reason: str) -> None:
        """Put on record that the reporter's identity is about to be shown, and why."""
        words = clean_note(reason)
        if not words:
            raise NotAllowed("alasan wajib diisi untuk melihat identitas")
        self.ledger.note(row.complaint_id, self.by, "identity_shown", self.now(), words)

    def _is_for_entry(self, row: LedgerRow, now: datetime) -> bool:
        event, queries = row.event(), self.ledger.queries
        parent = queries.get(event.relates_to) if event.relates_to is not None else None
        sent_back = queries.was_sent_back(row.complaint_id)
        # A place that is still missing holds back the worker, not a person who reads the text.
        decision = decide(
            event, row, parent, assisted=True, hold_seconds=0, sent_back=sent_back, now=now
        )
        return isinstance(decision, WaitForOperator)

    def _entered(
        self, row: LedgerRow, reason: str, tracking_id: str, note: str | None
    ) -> LedgerRow:
        try:
            return self.ledger.move(
                row, State.ENTERED, self.by, reason, self.now(), clean_note(note),
                tracking_id=tracking_id, mode=row.mode or MODE,
            )  # fmt: skip
        except TrackingIdTaken:
            other = self.ledger.queries.by_tracking_id(tracking_id)
            name = other.reference if other else "lain"
            raise TrackingIdTaken(
                f"tracking id {tracking_id} sudah dipakai pengaduan {name}; periksa nomornya di "
                "LAPOR!. Satu nomor hanya untuk satu pengaduan."
            ) from None


def clean_note(note: str | None) -> str | None:
    """A note as it is kept: short, and without numbers that name a person."""
    words = tokenize((note or "").strip())[0][:_MAX_NOTE_CHARS]
    return words or None


def _in_a_persons_hand(row: LedgerRow) -> None:
    if row.state is not State.SENDING or row.claim_until is not None:
        raise NotAllowed("pengaduan ini tidak sedang dipegang operator; lihat `gateway entry show`")


def _number(tracking_id: str) -> str:
    number = tracking_id.strip().removeprefix("#")
    if not (number.isascii() and number.isdigit() and int(number) > 0):
        raise NotAllowed("tracking id LAPOR! hanya berisi angka, misalnya 9165816")
    return number
