"""Files as people send them, made here: each carries ``SECRET`` where a program would put notes."""

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

import pillow_heif
from mutagen.ogg import OggPage
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

#: The name of an invented reporter, in every place that is not the picture or the sound itself.
SECRET = "Sri-Rejeki-Contoh"
SECRET_BYTES = SECRET.encode()
#: A place in Ngawi as ISO 6709 writes it.
PLACE = b"-07.4039+111.4461/"

pillow_heif.register_heif_opener()


def photo_exif(orientation: int = 6) -> bytes:
    """EXIF as a telephone writes it: GPS, owner, comment, orientation."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x013B] = SECRET
    exif[0x010E] = SECRET
    gps = exif.get_ifd(0x8825)
    gps[1], gps[2] = "S", (7.0, 24.0, 14.04)
    gps[3], gps[4] = "E", (111.0, 26.0, 45.96)
    details = exif.get_ifd(0x8769)
    details[0x9286] = b"ASCII\0\0\0" + SECRET_BYTES
    details[0xA430] = SECRET
    return exif.tobytes()


def scene(mode: str = "RGB", size: tuple[int, int] = (64, 32)) -> Image.Image:
    """Left half red, right half blue: it shows whether a picture was turned."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, *size))
    if mode in ("RGBA", "LA"):
        picture.putalpha(128)
    return picture.convert(mode)


def jpeg(picture: Image.Image | None = None, orientation: int = 6) -> bytes:
    target = io.BytesIO()
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    (picture or scene()).save(
        target,
        "JPEG",
        exif=photo_exif(orientation),
        comment=SECRET_BYTES,
        icc_profile=profile,
        xmp=f"<x:xmpmeta>{SECRET}</x:xmpmeta>".encode(),
    )
    return target.getvalue()


def png(mode: str = "RGB") -> bytes:
    notes = PngInfo()
    notes.add_text("Author", SECRET)
    notes.add_itxt("XML:com.adobe.xmp", SECRET)
    notes.add_text("Comment", SECRET, zip=True)
    target = io.BytesIO()
    scene(mode).save(target, "PNG", pnginfo=notes, exif=photo_exif(1))
    return target.getvalue()


def gif() -> bytes:
    frames = [scene("P"), Image.new("P", (64, 32), 3)]
    target = io.BytesIO()
    frames[0].save(
        target, "GIF", save_all=True, append_images=frames[1:], comment=SECRET_BYTES, duration=100
    )
    return target.getvalue()


def webp(mode: str = "RGB") -> bytes:
    target = io.BytesIO()
    scene(mode).save(target, "WEBP", exif=photo_exif(1), xmp=SECRET_BYTES)
    return target.getvalue()


def heic() -> bytes:
    target = io.BytesIO()
    scene().save(target, "HEIF", exif=photo_exif(1), xmp=SECRET_BYTES)
    return target.getvalue()


def png_bomb(width: int, height: int) -> bytes:
    """A valid head that announces a huge picture, and little behind it."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def zipped(entries: Mapping[str, bytes | str], *, stored: tuple[str, ...] = ()) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = SECRET_BYTES
        for name, body in entries.items():
            info = zipfile.ZipInfo(name, (2026, 3, 1, 8, 30, 0))
            info.compress_type = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, body)
    return target.getvalue()


def docx(**more: bytes) -> bytes:
    """A letter; ``more``: further parts, ``__`` for ``/`` and ``_dot_`` for ``.``."""
    extra = {name.replace("__", "/").replace("_dot_", "."): body for name, body in more.items()}
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "_rels/.rels": "<Relationships/>",
            "docProps/core.xml": f"<cp:coreProperties><dc:creator>{SECRET}</dc:creator>",
            "docProps/app.xml": f"<Properties><Manager>{SECRET}</Manager></Properties>",
            "word/document.xml": "<w:document>Jalan rusak di Desa Babadan</w:document>",
            "word/media/image1.jpeg": jpeg(orientation=1),
            **extra,
        }
    )


def odt(**more: bytes) -> bytes:
    extra = {name.replace("__", "/").replace("_dot_", "."): body for name, body in more.items()}
    kind = "application/vnd.oasis.opendocument.text"
    return zipped(
        {
            "mimetype": kind,
            "content.xml": "<office:document-content>Jalan rusak</office:document-content>",
            "meta.xml": f"<office:document-meta><dc:creator>{SECRET}</dc:creator>",
            "META-INF/manifest.xml": "<manifest:manifest/>",
            **extra,
        },
        stored=("mimetype",),
    )


def pdf(*objects: bytes, info: bytes = b"") -> bytes:
    """One page. ``objects`` are further ones, as they stand in the file."""
    body = b"".join(
        (
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
            b"1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n",
            b"2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n",
            b"3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>\nendobj\n",
            b"4 0 obj\n<<" + info + b">>\nendobj\n",
            *objects,
        )
    )
    return body + b"trailer\n<</Root 1 0 R/Info 4 0 R/Size 5>>\nstartxref\n0\n%%EOF\n"


def object_stream(inside: bytes) -> bytes:
    packed = zlib.compress(inside)
    head = b"<</Type /ObjStm /N 1 /First 4 /Filter/FlateDecode /Length %d>>" % len(packed)
    return b"9 0 obj\n" + head + b"\nstream\r\n" + packed + b"\nendstream\nendobj\n"


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    body = b"".join(parts)
    return struct.pack(">I4s", len(body) + 8, kind) + body


def _track(handler: bytes, offset: int, sizes: tuple[int, ...], *more: bytes) -> bytes:
    table = box(
        b"stbl",
        box(b"stsd", bytes(8)),
        box(b"stsc", struct.pack(">IIIII", 0, 1, 1, len(sizes), 1)),
        box(b"stsz", struct.pack(f">III{len(sizes)}I", 0, 0, len(sizes), *sizes)),
        box(b"stco", struct.pack(">III", 0, 1, offset)),
    )
    media = box(
        b"mdia",
        box(b"mdhd", bytes(24)),
        box(b"hdlr", bytes(8), handler, bytes(12), b"handler\0"),
        box(b"minf", box(b"dinf", b""), table),
    )
    return box(b"trak", box(b"tkhd", bytes(84)), media, *more)


VIDEO_BYTES = b"\x00\x00\x00\x01picture-data" * 20
SOUND_BYTES = b"sound-data" * 20
#: Positions by the second, as action cameras and some telephones record them.
POSITION_BYTES = b"GPS5" + PLACE + SECRET_BYTES


def mp4(
    brand: bytes = b"isom", *, video: bool = True, positions: bool = False, tail: bytes = b""
) -> bytes:
    """A film of a telephone: place in ``udta`` twice, tags in ``meta``, XMP in ``uuid``."""
    start = box(b"ftyp", brand, bytes(4), brand)
    media = VIDEO_BYTES + SOUND_BYTES + (POSITION_BYTES if positions else b"")
    first = len(start) + 8
    tracks = [_track(b"soun", first + len(VIDEO_BYTES), (100, 100))]
    if video:
        tracks.insert(
            0,
            _track(
                b"vide",
                first,
                (len(VIDEO_BYTES),),
                box(b"udta", box(b"name", SECRET_BYTES)),
            ),
        )
    if positions:
        place = first + len(VIDEO_BYTES) + len(SOUND_BYTES)
        tracks.append(_track(b"meta", place, (20, len(POSITION_BYTES) - 20)))
    moov = box(
        b"moov",
        box(b"mvhd", bytes(100)),
        *tracks,
        box(
            b"udta",
            box(b"\xa9xyz", struct.pack(">HH", len(PLACE), 0x15C7), PLACE),
            box(b"loci", bytes(6), SECRET_BYTES, b"\0", PLACE),
            box(b"meta", bytes(4), box(b"ilst", box(b"\xa9ART", SECRET_BYTES))),
        ),
        box(b"meta", box(b"keys", b"com.apple.quicktime.location.ISO6709", PLACE)),
    )
    notes = box(b"uuid", bytes(16), SECRET_BYTES) + box(b"free", SECRET_BYTES)
    return start + box(b"mdat", media) + moov + notes + tail


def mp3() -> bytes:
    frame = b"\xff\xfb\x90\x64" + bytes(413)
    text = b"\x03" + SECRET_BYTES
    tag_frame = b"TPE1" + struct.pack(">IH", len(text), 0) + text
    tag = b"ID3\x03\x00\x00" + bytes([0, 0, len(tag_frame) >> 7, len(tag_frame) & 0x7F]) + tag_frame
    old = b"TAG" + SECRET_BYTES.ljust(30, b"\0") + bytes(95)
    return tag + frame * 20 + old


def opus() -> bytes:
    """Two pages of heads with comments, and one of silence."""
    vendor, comment = b"rekorder", b"ARTIST=" + SECRET_BYTES
    tags = b"OpusTags" + b"".join(
        (
            struct.pack("<I", len(vendor)),
            vendor,
            struct.pack("<I", 2),
            struct.pack("<I", len(comment)),
            comment,
            struct.pack("<I", len(b"LOCATION=" + PLACE)),
            b"LOCATION=" + PLACE,
        )
    )
    head = b"OpusHead\x01\x01\x00\x00\x80\xbb\x00\x00\x00\x00\x00"
    pages = bytearray()
    for sequence, packet in enumerate((head, tags, b"\xf8\xff\xfe" * 50)):
        page = OggPage()  # type: ignore[no-untyped-call]
        page.packets = [packet]
        page.sequence = sequence
        page.serial = 7
        page.first, page.last = sequence == 0, sequence == 2
        page.position = 0 if sequence < 2 else 960
        pages += page.write()  # type: ignore[no-untyped-call]
    return bytes(pages)


def wav() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    form = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16))
    notes = chunk(b"LIST", b"INFOIART" + struct.pack("<I", len(SECRET)) + SECRET_BYTES)
    body = form + notes + chunk(b"data", b"\x01\x02" * 400) + chunk(b"bext", SECRET_BYTES)
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WAVE" + body


def ebml(element: int, *parts: bytes, unknown_size: bool = False) -> bytes:
    """An element of EBML; sizes in eight bytes, or *unknown* as a browser's recorder writes."""
    body = b"".join(parts)
    head = element.to_bytes((element.bit_length() + 7) // 8, "big")
    size = b"\x01" + (b"\xff" * 7 if unknown_size else len(body).to_bytes(7, "big"))
    return head + size + body


def webm(*, live: bool = False) -> bytes:
    cluster = ebml(0x1F43B675, ebml(0xE7, b"\0"), ebml(0xA3, VIDEO_BYTES), unknown_size=live)
    segment = (
        ebml(0x1549A966, ebml(0x2AD7B1, b"\x0f\x42\x40"), ebml(0x7BA9, SECRET_BYTES)),
        ebml(0x1654AE6B, ebml(0xAE, ebml(0xD7, b"\1"))),
        cluster,
        cluster,
        ebml(0x1254C367, ebml(0x7373, SECRET_BYTES, PLACE)),
        ebml(0x1941A469, ebml(0x61A7, SECRET_BYTES)),
    )
    head = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
    return head + ebml(0x18538067, *segment, unknown_size=live)
