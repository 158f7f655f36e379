"""What a file is, whatever it says it is; and what never leaves the house."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cleaning.cleaner import clean
from normalizer.event import Withheld
from tests.gateway import attachment_files as files
from tests.servers.clamd import EICAR

ACTIVE, UNKNOWN = Withheld.ACTIVE_CONTENT, Withheld.UNKNOWN_TYPE
DAMAGED, TOO_LARGE = Withheld.DAMAGED, Withheld.TOO_LARGE
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODT = "application/vnd.oasis.opendocument.text"


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (files.jpeg(), "image/jpeg"),
        (files.jpeg(files.scene("CMYK")), "image/jpeg"),
        (files.jpeg(files.scene("L")), "image/jpeg"),
        (files.png(), "image/png"),
        (files.png("P"), "image/png"),
        (files.png("RGBA"), "image/png"),
        (files.png("LA"), "image/png"),
        (files.png("1"), "image/png"),
        (files.png("I;16"), "image/png"),
        (files.gif(), "image/png"),
        (files.webp(), "image/jpeg"),
        (files.webp("RGBA"), "image/png"),
        (files.heic(), "image/jpeg"),
        (files.pdf(), "application/pdf"),
        (files.docx(), DOCX),
        (files.odt(), ODT),
        (files.zipped({"[Content_Types].xml": "", "xl/workbook.xml": ""}), XLSX),
        (files.mp4(), "video/mp4"),
        (files.mp4(b"mp42"), "video/mp4"),
        (files.mp4(b"qt  "), "video/quicktime"),
        (files.mp4(b"3gp4"), "video/3gpp"),
        (files.mp4(b"M4A ", video=False), "audio/mp4"),
        (files.mp4(b"isom", video=False), "audio/mp4"),
        (files.mp4(b"3gp5", video=False), "audio/3gpp"),
        (files.mp4(tail=bytes(40)), "video/mp4"),
        (files.webm(), "video/webm"),
        (files.webm(live=True), "video/webm"),
        (files.mp3(), "audio/mpeg"),
        (files.opus(), "audio/ogg"),
        (files.wav(), "audio/wav"),
        (b"#!AMR\n" + b"\x3c" + bytes(31), "audio/amr"),
        (b"Jalan rusak di Desa Babadan.\r\n", "text/plain"),
        ("Jalan rusak — sudah lama".encode(), "text/plain"),
        ("\ufeffJalan rusak".encode(), "text/plain"),
        ("\ufeffJalan rusak".encode("utf-16-le"), "text/plain"),
        ("Jalan rusak, caf\u00e9".encode("latin-1"), "text/plain"),
        (b"nama;desa\r\nx;Babadan\r\n", "text/plain"),
        (b"Kepada: Bupati\nDari: warga\n\nJalan rusak", "text/plain"),
    ],
)
def test_what_may_leave(content: bytes, media_type: str) -> None:
    cleaned = clean(content)
    assert (cleaned.media_type, cleaned.withheld) == (media_type, None)
    assert cleaned.copy
    # A copy is a file of its own right: cleaning it again finds the same kind.
    assert clean(cleaned.copy).media_type == media_type


SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
REMOTE_TEMPLATE = (
    b'<Relationship Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
    b'attachedTemplate" Target="http://evil.example/x.dotm" TargetMode="External"/>'
)


@pytest.mark.parametrize(
    ("content", "media_type", "reason"),
    [
        (b"MZ\x90\x00" + bytes(200), "application/vnd.microsoft.portable-executable", ACTIVE),
        (b"\x7fELF\x02\x01\x01" + bytes(60), "application/x-elf", ACTIVE),
        (b"\xca\xfe\xba\xbe\x00\x00\x004" + bytes(60), "application/java-vm", ACTIVE),
        (b"dex\n035\0" + bytes(60), "application/vnd.android.dex", ACTIVE),
        (b"#!/bin/sh\nrm -rf /\n", "text/x-script", ACTIVE),
        (b"@echo off\r\ndel *.*\r\n", "text/x-script", ACTIVE),
        (b"<?php system($_GET[0]);", "text/x-script", ACTIVE),
        (HTML, "text/html", ACTIVE),
        (b"\xef\xbb\xbf  \n" + HTML, "text/html", ACTIVE),
        (HTML.decode().encode("utf-16"), "text/html", ACTIVE),
        (b"halo <ScRiPt src=x>", "text/html", ACTIVE),
        (SVG, "image/svg+xml", ACTIVE),
        (b'<?xml version="1.0"?>' + SVG, "image/svg+xml", ACTIVE),
        (b"<note>halo</note>", "text/xml", ACTIVE),
        (OLE, "application/x-ole-storage", ACTIVE),
        (rb"{\rtf1 halo}", "application/rtf", ACTIVE),
        (b"%!PS-Adobe-3.0\n", "application/postscript", ACTIVE),
        (files.zipped({"surat.exe": b"MZ"}), "application/zip", ACTIVE),
        (files.zipped({"AndroidManifest.xml": "", "classes.dex": ""}), "application/zip", ACTIVE),
        (files.zipped({"META-INF/MANIFEST.MF": "", "A.class": ""}), "application/zip", ACTIVE),
        (files.zipped({"[Content_Types].xml": "", "evil.txt": ""}), "application/zip", ACTIVE),
        (b"Rar!\x1a\x07\x01\x00" + bytes(20), "application/vnd.rar", ACTIVE),
        (b"7z\xbc\xaf\x27\x1c" + bytes(20), "application/x-7z-compressed", ACTIVE),
        (b"\x1f\x8b\x08" + bytes(20), "application/gzip", ACTIVE),
        (bytes(257) + b"ustar" + bytes(300), "application/x-tar", ACTIVE),
        (files.docx(word__vbaProject_dot_bin=b"x"), DOCX, ACTIVE),
        (files.docx(word__embeddings__oleObject1_dot_bin=b"x"), DOCX, ACTIVE),
        (files.docx(word__embeddings__sheet_dot_xlsx=b"x"), DOCX, ACTIVE),
        (files.docx(word__activeX__activeX1_dot_xml=b"<x/>"), DOCX, ACTIVE),
        (files.docx(word___rels__settings_dot_xml_dot_rels=REMOTE_TEMPLATE), DOCX, ACTIVE),
        (
            files.docx(
                word___rels__settings_dot_xml_dot_rels=REMOTE_TEMPLATE.decode().encode("utf-16")
            ),
            DOCX,
            ACTIVE,
        ),
        (files.docx(word__x_dot_xml=b"<w:instrText>DDEAUTO c:\\cmd</w:instrText>"), DOCX, ACTIVE),
        (
            files.docx(custom_dot_xml=b'ContentType="application/vnd.ms-word.macroEnabled"'),
            DOCX,
            ACTIVE,
        ),
        (files.odt(Basic__Standard__Module1_dot_xml=b"<x/>"), ODT, ACTIVE),
        (files.odt(settings_dot_xml=b"<script:event-listener xlink:href='x'/>"), ODT, ACTIVE),
        (files.odt(META_INF__x=b"").replace(b"PK\x03\x04", b"PK\x03\x05", 1), None, UNKNOWN),
        (files.pdf(b"5 0 obj\n<</S/JavaScript/JS(app.alert\\(1\\))>>\nendobj\n"), None, ACTIVE),
        (files.pdf(b"5 0 obj\n<</S/J#61vaScript/JS(x)>>\nendobj\n"), None, ACTIVE),
        (files.pdf(b"5 0 obj\n<</S/Launch/F(cmd.exe)>>\nendobj\n"), None, ACTIVE),
        (files.pdf(b"5 0 obj\n<</Type/EmbeddedFile>>\nendobj\n"), None, ACTIVE),
        (files.pdf(files.object_stream(b"9 0 <</S/JavaScript/JS(x)>>")), None, ACTIVE),
        (files.pdf() + files.zipped({"A.class": "x"}), None, ACTIVE),
        (b"halo " * 10 + files.zipped({"A.class": "x"}), None, UNKNOWN),
        (b"BEGIN:VCARD\nVERSION:3.0\nFN:x\n", "text/vcard", UNKNOWN),
        (b"BEGIN:VCALENDAR\n", "text/calendar", UNKNOWN),
        (b"Return-Path: <x@example.com>\nReceived: y\n\nhalo", "message/rfc822", UNKNOWN),
        (b"From: x@example.com\nSubject: halo\n\nhalo", "message/rfc822", UNKNOWN),
        (b"Subject: halo\nMIME-Version: 1.0\n\nhalo", "message/rfc822", UNKNOWN),
        (b"BM" + bytes(60), None, UNKNOWN),
        (b"II*\x00" + bytes(60), "image/tiff", UNKNOWN),
        (b"SQLite format 3\0" + bytes(60), None, UNKNOWN),
        (b"\x00\x01\x02\x03" * 20, "application/octet-stream", UNKNOWN),
        (b"", "application/octet-stream", UNKNOWN),
        (b"\x00\x00\x00\x18ftypcrx " + bytes(20), None, UNKNOWN),
        (b"\xff\xd8\xff\xe0 and no picture", "image/jpeg", DAMAGED),
        (files.jpeg()[:400], "image/jpeg", DAMAGED),
        (b"\x89PNG\r\n\x1a\n", "image/png", DAMAGED),
        (files.png()[:90], "image/png", DAMAGED),
        (b"GIF89a", "image/gif", DAMAGED),
        (b"RIFF\x20\0\0\0WEBPVP8 ", "image/webp", DAMAGED),
        (files.heic()[:100], "image/heic", DAMAGED),
        (files.png_bomb(30_000, 30_000), "image/png", TOO_LARGE),
        (files.png_bomb(2**31 - 1, 2**31 - 1), "image/png", TOO_LARGE),
        (files.png_bomb(8000, 8000), "image/png", TOO_LARGE),
        (files.png_bomb(3000, 3000), "image/png", DAMAGED),
        (files.pdf(b"5 0 obj\n<</Encrypt 9 0 R>>\nendobj\n"), None, DAMAGED),
        (files.pdf(files.object_stream(bytes(60_000_000))), None, TOO_LARGE),
        (files.docx(word__bomb_dot_xml=bytes(201_000_000)), DOCX, TOO_LARGE),
        (files.docx(**{"..__evil_dot_xml": b"x"}), DOCX, DAMAGED),
        (files.docx(word__media__image2_dot_png=files.png()[:90]), DOCX, DAMAGED),
        (files.odt(META_INF__x=b"")[:-30], None, ACTIVE),
        (files.mp4()[:300], "video/mp4", DAMAGED),
        (files.mp4(tail=b"SEFT\xff\xff\xff\xff"), "video/mp4", DAMAGED),
        (b"\x00\x00\x00\x18ftypisom" + bytes(12), "video/mp4", DAMAGED),
        (files.webm()[:200], "video/webm", DAMAGED),
        (b"ID3\x03\0\0\0\0\0\0 no sound", "audio/mpeg", DAMAGED),
        (b"\xff\xfb\x90\x64 no sound", "audio/mpeg", DAMAGED),
        (b"OggS\0\2" + bytes(22) + b"OpusHead", "audio/ogg", DAMAGED),
        (b"OggS\0\2" + bytes(22) + b"\x80theora", None, UNKNOWN),
        (b"RIFF\x04\0\0\0WAVE", "audio/wav", DAMAGED),
    ],
)
def test_what_stays(content: bytes, media_type: str | None, reason: Withheld) -> None:
    cleaned = clean(content)
    assert (cleaned.withheld, cleaned.copy) == (reason, None)
    if media_type is not None:
        assert cleaned.media_type == media_type


def test_two_files_in_one_leave_as_the_picture_alone() -> None:
    program = files.zipped({"META-INF/MANIFEST.MF": "", "A.class": b"\xca\xfe\xba\xbe"})
    for picture in (files.jpeg(), files.png(), files.gif(), files.webp()):
        copy = clean(picture + HTML + program).copy
        assert copy is not None
        assert b"A.class" not in copy
        assert b"<script" not in copy


def test_two_files_in_one_that_are_not_drawn_anew_stay() -> None:
    program = files.zipped({"META-INF/MANIFEST.MF": "", "A.class": b"\xca\xfe\xba\xbe"})
    # 'free' may hold anything, and is blanked; the end of the file is what makes an archive.
    hidden = files.box(b"free", program)
    assert clean(files.mp4(tail=hidden)).withheld is None
    assert b"A.class" not in (clean(files.mp4(tail=hidden)).copy or b"")
    assert clean(b"#!AMR\n\x3c" + bytes(31) + program).withheld is Withheld.ACTIVE_CONTENT


def test_the_test_virus_alone_is_only_text_here() -> None:
    """That it is a virus is for the scanner to say (test_attachments.py)."""
    assert clean(EICAR).media_type == "text/plain"


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_have_an_outcome(content: bytes) -> None:
    cleaned = clean(content)
    assert (cleaned.copy is None) == (cleaned.withheld is not None)


WHOLE = (files.mp4(positions=True), files.webm(), files.wav(), files.opus(), files.mp3())


@given(st.sampled_from(WHOLE), st.data())
@settings(max_examples=300, deadline=None)
def test_broken_in_any_place_it_has_an_outcome(whole: bytes, data: st.DataObject) -> None:
    """Also with sizes that are wrong: no crash, no endless loop, nothing outside the file."""
    broken = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(broken) - 5))
        number = data.draw(st.sampled_from([0, 1, 7, 0xFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x01FFFFFF]))
        broken[place : place + 4] = struct.pack(">I", number)
    cleaned = clean(bytes(broken))
    assert (cleaned.copy is None) == (cleaned.withheld is not None)
