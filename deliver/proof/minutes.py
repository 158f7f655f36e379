"""The minutes of a closed day (berita acara): one A4 page to print, sign and keep.

The same closing, settings and time of printing give the same bytes.
"""

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from xml.sax.saxutils import escape

from reportlab.lib import colors
from reportlab.lib.enums import TA_CENTER, TA_JUSTIFY
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.platypus import (
    Flowable,
    HRFlowable,
    KeepInFrame,
    Paragraph,
    SimpleDocTemplate,
    Spacer,
    Table,
    TableStyle,
)

from deliver.proof.chain import GENESIS, ClosedDay
from deliver.proof.settings import ProofSettings
from deliver.proof.words import CHANNEL_LABELS
from deliver.reconcile import COLUMNS, Column

_MARGIN = 18 * mm
_WIDTH, _HEIGHT = A4[0] - 2 * _MARGIN, A4[1] - 2 * 12 * mm
_CHANNEL_WIDTH = 31 * mm

#: Room on one page beside every channel; all of them are in `gateway reconcile`.
_NAMED = 6
_NAMED_CHARS = 150

_DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
_MONTHS = (
    *("Januari", "Februari", "Maret", "April", "Mei", "Juni"),
    *("Juli", "Agustus", "September", "Oktober", "November", "Desember"),
)
_HEADINGS: Mapping[Column, str] = {
    **COLUMNS,
    "entered": "Masuk LAPOR!",
    "excluded": "Dike-<br/>cualikan",
    "sending": "Sedang dikirim",
    "unaccounted": "Tak ter-<br/>hitung",
    "waiting": "Me-<br/>nunggu",
}

_BODY = ParagraphStyle("body", fontName="Times-Roman", fontSize=10.5, leading=13.5)
_JUSTIFIED = ParagraphStyle("justified", _BODY, alignment=TA_JUSTIFY)
_CENTERED = ParagraphStyle("centered", _BODY, alignment=TA_CENTER)
_HEAD = ParagraphStyle("head", _CENTERED, fontName="Times-Bold", fontSize=13, leading=16)
_CELL = ParagraphStyle("cell", _CENTERED, fontName="Times-Bold", fontSize=6.5, leading=7.5)
_SMALL = ParagraphStyle("small", _BODY, fontSize=8, leading=10)
_HASH = ParagraphStyle("hash", _BODY, fontName="Courier", fontSize=8.5, leading=11)


@dataclass(frozen=True, slots=True)
class Minutes:
    """What the page is made from. ``version`` is the program's."""

    closed: ClosedDay
    settings: ProofSettings
    zone: tzinfo
    version: str
    printed_at: datetime


def minutes_pdf(minutes: Minutes) -> bytes:
    """The page as PDF."""
    out = io.BytesIO()
    name = f"Berita Acara Rekonsiliasi Pengaduan {minutes.closed.day.isoformat()}"
    # invariant: no time of making and no random id in the file.
    document = SimpleDocTemplate(
        out,
        pagesize=A4,
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=12 * mm,
        bottomMargin=12 * mm,
        title=name,
        author=minutes.settings.unit,
        lang="id",
        invariant=1,
    )
    page = [
        *_letterhead(minutes),
        *_opening(minutes),
        _table(json.loads(minutes.closed.numbers)),
        *_statement(json.loads(minutes.closed.numbers)),
        *_seal(minutes),
        *_signatures(minutes.settings),
        *_footer(minutes),
    ]
    # One page, whatever stands in the settings: more than fits is set smaller.
    document.build([KeepInFrame(_WIDTH - 12, _HEIGHT - 12, page, mode="shrink")])
    return out.getvalue()


def groups(digest: str) -> str:
    """A hash as people can compare it: sixteen groups of four."""
    return " ".join(digest[start : start + 4] for start in range(0, len(digest), 4))


def long_date(day: date) -> str:
    """``Senin, 2 Maret 2026``."""
    return f"{_DAYS[day.weekday()]}, {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _letterhead(minutes: Minutes) -> list[Flowable]:
    return [
        Paragraph(escape(minutes.settings.government.upper()), _HEAD),
        Paragraph(escape(minutes.settings.unit.upper()), _HEAD),
        Spacer(1, 2 * mm),
        HRFlowable(width="100%", thickness=1.6, color=colors.black, spaceAfter=1),
        HRFlowable(width="100%", thickness=0.5, color=colors.black, spaceAfter=4 * mm),
        Paragraph("<u>BERITA ACARA REKONSILIASI PENGADUAN</u>", _HEAD),
        Paragraph(f"Hari {long_date(minutes.closed.day)}", _CENTERED),
        Spacer(1, 4 * mm),
    ]


def _opening(minutes: Minutes) -> list[Flowable]:
    closed_on = minutes.closed.closed_at.astimezone(minutes.zone)
    basis = escape(minutes.settings.legal_basis)
    text = (
        f"Pada hari {long_date(closed_on.date())} pukul {_clock(closed_on)}, untuk melaksanakan "
        f"{basis}, telah dicocokkan seluruh pengaduan yang diterima pada hari "
        f"{long_date(minutes.closed.day)} melalui setiap kanal dengan pengaduan yang dimasukkan ke "
        "dalam aplikasi LAPOR!-SP4N, dengan hasil sebagai berikut:"
    )
    return [Paragraph(text, _JUSTIFIED), Spacer(1, 3 * mm)]


def _table(numbers: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Table:
    channels, sources = numbers["channels"], numbers["sources"]
    headings = ["Kanal", "Diterima", *(_HEADINGS[column] for column in COLUMNS)]
    headings += ["Dihitung sumber", "Selisih sumber"]
    rows: list[list[str | Paragraph]] = [[Paragraph(heading, _CELL) for heading in headings]]
    for channel, label in CHANNEL_LABELS.items():
        rows.append([label, *_row(channels.get(channel, {}), sources.get(channel))])
    total = {
        name: sum(one.get(name, 0) for one in channels.values()) for name in ("received", *COLUMNS)
    }
    counted = {name: sum(one[name] for one in sources.values()) for name in ("listed", "missing")}
    rows.append(["Jumlah", *_row(total, counted if sources else None)])
    width = (_WIDTH - 12 - _CHANNEL_WIDTH) / (len(headings) - 1)
    table = Table(rows, [_CHANNEL_WIDTH, *[width] * (len(headings) - 1)], repeatRows=1)
    table.setStyle(
        TableStyle(
            [
                ("FONT", (0, 1), (-1, -1), "Times-Roman", 8.5),
                ("FONT", (0, -1), (-1, -1), "Times-Bold", 8.5),
                ("ALIGN", (1, 1), (-1, -1), "CENTER"),
                ("VALIGN", (0, 0), (-1, -1), "MIDDLE"),
                ("GRID", (0, 0), (-1, -1), 0.4, colors.black),
                ("LINEABOVE", (0, -1), (-1, -1), 1, colors.black),
                ("BACKGROUND", (0, 0), (-1, 0), colors.whitesmoke),
                ("LEFTPADDING", (0, 0), (-1, -1), 1),
                ("LEFTPADDING", (0, 1), (0, -1), 3),
                ("RIGHTPADDING", (0, 0), (-1, -1), 1),
                ("TOPPADDING", (0, 0), (-1, -1), 1.2),
                ("BOTTOMPADDING", (0, 0), (-1, -1), 2.2),
            ]
        )
    )
    return table


def _row(counts: Mapping[str, int], source: Mapping[str, int] | None) -> list[str]:
    cells = [str(counts.get("received", 0)), *(_cell(counts.get(name, 0)) for name in COLUMNS)]
    at_source = [str(source["listed"]), str(source["missing"])] if source is not None else ["", ""]
    return [*cells, *at_source]


def _cell(count: int) -> str:
    return str(count) if count else "–"


def _statement(numbers: Mapping[str, object]) -> list[Flowable]:
    found, named = numbers["findings"], numbers["named"]
    assert isinstance(named, list)  # noqa: S101 as it was closed
    explained = Paragraph(
        "Diterima = Masuk LAPOR! + Tertaut + Dikecualikan + Ditahan + Sedang dikirim + Belum pasti "
        "+ Ditolak + Menunggu + Tak terbaca + Tak terhitung. Kolom <i>sumber</i> berisi hitungan "
        "yang diberikan sumbernya sendiri (nomor pembaruan, UID, daftar penyedia, jumlah slip); "
        "kosong bila sumber tidak dapat menghitung.",
        _SMALL,
    )
    if not found:
        text = (
            "Pengaduan yang tak terhitung: <b>0 (nihil)</b>. Seluruh pengaduan yang diterima "
            "tercatat keadaannya."
        )
        return [Spacer(1, 1.5 * mm), explained, Spacer(1, 3 * mm), Paragraph(text, _JUSTIFIED)]
    lines = [
        Paragraph(f"{number}. {escape(_shortened(str(what)))}", _SMALL)
        for number, what in enumerate(named[:_NAMED], 1)
    ]
    more = int(str(found)) - len(lines)
    if more > 0:
        lines.append(Paragraph(f"dan {more} lagi; lihat <i>gateway reconcile</i>.", _SMALL))
    head = Paragraph(f"<b>Terdapat {found} hal yang tidak cocok</b>, yaitu:", _JUSTIFIED)
    return [Spacer(1, 1.5 * mm), explained, Spacer(1, 3 * mm), head, *lines]


def _shortened(text: str) -> str:
    return text if len(text) <= _NAMED_CHARS else text[: _NAMED_CHARS - 1] + "…"


def _seal(minutes: Minutes) -> list[Flowable]:
    closed = minutes.closed
    before = "(hari pertama)" if closed.previous_hash == GENESIS else groups(closed.previous_hash)
    return [
        Spacer(1, 3 * mm),
        Paragraph(
            f"Hari tersebut ditutup oleh {escape(closed.closed_by)} atas {closed.rows} baris "
            f"riwayat (sampai baris {closed.through_seq}) dengan hash SHA-256:",
            _BODY,
        ),
        Paragraph(groups(closed.hash), _HASH),
        Paragraph("Hash penutupan sebelumnya:", _BODY),
        Paragraph(before, _HASH),
    ]


def _signatures(settings: ProofSettings) -> list[Flowable]:
    roles: Sequence[str] = settings.signed_by
    blank = "." * 38
    cells: list[list[str | Paragraph]] = [
        [Paragraph(escape(role) + ",", _CENTERED) for role in roles],
        ["" for _ in roles],
        [Paragraph(f"({blank})<br/>NIP. {blank}", _CENTERED) for _ in roles],
    ]
    table = Table(cells, [(_WIDTH - 12) / len(roles)] * len(roles), [None, 17 * mm, None])
    place = ParagraphStyle("place", _BODY, alignment=2)
    return [
        Spacer(1, 4 * mm),
        Paragraph("Demikian berita acara ini dibuat dengan sebenarnya.", _BODY),
        Paragraph(f"{escape(settings.place)}, {'.' * 40}", place),
        Spacer(1, 2 * mm),
        table,
    ]


def _footer(minutes: Minutes) -> list[Flowable]:
    printed = minutes.printed_at.astimezone(minutes.zone)
    return [
        Spacer(1, 3 * mm),
        HRFlowable(width="100%", thickness=0.4, color=colors.grey, spaceAfter=1 * mm),
        Paragraph(
            f"Dicetak {long_date(printed.date())} pukul {_clock(printed)} dengan Pintu Aduan "
            f"{escape(minutes.version)}. Keutuhannya dapat diperiksa dengan "
            "<i>gateway ledger verify --paper HASH</i>.",
            _SMALL,
        ),
    ]


def _clock(moment: datetime) -> str:
    return f"{moment.strftime('%H.%M')} {moment.tzname()}"
