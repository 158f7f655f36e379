"""Which days, of which channel, the proof is asked for."""

from dataclasses import dataclass
from datetime import date

from normalizer.event import Channel


@dataclass(frozen=True, slots=True)
class Period:
    """Local days, both included; None is open. ``channel`` None: all of them."""

    first: date | None = None
    last: date | None = None
    channel: Channel | None = None

    def has_day(self, day: date) -> bool:
        """Whether that day is asked for."""
        return (self.first is None or day >= self.first) and (self.last is None or day <= self.last)

    def covers(self, day: date, channel: Channel) -> bool:
        """Whether something received then and there is asked for."""
        return self.has_day(day) and self.channel in (None, channel)
