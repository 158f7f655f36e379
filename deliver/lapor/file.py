"""A file for LAPOR's bulk upload: one complaint a row, the columns in the order of its form.

What LAPOR's upload expects is not public; these are the fields of its citizen form, between our
number and a column for the number that LAPOR gives. Who complained never stands in it.
"""

import csv
import hashlib
import io
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from deliver.lapor.mapping import form_sheet
from deliver.target import Entry

MODE = "file"
REFERENCE_HEADER = "Nomor Pengaduan"
TRACKING_HEADER = "Tracking ID"

Format = Literal["xlsx", "csv"]
Line = tuple[str, ...]

#: What a spreadsheet takes for a formula (OWASP, "CSV Injection").
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
#: In characters; the text of a complaint has the widest column.
_WIDTHS = {"Isi": 80, "Judul": 40}
_WIDTH = 22


def table_of(entries: Sequence[Entry]) -> Sequence[Line]:
    """Header and rows as they are written, in either format."""
    sheets = [form_sheet(entry) for entry in entries]
    labels = [label for label, _ in sheets[0]] if sheets else []
    header = (REFERENCE_HEADER, *labels, TRACKING_HEADER)
    rows = [
        (plain_cell(entry.reference), *(plain_cell(value) for _, value in sheet), "")
        for entry, sheet in zip(entries, sheets, strict=True)
    ]
    return [header, *rows]


def plain_cell(text: str) -> str:
    """Text that no spreadsheet computes: an apostrophe stands before what looks like a formula."""
    text = ILLEGAL_CHARACTERS_RE.sub("", text)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text


def digest_of(table: Sequence[Line]) -> str:
    """SHA-256 over the cells. The bytes of an XLSX hold the time of its making."""
    return hashlib.sha256(json.dumps(table, ensure_ascii=True).encode()).hexdigest()


def write_aside(table: Sequence[Line], directory: Path, name: str, form: Format) -> Path:
    """Write the file under a name that nobody takes for a finished one; ``put`` finishes it.

    Raises:
        OSError: the directory cannot be written to.
    """
    directory.mkdir(parents=True, exist_ok=True)
    aside = directory / f".{name}.{form}.part"
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if form == "xlsx":
            _workbook(table).save(file)
        else:
            file.write(_csv_bytes(table))
        file.flush()
        os.fsync(file.fileno())
    return aside


def put(aside: Path) -> Path:
    """Give the file its name, durably; where it stands."""
    path = aside.with_name(aside.name.removeprefix(".").removesuffix(".part"))
    aside.replace(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
    return path


def _workbook(table: Sequence[Line]) -> Workbook:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Pengaduan")
    sheet.freeze_panes = "B2"
    for column, label in enumerate(table[0], start=1):
        sheet.column_dimensions[get_column_letter(column)].width = _WIDTHS.get(label, _WIDTH)
    for number, line in enumerate(table):
        cells = [WriteOnlyCell(sheet, value=text) for text in line]
        for cell in cells:
            # Always text: what looks like a number, a date or an error stays as it is written.
            cell.data_type = "s"
            cell.number_format = "@"
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.font = Font(bold=number == 0)
        sheet.append(cells)
    return book


def _csv_bytes(table: Sequence[Line]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerows(table)
    # The mark tells Excel that it is UTF-8.
    return written.getvalue().encode("utf-8-sig")
