"""What LAPOR has of an erased person, ready for a request to those who run LAPOR."""

import csv
import io
from collections.abc import Sequence
from datetime import date

from deliver.rows import LedgerRow
from deliver.states import State
from normalizer.event import ReporterStatus

_HEADER = ("Nomor pengaduan kami", "Tracking ID LAPOR!", "Cara masuk", "Sejak", "Keterangan")


def in_lapor(rows: Sequence[LedgerRow]) -> Sequence[tuple[str, ...]]:
    """Those that LAPOR has or may have. Nothing of who complained stands in it."""
    return [_line(row) for row in rows if _may_be_there(row)]


def as_csv(rows: Sequence[LedgerRow]) -> str:
    """The list alone, for a spreadsheet."""
    text = io.StringIO()
    csv.writer(text).writerows((_HEADER, *in_lapor(rows)))
    return text.getvalue()


def as_letter(rows: Sequence[LedgerRow], day: date) -> str:
    """A letter to be put on the office's paper; who it is about is told on another way."""
    lines = [f"{n}. {' | '.join(line)}" for n, line in enumerate(in_lapor(rows), start=1)]
    return "\n".join(
        (
            f"Tanggal: {day.isoformat()}",
            "Kepada: Pengelola SP4N-LAPOR!",
            "Perihal: Permintaan penghapusan data pribadi pelapor",
            "",
            "Atas permintaan subjek data pribadi (UU Nomor 27 Tahun 2022 Pasal 8, 43 dan 44),",
            "kami telah menghapus identitas pelapor dari sistem kami. Laporan berikut telah kami",
            "teruskan ke LAPOR! dan dapat memuat identitas pelapor. Mohon identitas tersebut",
            "dihapus dan hasilnya diberitahukan kepada kami (Pasal 45).",
            "",
            " | ".join(_HEADER),
            *(lines or ["(tidak ada)"]),
            "",
        )
    )


def _may_be_there(row: LedgerRow) -> bool:
    return row.state in (State.ENTERED, State.LINKED, State.UNKNOWN) or row.attempts > 0


def _line(row: LedgerRow) -> tuple[str, ...]:
    event = row.event()
    number = row.tracking_id or row.linked_tracking_id
    if row.state is State.LINKED:
        said = "sudah ada di LAPOR!, bukan dari kami"
    elif number is None:
        said = "mungkin ada: dikirim tanpa jawaban; cari nomor kami dalam isi laporan"
    elif event.hide_identity or event.reporter.status is not ReporterStatus.KNOWN:
        said = "dimasukkan tanpa identitas pelapor"
    else:
        said = "dapat memuat nama dan kontak pelapor"
    return (row.reference, number or "-", row.mode or "-", row.state_at.date().isoformat(), said)
