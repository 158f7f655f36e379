"""What can be checked without eyes: labels, headings, language, and the contrast of every pair."""

import re
from itertools import pairwise

import pytest

from deliver.console.view import STATIC_DIR
from deliver.states import State
from tests.connectors.complaint_box.test_accessibility import Outline, luminance
from tests.deliver.console.bench import Browser, House

STYLE = (STATIC_DIR / "konsol.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", STYLE))

#: What is read on what: WCAG 2.2, 1.4.3.
TEXT = [
    ("ink", "page"), ("ink", "card"), ("ink", "accent-tint"),
    ("ink-soft", "page"), ("ink-soft", "card"),
    ("accent-dark", "card"), ("accent-dark", "page"), ("accent-dark", "accent-tint"),
    ("accent-ink", "accent"), ("accent-ink", "accent-dark"), ("accent-ink", "bad"),
    ("head-ink", "head"), ("head-ink", "accent-dark"), ("head-soft", "head"),
    ("good", "good-tint"), ("good", "card"), ("warn", "warn-tint"),
    ("bad", "bad-tint"), ("bad", "card"),
]  # fmt: skip
#: What tells a control, its state or a bar from what is around it: 1.4.11 and 2.4.13.
EDGES = [
    ("edge", "card"), ("edge", "page"), ("accent", "card"), ("accent", "page"),
    ("bad", "card"), ("bad", "page"), ("bar-open", "card"), ("good", "page"),
    ("focus", "card"), ("focus", "page"), ("focus", "bad-tint"), ("head-soft", "head"),
]  # fmt: skip


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(COLOURS[one]), luminance(COLOURS[other])), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("on_top", "below"), TEXT)
def test_text_can_be_read(on_top: str, below: str) -> None:
    assert contrast(on_top, below) >= 4.5


@pytest.mark.parametrize(("edge", "around"), EDGES)
def test_edges_can_be_seen(edge: str, around: str) -> None:
    assert contrast(edge, around) >= 3


def test_every_colour_is_one_of_the_checked() -> None:
    used = {name for name in re.findall(r"var\(--([a-z-]+)\)", STYLE) if name in COLOURS}
    checked = {name for pair in TEXT + EDGES for name in pair}
    # "line" is ornament: it separates rows that distance separates anyway.
    assert used - checked == {"line"}
    assert set(COLOURS) == used


def test_focus_is_never_taken_away() -> None:
    assert ":focus-visible { outline: 3px solid var(--focus)" in STYLE
    for rule in re.findall(r"([^{}]+)\{[^{}]*outline: none", STYLE):
        # The page body is a jump target only.
        assert ".main:focus" in rule


def test_static_files_call_nobody() -> None:
    for path in STATIC_DIR.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path.name


async def test_pages_can_be_heard(typist: Browser, house: House) -> None:
    await typist.log_in("keduanya")
    for state in State:
        await house.stands(state)
    paths = ["/", "/daftar", "/belum-pasti", "/entri", "/rekonsiliasi?hitung=1", "/cari?nomor=7"]
    paths += [f"/aduan/{row.complaint_id}" for row in house.ledger.queries.listed()]
    taken = await typist.post("/entri/ambil", {"csrf": await typist.csrf()})
    paths.append(taken.headers["Location"].removeprefix("/konsol"))
    unknown = next(row for row in house.ledger.queries.listed((State.UNKNOWN,)))
    asked = await typist.act(unknown, "kirim-ulang", catatan="c")
    pages = {path: await (await typist.get(path)).text() for path in paths}
    pages["sure"] = await asked.text()
    pages["missing"] = await (await typist.get("/nirwana")).text()
    await typist.post("/keluar", {"csrf": await typist.csrf()})
    pages["login"] = await (await typist.get("/masuk")).text()
    for name, page in pages.items():
        outline = Outline()
        outline.feed(page)
        outline.close()
        assert outline.language == "id", name
        assert outline.headings.count("h1") == 1, name
        assert outline.headings[0] == "h1", name
        # No level is passed over.
        levels = [int(heading[1]) for heading in outline.headings]
        assert all(after - before <= 1 for before, after in pairwise(levels)), name
        assert outline.unlabelled == [], name
        assert len(outline.ids) == len(set(outline.ids)), name
        assert outline.referred <= set(outline.ids), name
        assert all("<caption" in table for table in re.findall(r"<table.*?</table>", page, re.S))
