"""HTML, quoted history and signatures; and that nobody can stall the reading."""

import time

import pytest

from connectors.mail.body import html_to_text, split_uuencoded, strip_tags, unflow
from connectors.mail.quoted import (
    bare_subject,
    is_answer_subject,
    is_forward_subject,
    own_words,
)

#: A hostile mail of 2 MB takes a second or two on a slow machine; without the bounds, hours.
_LONGEST_SECONDS = 30.0


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Halo<br>dunia &amp; <b>desa</b></p>", "Halo\ndunia & desa"),
        ("<style>p{}</style><script>x()</script><p>isi", "isi"),
        ("<div style='display:none'>x</div>isi", "isi"),
        ("<table><tr><td>Desa</td><td>Babadan</td></tr></table>", "Desa Babadan"),
        ("<?xml version='1.0' encoding='utf-16'?><meta charset=utf-16>é ꦗ", "é ꦗ"),
        ("<p>a\x00b", "ab"),
        ("halo <b", "halo"),
        ("", ""),
        ("   ", ""),
    ],
)
def test_what_a_reader_sees(html: str, text: str) -> None:
    assert html_to_text(html, without_history=False) == text


@pytest.mark.parametrize(
    "history",
    [
        "<blockquote type='cite'>lama</blockquote>",
        "<div class='x gmail_quote y'>Pada Senin menulis: lama</div>",
        "<div id='divRplyFwdMsg'>Dari: x</div><div>lama</div>",
        "<div class='yahoo_quoted'>lama</div>",
    ],
)
def test_history_that_marks_itself(history: str) -> None:
    html = f"<body><p>baru</p>{history}</body>"
    assert html_to_text(html, without_history=True) == "baru"
    assert "lama" in html_to_text(html, without_history=False)


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 300_000 + "akhir",
        "<table><tr><td>" * 100_000 + "akhir",
        "<p>akhir</p>" * 150_000,
        "<ul>" * 90 + "<li>akhir" * 15_000,
        "<" * 2_000_000 + "akhir",
        "<!--" * 500_000,
        "<style " * 250_000,
        "<a " + "b=c " * 400_000 + ">akhir</a>",
        "<p>" + " " * 2_000_000 + "akhir",
        "<table>" + "<tr><td><table>" * 40 + "<tr><td>akhir</td></tr>" * 4000,
    ],
)
def test_hostile_html_is_read_in_bounded_time(html: str) -> None:
    started = time.monotonic()
    html_to_text(html, without_history=True)
    assert time.monotonic() - started < _LONGEST_SECONDS


def test_text_below_the_parser_s_depth_is_not_lost() -> None:
    for depth in (200, 300, 5000):
        assert html_to_text("<div>" * depth + "dalam", without_history=False) == "dalam"


def test_tags_are_stripped_in_one_pass() -> None:
    assert strip_tags("<p>a</p><!-- x --><STYLE>y</STYLE>b &lt;c&gt;") == "a\nb <c>"


def test_lines_that_the_program_broke() -> None:
    text = "Jalan dari pasar \nsampai balai\n> kutipan \n> kedua\n-- \nSri"
    assert unflow(text) == "Jalan dari pasar sampai balai\n> kutipan \n> kedua\n-- \nSri"


def test_files_inside_the_text() -> None:
    text = b"atas\nbegin 644 a.txt\n#0V%T\n`\nend\nbawah\nbegin 644 rusak\nini bukan data\n"
    left, files = split_uuencoded(text)
    assert [(one.name, one.content) for one in files] == [("a.txt", b"Cat")]
    assert left == b"atas\nbawah\nbegin 644 rusak\nini bukan data\n"


_OUTLOOK = (
    "Dari: Layanan <aduan@ngawi.example>\nTerkirim: Senin\nKepada: Sri\nSubjek: Aduan\n\nlama"
)


@pytest.mark.parametrize(
    ("text", "own"),
    [
        ("baru\n\nPada Sen, 2 Mar 2026 pukul 09.00 Layanan <a@b.example> menulis:\n> lama", "baru"),
        ("baru\n\nPada Sen, 2 Mar 2026 pukul 09.00 Layanan\n<a@b.example> menulis:\n> x", "baru"),
        ("baru\n\nPada 2 Mar 2026 09.00, Layanan menulis:\n\nlama tanpa tanda", "baru"),
        ("baru\n\nOn Mon, Mar 2, 2026 at 9:00 AM X <a@b.example> wrote:\n> lama", "baru"),
        (f"baru\n\n{_OUTLOOK}", "baru"),
        (f"baru\n\n________________________________\n{_OUTLOOK}", "baru"),
        ("baru\n-----Pesan Asli-----\nlama", "baru"),
        ("baru\n-----Original Message-----\nlama", "baru"),
        ("> lama\nbaru", "baru"),
        ("baru\n\n-- \nSri Contoh\nDusun Krajan", "baru"),
        ("baru\n\nDikirim dari iPhone saya", "baru"),
        ("- jalan rusak\n- lampu mati", "- jalan rusak\n- lampu mati"),
        ("atas\n--\n" + "bawah\n" * 30, "atas\n--\n" + "bawah\n" * 29 + "bawah"),
        (
            "Pada musrenbang kami menulis:\njalan rusak",
            "Pada musrenbang kami menulis:\njalan rusak",
        ),
        ("Dari: pasar sampai jembatan\nrusak", "Dari: pasar sampai jembatan\nrusak"),
        # Nothing would be left: then all of it is what was said.
        ("> jalan rusak", "> jalan rusak"),
        ("", ""),
    ],
)
def test_the_words_of_an_answer(text: str, own: str) -> None:
    assert own_words(text, is_answer=True) == own


def test_a_mail_that_is_no_answer_keeps_what_it_quotes() -> None:
    for text in (f"Mohon ditindaklanjuti\n\n{_OUTLOOK}", "Kata surat itu:\n> jalan rusak"):
        assert own_words(text, is_answer=False) == text
    passed_on = "Ini\n\n---------- Forwarded message ---------\nFrom: x\n\n> isi"
    assert own_words(passed_on, is_answer=True) == passed_on


@pytest.mark.parametrize(
    "text", ["On " + "a " * 100_000, "\n" * 200_000 + "x", "Dari: a\n" * 40_000, "_ " * 100_000]
)
def test_hostile_text_is_read_in_bounded_time(text: str) -> None:
    started = time.monotonic()
    own_words(text, is_answer=True)
    assert time.monotonic() - started < _LONGEST_SECONDS


@pytest.mark.parametrize(
    ("subject", "bare", "answer", "forward"),
    [
        ("Jalan rusak", "Jalan rusak", False, False),
        ("Re: Jalan rusak", "Jalan rusak", True, False),
        ("RE: Bls: FW: Jalan", "Jalan", True, False),
        ("Re[2]: Jalan", "Jalan", True, False),
        ("Fwd: Re: Jalan", "Jalan", False, True),
        ("Terusan: Jalan", "Jalan", False, True),
        ("Realisasi: Jalan", "Realisasi: Jalan", False, False),
        ("Re:", "", True, False),
    ],
)
def test_a_subject(subject: str, bare: str, answer: bool, forward: bool) -> None:
    assert bare_subject(subject) == bare
    assert is_answer_subject(subject) is answer
    assert is_forward_subject(subject) is forward
