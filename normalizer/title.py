"""A title for a complaint that has none: its first sentence that is more than a greeting."""

import re
from collections.abc import Iterator

from normalizer.lexicon import load_lexicon

MAX_TITLE_CHARS = 80
NO_TITLE = "Pengaduan tanpa judul"

_SENTENCE_END = re.compile(r"[.!?\n]+(?:\s+|(?<=\n))")
#: A full stop ends a sentence after a word of so many letters; "Jl.", "Kec." and "Yth." do not.
_MIN_LAST_WORD = 4
_WORD = re.compile(r"[^\W_]+")
#: A greeting and address that fill more than this leave the text's own start as the title.
_MAX_SALUTATION_CHARS = 500
_SALUTATION = re.compile(r"(?:yth\b|kepada\b|kpd\b|dear\b|dengan hormat\b)", re.IGNORECASE)


def make_title(text: str, chosen: str = "") -> str:
    """At most 80 characters, cut at a word, one line, never empty. ``chosen`` goes first.

    Both are clean already and hold no personal data.
    """
    if chosen and (title := _shorten(chosen)):
        return title
    for sentence in _sentences(text[:_MAX_SALUTATION_CHARS]):
        if _says_something(sentence) and (title := _shorten(sentence)):
            return title
    return _shorten(text) or NO_TITLE


def _sentences(text: str) -> Iterator[str]:
    start = 0
    for match in _SENTENCE_END.finditer(text):
        end = match.start()
        whole = end - start >= _MIN_LAST_WORD and text[end - _MIN_LAST_WORD : end].isalnum()
        if whole or match[0][0] != "." or "\n" in match[0]:
            yield text[start:end]
            start = match.end()
    yield text[start:]


def _says_something(sentence: str) -> bool:
    if _SALUTATION.match(sentence):
        return False
    greetings = load_lexicon().greetings
    return any(match[0].lower() not in greetings for match in _WORD.finditer(sentence))


def _shorten(text: str) -> str:
    # Three times the length: what is folded away may be blanks.
    line = " ".join(text[: 3 * MAX_TITLE_CHARS].split()).strip(" ,;:-–.")
    if len(line) <= MAX_TITLE_CHARS:
        return line
    cut = line[: MAX_TITLE_CHARS - 1]
    at = cut.rfind(" ")
    # A "word" that fills half of the line is cut where the line ends.
    kept = cut[:at] if at > MAX_TITLE_CHARS // 2 else cut
    return kept.rstrip(" ,;:-–.") + "…"
