"""Which cleaner takes what, and what becomes of the rest."""

import io
import zipfile
from collections.abc import Callable, Mapping

from gateway.cleaning import office, pdf, pictures, sound, video, webm
from gateway.cleaning.apart import Cleaned
from gateway.cleaning.copy import Copy, CopyWithheld
from gateway.cleaning.sniffing import ISO_BRANDS, OFFICE_TYPES, sniff
from normalizer.event import Withheld

Cleaner = Callable[[bytes, str], Copy]


def _as_it_is(content: bytes, media_type: str) -> Copy:
    return Copy(content, media_type)


#: All that ever leaves. Everything else is withheld.
_CLEANERS: Mapping[str, Cleaner] = {
    **dict.fromkeys(("image/jpeg", "image/png", "image/gif", "image/webp"), pictures.clean),
    "image/heic": pictures.clean,
    "application/pdf": pdf.clean,
    **dict.fromkeys(OFFICE_TYPES, office.clean),
    "audio/mpeg": sound.clean_mpeg,
    "audio/aac": sound.clean_mpeg,
    "audio/ogg": sound.clean_ogg,
    "audio/wav": sound.clean_wav,
    **dict.fromkeys({*ISO_BRANDS.values()} - {"image/heic"}, video.clean),
    "video/webm": webm.clean,
    # Neither has a place for anything but sound or words.
    "audio/amr": _as_it_is,
    "audio/amr-wb": _as_it_is,
    "text/plain": _as_it_is,
}


def clean(content: bytes) -> Cleaned:
    """Find out what it is and make the copy. Never raises: what breaks a reader is *damaged*."""
    sniffed = sniff(content)
    cleaner = _CLEANERS.get(sniffed.media_type)
    if sniffed.withheld is not None or cleaner is None:
        reason = sniffed.withheld or Withheld.UNKNOWN_TYPE
        return Cleaned(sniffed.media_type, None, reason)
    try:
        copy = cleaner(content, sniffed.media_type)
        _refuse_hidden_archive(copy)
    except CopyWithheld as withheld:
        return Cleaned(sniffed.media_type, None, withheld.reason)
    except MemoryError:
        return Cleaned(sniffed.media_type, None, Withheld.TOO_LARGE)
    except Exception:  # noqa: BLE001 - decoders raise whatever they like on hostile bytes
        return Cleaned(sniffed.media_type, None, Withheld.DAMAGED)
    return Cleaned(copy.media_type, copy.content, None)


def _refuse_hidden_archive(copy: Copy) -> None:
    """An archive is found from its end, whatever stands before it: two files in one."""
    if copy.media_type not in OFFICE_TYPES and zipfile.is_zipfile(io.BytesIO(copy.content)):
        raise CopyWithheld(Withheld.ACTIVE_CONTENT)
