"""Office documents in ZIP form (OOXML, OpenDocument): written anew without what tells the author.

A document with macros, embedded files or something fetched from outside is withheld. Comments and
tracked changes stay with their authors: they are part of what was written (docs/attachments.md).
"""

import io
import re
import zipfile
from collections.abc import Mapping

from gateway.cleaning import pictures
from gateway.cleaning.copy import Copy, CopyWithheld
from normalizer.event import Withheld

_OOXML = "application/vnd.openxmlformats-officedocument."
_ODF = "application/vnd.oasis.opendocument."
OFFICE_TYPES = frozenset(
    {
        _OOXML + "wordprocessingml.document",
        _OOXML + "spreadsheetml.sheet",
        _OOXML + "presentationml.presentation",
        _ODF + "text",
        _ODF + "spreadsheet",
        _ODF + "presentation",
    }
)
#: The part that every OOXML document of a kind has, and its content type in the catalogue.
_MAIN_PARTS = {
    "word/document.xml": _OOXML + "wordprocessingml.document",
    "xl/workbook.xml": _OOXML + "spreadsheetml.sheet",
    "ppt/presentation.xml": _OOXML + "presentationml.presentation",
}
_CATALOGUE = "[Content_Types].xml"

_MOST_ENTRIES = 5_000
#: Unpacked. A bomb announces, or turns out to have, more.
_MOST_BYTES = 200_000_000

_ACTIVE_NAME = re.compile(
    r"vbaProject|vbaData|macrosheets/|activeX/|/embeddings/|customUI/|attachedToolbars|^Basic/"
    r"|^Scripts/|^Object |/ctrlProps/|^xl/connections\.xml$|\.(exe|js|vbs|jar|html?|svg)$"
    r"|(?<!printerSettings)(?<!printerSettings\d)(?<!printerSettings\d\d)\.bin$",
    re.IGNORECASE,
)
#: Fetched or run without being asked: remote templates, linked objects, DDE, ODF's event listeners.
_ACTIVE_XML = re.compile(
    rb'/(attachedTemplate|oleObject|subDocument|frame)"[^>]*TargetMode="External"'
    rb'|TargetMode="External"[^>]*/(attachedTemplate|oleObject|subDocument|frame)"'
    rb"|macroEnabled|\bDDE(AUTO)?\s|<(\w+:)?ddeLink\b|<script:event-listener\b",
    re.IGNORECASE,
)

_EMPTY_PARTS: Mapping[str, bytes] = {
    "docProps/core.xml": b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/'
    b'core-properties"/>',
    "docProps/app.xml": b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'extended-properties"/>',
    "docProps/custom.xml": b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
    b'<Properties xmlns="http://schemas.openxmlformats.org/officeDocument/2006/'
    b'custom-properties"/>',
    "meta.xml": b'<?xml version="1.0" encoding="UTF-8"?>\n'
    b'<office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
    b'office:version="1.2"/>',
}
_PICTURES = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"))


def office_type(content: bytes) -> str | None:
    """Which document a ZIP file is; None when it is another ZIP (an app, a program, an archive)."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = set(archive.namelist())
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    declared = file.read(200).decode("ascii", "replace").strip()
                return declared if declared in OFFICE_TYPES else None
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError):
        return None
    if _CATALOGUE not in names:
        return None
    kinds = [kind for part, kind in _MAIN_PARTS.items() if part in names]
    return kinds[0] if len(kinds) == 1 else None


def clean(content: bytes, media_type: str) -> Copy:
    """The document, written anew from its parts. Raises CopyWithheld; and what zipfile raises."""
    target = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as copy,
    ):
        _bound(source)
        for entry in source.infolist():
            if entry.is_dir():
                continue
            part = _clean_part(entry.filename, source.read(entry))
            # No time, no comment, no extra field of the sender's program goes along.
            fresh = zipfile.ZipInfo(entry.filename)
            fresh.compress_type = entry.compress_type and zipfile.ZIP_DEFLATED
            copy.writestr(fresh, part)
    return Copy(target.getvalue(), media_type)


def _bound(source: zipfile.ZipFile) -> None:
    entries = source.infolist()
    if len(entries) > _MOST_ENTRIES or sum(one.file_size for one in entries) > _MOST_BYTES:
        raise CopyWithheld(Withheld.TOO_LARGE)
    names = [one.filename for one in entries]
    if len(set(names)) < len(names):
        # One reader takes the first of two parts, another the last.
        raise CopyWithheld(Withheld.DAMAGED)
    for name in names:
        if name.startswith("/") or "\\" in name or ".." in name.split("/"):
            raise CopyWithheld(Withheld.DAMAGED)
        if _ACTIVE_NAME.search(name):
            raise CopyWithheld(Withheld.ACTIVE_CONTENT)


def _clean_part(name: str, part: bytes) -> bytes:
    if name in _EMPTY_PARTS:
        return _EMPTY_PARTS[name]
    if name.lower().endswith((".xml", ".rels")):
        _refuse_active(name, _as_ascii(part))
    for magic, kind in _PICTURES:
        # A photograph in a letter tells where it was taken, too.
        if part.startswith(magic):
            return pictures.clean(part, kind).content
    return part


def _refuse_active(name: str, part: bytes) -> None:
    if _ACTIVE_XML.search(part):
        raise CopyWithheld(Withheld.ACTIVE_CONTENT)
    if name == "META-INF/manifest.xml" and b"encryption-data" in part:
        # What it does cannot be seen, and whoever gets it cannot open it.
        raise CopyWithheld(Withheld.DAMAGED)


def _as_ascii(part: bytes) -> bytes:
    """XML may be written in UTF-16, where a search for ASCII finds nothing."""
    if part.startswith((b"\xff\xfe", b"\xfe\xff")):
        return part.decode("utf-16", "replace").encode()
    return part
