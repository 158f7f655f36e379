"""The numbers that come back in a file: each row judged by itself, and said so."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from deliver.desk import Desk, NotFound
from deliver.labels import STATE_LABELS
from deliver.lapor.file_back import BackRow
from deliver.ledger import LedgerConflict, Stale
from deliver.rows import LedgerRow
from deliver.states import State
from normalizer.identity import parse_reference


class Told(StrEnum):
    """What became of a row."""

    ENTERED = "entered"
    #: The ledger has it under this number already.
    REPEATED = "repeated"
    #: No number yet.
    WAITING = "waiting"
    #: Not believed; a person looks at it. Nothing was changed.
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row's outcome. ``reference`` is empty for a row of no complaint of ours."""

    line: int
    reference: str
    told: Told
    words: str = ""


def take_back(desk: Desk, rows: Sequence[BackRow], prefix: str) -> Iterator[Outcome]:
    """Enter every row that can be believed; the outcomes in the order of the rows.

    ``prefix`` is the one of our numbers. The same rows again change nothing. May raise
    LedgerUnavailable between two rows.
    """
    read = [replace(row, reference=parse_reference(row.reference, prefix) or "") for row in rows]
    doubts = _doubts(read)
    for row in read:
        yield _one(desk, row, doubts)


def _one(desk: Desk, row: BackRow, doubts: Mapping[int, str]) -> Outcome:
    if not row.reference:
        # The cell may hold anything, a name as well: it is not repeated.
        return Outcome(row.line, "", Told.REFUSED, "kosong, atau bukan nomor pengaduan kami")
    try:
        found = desk.look_up(row.reference)
    except NotFound as unknown:
        return Outcome(row.line, row.reference, Told.REFUSED, str(unknown))
    told, words = _judged(desk, row, found, doubts.get(row.line))
    return Outcome(row.line, found.reference, told, words)


def _judged(desk: Desk, row: BackRow, found: LedgerRow, doubt: str | None) -> tuple[Told, str]:
    if row.problem is not None:
        return Told.REFUSED, row.problem
    if found.state is State.ENTERED:
        if found.tracking_id == row.tracking_id:
            return Told.REPEATED, f"sudah masuk dengan tracking id {found.tracking_id}"
        if row.tracking_id:
            return Told.REFUSED, f"sudah masuk dengan tracking id lain, {found.tracking_id}"
        return Told.REPEATED, f"sudah masuk; nomornya {found.tracking_id} tidak ada di berkas ini"
    if not row.tracking_id:
        return Told.WAITING, "belum ada tracking id"
    if doubt is not None and desk.ledger.queries.by_tracking_id(row.tracking_id) is None:
        return Told.REFUSED, doubt
    if refusal := _not_from_a_file(found):
        return Told.REFUSED, refusal
    try:
        entered = desk.done(found, row.tracking_id, f"impor berkas, baris {row.line}")
    except Stale:
        return Told.REFUSED, "keadaannya baru saja berubah; impor sekali lagi"
    except LedgerConflict as conflict:
        return Told.REFUSED, str(conflict)
    warning = desk.linked_as_well(entered)
    words = f"masuk LAPOR! dengan tracking id {entered.tracking_id}"
    return Told.ENTERED, f"{words}. {warning}" if warning else words


def _not_from_a_file(found: LedgerRow) -> str | None:
    """Why a number from a file is not enough for a complaint in this state."""
    if found.state is State.SENDING and found.claim_until is not None:
        return "sedang dikirim worker; impor lagi sebentar kemudian"
    if found.state in (State.SENDING, State.RECEIVED):
        # Given back too early: LAPOR has it, and nobody may send it a second time.
        return None
    if found.state in (State.UNKNOWN, State.PARKED):
        return (
            f"{STATE_LABELS[found.state]}; bila nomor ini benar di LAPOR!: gateway entry found "
            f"{found.reference} NOMOR_TRACKING"
        )
    return (
        f"{STATE_LABELS[found.state]}; periksa di LAPOR!, lalu bila perlu: gateway entry resend "
        f"{found.reference} dan impor lagi"
    )


def _doubts(rows: Sequence[BackRow]) -> Mapping[int, str]:
    """By line: one number for two complaints, or two for one. Neither is believed then."""
    complaints: defaultdict[str, set[str]] = defaultdict(set)
    numbers: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.reference and row.tracking_id and row.problem is None:
            complaints[row.tracking_id].add(row.reference)
            numbers[row.reference].add(row.tracking_id)
    doubts: dict[int, str] = {}
    for row in rows:
        if len(complaints[row.tracking_id]) > 1:
            others = _listed(complaints[row.tracking_id] - {row.reference})
            doubts[row.line] = (
                f"tracking id {row.tracking_id} juga diberikan kepada {others} dalam berkas ini; "
                "satu nomor hanya untuk satu pengaduan"
            )
        elif len(numbers[row.reference]) > 1:
            doubts[row.line] = (
                f"lebih dari satu tracking id dalam berkas ini: {_listed(numbers[row.reference])}"
            )
    return doubts


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names))
