"""The word lists of ``data/words.toml``, read once."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Lower-case words by what they tell; the file says what belongs into each list."""

    version: str
    indonesian: frozenset[str]
    javanese: frozenset[str]
    function_words: frozenset[str]
    greetings: frozenset[str]
    time_words: frozenset[str]
    not_a_name: frozenset[str]
    continues_a_place: frozenset[str]
    nik_provinces: frozenset[str]


def read_data(name: str) -> str:
    """A data file of this package as text. Raises FileNotFoundError if it is not there."""
    return (files("normalizer") / "data" / name).read_text(encoding="utf-8")


@cache
def load_lexicon() -> Lexicon:
    """The lists as sets. A word that both languages have tells neither and is left out of both."""
    data = tomllib.loads(read_data("words.toml"))
    indonesian = frozenset(data["indonesian"].split())
    javanese = frozenset(data["javanese"].split())
    shared = indonesian & javanese
    return Lexicon(
        version=data["version"],
        indonesian=indonesian - shared,
        javanese=javanese - shared,
        function_words=frozenset(data["function_words"].split()),
        greetings=frozenset(data["greetings"].split()),
        time_words=frozenset(data["time_words"].split()),
        not_a_name=frozenset(data["not_a_name"].split()),
        continues_a_place=frozenset(data["continues_a_place"].split()),
        nik_provinces=frozenset(data["nik_provinces"].split()),
    )
