"""HTML and wrapped text to the words that a person wrote. Bounded: a hostile mail cannot stall."""

import binascii
import html as entities
import re
from dataclasses import dataclass
from itertools import islice

import lxml.etree
import lxml.html
from inscriptis import Inscriptis  # type: ignore[import-untyped]
from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]

#: The event carries 12,000 characters; what is longer stands in the sealed original.
MAX_TEXT_CHARS = 200_000
_MAX_HTML_CHARS = 2_000_000
#: Above these, layout is not worth its time: nested tables are laid out once for every level.
_MAX_ELEMENTS = 20_000
_MAX_DEPTH = 100

_TAG = re.compile(r"<[^<>]*>")
_BREAKING_TAG = re.compile(
    r"<(?:br|/?(?:p|div|tr|li|h[1-6]|table|ul|ol|blockquote)\b)[^<>]*>", re.I
)
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n\s*\n\s*\n+")
#: What mail programs put around the mail that is answered.
_HISTORY = (
    "//blockquote[@type='cite']",
    "//*[contains(concat(' ', @class, ' '), ' gmail_quote ')]",
    "//*[contains(concat(' ', @class, ' '), ' yahoo_quoted ')]",
    "//*[contains(concat(' ', @class, ' '), ' moz-cite-prefix ')]",
)
#: Outlook only marks where it begins.
_HISTORY_STARTS = "//*[@id='divRplyFwdMsg' or @id='appendonsend']"
#: Each beginning without an end is read to the end of the text.
_MAX_UU_FILES = 50
_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ([^\r\n]{1,200})\r?$", re.MULTILINE)


def html_to_text(source: str, *, without_history: bool) -> str:
    """The visible text. ``without_history``: without what marks itself as the answered mail."""
    source = source[:_MAX_HTML_CHARS].replace("\x00", "")
    try:
        tree = _parse(source)
        if tree is None:
            return strip_tags(source)
        if without_history:
            _drop_history(tree)
        laid_out = Inscriptis(tree, ParserConfig(css=CSS_PROFILES["strict"])).get_text()
    except (lxml.etree.LxmlError, ValueError, RecursionError, AssertionError):
        return strip_tags(source)
    return _tidy(laid_out)


def strip_tags(source: str) -> str:
    """The text between the tags, in one pass."""
    for opening, closing in (("<!--", "-->"), ("<style", "</style"), ("<script", "</script")):
        source = _without(source, opening, closing)
    text = _TAG.sub("", _BREAKING_TAG.sub("\n", _BLANKS.sub(" ", source.replace("\n", " "))))
    return _tidy(entities.unescape(text))


def unflow(text: str) -> str:
    """Join the lines that a mail program broke (RFC 3676: they end with a blank)."""
    lines: list[str] = []
    joining = False
    for line in text.split("\n"):
        line = line.rstrip("\r")
        quoted = line.startswith(">")
        if joining and not quoted:
            lines[-1] += line.removeprefix(" ")
        else:
            lines.append(line.removeprefix(" "))
        joining = line.endswith(" ") and line != "-- " and not quoted
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Uuencoded:
    """A file that was written into the text."""

    name: str
    content: bytes


def split_uuencoded(data: bytes) -> tuple[bytes, list[Uuencoded]]:
    """The text without the files in it, and the files."""
    kept: list[bytes] = []
    files: list[Uuencoded] = []
    position = 0
    for begin in islice(_UU_BEGIN.finditer(data), _MAX_UU_FILES):
        if begin.start() < position:
            continue
        content, end = _uudecode(data, begin.end() + 1)
        if content:
            kept.append(data[position : begin.start()])
            files.append(Uuencoded(begin[1].decode("utf-8", "replace"), content))
            position = end
    return b"".join((*kept, data[position:])), files


def _uudecode(data: bytes, start: int) -> tuple[bytes, int]:
    """The file that begins there, and where it ends; empty when it has no end."""
    content = bytearray()
    while (stop := data.find(b"\n", start)) >= 0 or start < len(data):
        stop = len(data) if stop < 0 else stop
        line = data[start:stop].rstrip(b"\r")
        start = stop + 1
        if line.strip() == b"end":
            return bytes(content), min(start, len(data))
        try:
            content += binascii.a2b_uu(line)
        except binascii.Error:
            # Old encoders pad too much: as many bytes as the first character says.
            wanted = (((line[:1] or b" ")[0] - 32 & 63) * 4 + 5) // 3
            try:
                content += binascii.a2b_uu(line[:wanted])
            except binascii.Error:
                return b"", start
    return b"", start


def _parse(source: str) -> lxml.html.HtmlElement | None:
    """The tree; None when it is empty, or too deep or large to be laid out."""
    # As bytes: a declaration of another charset in the text must not be believed again.
    parser = lxml.html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    tree = lxml.html.document_fromstring(source.encode("utf-8", "replace"), parser=parser)
    lxml.etree.strip_elements(tree, "script", "style", "head", "title", with_tail=False)
    depth = elements = 0
    for event, _ in lxml.etree.iterwalk(tree, events=("start", "end")):
        depth += 1 if event == "start" else -1
        elements += event == "start"
        if depth > _MAX_DEPTH or elements > _MAX_ELEMENTS:
            return None
    return tree


def _drop_history(tree: lxml.html.HtmlElement) -> None:
    for path in _HISTORY:
        for element in tree.xpath(path):
            if element.getparent() is not None:
                element.drop_tree()
    for start in tree.xpath(_HISTORY_STARTS)[:1]:
        for following in list(start.itersiblings()):
            start.getparent().remove(following)
        start.drop_tree()


def _without(source: str, opening: str, closing: str) -> str:
    """Everything but the stretches from ``opening`` to ``closing``, which may be missing."""
    lowered = source.lower()
    if len(lowered) != len(source):
        lowered = source
    kept, position = [], 0
    while (start := lowered.find(opening, position)) >= 0:
        kept.append(source[position:start])
        end = lowered.find(closing, start)
        end = lowered.find(">", end) if end >= 0 else end
        if end < 0:
            return "".join(kept)
        position = end + 1
    return "".join((*kept, source[position:]))


def _tidy(text: str) -> str:
    lines = (_BLANKS.sub(" ", line).strip() for line in text[: 4 * MAX_TEXT_CHARS].split("\n"))
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()[:MAX_TEXT_CHARS]
