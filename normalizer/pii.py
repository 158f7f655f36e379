"""Personal data in free text, found by rule and replaced by tokens.

What is found: NIK and KK numbers, telephone numbers, mail addresses, names where the sentence says
that a name follows, and whatever the platform itself told about the sender. What is left: amounts,
dates, RT/RW, years, meter numbers, tracking ids, and names in running text, which no rule finds
reliably. The whole original is sealed beside the event, so a token loses nothing.
"""

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum

from normalizer.lexicon import load_lexicon


class PersonalData(StrEnum):
    """The kinds that have a token."""

    NIK = "[NIK]"
    KK = "[KK]"
    PHONE = "[TELEPON]"
    EMAIL = "[EMAIL]"
    NAME = "[NAMA]"


#: Seven digits are the fewest that may be a telephone number. The slow patterns below look only at
#: such stretches, which most texts do not have.
_STRETCH = re.compile(r"\d(?:[ .\-()/\u00a0–]{0,2}\d){6,}")
#: A plus, brackets and a blank may stand before the first digit: "(+62", "+ 62".
_BEFORE_STRETCH = 3
_GAP = r"[ .\-()/\u00a0–]{0,2}"
_SIXTEEN = re.compile(r"\d(?:[ .\-]?\d){15}(?!\d)")
_PHONES = re.compile(
    # Indonesian mobile with any prefix; the next digit of one is never 0, which spares "08-05".
    rf"(?:\(\+?\s?62\)|(?:\+\s?)?62|0062){_GAP}\(?0?\)?{_GAP}8{_GAP}[1-9](?:{_GAP}\d){{6,10}}(?!\d)"
    rf"|0{_GAP}8{_GAP}[1-9](?:{_GAP}\d){{6,10}}(?!\d)"
    # Mobile without any prefix: only in one piece, and not an amount.
    r"|(?<![.,#])(?<!rp)(?<!rp[ .])(?<!rp\. )8[1-9]\d{8,10}(?!\d)"
    # Land lines with area code.
    rf"|(?:\(0[2-7]\d{{1,2}}\)|0[2-7]\d{{1,2}}){_GAP}\d(?:[ .\-]?\d){{5,7}}(?!\d)"
    rf"|(?:\+|00)62{_GAP}[2-7]\d(?:[ .\-]?\d){{6,9}}(?!\d)"
    # Other countries.
    r"|\+[1-9](?:[ .\-]?\d){7,14}(?!\d)",
    re.IGNORECASE,
)
#: A date followed by a time has the digits of a telephone number.
_DATE = re.compile(r"\d{1,2}[ .\-]\d{1,2}[ .\-](?:19|20)\d\d(?!\d)")
_EMAIL = re.compile(
    r"(?<![\w.+%-])[\w.+%-]{1,64}\s?@\s?[^\W_](?:[\w-]{0,62})(?:\.[^\W_][\w-]{0,62}){1,5}"
)
_CARD_WORDS = re.compile(r"(?:\bkk\b|kartu keluarga)[^\d\n]{0,20}$", re.IGNORECASE)

_NAME_CUES = (
    "nama",
    "a.n",
    "a/n",
    " an. ",
    "kenalkan",
    "hormat ",
    "saya bapak",
    "saya ibu",
    "saya p",
)
_NAME = re.compile(
    r"(?i:\b(?:nama\s+(?:saya|pelapor|lengkap|pengadu|ibu\s+saya|bapak\s+saya)\s*(?:adalah|:|=)?"
    r"|nama\s*[:=]|atas\s+nama|bernama|a\s?[./]\s?n\b\.?\s*:?|an\.|(?:per)?kenalkan,?\s+(?:nama\s+)?saya"
    r"|hormat\s+(?:saya|kami)\s*[,:.]?|saya\s+(?=(?:bapak|ibu|pak|bu)\b)))"
    r"\s*(?i:(?:bapak|ibu|pak|bu|bpk|sdr|sdri|h|hj|mas|mbak)\b\.?\s+)?"
    r"(?P<name>[A-Z][\w'’]*(?:\.?[ ][A-Z][\w'’]*){0,3})"
)


def tokenize(
    text: str, known: Sequence[tuple[str, PersonalData]] = ()
) -> tuple[str, tuple[PersonalData, ...]]:
    """The text with personal data replaced, and the kinds that were found, in the order found.

    ``known`` are values that the platform told of the sender, such as the name; each is replaced
    where it stands in the text as a whole, in any case. Values under four letters are passed over,
    as they may be any word.
    """
    found: list[PersonalData] = []
    if "@" in text:
        text = _replace(text, _matches(_EMAIL, text), PersonalData.EMAIL, found)
    for value, kind in known:
        if len(value) >= 4 and value.lower() in text.lower():
            pattern = re.compile(rf"(?<!\w){re.escape(value)}(?!\w)", re.IGNORECASE)
            text = _replace(text, _matches(pattern, text), kind, found)
    if stretches := [match.span() for match in _STRETCH.finditer(text)]:
        text = _tokenize_numbers(text, stretches, found)
    lowered = text.lower()
    if any(cue in lowered for cue in _NAME_CUES):
        text = _replace(text, _names(text), PersonalData.NAME, found)
    return text, tuple(found)


def contains_pii(text: str) -> bool:
    """Whether ``tokenize`` would replace anything."""
    return bool(tokenize(text)[1])


def _tokenize_numbers(
    text: str, stretches: list[tuple[int, int]], found: list[PersonalData]
) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in stretches:
        for first, last, kind in _numbers(text, max(position, start - _BEFORE_STRETCH), end):
            pieces += (text[position:first], kind)
            position = last
            found.append(kind)
    return "".join((*pieces, text[position:]))


def _numbers(text: str, start: int, end: int) -> Iterator[tuple[int, int, PersonalData]]:
    """Cards and telephones in one stretch; what lies between two cards may be telephones."""
    for first, last, kind in [*_cards(text, start, end), (end, end, None)]:
        yield from ((*span, PersonalData.PHONE) for span in _telephones(text, start, first))
        if kind is not None:
            yield first, last, kind
        start = last


def _cards(text: str, position: int, end: int) -> Iterator[tuple[int, int, PersonalData]]:
    while (match := _SIXTEEN.search(text, position, end)) is not None:
        first, last = match.span()
        position = first + 1
        if first and text[first - 1].isdigit():
            continue
        kind = _card_kind(text, first, last)
        if kind is not None:
            yield first, last, kind
            position = last


def _card_kind(text: str, start: int, end: int) -> PersonalData | None:
    written = text[start:end]
    digits = "".join(filter(str.isdigit, written))
    separators = set(written) - set(digits)
    if len(separators) > 1:  # two numbers beside one another, such as a date and a telephone
        return None
    if _CARD_WORDS.search(text[max(0, start - 40) : start]):
        return PersonalData.KK
    if _plausible_nik(digits):
        return PersonalData.NIK
    # Sixteen digits in a row that are no NIK: a family card or a bank card, personal either way.
    # In groups it may be part of something longer, as the 20 digits for an electricity meter.
    alone = not re.match(r"[ .\-]\d", text[end:]) and not re.search(r"\d[ .\-]$", text[:start][-2:])
    grouped = re.fullmatch(r"\d{4}(?:.\d{4}){3}|\d{6}.\d{6}.\d{4}", written)
    return PersonalData.KK if not separators or (grouped and alone) else None


def _plausible_nik(digits: str) -> bool:
    day, month = int(digits[6:8]), int(digits[8:10])
    born = 1 <= day <= 31 or 41 <= day <= 71  # women's days are counted from 41
    return digits[:2] in load_lexicon().nik_provinces and born and 1 <= month <= 12


def _telephones(text: str, position: int, end: int) -> Iterator[tuple[int, int]]:
    while (match := _PHONES.search(text, position, end)) is not None:
        first, last = match.span()
        if (first and text[first - 1].isdigit()) or _DATE.match(match[0]):
            position = first + 1
            continue
        yield first, last
        position = last


def _names(text: str) -> Iterator[tuple[int, int]]:
    stops = load_lexicon().not_a_name
    # Where everything is in capitals, a capital says nothing: two words at most.
    limit = 2 if text.isupper() else 4
    for match in _NAME.finditer(text):
        end = match.start("name")
        for word in list(re.finditer(r"[\w'’]+", match["name"]))[:limit]:
            if word[0].lower() in stops:
                break
            end = match.start("name") + word.end()
        if end > match.start("name"):
            yield match.start("name"), end


def _matches(pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, int]]:
    return (match.span() for match in pattern.finditer(text))


def _replace(
    text: str, spans: Iterator[tuple[int, int]], kind: PersonalData, found: list[PersonalData]
) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += (text[position:start], kind)
        position = end
        found.append(kind)
    if not pieces:
        return text
    return "".join((*pieces, text[position:]))
