"""Telephone numbers as people and operators write them, to E.164."""

import re
from functools import lru_cache

import phonenumbers

#: What people put between digits; a plus is kept, as it means something.
_SEPARATORS = str.maketrans("", "", " \t\u00a0.-–()/")
#: The spellings of an Indonesian mobile number. They are nearly all of the traffic, and reading
#: them here costs a fiftieth of what the library takes; a property test holds both to one answer.
_MOBILE = re.compile(r"(?:\+62|62|0062|0)(8[1-9][0-9]{7,10})")
_NOT_A_NUMBER = re.compile(r"[^\W\d_]|[@:_#*]")
#: The longest that E.164 allows is 15 digits; the rest is room for separators.
_LONGEST = 40
#: Service numbers such as 1708 are not subscribers: E.164 has no form for them.
_LONGEST_SHORT_CODE = 6


def to_e164(raw: str, region: str = "ID") -> str | None:
    """``+62…`` for a subscriber's number in any common spelling; None for everything else.

    Alphanumeric senders and short codes are None, and stay what they are with the caller.
    """
    compact = raw.translate(_SEPARATORS)
    if region == "ID" and (match := _MOBILE.fullmatch(compact)):
        return "+62" + match[1]
    return with_library(compact, region)


# Kept small: a cache of numbers is personal data in memory.
@lru_cache(maxsize=512)
def with_library(compact: str, region: str) -> str | None:
    """The same answer from ``phonenumbers``, for any country; slower."""
    if len(compact) > _LONGEST or _NOT_A_NUMBER.search(compact):
        return None
    if compact.startswith("00"):
        compact = "+" + compact[2:]
    elif region == "ID" and compact.startswith("628"):
        compact = "+" + compact
    if sum(map(str.isdigit, compact)) <= _LONGEST_SHORT_CODE:
        return None
    try:
        number = phonenumbers.parse(compact, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_indonesian_mobile(e164: str) -> bool:
    """Whether an SMS to this number can reach a person here."""
    return _MOBILE.fullmatch(e164) is not None
