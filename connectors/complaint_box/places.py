"""What a person wrote into the place field, read against the gazetteer. Never a silent pick."""

import re

from normalizer.event import PlaceCandidate
from normalizer.gazetteer import Gazetteer, Level, Region, as_candidate

_LEVELS: dict[str, Level] = {
    "desa": "village",
    "ds": "village",
    "kelurahan": "village",
    "kel": "village",
    "kecamatan": "kecamatan",
    "kec": "kecamatan",
    "kabupaten": "regency",
    "kab": "regency",
}
# A new name begins at a comma, and at every level word.
_PIECES = re.compile(rf"[,;/\n]+|\b(?=(?:{'|'.join(_LEVELS)})\b[.\s])", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")


def read_place(text: str, gazetteer: Gazetteer) -> tuple[PlaceCandidate, ...]:
    """Every region that the text can name; empty when it names none of this regency.

    ``Babadan`` names three villages, ``Desa Babadan, Kec. Paron`` and ``Babadan, Paron`` one.
    """
    named = [readings for piece in _PIECES.split(text) if (readings := _read(piece, gazetteer))]
    written = [piece for piece in _PIECES.split(text) if _WORD.search(piece)]
    if len(named) != len(written) or not named:
        return ()
    found = list(named[0])
    for around in named[1:]:
        inside = [r for r in found if any(_lies_in(r, outer) for outer in around)]
        # "Kec. Paron, Desa Babadan": the larger one may stand in front.
        found = inside or [r for r in around if any(_lies_in(r, outer) for outer in found)]
    return tuple(as_candidate(region, 1.0) for region in found)


def _read(piece: str, gazetteer: Gazetteer) -> tuple[Region, ...]:
    words = [word.lower() for word in _WORD.findall(piece)]
    level = _LEVELS.get(words[0]) if words else None
    key = "".join(words[1:] if level else words)
    readings = gazetteer.by_key.get(key, ())
    return tuple(region for region in readings if level is None or region.level == level)


def _lies_in(inner: Region, outer: Region) -> bool:
    return inner.code != outer.code and inner.code.startswith(outer.code + ".")
