"""Text as it arrives: repaired, without invisible characters, and cut into words."""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from normalizer.event import Language
from normalizer.lexicon import load_lexicon

_INVISIBLE = (
    *range(0x20),
    *range(0x7F, 0xA0),
    0xAD,  # soft hyphen
    0x61C,  # bidirectional controls: they can show a text in another order than it is read
    0x200E,
    0x200F,
    *range(0x202A, 0x202F),
    *range(0x2066, 0x206A),
    0x180E,  # zero width
    0x200B,
    *range(0x2060, 0x2065),
    0xFEFF,
)
_REMOVE: dict[int, str | None] = dict.fromkeys(_INVISIBLE)
_REMOVE.update({ord("\n"): "\n", ord("\t"): "\t"})
# Separators of pages, records and lines: they stand between words.
_REMOVE.update(dict.fromkeys((0x0B, 0x0C, 0x0D, 0x1C, 0x1D, 0x1E, 0x85, 0x2028, 0x2029), "\n"))

#: Joiners belong inside emoji sequences and scripts such as Javanese; elsewhere they only hide.
_STRAY_JOINER = re.compile(
    "(?<![\u0600-\U0010ffff])[\u200c\u200d]+|[\u200c\u200d]+(?![\u0600-\U0010ffff])"
)
_TRAILING_SPACE = re.compile(r"[^\S\n]+\n")
_MANY_BLANK_LINES = re.compile(r"\n{4,}")

_WORD = re.compile(r"\w+")
_JAVANESE_SCRIPT = re.compile("[\ua980-\ua9df]")

#: Numbers of five digits and more after a hash are ids ("#1916449"), not a new field.
_HASH = re.compile(r"\s*#(?!\d{5})\s*")


class Words:
    """A text and its words: ``folded[i]`` is what stands at ``spans[i]``, in lower case."""

    __slots__ = ("_lowered", "_spans", "folded", "text")

    def __init__(self, text: str) -> None:
        self._lowered = text.lower().replace("_", " ")
        # A few letters, such as the Turkish İ, are longer in lower case; positions must agree.
        self.text = text if len(text) == len(self._lowered) else self._lowered
        self.folded: list[str] = _WORD.findall(self._lowered)
        self._spans: list[tuple[int, int]] | None = None

    @property
    def spans(self) -> list[tuple[int, int]]:
        """Where the words stand. Found when first asked for: many texts are never asked."""
        if self._spans is None:
            self._spans = []
            end = 0
            for word in self.folded:
                start = self._lowered.index(word, end)
                end = start + len(word)
                self._spans.append((start, end))
        return self._spans

    def between(self, index: int) -> str:
        """What separates a word from the next one."""
        return self.text[self.spans[index][1] : self.spans[index + 1][0]]


def repair(text: str) -> str:
    """Join halves of surrogate pairs; a half alone becomes U+FFFD. The result can be encoded."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def clean(text: str) -> str:
    """What the person wrote, in NFC, without controls, hidden characters or odd line ends.

    Emoji, Javanese script and the words themselves are not touched. Doing it twice changes
    nothing more.
    """
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        text = repair(text).replace("\r\n", "\n").translate(_REMOVE)
        text = unicodedata.normalize("NFC", text)
        if "\u200d" in text or "\u200c" in text:
            text = unicodedata.normalize("NFC", _STRAY_JOINER.sub("", text))
    if "\n" in text:
        text = _TRAILING_SPACE.sub("\n", text)
        text = _MANY_BLANK_LINES.sub("\n\n\n", text)
    return text.strip()


def strip_keyword(text: str, keywords: tuple[str, ...]) -> tuple[str, str | None]:
    """Take the SMS keyword off the front: ``KEYWORD<space>text``. Returns it, or None.

    The longest alias wins; case and punctuation do not matter. It stays when it belongs to the
    sentence ("Ngawi kota banjir", "Ngawi-Caruban macet") and when nothing else would be left.
    """
    pattern = _keyword_pattern(keywords)
    if pattern is None or (match := pattern.match(text)) is None:
        return text, None
    rest = text[match.end() :]
    following = _WORD.search(rest)
    if following is None:
        return text, None
    if following[0].lower() in load_lexicon().continues_a_place:
        return text, None
    return rest, match["keyword"]


@lru_cache(maxsize=16)
def _keyword_pattern(keywords: tuple[str, ...]) -> re.Pattern[str] | None:
    forms = {tuple(re.findall(r"[^\W_]+", keyword)) for keyword in keywords} - {()}
    if not forms:
        return None
    longest_first = sorted(forms, key=lambda words: (-len("".join(words)), words))
    choice = "|".join(r"[\W_]{0,3}".join(map(re.escape, words)) for words in longest_first)
    # A dash without spaces makes one word of two: "Ngawi-Caruban".
    return re.compile(
        rf"[\W_]{{0,3}}(?P<keyword>{choice})(?!\w|-\w)[\s.,:;!–-]*(?:#(?!\d{{5}})\s*)?",
        re.IGNORECASE,
    )


def split_segments(text: str) -> tuple[str, tuple[str, ...]]:
    """Read ``PARON#BABADAN#jalan rusak``: a readable text, and its segments.

    Hashtags ("banjir #lapor #ngawi") and tracking ids ("#1916449") are left alone: there, no
    hash stands directly after a word.
    """
    if text.count("#") < 2 or not re.search(r"\w#(?!\d{5})", text):
        return text, ()
    segments = tuple(part for part in _HASH.split(text) if part.strip())
    return ", ".join(segments), segments


def detect_language(words: Sequence[str], text: str = "") -> Language:
    """Indonesian, Javanese, both, or unknown, by the small words that only one of them has."""
    lexicon = load_lexicon()
    javanese = sum(map(lexicon.javanese.__contains__, words))
    indonesian = sum(map(lexicon.indonesian.__contains__, words))
    if not text.isascii() and _JAVANESE_SCRIPT.search(text):
        javanese += 3  # as sure as three words
    if javanese == 0 and indonesian == 0:
        return Language.UNKNOWN
    # One borrowed word in four is still the other language; more is a mixture.
    if javanese * 4 <= indonesian:
        return Language.INDONESIAN
    if indonesian * 4 <= javanese:
        return Language.JAVANESE
    return Language.MIXED
