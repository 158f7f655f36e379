"""The three-way match: in both, only with us, only in LAPOR."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TypeVar

from deliver.proof.entered import Entered, EnteredRows
from deliver.proof.findings import Finding, Kind
from deliver.proof.period import Period
from deliver.read_back import CannotList, Listed, ReadBack
from deliver.states import State
from deliver.target import Busy, TargetFault

T = TypeVar("T")

#: LAPOR dates by its own clock and days; a day more on either side misses nothing.
_MARGIN = timedelta(days=1)
#: A busy LAPOR is asked again so often, after so long if it does not say how long.
_TRIES = 5
_PAUSE_SECONDS = 5.0
_LONGEST_PAUSE_SECONDS = 60.0

Sleep = Callable[[float], Awaitable[None]]


@dataclass(slots=True)
class Match:
    """What LAPOR said. ``listed``: whether it could be asked for what we do not have."""

    listed: bool = False
    both: int = 0
    only_ours: int = 0
    #: With our reference, and not entered by our account: each is a finding.
    only_lapor_ours: int = 0
    #: Without our reference: people use LAPOR directly, as they should.
    only_lapor_others: int = 0
    #: Ours that could not be asked for.
    unread: int = 0
    findings: list[Finding] = field(default_factory=list)


async def match(
    lapor: ReadBack, rows: EnteredRows, period: Period, sleep: Sleep = asyncio.sleep
) -> Match:
    """Compare what we entered in the period with what LAPOR has; one call at a time.

    Raises:
        LedgerUnavailable, CredentialsRefused.
    """
    ours = await asyncio.to_thread(rows.entered, period)
    found = Match()
    try:
        there = await _listed(lapor, ours, period, sleep)
        found.listed = True
    except CannotList:
        there = {}
    except TargetFault as fault:
        _unread(found, ours, fault)
        return found
    for at, one in enumerate(ours):
        if one.tracking_id in there:
            found.both += 1
            continue
        try:
            # A list may be cut by dates that are not ours: only the detail says that it is gone.
            exists = await _patiently(lapor.exists, one.tracking_id, sleep)
        except TargetFault as fault:
            _unread(found, ours[at:], fault)
            return found
        if exists:
            found.both += 1
        else:
            found.only_ours += 1
            found.findings.append(_of_ours(Kind.ONLY_OURS, one, f"tracking id {one.tracking_id}"))
    await asyncio.to_thread(_only_there, found, there, rows)
    return found


async def _listed(
    lapor: ReadBack, ours: Sequence[Entered], period: Period, sleep: Sleep
) -> Mapping[str, Listed]:
    first, last = _entered_days(ours, period)

    async def read(_: str) -> Mapping[str, Listed]:
        return {one.tracking_id: one async for one in lapor.listed(first, last)}

    return await _patiently(read, "", sleep)


def _entered_days(ours: Sequence[Entered], period: Period) -> tuple[date | None, date | None]:
    """The days on which LAPOR may have taken what we received in the period."""
    days = [one.entered_on for one in ours]
    first = min([*days, period.first]) if period.first is not None else None
    last = max([*days, period.last]) if period.last is not None else None
    return first and first - _MARGIN, last and last + _MARGIN


async def _patiently(call: Callable[[str], Awaitable[T]], what: str, sleep: Sleep) -> T:
    for _ in range(_TRIES - 1):
        try:
            return await call(what)
        except Busy as busy:
            asked = busy.retry_after_seconds
            pause = _PAUSE_SECONDS if asked is None else asked
            await sleep(min(pause, _LONGEST_PAUSE_SECONDS))
    return await call(what)


def _unread(found: Match, ours: Sequence[Entered], fault: TargetFault) -> None:
    found.unread = len(ours)
    found.findings.append(Finding(kind=Kind.LAPOR_UNREAD, where=type(fault).__name__))


def _only_there(found: Match, there: Mapping[str, Listed], rows: EnteredRows) -> None:
    known = rows.by_tracking_id(there.keys())
    by_reference = rows.by_reference(
        {one.reference for one in there.values() if one.reference is not None}
    )
    for one in there.values():
        holder = known.get(one.tracking_id)
        if holder is None and one.reference is None:
            found.only_lapor_others += 1
        elif holder is None:
            found.only_lapor_ours += 1
            found.findings.append(_stray(one, by_reference.get(one.reference or "")))
        elif one.reference not in (None, holder.reference) and holder.state is State.ENTERED:
            where = f"tracking id {one.tracking_id} memuat {one.reference}"
            found.findings.append(_of_ours(Kind.OTHER_IN_LAPOR, holder, where))


def _stray(listed: Listed, ours: Entered | None) -> Finding:
    where = f"tracking id {listed.tracking_id}"
    if ours is None:
        return Finding(kind=Kind.ONLY_LAPOR, where=where, reference=listed.reference)
    if ours.state is State.ENTERED:
        return _of_ours(Kind.TWICE_IN_LAPOR, ours, f"{where} dan {ours.tracking_id}")
    return _of_ours(Kind.ONLY_LAPOR, ours, where)


def _of_ours(kind: Kind, one: Entered, where: str) -> Finding:
    return Finding(
        kind=kind,
        channel=one.channel,
        day=one.day,
        where=where,
        reference=one.reference,
        item_id=one.complaint_id,
    )
