"""Reading such a file back, as offices return it: other programs, other headers, rows moved."""

import csv
import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

#: A thousand complaints of the longest kind are a tenth of it.
_MAX_BYTES = 32 * 1024 * 1024
_MAX_UNPACKED_BYTES = 256 * 1024 * 1024
_MAX_ROWS = 20_000
#: Offices put titles and letterheads above the headers.
_HEADER_WITHIN = 30
_DELIMITERS = ";,\t|"
#: Headers without everything but letters and digits.
_OUR_HEADERS = re.compile(r"(no|nomor)(pengaduan|aduan|referensi)|referensi|reference")
_THEIR_HEADERS = re.compile(
    r"track(ing)?id(lapor)?|(no|nomor|id)(tracking|lapor|laporan|trackinglapor|laporanlapor)"
)
_FORMULA = "ada rumus; salin sebagai nilai"
_SAVE_AGAIN = "XLSX rusak; buka di Excel dan simpan ulang"


class UnreadableFile(Exception):
    """The file as a whole cannot be taken. The message says what to do about it."""


@dataclass(frozen=True, slots=True)
class BackRow:
    """One row with our number or LAPOR's. ``line`` is the one that a spreadsheet shows."""

    line: int
    reference: str = field(repr=False)
    #: As written, without blanks and a leading ``#``; empty: LAPOR has given none yet.
    tracking_id: str
    #: Why the row cannot be believed.
    problem: str | None = None


def read_back(path: Path) -> Sequence[BackRow]:
    """Read the whole file, so that a broken one is refused before its first row is taken.

    Raises:
        UnreadableFile: too large, no table, or without the two columns.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise UnreadableFile(f"berkas lebih besar dari {_MAX_BYTES // 1024**2} MiB")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableFile(f"berkas tidak dapat dibuka ({error.strerror})") from None
    lines = _xlsx(data) if data.startswith(b"PK\x03\x04") else _csv(data)
    return _rows(lines)


def _rows(lines: Iterator[Sequence[str]]) -> Sequence[BackRow]:
    columns: tuple[int, int] | None = None
    rows: list[BackRow] = []
    for number, cells in enumerate(lines, start=1):
        if columns is None:
            columns = _columns(cells)
            if columns is None and number >= _HEADER_WITHIN:
                break
            continue
        if number > _MAX_ROWS:
            raise UnreadableFile(f"lebih dari {_MAX_ROWS} baris; bagi menjadi beberapa berkas")
        reference, tracking = (cells[at] if at < len(cells) else "" for at in columns)
        if reference or tracking:
            rows.append(_row(number, reference, tracking))
    if columns is None:
        raise UnreadableFile("tidak ada kolom “Nomor Pengaduan” dan “Tracking ID” di berkas ini")
    return rows


def _columns(cells: Sequence[str]) -> tuple[int, int] | None:
    names = [re.sub(r"[^a-z0-9]", "", cell.casefold()) for cell in cells]
    references = [at for at, name in enumerate(names) if _OUR_HEADERS.fullmatch(name)]
    trackings = [at for at, name in enumerate(names) if _THEIR_HEADERS.fullmatch(name)]
    if not references or not trackings:
        return None
    if len(references) > 1 or len(trackings) > 1:
        raise UnreadableFile("dua kolom nomor yang sama; hapus salah satu")
    return references[0], trackings[0]


def _row(line: int, reference: str, tracking: str) -> BackRow:
    problem = _FORMULA if reference.startswith("=") or tracking.startswith("=") else None
    # Excel keeps a typed number as 9165816.0 in some programs' hands.
    tracking = re.sub(r"\.0+$", "", tracking).removeprefix("#").strip()
    if problem is None and tracking and not (tracking.isascii() and tracking.isdigit()):
        problem = "tracking id hanya berisi angka, misalnya 9165816"
    return BackRow(line, reference, tracking, problem)


def _cell(text: str) -> str:
    # Blanks of every kind: what is pasted from a web page has those that do not break.
    text = re.sub(r"[\s\u200b\ufeff]+", " ", text).strip()
    return text.removeprefix("'").strip()


def _csv(data: bytes) -> Iterator[Sequence[str]]:
    text = _decoded(data)
    head = text.splitlines()[:_HEADER_WITHIN]
    # The delimiter that makes a header row of one of the first lines.
    known = (
        one for one in _DELIMITERS if any(_columns(row) for row in csv.reader(head, delimiter=one))
    )
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=next(known, ","))
    try:
        for cells in reader:
            yield [_cell(cell) for cell in cells]
    except csv.Error:
        raise UnreadableFile(f"CSV rusak di sekitar baris {reader.line_num}") from None


def _decoded(data: bytes) -> str:
    encodings = ["utf-16"] if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableFile("bukan CSV atau XLSX; simpan sebagai “CSV UTF-8” atau “.xlsx”")


def _xlsx(data: bytes) -> Iterator[Sequence[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MAX_UNPACKED_BYTES:
            raise UnreadableFile("berkas terlalu besar setelah dibuka; bagi menjadi beberapa")
        # data_only=False: a formula is seen as one and refused, never computed or half-trusted.
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            for cells in book.worksheets[0].iter_rows(values_only=True):
                yield [_text(value) for value in cells]
        finally:
            book.close()
    except (
        InvalidFileException,
        DefusedXmlException,
        ParseError,
        zipfile.BadZipFile,
        KeyError,
        IndexError,
        ValueError,
        EOFError,
    ):
        raise UnreadableFile(_SAVE_AGAIN) from None


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else _cell(str(value))
