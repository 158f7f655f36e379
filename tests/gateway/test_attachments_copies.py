"""What leaves the house shows what was photographed or said, and nothing of who did it or where."""

import io
import zipfile
from collections.abc import Callable

import pytest
from mutagen.mp3 import MP3
from mutagen.oggopus import OggOpus
from PIL import Image

from gateway.cleaning import pictures
from gateway.cleaning.cleaner import clean
from normalizer.event import Withheld
from tests.gateway import attachment_files as files
from tests.gateway.attachment_files import PLACE, SECRET, SECRET_BYTES

Color = tuple[int, ...]


def copy_of(content: bytes) -> bytes:
    copy = clean(content).copy
    assert copy is not None
    return copy


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def near(picture: Image.Image, place: tuple[int, int], color: str) -> bool:
    pixel = picture.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    wanted = {"red": (255, 0, 0), "blue": (0, 0, 255)}[color]
    return all(abs(one - other) < 60 for one, other in zip(pixel, wanted, strict=True))


#: In UTF-16 too, as Windows writes it into EXIF and PDF.
TRACES = (SECRET_BYTES, SECRET.encode("utf-16-le"), SECRET.encode("utf-16-be"), PLACE, b"GPS")


@pytest.mark.parametrize(
    "make",
    [
        files.jpeg,
        files.png,
        files.gif,
        files.webp,
        files.heic,
        files.mp4,
        lambda: files.mp4(positions=True),
        lambda: files.mp4(b"qt  "),
        files.mp3,
        files.opus,
        files.wav,
        files.webm,
        lambda: files.webm(live=True),
    ],
)
def test_no_byte_of_the_reporter_is_left(make: Callable[[], bytes]) -> None:
    original = make()
    assert any(trace in original for trace in (*TRACES, b"Exif"))
    copy = copy_of(original)
    for trace in (*TRACES, b"Exif", b"xmp", b"ICC_PROFILE", b"iCCP"):
        assert trace not in copy


@pytest.mark.parametrize("make", [files.jpeg, files.png, files.gif, files.webp, files.heic])
def test_a_picture_carries_nothing_but_pixels(make: Callable[[], bytes]) -> None:
    picture = opened(copy_of(make()))
    assert not picture.getexif()
    assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert getattr(picture, "n_frames", 1) == 1


def test_a_picture_stands_upright() -> None:
    """Orientation 6: the camera was held so that the top of the scene is at the right."""
    turned = opened(copy_of(files.jpeg(orientation=6)))
    assert turned.size == (32, 64)
    assert near(turned, (16, 8), "red")
    assert near(turned, (16, 56), "blue")
    straight = opened(copy_of(files.jpeg(orientation=1)))
    assert straight.size == (64, 32)
    assert near(straight, (8, 16), "red")
    assert near(straight, (56, 16), "blue")


@pytest.mark.parametrize(
    "content",
    [
        files.png(),
        files.png("P"),
        files.png("RGBA"),
        files.gif(),
        files.webp(),
        files.webp("RGBA"),
        files.heic(),
        files.jpeg(files.scene("CMYK"), orientation=1),
    ],
)
def test_the_scene_is_still_seen(content: bytes) -> None:
    picture = opened(copy_of(content))
    assert picture.size == (64, 32)
    assert near(picture, (8, 16), "red")
    assert near(picture, (56, 16), "blue")


def test_what_is_seen_through_stays_so() -> None:
    picture = opened(copy_of(files.png("RGBA")))
    assert picture.getpixel((8, 16)) == (255, 0, 0, 128)


def test_a_palette_that_is_seen_through() -> None:
    target = io.BytesIO()
    palette = files.scene().quantize(2)
    palette.save(target, "PNG", transparency=bytes([0, 128]))
    picture = opened(copy_of(target.getvalue()))
    seen = {picture.getpixel((8, 16)), picture.getpixel((56, 16))}
    assert {pixel[3] for pixel in seen if isinstance(pixel, tuple)} == {0, 128}


def test_sixteen_bits_of_grey_are_scaled_and_not_cut() -> None:
    target = io.BytesIO()
    Image.new("I;16", (8, 8), 0x8000).save(target, "PNG")
    assert opened(copy_of(target.getvalue())).getpixel((4, 4)) == 128


def test_a_broken_colour_profile_does_not_cost_the_picture() -> None:
    target = io.BytesIO()
    files.scene().save(target, "JPEG", icc_profile=b"no profile at all" * 20)
    assert near(opened(copy_of(target.getvalue())), (8, 16), "red")


def test_a_large_photograph_is_made_smaller() -> None:
    target = io.BytesIO()
    files.scene(size=(6000, 3000)).save(target, "JPEG")
    picture = opened(copy_of(target.getvalue()))
    assert picture.size == (pictures.LONGEST_SIDE, pictures.LONGEST_SIDE // 2)


def test_a_huge_jpeg_is_read_at_a_fraction() -> None:
    target = io.BytesIO()
    Image.new("L", (9000, 9000), 128).save(target, "JPEG")
    copy = copy_of(target.getvalue())
    assert opened(copy).size == (pictures.LONGEST_SIDE, pictures.LONGEST_SIDE)


@pytest.mark.parametrize("brand", [b"isom", b"qt  ", b"3gp4"])
def test_a_film_is_as_long_as_before_and_plays(brand: bytes) -> None:
    original = files.mp4(brand, positions=True)
    copy = copy_of(original)
    assert len(copy) == len(original)
    # What the tables point to stands where it stood.
    for media in (files.VIDEO_BYTES, files.SOUND_BYTES):
        assert copy.find(media) == original.find(media) > 0
    for gone in (b"udta", b"\xa9xyz", b"loci", b"uuid", b"ilst", b"keys", b"GPS5"):
        assert gone in original
        assert gone not in copy
    assert copy.count(b"trak") == 2
    assert copy_of(copy) == copy


def test_positions_in_fragments_cannot_be_told_apart() -> None:
    fragment = files.box(b"moof", files.box(b"mfhd", bytes(8)))
    assert clean(files.mp4(tail=fragment)).withheld is None
    positions = files.mp4(positions=True, tail=fragment)
    assert clean(positions).withheld is Withheld.UNKNOWN_TYPE


def test_sound_plays_without_its_tags() -> None:
    bare = copy_of(files.mp3())
    for tag in (b"ID3", b"TAG", b"TPE1"):
        assert tag not in bare
    assert getattr(MP3(io.BytesIO(bare)).info, "bitrate", 0) == 128_000  # type: ignore[no-untyped-call]
    opus = OggOpus(io.BytesIO(copy_of(files.opus())))  # type: ignore[no-untyped-call]
    assert not opus.tags
    assert getattr(opus.info, "length", 0) > 0


def test_a_wave_keeps_its_sound() -> None:
    bare = copy_of(files.wav())
    assert bare[:4] == b"RIFF"
    assert int.from_bytes(bare[4:8], "little") == len(bare) - 8
    assert b"\x01\x02" * 400 in bare
    assert b"LIST" not in bare
    assert b"bext" not in bare


@pytest.mark.parametrize("live", [False, True])
def test_a_browsers_film_is_as_long_as_before(live: bool) -> None:
    original = files.webm(live=live)
    copy = copy_of(original)
    assert len(copy) == len(original)
    assert copy.find(files.VIDEO_BYTES) == original.find(files.VIDEO_BYTES) > 0
    assert copy_of(copy) == copy


@pytest.mark.parametrize("make", [files.docx, files.odt])
def test_a_letter_does_not_name_its_author(make: Callable[[], bytes]) -> None:
    copy = copy_of(make())
    assert SECRET_BYTES not in copy
    with zipfile.ZipFile(io.BytesIO(copy)) as archive:
        assert archive.testzip() is None
        assert archive.comment == b""
        for entry in archive.infolist():
            part = archive.read(entry)
            for trace in (*TRACES, b"Exif"):
                assert trace not in part
            assert entry.date_time == (1980, 1, 1, 0, 0, 0)
        names = archive.namelist()
    with zipfile.ZipFile(io.BytesIO(make())) as original:
        assert names == original.namelist()


def test_an_open_document_still_begins_with_its_type() -> None:
    with zipfile.ZipFile(io.BytesIO(copy_of(files.odt()))) as archive:
        first = archive.infolist()[0]
    assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)


XMP = b'<?xpacket begin="" id="W5M0"?><x>' + SECRET_BYTES + b'</x><?xpacket end="w"?>'


@pytest.mark.parametrize(
    "author",
    [
        b"/Author (" + SECRET_BYTES + b")",
        b"/Author(" + SECRET_BYTES + rb" \(tukang\))",
        b"/Author (a (b) " + SECRET_BYTES + b")",
        b"/Author (\xfe\xff" + SECRET.encode("utf-16-be") + b")",
        b"/Author <FEFF" + SECRET.encode("utf-16-be").hex().encode() + b">",
        b"/Author\n(" + SECRET_BYTES + b")",
    ],
)
def test_a_pdf_does_not_name_its_author(author: bytes) -> None:
    metadata = b"6 0 obj\n<</Type/Metadata>>\nstream\n" + XMP + b"\nendstream\nendobj\n"
    scan = b"7 0 obj\n<</Filter/DCTDecode>>\nstream\n" + files.jpeg() + b"\nendstream\nendobj\n"
    original = files.pdf(metadata, info=b"/Title(Jalan rusak)" + author + b"/Producer(x)")
    copy = copy_of(original)
    assert len(copy) == len(original)
    for trace in (*TRACES, SECRET.encode("utf-16-be").hex().encode()):
        assert trace not in copy
    assert copy.count(b"/Title(Jalan rusak)/Author") == 1
    assert copy.endswith(original[-60:])
    with_scan = copy_of(files.pdf(scan))
    assert len(with_scan) == len(files.pdf(scan))
    assert b"Exif" not in with_scan


def test_words_and_a_recording_leave_as_they_came() -> None:
    words = "Jalan rusak di Desa Babadan".encode("utf-16")
    recording = b"#!AMR\n\x3c" + bytes(31)
    assert copy_of(words) == words
    assert copy_of(recording) == recording
