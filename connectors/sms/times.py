"""The provider's times, in the forms that occur."""

import math
import re
from datetime import UTC, datetime, tzinfo

from normalizer.event import TimePrecision

#: A provider that changes to milliseconds without notice is believed: in seconds this number
#: would lie in the year 5138.
_SURELY_MILLISECONDS = 1e11

_DATE_ONLY = re.compile(r"\d{4}-?\d{2}-?\d{2}")
_WITH_SECONDS = re.compile(r"\d{2}:\d{2}:\d{2}|T\d{6}")

Moment = tuple[datetime, TimePrecision]


def read_time(value: str | None, time_format: str, zone: tzinfo) -> Moment | None:
    """An aware UTC time and how exact it is; None for what is no time.

    ``time_format`` is ``iso``, ``unix``, ``unix_ms`` or a ``strptime`` pattern; ``zone`` is that
    of a time that names none.
    """
    if value is None:
        return None
    try:
        if time_format in ("unix", "unix_ms"):
            return _from_unix(float(value), time_format == "unix_ms")
        if time_format == "iso":
            return _utc(datetime.fromisoformat(value), zone), _iso_precision(value)
        # The pattern may well lack %z: then the zone is the account's.
        parsed = datetime.strptime(value, time_format)  # noqa: DTZ007
        return _utc(parsed, zone), _pattern_precision(time_format)
    except (ValueError, OverflowError, OSError, re.error):
        return None


def _from_unix(number: float, milliseconds: bool) -> Moment | None:
    if not math.isfinite(number):
        return None
    seconds = number / 1000 if milliseconds or number >= _SURELY_MILLISECONDS else number
    return datetime.fromtimestamp(seconds, UTC), TimePrecision.SECOND


def _utc(moment: datetime, zone: tzinfo) -> datetime:
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _iso_precision(value: str) -> TimePrecision:
    if _DATE_ONLY.fullmatch(value):
        return TimePrecision.DAY
    return TimePrecision.SECOND if _WITH_SECONDS.search(value) else TimePrecision.MINUTE


def _pattern_precision(pattern: str) -> TimePrecision:
    codes = set(re.findall(r"%-?([a-zA-Z])", pattern))
    if codes & set("STcXfs"):
        return TimePrecision.SECOND
    return TimePrecision.MINUTE if codes & set("MR") else TimePrecision.DAY
