"""Bars for a week, as numbers for an SVG; the template draws them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from deliver.reconcile import Line
from normalizer.event import Channel

#: In the units of the drawing.
BAR_WIDTH = 30
BAR_GAP = 8
FULL_HEIGHT = 72


@dataclass(frozen=True, slots=True)
class Bar:
    """One day of one channel, placed in the drawing."""

    day: date
    received: int
    #: Of these, in LAPOR or part of something that is.
    settled: int
    x: int
    height: int
    settled_height: int


@dataclass(frozen=True, slots=True)
class Chart:
    """The days of one channel, drawn to the same scale as those of the others."""

    channel: Channel
    bars: Sequence[Bar]
    total: int


def charts(lines: Sequence[Line], days: Sequence[date]) -> Sequence[Chart]:
    """A chart for each channel that received anything, the busiest first."""
    received: Counter[tuple[Channel, date]] = Counter()
    settled: Counter[tuple[Channel, date]] = Counter()
    for line in lines:
        key = (line.channel, line.day)
        received[key] += line.received
        settled[key] += sum(line.counts.get(name, 0) for name in ("entered", "linked", "excluded"))
    highest = max(received.values(), default=0)
    made = [
        Chart(
            channel,
            [
                _bar(day, at, received[channel, day], settled[channel, day], highest)
                for at, day in enumerate(days)
            ],
            sum(received[channel, day] for day in days),
        )
        for channel in {channel for channel, _ in received}
    ]
    return sorted(made, key=lambda chart: (-chart.total, chart.channel))


def _bar(day: date, at: int, received: int, settled: int, highest: int) -> Bar:
    return Bar(
        day=day,
        received=received,
        settled=settled,
        x=at * (BAR_WIDTH + BAR_GAP),
        height=_height(received, highest),
        settled_height=_height(settled, highest),
    )


def _height(count: int, highest: int) -> int:
    # One complaint among a thousand is still to be seen.
    return max(2, round(FULL_HEIGHT * count / highest)) if count else 0
