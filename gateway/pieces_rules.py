"""Where a piece belongs: whether it completes an item, repeats one, adds to one or begins one."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What becomes of a group of pieces."""

    #: Joined to one item.
    WHOLE = "whole"
    #: One piece that came after its item; published as an item that adds to it.
    LATE = "late"
    #: One piece of an item that could not be joined; published as an item of its own.
    ALONE = "alone"


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of a piece: its number, and keyed hashes of what it says and its id."""

    number: int
    content: bytes = field(repr=False)
    source: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Family:
    """An item of which pieces came, and those of its pieces that went on their own way."""

    group: int
    #: It takes more pieces: nobody has begun to publish it.
    is_open: bool
    #: Every piece of it came in time.
    is_full: bool
    seen: frozenset[Seen]

    def has_number(self, number: int) -> bool:
        """Whether the piece of this number came."""
        return any(one.number == number for one in self.seen)

    def says(self, piece: Seen) -> bool:
        """Whether it has this number with this content."""
        return any((one.number, one.content) == (piece.number, piece.content) for one in self.seen)


@dataclass(frozen=True, slots=True)
class Repeat:
    """Came before: nothing is to be done."""


@dataclass(frozen=True, slots=True)
class Joins:
    """One of an open group."""

    group: int


@dataclass(frozen=True, slots=True)
class Adds:
    """Belongs to an item that takes no more. ``label`` tells it from the item's other pieces."""

    group: int
    label: str


@dataclass(frozen=True, slots=True)
class Begins:
    """The first of an item."""


Place = Repeat | Joins | Adds | Begins


def place_of(piece: Seen, families: Sequence[Family], *, named: bool) -> Place:
    """The place of a piece among the items that have its key, the newest of them first.

    ``named``: the platform has an id for the whole item, so the key is never used again. Without
    one a key is used again when a phone's reference of 8 bits comes round, or never changes.
    """
    if any(_is_same_delivery(piece, family) for family in families):
        return Repeat()
    open_ones = [family for family in families if family.is_open]
    if any(family.says(piece) for family in open_ones):
        return Repeat()
    for family in open_ones:
        # The newest: an older one that still lacks it has most likely lost it.
        if not family.has_number(piece.number):
            return Joins(family.group)
    closed = [family for family in families if not family.is_open and (named or not family.is_full)]
    if any(family.says(piece) for family in closed):
        return Repeat()
    for family in closed:
        if not family.has_number(piece.number):
            return Adds(family.group, str(piece.number))
    if named and families:
        return Adds(families[0].group, f"{piece.number}:{piece.content.hex()[:8]}")
    # What a full item said may be said again by the first part of a new one: only when the others
    # have come, or not, is it known to be a repeat (``is_repeat``).
    return Begins()


def is_repeat(pieces: frozenset[Seen], earlier: Sequence[Family]) -> bool:
    """Whether a group says nothing that the items published under its key did not say."""
    said = {(one.number, one.content) for family in earlier for one in family.seen}
    return bool(said) and {(one.number, one.content) for one in pieces} <= said


def _is_same_delivery(piece: Seen, family: Family) -> bool:
    return piece.source is not None and any(
        (one.number, one.source) == (piece.number, piece.source) for one in family.seen
    )
