"""X's times: Unix milliseconds, ISO 8601, and the format of version 1.1."""

from datetime import UTC, datetime

from normalizer.event import TimePrecision

_VERSION_1_1 = "%a %b %d %H:%M:%S %z %Y"

#: X changes units without notice; in seconds this number would lie in the year 5138.
_SURELY_MILLISECONDS = 1e11


def moment(*candidates: object) -> datetime | None:
    """The first of these that is a time, in UTC."""
    for value in candidates:
        found = _moment(str(value)) if isinstance(value, str | int) else None
        if found is not None:
            return found
    return None


def precision(sent_at: datetime | None) -> TimePrecision:
    """X tells the second or finer."""
    return TimePrecision.SECOND if sent_at else TimePrecision.UNKNOWN


def _moment(value: str) -> datetime | None:
    try:
        if value.isascii() and value.isdigit():
            number = int(value)
            seconds = number / 1000 if number >= _SURELY_MILLISECONDS else number
            return datetime.fromtimestamp(seconds, UTC)
        if value[:1].isdigit():
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        return datetime.strptime(value, _VERSION_1_1).astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None
