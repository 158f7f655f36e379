"""A lane for each replier: one answer after the other, and rest while its platform is away."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from connectors.answering.rows import Known
from gateway.contract import Replier
from gateway.errors import Misconfigured, ReplyAway
from normalizer.event import Channel

#: A platform that was away for a moment is asked again at once; one that is down, once a minute.
_FIRST_REST = timedelta(seconds=1)
_LONGEST_REST = timedelta(minutes=1)
#: The answer that found it away tries again later than the others: it may be the cause.
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=10)
#: A platform may ask for silence until the next day (Retry-After), not for ever.
_LONGEST_ASKED = timedelta(days=1)

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass(slots=True)
class Lane:
    """A replier and how its platform does."""

    replier: Replier
    rests_until: datetime = _LONG_AGO
    failures: int = 0

    @property
    def name(self) -> str:
        """As it stands in the outbox."""
        return lane_name(self.replier.channel, self.replier.account)

    def well(self) -> None:
        """The platform answered."""
        self.failures = 0

    def away(self, fault: ReplyAway, attempts: int, now: datetime) -> datetime:
        """The platform is away: the lane rests; when the answer at hand may try again."""
        self.failures += 1
        if fault.retry_after_seconds is not None:
            asked = min(timedelta(seconds=fault.retry_after_seconds), _LONGEST_ASKED)
            self.rests_until = now + asked
            return self.rests_until
        self.rests_until = now + _doubled(_FIRST_REST, self.failures, _LONGEST_REST)
        return now + _doubled(_FIRST_PAUSE, attempts, _LONGEST_PAUSE)


class Lanes:
    """Who answers an item."""

    def __init__(self, repliers: Sequence[Replier]) -> None:
        """Raises Misconfigured: two answer for the same account."""
        self.all = tuple(Lane(replier) for replier in repliers)
        self._names = {lane.name for lane in self.all}
        if len(self._names) < len(self.all):
            raise Misconfigured("two accounts of one channel have the same name; both answer")
        self._first: dict[Channel, str] = {}
        for lane in self.all:
            self._first.setdefault(lane.replier.channel, lane.name)

    def of(self, item: Known) -> str | None:
        """The lane that answers it: its own account, else, when it came another way, any.

        A walk-in with a mobile number is answered by whoever sends our SMS.
        """
        channel = item.reachable_on or item.channel
        if (own := lane_name(channel, item.account)) in self._names:
            return own
        return self._first.get(channel) if channel is not item.channel else None


def lane_name(channel: Channel, account: str) -> str:
    """How a lane is called in the outbox."""
    return f"{channel}/{account}"


def _doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    # 2 ** 20 seconds are longer than any of the limits.
    return min(first * 2.0 ** min(times - 1, 20), longest)
