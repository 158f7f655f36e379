"""Cleaning, keywords, segments, languages."""

import unicodedata

import pytest
from hypothesis import given

from normalizer.event import Language
from normalizer.text import Words, clean, detect_language, repair, split_segments, strip_keyword
from tests.normalizer.strategies import any_text, quick, texts

KEYWORDS = ("NGAWI", "KAB. NGAWI", "KABUPATEN NGAWI", "NGAWIKAB", "LAPOR NGAWI")


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("jalan rusak", "jalan rusak"),
        ("  jalan\x00 rusak\x07 \r\n", "jalan rusak"),
        ("satu\r\ndua\rtiga\u2028empat", "satu\ndua\ntiga\nempat"),
        ("atas  \n \n\n\n\nbawah", "atas\n\n\nbawah"),
        ("a\tb", "a\tb"),
        ("cafe\u0301", "café"),
        ("\u202erusak\u202c \u200bjalan\ufeff", "rusak jalan"),
        ("\ud83d\ude21 marah", "😡 marah"),
        ("putus \ud83d di tengah", "putus \ufffd di tengah"),
        ("keluarga 👨\u200d👩\u200d👧 ❤\ufe0f", "keluarga 👨\u200d👩\u200d👧 ❤\ufe0f"),
        ("ru\u200dsak", "rusak"),
        ("ꦢꦭꦤ꧀ ꦫꦸꦱꦏ꧀", "ꦢꦭꦤ꧀ ꦫꦸꦱꦏ꧀"),
        ("dalané rusak, kê", "dalané rusak, kê"),
        ("\u0085\x1c\x0b", ""),
    ],
)
def test_clean(raw: str, cleaned: str) -> None:
    assert clean(raw) == cleaned


@quick
@given(texts)
def test_cleaning_is_idempotent_and_leaves_what_can_be_stored(text: str) -> None:
    cleaned = clean(text)
    assert clean(cleaned) == cleaned
    assert cleaned.encode().decode() == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(c) == "Cc" and c not in "\n\t" for c in cleaned)


@quick
@given(any_text)
def test_repaired_text_can_be_encoded(text: str) -> None:
    assert repair(text).encode().decode() == repair(text)


@pytest.mark.parametrize(
    ("text", "rest", "keyword"),
    [
        ("NGAWI jalan rusak", "jalan rusak", "NGAWI"),
        ("ngawi, jalan rusak", "jalan rusak", "ngawi"),
        ("KAB. NGAWI jalan rusak", "jalan rusak", "KAB. NGAWI"),
        ("kab ngawi: jalan rusak", "jalan rusak", "kab ngawi"),
        ("LAPOR NGAWI jalan rusak", "jalan rusak", "LAPOR NGAWI"),
        ("NgawiKab jalan rusak", "jalan rusak", "NgawiKab"),
        ("NGAWI#jalan rusak", "jalan rusak", "NGAWI"),
        ("NGAWI #1916449 belum ada jawaban", "#1916449 belum ada jawaban", "NGAWI"),
        ("Ngawi kota banjir", "Ngawi kota banjir", None),
        ("Ngawi sudah lama gelap", "Ngawi sudah lama gelap", None),
        ("Ngawi-Caruban macet", "Ngawi-Caruban macet", None),
        ("Ngawiku kotor", "Ngawiku kotor", None),
        ("NGAWI", "NGAWI", None),
        ("jalan di Ngawi rusak", "jalan di Ngawi rusak", None),
        ("", "", None),
    ],
)
def test_strip_keyword(text: str, rest: str, keyword: str | None) -> None:
    assert strip_keyword(text, KEYWORDS) == (rest, keyword)


def test_without_keywords_nothing_is_stripped() -> None:
    assert strip_keyword("NGAWI jalan rusak", ()) == ("NGAWI jalan rusak", None)


@pytest.mark.parametrize(
    ("text", "readable", "segments"),
    [
        (
            "NGAWI#PARON#BABADAN#jalan rusak",
            "NGAWI, PARON, BABADAN, jalan rusak",
            ("NGAWI", "PARON", "BABADAN", "jalan rusak"),
        ),
        ("banjir #lapor #ngawi", "banjir #lapor #ngawi", ()),
        ("laporan #1916449 dan #1916450", "laporan #1916449 dan #1916450", ()),
        ("ngawi#jalan rusak", "ngawi#jalan rusak", ()),
    ],
)
def test_split_segments(text: str, readable: str, segments: tuple[str, ...]) -> None:
    assert split_segments(text) == (readable, segments)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("mohon jalan di desa kami segera diperbaiki", Language.INDONESIAN),
        ("dalane rusak kabeh ora ono sing ndandani", Language.JAVANESE),
        ("kulo badhe tanglet pripun caranipun ndamel KTP", Language.JAVANESE),
        ("mohon diperbaiki, dalane wis bolong kabeh", Language.MIXED),
        ("ꦢꦭꦤ꧀ꦫꦸꦱꦏ꧀", Language.JAVANESE),
        ("PJU", Language.UNKNOWN),
        ("", Language.UNKNOWN),
    ],
)
def test_detect_language(text: str, language: Language) -> None:
    assert detect_language(Words(text).folded, text) is language


@quick
@given(texts)
def test_words_stand_where_they_say(text: str) -> None:
    words = Words(text)
    assert len(words.spans) == len(words.folded)
    for word, (start, end) in zip(words.folded, words.spans, strict=True):
        assert words.text[start:end].lower().replace("_", " ") == word or len(word) != end - start
