"""Dates as people in an Indonesian office write them: the day first."""

import re
from datetime import date

_MONTHS = (
    ("januari", "jan"),
    ("februari", "feb", "pebruari", "peb"),
    ("maret", "mar"),
    ("april", "apr"),
    ("mei",),
    ("juni", "jun"),
    ("juli", "jul"),
    ("agustus", "agu", "agt", "ags", "agust"),
    ("september", "sep", "sept"),
    ("oktober", "okt"),
    ("november", "nov", "nopember", "nop"),
    ("desember", "des"),
)
_MONTH_NUMBER = {name: number for number, names in enumerate(_MONTHS, 1) for name in names}
_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})[/.\- ](\d{1,2})[/.\- ](\d{4}|\d{2})")
_IN_WORDS = re.compile(r"(?:[a-z']+, )?(\d{1,2})[ \-]([a-z]+)\.?[ \-](\d{4}|\d{2})")


def read_date(text: str) -> date | None:
    """``2026-11-09``, ``9/11/2026``, ``9.11.26``, ``Senin, 9 November 2026``; else None.

    Never month first: 9/11 is the ninth of November, and 11/13 is no date.
    """
    tidy = " ".join(text.lower().split())
    if found := _ISO.fullmatch(tidy):
        year, month, day = (int(part) for part in found.groups())
    elif found := _DAY_FIRST.fullmatch(tidy):
        day, month, year = (int(part) for part in found.groups())
    elif found := _IN_WORDS.fullmatch(tidy):
        day, year = int(found[1]), int(found[3])
        month = _MONTH_NUMBER.get(found[2], 0)
    else:
        return None
    try:
        return date(year + 2000 if year < 100 else year, month, day)
    except ValueError:
        return None
