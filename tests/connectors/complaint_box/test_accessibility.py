"""What can be checked without eyes: labels, headings, language, and the contrast of every pair."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from connectors.complaint_box.web.view import STATIC_DIR
from tests.connectors.complaint_box.clerk_site import ClerkSite

STYLE = (STATIC_DIR / "petugas.css").read_text(encoding="utf-8")
COLOURS = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", STYLE))

#: What is read on what: WCAG 2.2, 1.4.3.
TEXT = [
    ("ink", "page"),
    ("ink", "card"),
    ("ink", "accent-tint"),
    ("ink", "bad-tint"),
    ("ink-soft", "page"),
    ("ink-soft", "card"),
    ("accent-dark", "card"),
    ("accent-dark", "page"),
    ("accent-dark", "accent-tint"),
    ("accent-ink", "accent"),
    ("accent-ink", "accent-dark"),
    ("head-ink", "head"),
    ("head-ink", "accent-dark"),
    ("head-soft", "head"),
    ("good", "good-tint"),
    ("good", "card"),
    ("bad", "bad-tint"),
    ("bad", "card"),
]
#: What tells a control or its state from what is around it: 1.4.11 and 2.4.13.
EDGES = [
    ("edge", "card"),
    ("accent", "card"),
    ("accent", "page"),
    ("bad", "card"),
    ("focus", "card"),
    ("focus", "page"),
    ("focus", "accent-tint"),
    ("focus", "bad-tint"),
    ("head-ink", "head"),
]


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


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
    outside = STYLE.split("}", 1)[1]
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b(?![^{]*\{)", outside)
    used = {name for name in re.findall(r"var\(--([a-z-]+)\)", STYLE) if name in COLOURS}
    checked = {name for pair in TEXT + EDGES for name in pair}
    # "line" is ornament: it separates cards that differ in colour and distance anyway.
    assert used - checked == {"line"}


def test_focus_is_never_taken_away() -> None:
    assert ":focus-visible { outline: 3px solid var(--focus)" in STYLE
    for rule in re.findall(r"([^{}]+)\{[^{}]*outline: none", STYLE):
        # Radios in a frame: the frame shows the focus. The page body is a jump target only.
        assert ".chip :focus-visible" in rule or ".main:focus" in rule


class Outline(HTMLParser):
    """Collects what a screen reader goes by."""

    def __init__(self) -> None:
        super().__init__()
        self.language: str | None = None
        self.headings: list[str] = []
        self.ids: list[str] = []
        self.labelled: set[str] = set()
        self.referred: set[str] = set()
        self.unlabelled: list[str] = []
        self._controls: list[tuple[str, str, bool]] = []
        self._in_label = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.ids += [held["id"]] if "id" in held else []
        for name in ("aria-describedby", "aria-labelledby"):
            self.referred |= set(held.get(name, "").split())
        match tag:
            case "html":
                self.language = held.get("lang")
            case "h1" | "h2" | "h3":
                self.headings.append(tag)
            case "label":
                self._in_label = "for" not in held
                self.labelled |= {held["for"]} if "for" in held else set()
            case "input" | "select" | "textarea" if held.get("type") != "hidden":
                self._controls.append((held.get("name", ""), held.get("id", ""), self._in_label))

    def handle_endtag(self, tag: str) -> None:
        self._in_label = self._in_label and tag != "label"

    def close(self) -> None:
        super().close()
        self.unlabelled = [
            name
            for name, control_id, inside in self._controls
            if not inside and control_id not in self.labelled
        ]


async def outlines(clerk: ClerkSite) -> dict[str, Outline]:
    pages = {
        "login": await (await clerk.client.get("/petugas/masuk")).text(),
        "form": await (await clerk.get("/")).text(),
        "next": await (await clerk.get("/?number=NGW-26-7K3M9QXA&source=complaint_box")).text(),
        "saved": await (await clerk.get("/tersimpan?number=NGW-26-7K3M9QXA")).text(),
        "message": await (await clerk.get("/nirwana")).text(),
    }
    pages["faults"] = await (
        await clerk.save(text="", place_text="Babadan", nik="1", phone="x", source="", box="")
    ).text()
    await clerk.post("/keluar", {"csrf": await clerk.csrf()})
    pages["login"] = await (await clerk.get("/masuk")).text()
    read = {}
    for name, page in pages.items():
        read[name] = Outline()
        read[name].feed(page)
        read[name].close()
    return read


async def test_pages_can_be_heard(clerk: ClerkSite) -> None:
    for name, outline in (await outlines(clerk)).items():
        assert outline.language == "id", name
        assert outline.headings.count("h1") == 1, name
        assert outline.headings[0] == "h1", name
        assert outline.unlabelled == [], name
        assert len(outline.ids) == len(set(outline.ids)), name
        assert outline.referred <= set(outline.ids), name


def test_static_files_call_nobody() -> None:
    for path in Path(STATIC_DIR).iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path.name
