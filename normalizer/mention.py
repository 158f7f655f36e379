"""Names of places in a text, each with every reading it can have."""

from dataclasses import dataclass
from enum import IntEnum

from normalizer.gazetteer import Gazetteer, Level, Region
from normalizer.lexicon import load_lexicon
from normalizer.text import Words

#: The longest name in the list has two words, and one word may be written as two ("Karang Jati").
_MAX_WORDS = 3
#: Of another regency's name, when it is in no list: shorter words after "kab" are abbreviations.
_MIN_OTHER_NAME = 4


class Weight(IntEnum):
    """How far a mention may decide."""

    #: An ordinary word that happens to be a name: counts only beside its own kecamatan.
    FAINT = 0
    #: Perhaps a name: a candidate and no more.
    DOUBT = 1
    #: A name of ours, but of something that may lie elsewhere: decides the regency only.
    NEAR = 2
    FIRM = 3


# Not frozen: made for every text, and a frozen one takes three times as long to make.
@dataclass(slots=True)
class Mention:
    """One name in the text: words ``start`` to ``end`` (excluded), its level word included."""

    start: int
    end: int
    level: Level | None
    readings: tuple[Region, ...]
    #: Worth of the mention, to be shared among its readings.
    score: float
    weight: Weight
    #: False when a letter had to be forgiven.
    exact: bool = True
    #: True once the name beside it has been taken into it.
    joined: bool = False


@dataclass(slots=True)
class Mentions:
    """All mentions of a text in order, and what else it says of places."""

    found: list[Mention]
    #: Another regency is named with its level word.
    elsewhere: bool
    #: A kecamatan is named that is none of ours.
    unknown_kecamatan: bool


def find_mentions(words: Words, gazetteer: Gazetteer, segments: tuple[str, ...] = ()) -> Mentions:
    """Read all names in a text; ``segments`` are fields that stand for a name by themselves."""
    finder = _Finder(words, gazetteer, segments)
    finder.run()
    return Mentions(finder.mentions, finder.elsewhere, finder.unknown_kecamatan)


class _Finder:
    __slots__ = (
        "capitals_tell",
        "elsewhere",
        "gazetteer",
        "mentions",
        "segment_keys",
        "unknown_kecamatan",
        "words",
    )

    def __init__(self, words: Words, gazetteer: Gazetteer, segments: tuple[str, ...]) -> None:
        self.words = words
        self.gazetteer = gazetteer
        self.segment_keys = {"".join(s.lower().split()) for s in segments}
        self.mentions: list[Mention] = []
        self.elsewhere = False
        self.unknown_kecamatan = False
        self.capitals_tell = not words.text.isupper()

    def run(self) -> None:
        folded, beginnings = self.words.folded, self.gazetteer.beginnings
        levels = self.gazetteer.words.levels
        done = 0
        for index in [at for at, w in enumerate(folded) if w in levels or w in beginnings]:
            if index >= done:
                level = levels.get(folded[index])
                done = self._bare(index) if level is None else self._after_level(index, level)

    def _match(self, index: int) -> tuple[str, int] | None:
        """The longest known name that begins at a word, and the index after it."""
        key, found = "", None
        by_key, beginnings = self.gazetteer.by_key, self.gazetteer.beginnings
        for end in range(index, min(index + _MAX_WORDS, len(self.words.folded))):
            key += self.words.folded[end]
            if key in by_key:
                found = key, end + 1
            if key not in beginnings:
                break
        return found

    def _after_level(self, index: int, level: Level) -> int:
        start = index + 1
        if start >= len(self.words.folded):
            return start
        if level == "regency":
            return self._after_regency(index)
        match = self._match(start)
        if match is None:
            return self._misspelt(index, level)
        key, end = match
        readings = tuple([r for r in self.gazetteer.by_key[key] if r.level == level])
        if not readings:
            # "Kec. Babadan", of a village: a slip, or another place that begins like it.
            readings = self.gazetteer.by_key[key]
            self.mentions.append(Mention(index, end, None, readings, 0.3, Weight.NEAR))
            return end
        # "Kelurahan Kebon Melati" is not our Kebon.
        longer = key in self.gazetteer.words.ordinary and self._name_goes_on(end)
        weight, score = (Weight.DOUBT, 0.3) if longer else (Weight.FIRM, 0.9)
        self.mentions.append(Mention(index, end, level, readings, score, weight))
        return end

    def _name_goes_on(self, end: int) -> bool:
        vocabulary, folded = self.gazetteer.words, self.words.folded
        if end >= len(folded) or not self.capitals_tell or not self._capital(end):
            return False
        known = folded[end] in vocabulary.levels or folded[end] in vocabulary.landmark_marks
        return not known and self._match(end) is None and self.words.between(end - 1) == " "

    def _after_regency(self, index: int) -> int:
        word, name = self.words.folded[index : index + 2]
        regency = self.gazetteer.regency
        if name == regency.name.lower():
            if word == "kota":
                self._regency_itself(index, index + 2, town=True)
            else:
                mention = Mention(index, index + 2, "regency", (regency,), 1.0, Weight.FIRM)
                self.mentions.append(mention)
            return index + 2
        unlisted = (
            word in ("kab", "kabupaten")
            and len(name) >= _MIN_OTHER_NAME
            and self._written_as_name(index + 1)
        )
        if name in self.gazetteer.words.elsewhere or unlisted:
            self.elsewhere = True
            return index + 2
        return index + 1

    def _written_as_name(self, index: int) -> bool:
        name = self.words.folded[index]
        if not self.capitals_tell or name in load_lexicon().function_words:
            return False
        return self._capital(index)

    def _misspelt(self, index: int, level: Level) -> int:
        """A name of the level that is one letter off. It alone decides only the regency."""
        folded = self.words.folded
        for end in (index + 3, index + 2):
            if end > len(folded):
                continue
            for key in self.gazetteer.nearly("".join(folded[index + 1 : end])):
                readings = tuple(r for r in self.gazetteer.by_key[key] if r.level == level)
                if readings:
                    found = Mention(index, end, level, readings, 0.6, Weight.NEAR, exact=False)
                    self.mentions.append(found)
                    return end
        # "Kec. Kapas" is a kecamatan, and none of ours.
        name = folded[index + 1]
        named = folded[index] == "kec" or self._written_as_name(index + 1)
        if level == "kecamatan" and named and len(name) >= _MIN_OTHER_NAME:
            self.unknown_kecamatan = True
        return index + 1

    def _bare(self, index: int) -> int:
        match = self._match(index)
        if match is None:
            return index + 1
        key, end = match
        before = self.words.folded[index - 1] if index else ""
        vocabulary = self.gazetteer.words
        if key == self.gazetteer.regency.name.lower():
            town = end < len(self.words.folded) and self.words.folded[end] == "kota"
            self._regency_itself(index, end, town)
            return end
        if before in vocabulary.persons:
            return end
        weight, score = Weight.FIRM, 0.6
        if key in self.segment_keys:
            score = 0.8
        elif key in vocabulary.ordinary:
            weight, score = self._ordinary(index, before), 0.3
        elif before in vocabulary.things or self._continues_a_road(index):
            weight, score = Weight.NEAR, 0.3
        self.mentions.append(Mention(index, end, None, self.gazetteer.by_key[key], score, weight))
        return end

    def _ordinary(self, index: int, before: str) -> Weight:
        capital = self.capitals_tell and self._capital(index) and index > 0
        cue = before in self.gazetteer.words.cues
        if capital and cue:
            return Weight.FIRM
        return Weight.DOUBT if capital or cue else Weight.FAINT

    def _continues_a_road(self, index: int) -> bool:
        """Whether this is Jogorogo in "jalan Paron-Jogorogo"."""
        before = self.mentions[-1] if self.mentions else None
        if before is None or before.end != index or before.weight is not Weight.NEAR:
            return False
        return self.words.between(index - 1).strip() in ("-", "–", "/")

    def _regency_itself(self, index: int, end: int, town: bool) -> None:
        """Bare "Ngawi" is the regency; "Ngawi kota" may also be its kecamatan."""
        readings: tuple[Region, ...] = (self.gazetteer.regency,)
        if town:
            same = self.gazetteer.by_key[self.gazetteer.regency.name.lower()]
            readings += tuple(r for r in same if r.level == "kecamatan")
        before = self.words.folded[index - 1] if index else ""
        weight = Weight.NEAR if before in self.gazetteer.words.things else Weight.FIRM
        self.mentions.append(Mention(index, end, None, readings, 0.8, weight))

    def _capital(self, index: int) -> bool:
        return self.words.text[self.words.spans[index][0]].isupper()
