"""The spot in a text's own words: "jalan raya Paron, RT 03, depan balai desa"."""

import re

from normalizer.gazetteer import Vocabulary
from normalizer.text import Words

#: A clerk reads it in one line of a table.
_MAX_CHARS = 120
_MAX_PHRASES = 5
_MAX_WORDS_AFTER = 4
_LONGEST_SHORT = 3
#: Between two words of one phrase; a full stop only after an abbreviation.
_JOINS = re.compile(r"[ \t]*[.\-/:']?[ \t]*")
#: "balai desa", "kantor kecamatan": the level word is part of what is named.
_OFFICES = frozenset(("balai", "kantor", "pendopo", "lapangan"))


def find_landmark(words: Words, vocabulary: Vocabulary) -> str | None:
    """Up to five phrases that tell the spot, in their order in the text; None without any."""
    marks = vocabulary.landmark_marks
    phrases: list[str] = []
    done = 0
    for index in [at for at, word in enumerate(words.folded) if word in marks]:
        if index < done:
            continue
        end = _end_of_phrase(words, index, vocabulary)
        if end is not None:
            start_char, end_char = words.spans[index][0], words.spans[end][1]
            phrases.append(" ".join(words.text[start_char:end_char].split()))
            done = end + 1
    found = ", ".join(phrases[:_MAX_PHRASES])
    return found[:_MAX_CHARS].rstrip(" ,") or None


def _end_of_phrase(words: Words, index: int, vocabulary: Vocabulary) -> int | None:
    """The last word of the phrase that begins at a mark; None when nothing follows the mark."""
    folded = words.folded
    if folded[index][-1].isdecimal():  # "RT03"
        return index
    if folded[index] in vocabulary.landmark_numbered:
        numbered = index + 1 < len(folded) and folded[index + 1].isdecimal()
        return index + 1 if numbered else None
    end = index
    last = min(index + _MAX_WORDS_AFTER, len(folded) - 1)
    while end < last:
        following = folded[end + 1]
        if following in vocabulary.landmark_numbered:
            break
        if following in vocabulary.landmark_stops and folded[end] not in _OFFICES:
            break
        between = words.between(end)
        # A sentence ends after a whole word; "Jl." and "Dsn." are none.
        if not _JOINS.fullmatch(between) or ("." in between and len(folded[end]) > _LONGEST_SHORT):
            break
        end += 1
    return end if end > index else None
