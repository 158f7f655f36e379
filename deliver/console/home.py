"""The front page: the equation, what waits, how LAPOR is, and the newest complaints."""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from aiohttp import web

from deliver.console import words
from deliver.console.chart import charts
from deliver.console.equation import Counted
from deliver.console.site import Site, Visitor
from deliver.reconcile import COLUMNS, Column, Line
from deliver.rows import LedgerRow
from deliver.states import State
from gateway.errors import LogUnavailable
from normalizer.event import Channel, ComplaintEvent

#: What somebody or something still has to do.
OPEN = (State.RECEIVED, State.HELD, State.SENDING, State.UNKNOWN, State.PARKED)


@dataclass(frozen=True, slots=True)
class Sum:
    """The equation of one channel, or of all (None), over some days."""

    channel: Channel | None
    received: int
    counts: Mapping[Column, int]


@dataclass(frozen=True, slots=True)
class _Standing:
    """The ledger as it is this moment."""

    counts: Mapping[State, int]
    oldest: LedgerRow | None
    lapor: Mapping[str, int]
    states: Mapping[UUID, State]


async def show_home(request: web.Request, visitor: Visitor) -> web.Response:
    """The whole page."""
    counted = await visitor.site.equation.recent()
    context = await _moving(visitor.site)
    context |= {
        "here": "beranda",
        "counted": counted,
        "columns": COLUMNS,
        "today": _sums(counted, counted.days[-1:]) if counted else [],
        "week": _sums(counted, counted.days) if counted else [],
        "charts": charts(counted.proof.report.lines, counted.days) if counted else [],
        "refresh": "jeda" not in request.query,
    }
    return visitor.page("home.html", context)


async def show_moving(request: web.Request, visitor: Visitor) -> web.Response:
    """What changes from minute to minute, as a piece of the page for its script."""
    return visitor.page("moving.html", await _moving(visitor.site))


async def _moving(site: Site) -> dict[str, object]:
    try:
        events: Sequence[ComplaintEvent] = await site.live.newest()
        log_away = False
    except LogUnavailable:
        events, log_away = (), True
    standing = await asyncio.to_thread(_standing, site, [one.complaint_id for one in events])
    now = site.now()
    pause = site.gate.pause if site.gate is not None else None
    return {
        "events": [
            (event, words.kecamatan_of(event), standing.states.get(event.complaint_id))
            for event in events
        ],
        "log_away": log_away,
        "counts": standing.counts,
        "open_states": OPEN,
        "oldest": standing.oldest,
        "oldest_age": words.age(standing.oldest.received_at, now) if standing.oldest else "",
        "lapor": standing.lapor,
        "mode": site.mode,
        "pause": words.PAUSES[pause[0]] if pause else "",
        "pause_until": words.until(pause[1], now, site.zone) if pause and pause[1] else "",
        "now": now,
    }


def _standing(site: Site, shown: Sequence[UUID]) -> _Standing:
    ledger = site.ledger
    return _Standing(
        ledger.queries.counts(),
        ledger.listing.oldest(OPEN),
        ledger.listing.lapor_statuses(),
        ledger.listing.states_of(shown),
    )


def _sums(counted: Counted, days: Sequence[date]) -> Sequence[Sum]:
    """A line for each channel and, when there are several, one for all of them at the end."""
    lines = [line for line in counted.proof.report.lines if line.day in days]
    channels = sorted({line.channel for line in lines}, key=lambda one: words.CHANNELS[one])
    found = [_sum(channel, [x for x in lines if x.channel is channel]) for channel in channels]
    return [*found, _sum(None, lines)]


def _sum(channel: Channel | None, lines: Sequence[Line]) -> Sum:
    counts: Counter[Column] = Counter()
    for line in lines:
        counts.update(line.counts)
    return Sum(channel, sum(line.received for line in lines), counts)
