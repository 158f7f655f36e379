"""Closing a day with its numbers: what the command does, and the worker by itself."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TypedDict

from deliver.proof.chain import ClosedDay
from deliver.proof.closings import AlreadyClosed, Closings
from deliver.proof.period import Period
from deliver.proof.prove import Desk, Proof, prove
from deliver.proof.words import what_of
from deliver.reconcile import COLUMNS
from normalizer.event import Channel

#: So many of a day's findings stand in its closing by name; their number always does.
_NAMED = 20


class AtSource(TypedDict):
    """What the sources of one channel counted that day."""

    listed: int
    accounted: int
    ignored: int
    on_its_way: int
    missing: int


class Numbers(TypedDict):
    """The numbers of a day as they stood when it was closed."""

    #: By channel: ``received`` and every column; channels without a complaint are left out.
    channels: Mapping[str, Mapping[str, int]]
    sources: Mapping[str, AtSource]
    findings: int
    named: Sequence[str]


class NotOver(AlreadyClosed):
    """That day is not over yet. Reaction: tell the person."""


async def close_through(desk: Desk, day: date, now: datetime, by: str) -> Sequence[ClosedDay]:
    """Close ``day``, and before it every day since the last closing.

    Raises:
        AlreadyClosed: it, or a later one, is closed, or it is not over.
        LedgerInUse, LogUnavailable, LedgerUnavailable.
    """
    if day >= now.astimezone(desk.zone).date():
        raise NotOver(f"hari {day.isoformat()} belum berakhir")
    closings = Closings(desk.ledger.engine)
    last = await asyncio.to_thread(closings.last)
    if last is not None and last.day >= day:
        raise AlreadyClosed(f"hari {last.day.isoformat()} sudah ditutup")
    first = last.day + timedelta(days=1) if last is not None else day
    made = []
    for offset in range((day - first).days + 1):
        one = first + timedelta(days=offset)
        numbers = numbers_of(await prove(desk, Period(one, one), now))
        made.append(await asyncio.to_thread(closings.close, one, numbers, now, by))
    return made


def numbers_of(proof: Proof) -> Numbers:
    """A proof as it is kept in the closing."""
    channels: dict[str, dict[str, int]] = {}
    for line in proof.report.lines:
        into = channels.setdefault(line.channel, dict.fromkeys(("received", *COLUMNS), 0))
        into["received"] += line.received
        for column, count in line.counts.items():
            into[column] += count
    return Numbers(
        channels=channels,
        sources={channel: _at_source(proof, channel) for channel in _counted(proof)},
        findings=len(proof.findings),
        named=[what_of(one) for one in proof.findings[:_NAMED]],
    )


def _counted(proof: Proof) -> Sequence[Channel]:
    return sorted({line.scope.channel for line in proof.sources})


def _at_source(proof: Proof, channel: Channel) -> AtSource:
    lines = [line for line in proof.sources if line.scope.channel is channel]
    return AtSource(
        listed=sum(line.listed for line in lines),
        accounted=sum(line.accounted for line in lines),
        ignored=sum(line.ignored for line in lines),
        on_its_way=sum(line.waiting for line in lines),
        # A surplus in one batch must not hide what is missing in another.
        missing=sum(abs(line.missing) for line in lines),
    )
