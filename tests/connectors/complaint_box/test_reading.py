"""Dates, places and columns as people write them."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.complaint_box.columns import Column, recognise
from connectors.complaint_box.dates import read_date
from connectors.complaint_box.places import read_place
from normalizer.gazetteer import load_gazetteer

GAZETTEER = load_gazetteer()


@pytest.mark.parametrize(
    "written",
    [
        "9/11/2026",
        "09/11/2026",
        "9-11-2026",
        "9.11.26",
        "9 11 2026",
        "2026-11-09",
        "2026-11-09 00:00:00",
        "9 November 2026",
        "9 Nopember 2026",
        "9-Nov-26",
        "Senin, 9 Nov. 2026",
        "  9   november   2026 ",
    ],
)
def test_dates_are_read_day_first(written: str) -> None:
    assert read_date(written) == date(2026, 11, 9)


@pytest.mark.parametrize(
    "written", ["", "kemarin", "11/13/2026", "31/2/2026", "9/11", "2026", "0/0/0000", "9 Foo 2026"]
)
def test_what_is_no_date_is_none(written: str) -> None:
    assert read_date(written) is None


@given(st.dates(date(2000, 1, 1), date(2099, 12, 31)))
def test_every_day_survives_both_spellings(day: date) -> None:
    assert read_date(f"{day:%d/%m/%Y}") == day
    assert read_date(day.isoformat()) == day


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("Desa Babadan, Kec. Paron", ["Desa Babadan, Kec. Paron"]),
        ("babadan, paron", ["Desa Babadan, Kec. Paron"]),
        ("Ds. Babadan Kec. Paron", ["Desa Babadan, Kec. Paron"]),
        ("ds.babadan kec.paron", ["Desa Babadan, Kec. Paron"]),
        ("Kecamatan Paron, Desa Babadan", ["Desa Babadan, Kec. Paron"]),
        ("Babadan, Paron, Kab. Ngawi", ["Desa Babadan, Kec. Paron"]),
        ("Kec. Paron", ["Kec. Paron"]),
        ("Kab. Ngawi", ["Kab. Ngawi"]),
        (
            "Babadan",
            [
                "Desa Babadan, Kec. Ngrambe",
                "Desa Babadan, Kec. Paron",
                "Desa Babadan, Kec. Pangkur",
            ],
        ),
        ("Surabaya", []),
        ("Desa Babadan, Surabaya", []),
        ("Desa Babadan, Kec. Sine", []),
        ("", []),
        (", ; /", []),
        ("desa", []),
    ],
)
def test_places_are_read_and_never_guessed(written: str, names: list[str]) -> None:
    assert sorted(one.name for one in read_place(written, GAZETTEER)) == sorted(names)


def test_a_name_of_village_and_kecamatan_is_two_places() -> None:
    assert {one.level for one in read_place("Paron", GAZETTEER)} == {"village", "kecamatan"}


def test_every_label_of_the_list_names_its_region_alone() -> None:
    for region in GAZETTEER.by_code.values():
        assert [one.code for one in read_place(region.label, GAZETTEER)] == [region.code]


@given(st.text(max_size=60))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    read_place(text, GAZETTEER)
    read_date(text)
    recognise(text)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("isi", Column.TEXT),
        (" Isi  Aduan ", Column.TEXT),
        ("URAIAN PENGADUAN", Column.TEXT),
        ("Tgl. Surat", Column.WRITTEN_ON),
        ("Tanggal Diterima", Column.RECEIVED_ON),
        ("No. HP", Column.PHONE),
        ("Desa/Kelurahan", Column.VILLAGE),
        ("E-mail", Column.EMAIL),
        ("No. Agenda", Column.NUMBER),
        ("No.", None),
        ("alasan ditolak", None),
        ("", None),
    ],
)
def test_headers_are_recognised(header: str, column: Column | None) -> None:
    assert recognise(header) is column
