"""The berita acara: one page, everything on it, the same bytes for the same day."""

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import pypdf
import pypdfium2  # type: ignore[import-untyped]
import pytest

from deliver.proof.chain import GENESIS, ClosedDay, canonical
from deliver.proof.minutes import Minutes, groups, long_date, minutes_pdf
from deliver.proof.settings import ProofSettings
from deliver.proof.words import CHANNEL_LABELS
from deliver.reconcile import COLUMNS
from normalizer.event import Channel
from tests.deliver.conftest import JAKARTA

LINE = {str(name): 0 for name in COLUMNS} | {
    "received": 12,
    "entered": 9,
    "linked": 2,
    "waiting": 1,
}
SOURCE = {"listed": 13, "accounted": 12, "ignored": 0, "on_its_way": 0, "missing": 1}
FULL = {
    "channels": dict.fromkeys(Channel, LINE),
    "sources": dict.fromkeys(Channel, SOURCE),
    "findings": 25,
    "named": [f"telegram/bot<{at}> & co: pembaruan {at} " + "x" * 300 for at in range(20)],
}
QUIET = {"channels": {"sms": LINE}, "sources": {}, "findings": 0, "named": []}


def minutes(numbers: Mapping[str, object], **settings: object) -> Minutes:
    closed = ClosedDay(
        day=date(2026, 3, 2),
        closed_at=datetime(2026, 3, 2, 17, 31, tzinfo=UTC),
        closed_by="worker-1",
        through_seq=1234,
        rows=88,
        numbers=canonical(numbers),
        manifest="{}",
        previous_hash=GENESIS,
        hash="",
    )
    closed = replace(closed, hash=closed.computed_hash())
    printed = datetime(2026, 3, 3, 1, 5, tzinfo=UTC)
    return Minutes(closed, ProofSettings.model_validate(settings), JAKARTA, "0.1.0", printed)


def text_of(pdf: bytes) -> str:
    (page,) = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return page.extract_text()


def test_a_quiet_day() -> None:
    made = minutes(QUIET)
    text = " ".join(text_of(minutes_pdf(made)).split())
    for expected in (
        "BERITA ACARA REKONSILIASI PENGADUAN",
        "Hari Senin, 2 Maret 2026",
        "Pada hari Selasa, 3 Maret 2026 pukul 00.31 WIB",
        "Pasal 6 ayat (2) Peraturan Bupati Ngawi Tahun 2022",
        "0 (nihil)",
        "88 baris riwayat",
        groups(made.closed.hash),
        "(hari pertama)",
        "Operator SP4N-LAPOR!,",
        "Pintu Aduan 0.1.0",
        *CHANNEL_LABELS.values(),
    ):
        assert expected in text
    assert "SMS 12 9 2" in text


def test_a_bad_day_is_still_one_page_and_says_so() -> None:
    made = minutes(
        FULL,
        unit="Dinas " + "Komunikasi dan Informatika " * 6,
        legal_basis="Pasal 6 ayat (2) " * 40,
        signed_by=("Operator", "Pejabat Penghubung", "Inspektur"),
    )
    made = replace(made, closed=replace(made.closed, previous_hash="ab" * 32))
    text = " ".join(text_of(minutes_pdf(made)).split())
    assert "Terdapat 25 hal yang tidak cocok" in text
    assert "1. telegram/bot<0> & co: pembaruan 0" in text
    assert "dan 19 lagi" in text
    assert "abab abab" in text
    assert "Jumlah 156 117 26" in text
    assert "169 13" in text


@pytest.mark.parametrize("numbers", [QUIET, FULL], ids=["quiet", "full"])
def test_the_same_day_gives_the_same_bytes(numbers: Mapping[str, object]) -> None:
    assert minutes_pdf(minutes(numbers)) == minutes_pdf(minutes(numbers))


def test_nothing_runs_out_of_the_page() -> None:
    pdf = pypdfium2.PdfDocument(minutes_pdf(minutes(FULL)))
    try:
        assert len(pdf) == 1
        picture = pdf[0].render(scale=1, grayscale=True).to_pil()
    finally:
        pdf.close()
    width, height = picture.size
    edge = 20  # pixels of 1/72 inch: a printer's own margin
    inner = picture.crop((edge, edge, width - edge, height - edge))
    assert inner.getextrema()[0] < 100, "something is on it"
    for box in (
        (0, 0, width, edge),
        (0, height - edge, width, height),
        (0, 0, edge, height),
        (width - edge, 0, width, height),
    ):
        assert picture.crop(box).getextrema() == (255, 255)


def test_a_hash_in_groups_and_a_date_in_words() -> None:
    assert groups("0123456789ab") == "0123 4567 89ab"
    assert long_date(date(2026, 8, 17)) == "Senin, 17 Agustus 2026"
    assert json.loads(minutes(QUIET).closed.numbers)["findings"] == 0
