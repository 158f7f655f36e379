"""What an operator may do on the pages, and in which states; the desk does it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deliver.console.site import Posted
from deliver.desk import MODE, Desk, clean_note
from deliver.ledger import NotAllowed
from deliver.rows import HistoryRow, LedgerRow
from deliver.states import State, Who

#: Waits in ``sending`` for a person, not for a worker.
_IN_HAND = frozenset({State.SENDING})


@dataclass(frozen=True, slots=True)
class Action:
    """One form. ``name`` stands in its address."""

    name: str
    title: str
    explanation: str
    button: str
    states: frozenset[State]
    #: What it writes into the history.
    reason: str
    do: Callable[[Desk, LedgerRow, Posted], object]
    takes_number: bool = False
    note_label: str = "Catatan"
    needs_note: bool = True
    #: In words, what has been done.
    done: str = ""
    #: Only where people type the complaints in.
    only_by_hand: bool = False


def _take(desk: Desk, row: LedgerRow, _: Posted) -> object:
    return desk.ledger.claim(row, desk.by, desk.now(), None, MODE)


def _found(desk: Desk, row: LedgerRow, posted: Posted) -> object:
    return desk.found(row, posted["nomor"], posted["catatan"])


def _done(desk: Desk, row: LedgerRow, posted: Posted) -> object:
    return desk.done(row, posted["nomor"], posted.get("catatan"))


def _resend(desk: Desk, row: LedgerRow, posted: Posted) -> object:
    return desk.resend(row, posted["catatan"])


def _exclude(desk: Desk, row: LedgerRow, posted: Posted) -> object:
    return desk.exclude(row, posted["catatan"])


def _release(desk: Desk, row: LedgerRow, posted: Posted) -> object:
    return desk.release(row, posted["catatan"])


def _files(desk: Desk, row: LedgerRow, posted: Posted) -> object:
    return desk.send_files_again(row, posted["catatan"])


_FOUND = Action(
    "ditemukan", "Ada di LAPOR!",
    "Sudah dicari di LAPOR! dan ditemukan. Salin nomornya ke sini.",
    "Simpan nomor", frozenset({State.UNKNOWN, State.PARKED}), "found_in_lapor", _found,
    takes_number=True, done="Nomor LAPOR! tersimpan.",
)  # fmt: skip
_DONE = Action(
    "selesai", "Sudah dimasukkan",
    "Sudah diketik di LAPOR!. Salin nomor yang diberikan LAPOR! ke sini.",
    "Simpan nomor", _IN_HAND, "entered_by_hand", _done,
    takes_number=True, needs_note=False, done="Tersimpan: aduan ini sudah di LAPOR!.",
)  # fmt: skip
_RESEND = Action(
    "kirim-ulang", "Masukkan (lagi)",
    "Aduan ini belum ada di LAPOR! dan harus dimasukkan.",
    "Masukkan ke antrean",
    frozenset({State.UNKNOWN, State.PARKED, State.HELD, State.EXCLUDED, State.LINKED}),
    "sent_again", _resend, done="Kembali ke antrean untuk dimasukkan ke LAPOR!.",
)  # fmt: skip
_TAKE = Action(
    "ambil", "Ambil aduan ini",
    "Anda akan mengetiknya di LAPOR!; operator lain tidak mendapatnya lagi.",
    "Ambil", frozenset({State.RECEIVED}), "claimed", _take,
    needs_note=False, done="Aduan ini sekarang di tangan Anda.", only_by_hand=True,
)  # fmt: skip
_RELEASE = Action(
    "lepas", "Lepaskan",
    "Tidak jadi dimasukkan sekarang; operator lain dapat mengambilnya.",
    "Lepaskan", _IN_HAND, "given_back", _release, done="Dikembalikan ke antrean.",
)  # fmt: skip
_FILES = Action(
    "lampiran", "Kirim ulang lampiran",
    "LAPOR! tidak punya lampirannya: kirim sekali lagi.",
    "Kirim ulang lampiran", frozenset(State), "files_sent_again", _files,
    done="Lampiran dikirim ulang.",
)  # fmt: skip
_EXCLUDE = Action(
    "kecualikan", "Kecualikan",
    "Bukan untuk LAPOR!. Tetap tercatat dengan alasannya, dan dapat dibatalkan.",
    "Kecualikan", frozenset({State.RECEIVED, State.HELD, State.PARKED, State.UNKNOWN}),
    "excluded", _exclude, note_label="Alasan", done="Dikecualikan.",
)  # fmt: skip

#: In the order of the page.
ACTIONS: Mapping[str, Action] = {
    action.name: action for action in (_FOUND, _DONE, _RESEND, _TAKE, _RELEASE, _FILES, _EXCLUDE)
}


def possible(action: Action, row: LedgerRow, *, by_hand: bool, resendable: bool) -> bool:
    """Whether the page offers it for a complaint as it stands."""
    if row.state not in action.states or (action.only_by_hand and not by_hand):
        return False
    if action.name == _FILES.name:
        return resendable
    return action.states != _IN_HAND or row.claim_until is None


def must_be_sure(action: Action, row: LedgerRow) -> bool:
    """Whether it could put a complaint into LAPOR twice: then it is asked again."""
    return action.name == _RESEND.name and row.state is State.UNKNOWN


def missing_words(action: Action, posted: Posted) -> str:
    """What the form lacks, as a sentence; empty when it is complete."""
    if action.takes_number and not posted.get("nomor", "").strip():
        return "Isi nomor LAPOR! (tracking id)."
    if action.needs_note and not clean_note(posted.get("catatan")):
        return f"{action.note_label} wajib diisi."
    return ""


def perform(action: Action, desk: Desk, row: LedgerRow, posted: Posted) -> None:
    """Have the desk do it. Blocks.

    Raises:
        NotAllowed, Stale, TrackingIdTaken: nothing was changed.
    """
    if row.state not in action.states:
        raise NotAllowed("tindakan ini tidak berlaku untuk keadaan aduan sekarang")
    posted = {"nomor": "", "catatan": "", **posted}
    action.do(desk, row, posted)


def done_already(
    action: Action, desk: Desk, row: LedgerRow, last: HistoryRow, posted: Posted
) -> bool:
    """Whether the same person has just done the same with the same words: a double click."""
    same_words = last.note == clean_note(posted.get("catatan"))
    number = posted.get("nomor", "").strip().removeprefix("#")
    same_number = not action.takes_number or row.tracking_id == number
    by_us = last.who is Who.OPERATOR and last.actor == desk.by.name
    return by_us and last.reason == action.reason and same_words and same_number
