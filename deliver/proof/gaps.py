"""Compares what the sources counted with what we have. Pure: nothing is asked of anybody here."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Literal
from uuid import UUID

from deliver.proof import ranges
from deliver.proof.findings import Finding, Kind
from deliver.proof.period import Period
from deliver.proof.sources import Scope
from normalizer.count import SourceCount

#: What is listed: numbers of the source, items of a provider's list, or only how many.
What = Literal["numbers", "items", "amount"]


@dataclass(frozen=True, slots=True)
class Ours:
    """What we have, for the comparison."""

    #: The numbers of a scope from first to last that became an item.
    numbers: Callable[[Scope, int, int], ranges.Ranges]
    #: Those of the ids that are an item of ours.
    items: Callable[[Collection[UUID]], Collection[UUID]]
    #: How many items of ours are in a batch.
    amount: Callable[[Scope], int]


@dataclass(frozen=True, slots=True)
class SourceLine:
    """One scope of one account: ``listed = accounted + ignored + waiting + missing``.

    With an amount, ``missing`` is negative when we have more than were counted.
    """

    scope: Scope
    what: What
    counted_at: datetime
    listed: int
    accounted: int
    #: The source's numbers that are no item (a service message).
    ignored: int
    #: Told so lately that they may still be on their way.
    waiting: int
    missing: int


def compare(
    counts: Iterable[SourceCount], ours: Ours, period: Period, zone: tzinfo, settled_by: datetime
) -> tuple[Sequence[SourceLine], Sequence[Finding]]:
    """Every scope counted in the period, and by name what of it we do not have.

    ``counts`` are all since the first day of the period, oldest first. What was listed for the
    first time after ``settled_by`` may still be on its way to the log: it waits.
    """
    scopes: dict[tuple[Scope, What], list[SourceCount]] = defaultdict(list)
    for count in counts:
        if period.channel in (None, count.channel):
            scope = Scope(count.channel, count.account, count.scope)
            scopes[scope, _what(count)].append(count)
    lines: list[SourceLine] = []
    findings: list[Finding] = []
    for (scope, what), told in sorted(scopes.items()):
        within = [one for one in told if period.has_day(_day(one, zone))]
        if not within:
            continue
        # A batch that was counted again later is what the later count says.
        relevant = within if what != "amount" else [told[-1]]
        line, found = _COMPARISONS[what](scope, relevant, ours, zone, settled_by)
        lines.append(line)
        findings += found
    return lines, findings


def _numbers(
    scope: Scope, told: Sequence[SourceCount], ours: Ours, zone: tzinfo, settled_by: datetime
) -> tuple[SourceLine, Sequence[Finding]]:
    listed = ranges.union(*(one.numbers or () for one in told))
    ignored = ranges.union(part for one in told for part, _ in one.ignored)
    expected = ranges.without(listed, ignored)
    had = ours.numbers(scope, expected[0][0], expected[-1][1]) if expected else []
    gap = ranges.without(expected, had)
    late: ranges.Ranges = []
    findings: list[Finding] = []
    for one in told:
        # Each missing number on the day on which the source first told it.
        here = ranges.without(gap, ranges.without(gap, one.numbers or ()))
        gap = ranges.without(gap, here)
        if one.counted_at > settled_by:
            late = ranges.union(late, here)
        elif here:
            findings.append(
                _finding(Kind.NUMBER_MISSING, scope, _day(one, zone), ranges.shown(here))
            )
    missing = ranges.size(ranges.without(expected, had)) - ranges.size(late)
    line = SourceLine(
        scope=scope,
        what="numbers",
        counted_at=told[-1].counted_at,
        listed=ranges.size(listed),
        accounted=ranges.size(expected) - ranges.size(late) - missing,
        ignored=ranges.size(listed) - ranges.size(expected),
        waiting=ranges.size(late),
        missing=missing,
    )
    return line, findings


def _items(
    scope: Scope, told: Sequence[SourceCount], ours: Ours, zone: tzinfo, settled_by: datetime
) -> tuple[SourceLine, Sequence[Finding]]:
    first_told: dict[UUID, SourceCount] = {}
    for one in told:
        for item in one.items or ():
            first_told.setdefault(item, one)
    had = set(ours.items(first_told.keys()))
    late = {
        item
        for item, count in first_told.items()
        if item not in had and count.counted_at > settled_by
    }
    lost = [item for item in first_told if item not in had and item not in late]
    findings = [
        _finding(Kind.ITEM_MISSING, scope, _day(first_told[item], zone), f"id {item}", item)
        for item in lost
    ]
    line = SourceLine(
        scope=scope,
        what="items",
        counted_at=told[-1].counted_at,
        listed=len(first_told),
        accounted=len(had),
        ignored=0,
        waiting=len(late),
        missing=len(lost),
    )
    return line, findings


def _amount(
    scope: Scope, told: Sequence[SourceCount], ours: Ours, zone: tzinfo, settled_by: datetime
) -> tuple[SourceLine, Sequence[Finding]]:
    count = told[-1]
    listed, had = count.amount or 0, ours.amount(scope)
    findings = []
    if had != listed:
        kind = Kind.AMOUNT_SHORT if had < listed else Kind.AMOUNT_OVER
        where = f"{listed} dihitung, {had} tercatat"
        findings = [_finding(kind, scope, _day(count, zone), where)]
    line = SourceLine(
        scope=scope,
        what="amount",
        counted_at=count.counted_at,
        listed=listed,
        accounted=had,
        ignored=0,
        waiting=0,
        missing=listed - had,
    )
    return line, findings


_Comparison = Callable[
    [Scope, Sequence[SourceCount], Ours, tzinfo, datetime],
    tuple[SourceLine, Sequence[Finding]],
]
_COMPARISONS: Mapping[What, _Comparison] = {
    "numbers": _numbers,
    "items": _items,
    "amount": _amount,
}


def _what(count: SourceCount) -> What:
    if count.numbers is not None:
        return "numbers"
    return "items" if count.items is not None else "amount"


def _day(count: SourceCount, zone: tzinfo) -> date:
    return count.counted_at.astimezone(zone).date()


def _finding(
    kind: Kind, scope: Scope, day: date, where: str, item_id: UUID | None = None
) -> Finding:
    return Finding(
        kind=kind,
        channel=scope.channel,
        account=scope.account,
        scope=scope.name,
        day=day,
        where=where,
        item_id=item_id,
    )
