"""Words to the bot itself, and whether a message in a group is meant for it."""

import re
from functools import lru_cache

from normalizer.identity import parse_reference

_COMMAND = re.compile(
    r"/(?P<name>start|bantuan|help|status)(?:@(?P<bot>\w+))?(?:\s+(?P<rest>.*))?",
    re.IGNORECASE | re.DOTALL,
)
_PLAIN_STATUS = re.compile(r"status\s+(?P<rest>.+)", re.IGNORECASE | re.DOTALL)
#: A complaint's number with its dashes and blanks.
_LONGEST_NUMBER = 30


def is_command(text: str, username: str, reference_prefix: str) -> bool:
    """Whether a text is a word to the bot and nothing else.

    ``/start`` (also with the one word that a link can add), ``/bantuan`` and ``/help``,
    ``/status`` with or without a number, and plain ``status NGW-26-7K3M9QXA``. A text with any
    further words is a complaint that happens to begin that way.
    """
    found = _COMMAND.fullmatch(text.strip())
    if found is None:
        plain = _PLAIN_STATUS.fullmatch(text.strip())
        return plain is not None and _is_number(plain["rest"], reference_prefix)
    if (found["bot"] or username).lower() != username.lower():
        return False
    rest = found["rest"] or ""
    match found["name"].lower():
        case "start":
            return len(rest.split()) <= 1
        case "status":
            return len(rest.split()) <= 1 or _is_number(rest, reference_prefix)
        case _:
            return not rest


def addresses(text: str, username: str) -> bool:
    """Whether a text mentions the bot: ``@name``, or a command to it, ``/status@name``."""
    return _mention(username).search(text) is not None


def _is_number(text: str, prefix: str) -> bool:
    text = text.strip(" \t\r\n.?!")
    if len(text) > _LONGEST_NUMBER:
        return False
    found = parse_reference(text, prefix)
    return found is not None and len(re.sub(r"\W", "", text)) == len(found.replace("-", ""))


@lru_cache(maxsize=64)
def _mention(username: str) -> re.Pattern[str]:
    # Not the end of a mail address, not the beginning of a longer name.
    return re.compile(rf"(?:(?<!\w)@|/\w+@){re.escape(username)}(?!\w)", re.IGNORECASE)
