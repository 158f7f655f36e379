"""What stands in Meta's JSON, read without ever failing.

A value of another type than expected counts as absent: a strange date or sender must not cost the
words beside it. Ids stay strings, also where they come as numbers.
"""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict

#: Seconds up to the year 5138; what is larger are milliseconds. Meta sends both.
_SURELY_MILLISECONDS = 1e11
_NUMBER = re.compile(r"[0-9]{1,20}")

T = TypeVar("T")


def as_mapping(value: object) -> Mapping[str, Any]:
    """The object; an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str | None:
    """The text, with lone surrogates (JSON escapes can make them) as U+FFFD."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def as_id(value: object) -> str | None:
    """A text that names something; None when it is blank."""
    return (as_text(value) or "").strip() or None


def as_moment(value: object) -> datetime | None:
    """Unix seconds or milliseconds, as a number or as digits, or ISO 8601 with its zone."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        if isinstance(value, str) and not _NUMBER.fullmatch(value.strip()):
            moment = datetime.fromisoformat(value.strip())
            return moment.astimezone(UTC) if moment.tzinfo else None
        number = float(value)
        if not math.isfinite(number) or number <= 0:
            return None
        seconds = number / 1000 if number >= _SURELY_MILLISECONDS else number
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _as_degrees(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _as_flag(value: object) -> bool:
    return value is True or value == "true"


def _as_parts(value: object) -> Sequence[Mapping[str, Any]]:
    # One that is no object still counts: it is shown as something that could not be read.
    return [as_mapping(one) for one in value] if isinstance(value, list) else []


def _as_texts(value: object) -> Sequence[str]:
    if not isinstance(value, list):
        return []
    return [text for one in value if (text := as_id(one)) is not None]


Text = Annotated[str | None, BeforeValidator(as_text)]
Texts = Annotated[tuple[str, ...], BeforeValidator(_as_texts)]
Id = Annotated[str | None, BeforeValidator(as_id)]
Flag = Annotated[bool, BeforeValidator(_as_flag)]
Moment = Annotated[datetime | None, BeforeValidator(as_moment)]
Degrees = Annotated[float | None, BeforeValidator(_as_degrees)]
#: An object inside; every field of an absent one is absent.
Part = Annotated[T, BeforeValidator(as_mapping)]
Parts = Annotated[tuple[T, ...], BeforeValidator(_as_parts)]


class Shape(BaseModel):
    """An object of Meta's. Every field has a default, so that no object is refused."""

    model_config = ConfigDict(frozen=True, extra="ignore")
