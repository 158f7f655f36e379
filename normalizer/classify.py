"""Which of LAPOR's classes an item is, by ordered rules, and which categories its words suggest.

The rules stand in ``data/classes.toml`` and ``data/categories.toml``; here they are only applied.
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from normalizer.event import Classification, Classified
from normalizer.lexicon import read_data

#: A rule that looks at the start only: after this many words people are in the matter itself.
_START_WORDS = 12
_MAX_CATEGORIES = 3


# Compared by identity, as it is looked up for every word.
@dataclass(frozen=True, slots=True, eq=False)
class _Phrase:
    words: tuple[str, ...]
    #: Its second word, empty if it has none: most phrases fail there.
    second: str
    #: Numbers of the class rules and of the categories that hold it.
    rules: tuple[int, ...]
    categories: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Rule:
    name: str
    value: Classification
    at_start: bool


@dataclass(frozen=True, slots=True)
class _Rules:
    classes: tuple[_Rule, ...]
    categories: tuple[str, ...]
    #: By first word, as one walk over the words has to find both.
    phrases: Mapping[str, tuple[_Phrase, ...]]


def classify(words: Sequence[str], chosen: Classification | None = None) -> Classified:
    """The class with the rule that decided it (``person`` when ``chosen``, ``none`` when unclear).

    ``words`` are lower case and in order. At most three categories, the best first.
    """
    rules = _load_rules()
    undecided = len(rules.classes)
    first = undecided
    categories: dict[_Phrase, None] = {}
    for position, phrase in _occurrences(words, rules.phrases):
        for number in phrase.rules:
            if number < first and (position < _START_WORDS or not rules.classes[number].at_start):
                first = number
        if phrase.categories:
            categories[phrase] = None
    names = _best_categories(categories, rules) if categories else ()
    if chosen is not None:
        return Classified(value=chosen, rule="person", categories=names)
    if first == undecided:
        return Classified(value=Classification.UNCLEAR, rule="none", categories=names)
    rule = rules.classes[first]
    return Classified(value=rule.value, rule=rule.name, categories=names)


def _best_categories(phrases: Iterable[_Phrase], rules: _Rules) -> tuple[str, ...]:
    hits: dict[int, int] = {}
    for phrase in phrases:
        # "lampu jalan" tells more than "jalan".
        weight = len(phrase.words)
        for number in phrase.categories:
            hits[number] = hits.get(number, 0) + weight
    best = sorted(hits, key=lambda number: (-hits[number], number))[:_MAX_CATEGORIES]
    return tuple([rules.categories[number] for number in best])


def _occurrences(
    words: Sequence[str], phrases: Mapping[str, tuple[_Phrase, ...]]
) -> Iterator[tuple[int, _Phrase]]:
    last = len(words) - 1
    for position in [at for at, word in enumerate(words) if word in phrases]:
        following = words[position + 1] if position < last else ""
        for phrase in phrases[words[position]]:
            if not phrase.second:
                yield position, phrase
            elif phrase.second == following:
                length = len(phrase.words)
                if length == 2 or tuple(words[position : position + length]) == phrase.words:
                    yield position, phrase


@cache
def _load_rules() -> _Rules:
    classes = tomllib.loads(read_data("classes.toml"))["rule"]
    categories: dict[str, list[str]] = tomllib.loads(read_data("categories.toml"))["phrases"]
    in_rules = _numbers([rule["phrases"] for rule in classes])
    in_categories = _numbers(list(categories.values()))
    phrases: dict[str, list[_Phrase]] = defaultdict(list)
    for phrase in in_rules | in_categories:
        words = tuple(phrase.split())
        entry = _Phrase(
            words=words,
            second=words[1] if len(words) > 1 else "",
            rules=in_rules.get(phrase, ()),
            categories=in_categories.get(phrase, ()),
        )
        phrases[words[0]].append(entry)
    return _Rules(
        classes=tuple(
            _Rule(rule["id"], Classification(rule["class"]), rule.get("at_start", False))
            for rule in classes
        ),
        categories=tuple(categories),
        phrases={word: tuple(entries) for word, entries in phrases.items()},
    )


def _numbers(phrases_by_owner: list[list[str]]) -> dict[str, tuple[int, ...]]:
    found: dict[str, tuple[int, ...]] = {}
    for number, phrases in enumerate(phrases_by_owner):
        for phrase in dict.fromkeys(phrases):
            found[phrase] = (*found.get(phrase, ()), number)
    return found
