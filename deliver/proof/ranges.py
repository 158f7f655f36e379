"""Sets of whole numbers as sorted ranges that neither touch nor overlap, both ends included.

A mailbox of 200,000 mails that has lost one is two ranges, not 199,999 numbers.
"""

from collections.abc import Iterable, Sequence

Range = tuple[int, int]
Ranges = Sequence[Range]


def union(*several: Iterable[Range]) -> Ranges:
    """All numbers that stand in any of them; the ranges given may overlap, in any order."""
    merged: list[Range] = []
    for first, last in sorted(one for ranges in several for one in ranges):
        if last < first:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def of_numbers(numbers: Iterable[int]) -> Ranges:
    """These numbers; each may be there more than once."""
    return union((number, number) for number in numbers)


def without(ranges: Iterable[Range], others: Iterable[Range]) -> Ranges:
    """The numbers of ``ranges`` that are not in ``others``."""
    left: list[Range] = []
    taken = union(others)
    at = 0
    for first, last in union(ranges):
        start = first
        while at < len(taken) and taken[at][1] < start:
            at += 1
        here = at
        while here < len(taken) and taken[here][0] <= last:
            if taken[here][0] > start:
                left.append((start, taken[here][0] - 1))
            start = taken[here][1] + 1
            here += 1
        if start <= last:
            left.append((start, last))
    return left


def size(ranges: Iterable[Range]) -> int:
    """How many numbers there are."""
    return sum(last - first + 1 for first, last in union(ranges))


def shown(ranges: Iterable[Range]) -> str:
    """As people write it: ``7, 1004–1006``."""
    return ", ".join(_one(first, last) for first, last in ranges)


def _one(first: int, last: int) -> str:
    return str(first) if first == last else f"{first}–{last}"
