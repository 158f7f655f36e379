"""Reading JSON whose shape nobody promised: what is not as expected is None, never an error.

X leaves fields out, and moves them, from one version to the next. A message whose date or sender
cannot be read is still a message.
"""

import json
import re
from collections.abc import Mapping

#: Snowflakes are digits; ids of encrypted messages are UUIDs.
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_HANDLE = re.compile(r"[A-Za-z0-9_]{1,50}", re.ASCII)


def load(raw: bytes) -> object:
    """The document; None when it is none.

    Ids exceed 2^53: integers are exact in Python, and a fraction stays the text it was.
    """
    try:
        document: object = json.loads(raw, parse_float=str)
    except (ValueError, RecursionError):
        return None
    return document


def at(value: object, *steps: str) -> object:
    """What stands inside objects at these names."""
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def listed(value: object) -> list[object]:
    """The elements of a list; of anything else none."""
    return value if isinstance(value, list) else []


def words(value: object) -> str | None:
    """A text that is not empty."""
    return value if isinstance(value, str) and value.strip() else None


def identifier(*candidates: object) -> str | None:
    """The first of these that is an id, as a string. A number that was rounded is none."""
    for value in candidates:
        text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
        if isinstance(text, str) and _ID.fullmatch(text):
            return text
    return None


def handle(value: object) -> str | None:
    """A user name with its @."""
    return f"@{value}" if isinstance(value, str) and _HANDLE.fullmatch(value) else None
