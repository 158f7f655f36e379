"""Items that LAPOR has already: rules that a regency declares, and nothing guessed beyond them.

1708 is a national number and its messages enter LAPOR directly; how they reach a local government
is not public. A wrong link swallows a complaint, a missing one costs a second entry that people
see: so every doubt ends in "not linked".
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from normalizer.draft import Draft
from normalizer.event import Channel
from normalizer.text import clean

#: Seven digits in 2025 ("#9165816"), and it counts upwards. NIK and phone numbers are longer.
_ID = r"(?P<id>[1-9][0-9]{4,9})(?![0-9])"
#: A date, a name of an agency; a bound keeps the search linear.
_WITHIN_LINE = r"[^\n]{0,80}?"
_PART = re.compile(r"(\{id\}|\{\*\}|\s+)")
_LETTER_OR_DIGIT = re.compile(r"[^\W_]")
_MAX_PATTERN_CHARS = 200
#: "id {id}" would stand in anybody's message.
_MIN_LETTERS = 5
#: Forwards say at their beginning what they are.
_READ_CHARS = 2_000


class BadPattern(ValueError):
    """The pattern of a rule cannot be used. The message says why and holds nothing of it."""


@dataclass(frozen=True)
class Pattern:
    """How a forward looks: words as they are, ``{id}`` for the number, ``{*}`` for a few others.

    No regular expressions: these cannot be wrong in a way that hangs the intake. Case and the
    width of blanks do not matter; a line break stands for a line break.
    """

    text: str

    def __post_init__(self) -> None:
        """Check it.

        Raises:
            BadPattern.
        """
        if len(self.text) > _MAX_PATTERN_CHARS:
            raise BadPattern(f"longer than {_MAX_PATTERN_CHARS} characters")
        if self.text.count("{id}") != 1:
            raise BadPattern("needs {id} exactly once, where the tracking id stands")
        if self.text.count("{*}") > 1:
            raise BadPattern("takes {*} at most once")
        words = self.text.replace("{id}", "").replace("{*}", "")
        if "{" in words or "}" in words:
            raise BadPattern("knows only {id} and {*}")
        if sum(letter.isalpha() for letter in words) < _MIN_LETTERS:
            raise BadPattern(f"needs at least {_MIN_LETTERS} letters beside {{id}}")
        if re.search(r"^\s*\{\*\}|\{\*\}\s*\{id\}", self.text):
            raise BadPattern("needs words before {*}, and between {*} and {id}")

    def opens(self, text: str) -> str | None:
        """The id, when the text opens with exactly this and then ends or goes on in a new line."""
        found = self._whole.match(text)
        return found["id"] if found else None

    def within(self, text: str) -> str | None:
        """The id, when this stands anywhere in the text."""
        found = self._anywhere.search(text)
        return found["id"] if found else None

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile(rf"\s*{self._expression}[ \t.!]*(?:\n|\Z)", re.IGNORECASE)

    @cached_property
    def _anywhere(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![^\W_]){self._expression}", re.IGNORECASE)

    @cached_property
    def _expression(self) -> str:
        parts = [part for part in _PART.split(self.text.strip()) if part]
        return "".join(
            _part(part, before) for part, before in zip(parts, ["", *parts], strict=False)
        )


def _part(part: str, before: str) -> str:
    if part == "{id}":
        return _ID
    if part == "{*}":
        return _WITHIN_LINE
    if part.isspace() and "\n" in part:
        return r"[ \t]*\n\s*"
    if part.isspace():
        # "ID:9165816" is "ID: 9165816", and "nomor9165816" is nothing.
        return r"[ \t]+" if _LETTER_OR_DIGIT.match(before[-1]) else r"[ \t]*"
    return re.escape(part)


@dataclass(frozen=True, slots=True)
class Rule:
    """Which items it is about, and how one shows that LAPOR has it. Empty: whichever.

    Without ``pattern`` every such item is LAPOR's. With ``senders`` a pattern may stand anywhere in
    the text, as these write nothing else; without, the item must open with it, in lines of its own:
    whoever merely mentions a report goes on in the same line.
    """

    channels: frozenset[Channel] = frozenset()
    accounts: frozenset[str] = frozenset()
    #: Short codes, names, mail addresses, handles: as the platform gives them, lower case.
    senders: frozenset[str] = frozenset()
    pattern: Pattern | None = None

    def covers(self, draft: Draft) -> bool:
        """Whether the item came the way that this rule is about."""
        sender = (draft.sender.address or "").strip().lstrip("@").casefold()
        return (
            (not self.channels or draft.channel in self.channels)
            and (not self.accounts or draft.account in self.accounts)
            and (not self.senders or sender in self.senders)
        )


@dataclass(frozen=True, slots=True)
class Found:
    """LAPOR has it; under which number, if the item says so."""

    tracking_id: str | None


def find_in_lapor(draft: Draft, rules: Sequence[Rule]) -> Found | None:
    """What the first rule that fits says; None when none does. Later rules may add the number."""
    fitting = [rule for rule in rules if rule.covers(draft)]
    if not fitting:
        return None
    texts = [clean(text[:_READ_CHARS]) for text in (draft.title_raw, draft.text_raw) if text]
    number = next(_numbers(fitting, texts), None)
    if number is not None:
        return Found(number)
    return Found(None) if any(rule.pattern is None for rule in fitting) else None


def _numbers(rules: Sequence[Rule], texts: Sequence[str]) -> Iterator[str]:
    for rule in rules:
        if rule.pattern is None:
            continue
        for text in texts:
            number = rule.pattern.within(text) if rule.senders else rule.pattern.opens(text)
            if number is not None:
                yield number
