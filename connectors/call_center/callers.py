"""Who calls, as far as telephone systems tell."""

import re
from dataclasses import dataclass

from normalizer.draft import Sender, SenderKind

#: What stands in place of a number whose owner hides it. The digits are the words typed on a
#: telephone's keys, as Twilio writes them (anonymous, restricted, blocked).
_HIDDEN = frozenset(
    (
        "anonymous", "restricted", "withheld", "private", "hidden", "blocked", "private number",
        "nomor pribadi", "266696687", "7378742833", "2562533",
    )
)  # fmt: skip
#: What stands there when the network did not pass it on.
_UNKNOWN = frozenset(
    (
        "",
        "unknown",
        "unavailable",
        "none",
        "null",
        "<unknown>",
        "asterisk",
        "86282452253",
        "8656696",
    )
)
_NO_NAME = re.compile(r"[\d\s+()-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Caller:
    """A number, or why there is none."""

    number: str | None = None
    #: The caller did not want it shown.
    is_hidden: bool = False


def read_caller(value: str | None) -> Caller:
    """What the caller's field says. Whatever is no known word is kept as it stands."""
    number = (value or "").strip()
    if number.lower().startswith(("sip:", "tel:")):
        number = number[4:].partition("@")[0].partition(";")[0]
    word = number.lstrip("+").lower()
    if word in _HIDDEN:
        return Caller(is_hidden=True)
    return Caller() if word in _UNKNOWN else Caller(number)


def is_internal(value: str | None, longest: int) -> bool:
    """Whether it is an extension: a few digits, or a softphone of the house at Twilio."""
    number = read_caller(value).number or ""
    return number.startswith("client:") or (
        number.isascii() and number.isdigit() and len(number) <= longest
    )


def sender_of(caller: Caller, name: str | None) -> Sender:
    """The sender; networks that know no name repeat the number instead."""
    if caller.number is None:
        return Sender()
    known = name if name and not _NO_NAME.fullmatch(name) else None
    return Sender(kind=SenderKind.PHONE, address=caller.number, name=known)
