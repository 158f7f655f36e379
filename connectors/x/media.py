"""What hangs on a message or post: pictures, videos, links, a spot on the map."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from connectors.x.values import at, listed, words
from normalizer.draft import DraftAttachment

_PICTURES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png", ".gif": "image/gif"}
#: The address X gives to a post's own picture; it says nothing to whoever has the picture.
_OWN_MEDIA = re.compile(r"https?://(?:x|twitter)\.com/.+/(?:photo|video)/\d+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Written:
    """Words with what hangs on them."""

    #: None when there are no words.
    text: str | None
    attachments: tuple[DraftAttachment, ...] = ()
    coordinates: tuple[float, float] | None = None


def attachments_of(media: Sequence[object]) -> tuple[DraftAttachment, ...]:
    """Media objects of either version; one whose address is missing is left out."""
    found = [attachment for one in media if (attachment := _attachment(one))]
    return tuple({attachment.media_id: attachment for attachment in found}.values())


def plain_text(text: object, links: Sequence[object], media: Sequence[object]) -> str | None:
    """The words as the person typed them.

    X escapes three characters and replaces every address by one of t.co: the addresses are put
    back, and those of the item's own media left out.
    """
    if not isinstance(text, str):
        return None
    for escaped, character in (("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")):
        text = text.replace(escaped, character)
    own = {short for one in media if _attachment(one) and (short := words(at(one, "url")))}
    for link in links:
        short, real = words(at(link, "url")), words(at(link, "expanded_url"))
        if short and real and own and _OWN_MEDIA.fullmatch(real):
            own.add(short)
        elif short and real and short not in own:
            text = text.replace(short, real)
    for short in own:
        text = text.replace(short, "")
    return text.strip() or None


def point(geometry: object) -> tuple[float, float] | None:
    """Latitude and longitude of a GeoJSON point, which has them the other way round."""
    pair = listed(at(geometry, "coordinates"))
    try:
        longitude, latitude = (float(str(number)) for number in pair)
    except ValueError:
        return None
    return latitude, longitude


def _attachment(media: object) -> DraftAttachment | None:
    # Version 1.1 has the variants of a video in "video_info", version 2 beside the type.
    variants = listed(at(media, "video_info", "variants")) or listed(at(media, "variants"))
    videos = [one for one in variants if at(one, "content_type") == "video/mp4"]
    if videos:
        address = words(at(max(videos, key=_bit_rate), "url"))
        return _known(address, "video/mp4")
    address = words(at(media, "media_url_https")) or words(at(media, "media_url"))
    address = address or words(at(media, "url"))
    ending = "." + (address or "").partition("?")[0].rpartition(".")[2].lower()
    return _known(address, _PICTURES.get(ending, "image/jpeg"))


def _known(address: str | None, media_type: str) -> DraftAttachment | None:
    try:
        host = urlsplit(address or "").hostname
    except ValueError:
        return None
    # A link of t.co is a page, not the picture.
    if address is None or host in (None, "t.co"):
        return None
    return DraftAttachment(media_type=media_type, media_id=address)


def _bit_rate(variant: object) -> int:
    value = at(variant, "bitrate") or at(variant, "bit_rate")
    return value if isinstance(value, int) else 0
