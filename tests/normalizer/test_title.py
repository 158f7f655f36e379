"""Titles: the first sentence that says something."""

import pytest
from hypothesis import given

from normalizer.text import clean
from normalizer.title import MAX_TITLE_CHARS, NO_TITLE, make_title
from tests.normalizer.strategies import quick, texts

LONG = "jalan antara dua desa ini sudah rusak parah dan berlubang sejak lama sekali tanpa perbaikan"


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("jalan rusak", "jalan rusak"),
        ("Jalan rusak di Paron. Mohon diperbaiki.", "Jalan rusak di Paron"),
        ("Jl. Raya Kec. Paron rusak. Mohon", "Jl. Raya Kec. Paron rusak"),
        ("Assalamualaikum wr. wb.\nLampu mati", "Lampu mati"),
        ("Selamat pagi pak! Lampu mati", "Lampu mati"),
        ("Yth. Bapak Bupati\n\nLampu mati", "Lampu mati"),
        ("Kenapa lampu mati? Gelap.", "Kenapa lampu mati"),
        ("lampu mati\ndi depan pasar", "lampu mati"),
        ("halo", "halo"),
        ("", NO_TITLE),
        ("...", NO_TITLE),
    ],
)
def test_title(text: str, title: str) -> None:
    assert make_title(text) == title


def test_a_long_sentence_is_cut_at_a_word() -> None:
    title = make_title(LONG)
    assert len(title) <= MAX_TITLE_CHARS
    assert title.endswith("…")
    assert LONG.startswith(title[:-1] + " ")


def test_a_chosen_title_goes_first() -> None:
    assert make_title("jalan rusak", "Jembatan  roboh\ndi Paron") == "Jembatan roboh di Paron"
    assert make_title("jalan rusak", " - ") == "jalan rusak"


@quick
@given(texts, texts)
def test_a_title_is_one_line_and_never_empty(text: str, chosen: str) -> None:
    title = make_title(clean(text), clean(chosen))
    assert 0 < len(title) <= MAX_TITLE_CHARS
    assert "\n" not in title
