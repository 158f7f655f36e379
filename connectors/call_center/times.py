"""The times and durations of telephone systems, in the forms that occur."""

import math
import re
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime

#: In seconds this number would lie in the year 5138.
_SURELY_MILLISECONDS = 1e11
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,2}):(\d{2})", re.ASCII)
#: No call was told by a webhook before; such dates come from unset clocks.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
#: Longer than any call; a counter that ran over, or a date.
_LONGEST_SECONDS = 7 * 86_400


def read_time(value: str | None, time_format: str, zone: tzinfo) -> datetime | None:
    """An aware UTC time; None for what is no time, such as the 0 of what did not happen.

    ``time_format`` is ``iso``, ``unix``, ``unix_ms``, ``rfc2822`` or a ``strptime`` pattern;
    ``zone`` is that of a time that names none.
    """
    found = _parsed(value, time_format, zone) if value else None
    return found if found is not None and found >= _EARLIEST else None


def read_seconds(value: str | None) -> int | None:
    """``200``, ``200.4`` or ``0:03:20``; None for what is no duration."""
    if not value:
        return None
    clock = _CLOCK.fullmatch(value)
    if clock:
        seconds = float(int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3]))
    else:
        try:
            seconds = float(value)
        except ValueError:
            return None
    return int(seconds) if 0 <= seconds <= _LONGEST_SECONDS else None


def spoken(seconds: int) -> str:
    """A duration as people say it: ``3 mnt 20 dtk``."""
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    parts = ((hours, "jam"), (minutes, "mnt"), (rest, "dtk"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or "0 dtk"


def _parsed(value: str, time_format: str, zone: tzinfo) -> datetime | None:
    try:
        if time_format in ("unix", "unix_ms"):
            return _from_unix(float(value), time_format == "unix_ms")
        if time_format == "rfc2822":
            return _utc(parsedate_to_datetime(value), zone)
        if time_format == "iso":
            return _utc(datetime.fromisoformat(value), zone)
        # The pattern may well lack %z: then the zone is the account's.
        return _utc(datetime.strptime(value, time_format), zone)  # noqa: DTZ007
    except (ValueError, OverflowError, OSError, re.error, TypeError):
        return None


def _from_unix(number: float, milliseconds: bool) -> datetime | None:
    if not math.isfinite(number) or number <= 0:
        return None
    seconds = number / 1000 if milliseconds or number >= _SURELY_MILLISECONDS else number
    return datetime.fromtimestamp(seconds, UTC)


def _utc(moment: datetime, zone: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
