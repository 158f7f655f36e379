"""What an agency would have to ask back for. Nothing here ever holds an item up by itself."""

from collections.abc import Collection, Sequence
from datetime import datetime

from normalizer.event import Missing, Place, PlacePrecision
from normalizer.gazetteer import Gazetteer
from normalizer.lexicon import load_lexicon

#: "Jalan rusak" is the shortest that tells a clerk what it is about.
_MIN_CONTENT_WORDS = 2
_MIN_CONTENT_CHARS = 3
#: The words of our own tokens for personal data.
_TOKENS = frozenset(("nik", "kk", "telepon", "email", "nama"))


def missing(
    words: Sequence[str],
    place: Place,
    gazetteer: Gazetteer,
    *,
    submitted_at: datetime | None,
    reporter_key: str | None,
    incomplete: bool,
) -> tuple[Missing, ...]:
    """The list in a fixed order.

    ``when`` is missing only if the item carries no time of its own and no word of time: LAPOR asks
    for a date of the event, and the day of sending is what clerks enter when none is told.
    Coordinates are as good as a village.
    """
    lacks: list[Missing] = []
    located = place.latitude is not None
    if place.precision is PlacePrecision.NONE and not located:
        lacks.append(Missing.PLACE)
    elif place.precision is not PlacePrecision.VILLAGE and not located:
        lacks.append(Missing.VILLAGE)
    if not _tells_what(words, gazetteer):
        lacks.append(Missing.WHAT)
    if submitted_at is None and load_lexicon().time_words.isdisjoint(words):
        lacks.append(Missing.WHEN)
    if reporter_key is None:
        lacks.append(Missing.CONTACT)
    if incomplete:
        lacks.append(Missing.PARTS)
    return tuple(lacks)


def _tells_what(words: Sequence[str], gazetteer: Gazetteer) -> bool:
    lexicon = load_lexicon()
    empty: tuple[Collection[str], ...] = (
        lexicon.function_words,
        lexicon.greetings,
        _TOKENS,
        gazetteer.words.levels,
        gazetteer.by_key,
    )
    content = 0
    for word in words:
        if len(word) < _MIN_CONTENT_CHARS or word.isdigit():
            continue
        if not any(word in words_without_matter for words_without_matter in empty):
            content += 1
            if content == _MIN_CONTENT_WORDS:
                return True
    return False
