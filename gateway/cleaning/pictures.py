"""Pictures: only the pixels leave, upright and in sRGB.

EXIF with its place and its thumbnail, XMP, IPTC, comments, colour profiles, further frames and
whatever stands behind the picture stay with the original. JPEG and PNG are what leaves: HEIC and
WebP are not opened everywhere, and of an animation the first frame says what is meant.
"""

import io
from typing import cast

import pillow_heif
from PIL import Image, ImageCms, ImageOps

from gateway.cleaning.copy import Copy, CopyWithheld
from normalizer.event import Withheld

#: 150 MB as RGB. The picture of a phone has 12 million; larger JPEGs are read at a fraction.
MOST_PIXELS = 50_000_000
#: Of the longer side. Number plates and cracks are readable, and it fits into a form's 5 MB.
LONGEST_SIDE = 4096
_QUALITY = 85

_FORMATS = {
    "image/jpeg": ("JPEG", "MPO"),
    "image/png": ("PNG",),
    "image/gif": ("GIF",),
    "image/webp": ("WEBP",),
    "image/heic": ("HEIF",),
}
#: A photograph as PNG would be many times its size; a screenshot as JPEG is hard to read.
_LOSSLESS = ("image/png", "image/gif")

pillow_heif.register_heif_opener(thumbnails=False)


def clean(content: bytes, media_type: str) -> Copy:
    """A new picture of the same pixels. Raises CopyWithheld; and whatever Pillow raises."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS[media_type]) as opened:
            _bound(opened)
            upright = ImageOps.exif_transpose(opened)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise CopyWithheld(Withheld.TOO_LARGE) from None
    pixels = _plain(upright)
    pixels.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Image.Resampling.LANCZOS)
    # A new image: Pillow writes some of what it finds in ``info`` (comments) unasked.
    bare = Image.frombytes(pixels.mode, pixels.size, pixels.tobytes())
    return _written(bare, lossless=media_type in _LOSSLESS or "A" in bare.mode)


def _bound(picture: Image.Image) -> None:
    """Look at the announced size before a pixel is decoded."""
    wide, high = picture.size
    if wide * high > MOST_PIXELS:
        # JPEG can be decoded at a half, a quarter or an eighth without ever being whole.
        picture.draft("RGB", (wide // 2, high // 2))
    if picture.size[0] * picture.size[1] > MOST_PIXELS:
        raise CopyWithheld(Withheld.TOO_LARGE)


def _plain(picture: Image.Image) -> Image.Image:
    """8 bits a channel: L, RGB or RGBA, in sRGB."""
    if picture.mode.startswith("I"):
        # 16 bits of grey; a plain convert would cut instead of scale.
        return picture.convert("I").point(lambda value: value / 256).convert("L")
    if "A" in picture.getbands() or "transparency" in picture.info:
        whole = picture.convert("RGBA")
        coloured = _srgb(whole.convert("RGB"), picture.info.get("icc_profile"))
        coloured.putalpha(whole.getchannel("A"))
        return coloured
    if picture.mode in ("1", "L"):
        return picture.convert("L")
    if picture.mode not in ("RGB", "CMYK"):
        picture = _keeping_info(picture, "RGB")
    return _srgb(picture, picture.info.get("icc_profile"))


def _keeping_info(picture: Image.Image, mode: str) -> Image.Image:
    converted = picture.convert(mode)
    converted.info.update(picture.info)
    return converted


def _srgb(picture: Image.Image, profile: object) -> Image.Image:
    if isinstance(profile, bytes):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
            converted = ImageCms.profileToProfile(picture, source, target, outputMode="RGB")
            return cast(Image.Image, converted)
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            # A broken profile costs a shade of colour, not the picture.
            return picture.convert("RGB")
    return picture.convert("RGB")


def _written(picture: Image.Image, *, lossless: bool) -> Copy:
    target = io.BytesIO()
    if lossless:
        picture.save(target, "PNG")
        return Copy(target.getvalue(), "image/png")
    picture.save(target, "JPEG", quality=_QUALITY)
    return Copy(target.getvalue(), "image/jpeg")
