"""The villages and kecamatan of the regency, ready to be looked up by what people write."""

import csv
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import OSA

from normalizer.event import PlaceCandidate
from normalizer.lexicon import read_data

Level = Literal["village", "kecamatan", "regency"]

#: Shorter words have too many neighbours at one letter's distance ("Simo", "Soco").
MIN_TYPO_CHARS = 6
#: A suggestion must fit at least so well (0 to 100): lets two letters of ten be wrong.
_MIN_SUGGESTION = 75.0


# Compared by identity: there is one object per entry, and sets of them are made for every text.
@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One entry of the official list. ``label`` is how people say it: "Desa X, Kec. Y"."""

    code: str
    name: str
    level: Level
    label: str

    @property
    def kecamatan(self) -> str:
        """The code of the kecamatan it is or lies in; the regency's own code for the regency."""
        return self.code[:8]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words around place names, from ``data/places.toml``."""

    levels: Mapping[str, Level]
    things: frozenset[str]
    persons: frozenset[str]
    ordinary: frozenset[str]
    cues: frozenset[str]
    elsewhere: frozenset[str]
    #: Words at which a description of the spot begins, "rt03" and the like among them.
    landmark_marks: frozenset[str]
    landmark_numbered: frozenset[str]
    landmark_stops: frozenset[str]


@dataclass(frozen=True, slots=True, eq=False)
class Gazetteer:
    """Immutable; made once by ``load_gazetteer``. Keys are names without spaces, lower case."""

    version: str
    regency: Region
    by_code: Mapping[str, Region]
    by_key: Mapping[str, tuple[Region, ...]]
    #: Every beginning of every key, of three letters and more (shorter ones, such as "di", are
    #: words of their own): a word that is none of them begins no name.
    beginnings: frozenset[str]
    #: Each key of six letters and more, by itself with one letter left out.
    shortened: Mapping[str, tuple[str, ...]]
    words: Vocabulary

    def candidate(self, code: str, score: float = 1.0) -> PlaceCandidate | None:
        """The region of that code as a candidate; None if the list has no such code."""
        region = self.by_code.get(code)
        return None if region is None else as_candidate(region, score)

    def nearly(self, key: str) -> tuple[str, ...]:
        """The known keys that are one slip of the finger away from ``key``."""
        if len(key) < MIN_TYPO_CHARS:
            return ()
        near = {
            known
            for form in (key, *_shortened_forms(key))
            for known in (*self.shortened.get(form, ()), form)
            if known in self.by_key and len(known) >= MIN_TYPO_CHARS
        }
        return tuple(sorted(k for k in near if OSA.distance(key, k, score_cutoff=1) <= 1))


def as_candidate(region: Region, score: float) -> PlaceCandidate:
    """A region as it stands in an event."""
    return PlaceCandidate(
        code=region.code, name=region.label, level=region.level, score=round(score, 2)
    )


def suggest(prefix: str, gazetteer: Gazetteer, limit: int = 8) -> tuple[PlaceCandidate, ...]:
    """For a field that completes while one types: the best first, at most ``limit``.

    Every typed word may stand anywhere in "Desa Babadan, Kec. Paron", be only begun, or hold a
    slip. Places whose own name begins with what was typed come first, then villages before
    kecamatan.
    """
    typed = [word for word in prefix.lower().replace(".", " ").replace(",", " ").split() if word]
    if not typed:
        return ()
    scored: list[tuple[float, str, Region]] = []
    for region in gazetteer.by_code.values():
        score = _suggestion_score(typed, region)
        if score >= _MIN_SUGGESTION:
            scored.append((-score, region.code, region))
    scored.sort(key=lambda entry: entry[:2])
    return tuple(
        as_candidate(region, min(-score, 100) / 100) for score, _, region in scored[:limit]
    )


def _suggestion_score(typed: list[str], region: Region) -> float:
    words = region.label.lower().replace(",", "").replace(".", "").split()
    total = 0.0
    for one in typed:
        best = max(_word_score(one, word) for word in words)
        total += best
    joined = "".join(typed)
    own = _key(region.name)
    # In front: the name itself, then what begins with it, before what merely contains it.
    bonus = 10 if own == joined else 5 if own.startswith((typed[0], joined)) else 0
    if own.startswith(joined):
        return 100 + bonus
    return total / len(typed) + bonus if total / len(typed) >= _MIN_SUGGESTION else 0.0


def _word_score(typed: str, word: str) -> float:
    if word.startswith(typed):
        return 100.0
    if len(typed) < 4:  # three letters with a slip fit almost everything
        return 0.0
    return max(fuzz.ratio(typed, word), fuzz.ratio(typed, word[: len(typed)]) - 5)


@cache
def load_gazetteer() -> Gazetteer:
    """The gazetteer of the package's own data files."""
    data = tomllib.loads(read_data("places.toml"))
    rows = list(csv.DictReader(read_data("ngawi_wilayah.csv").splitlines()))
    kecamatan = {row["kode"]: row["nama"] for row in rows if row["tingkat"] == "kecamatan"}
    home = data["regency"]
    regency = Region(home["code"], home["name"], "regency", f"Kab. {home['name']}")
    regions = [regency]
    for row in rows:
        if row["tingkat"] == "kecamatan":
            regions.append(Region(row["kode"], row["nama"], "kecamatan", f"Kec. {row['nama']}"))
            continue
        kind = "Desa" if row["tingkat"] == "desa" else "Kelurahan"
        label = f"{kind} {row['nama']}, Kec. {kecamatan[row['kode_induk']]}"
        regions.append(Region(row["kode"], row["nama"], "village", label))
    by_key = _index(regions, data["aliases"])
    return Gazetteer(
        version=data["version"],
        regency=regency,
        by_code={region.code: region for region in regions},
        by_key=by_key,
        beginnings=frozenset(key[:end] for key in by_key for end in range(3, len(key) + 1)),
        shortened=_shortened(by_key),
        words=_vocabulary(data),
    )


def _index(regions: list[Region], aliases: Mapping[str, str]) -> dict[str, tuple[Region, ...]]:
    index: dict[str, list[Region]] = defaultdict(list)
    for region in regions:
        index[_key(region.name)].append(region)
    # "Pelang" for Pelang Lor and Pelang Kidul: people leave the second word out. Where another
    # village has the short name as its own, that one is meant.
    short: dict[str, list[Region]] = defaultdict(list)
    for region in regions:
        first, _, second = region.name.lower().partition(" ")
        if second and first not in index:
            short[first].append(region)
    other = {alias: index[_key(name)] for alias, name in aliases.items()}
    return {key: tuple(found) for key, found in (index | short | other).items()}


def _key(name: str) -> str:
    return name.lower().replace(" ", "")


def _shortened_forms(key: str) -> Iterable[str]:
    return {key[:at] + key[at + 1 :] for at in range(len(key))}


def _shortened(keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    index: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        if len(key) >= MIN_TYPO_CHARS:
            for form in _shortened_forms(key):
                index[form].append(key)
    return {form: tuple(known) for form, known in index.items()}


def _vocabulary(data: Mapping[str, Mapping[str, str]]) -> Vocabulary:
    levels: dict[str, Level] = {}
    names: tuple[Level, ...] = ("village", "kecamatan", "regency")
    for level in names:
        levels |= dict.fromkeys(data["levels"][level].split(), level)
    marks = {name: frozenset(words.split()) for name, words in data["landmarks"].items()}
    numbered = marks["numbered"]
    # No RT or RW has a higher number here; further along a road, "km" is written apart.
    glued = {f"{word}{n:0{width}}" for word in numbered for n in range(100) for width in (1, 2, 3)}
    return Vocabulary(
        levels=levels,
        things=frozenset(data["things"]["words"].split()),
        persons=frozenset(data["things"]["persons"].split()),
        ordinary=frozenset(data["ordinary"]),
        cues=frozenset(data["cues"]["words"].split()),
        elsewhere=frozenset(data["elsewhere"]["names"].split()),
        landmark_marks=marks["streets"] | marks["hamlets"] | marks["near"] | numbered | glued,
        landmark_numbered=numbered,
        landmark_stops=marks["stops"],
    )
