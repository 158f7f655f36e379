"""Tables as offices keep them: CSV from any program, XLSX. Cells come out as text, row by row."""

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from connectors.complaint_box.columns import Column, recognise

_DELIMITERS = (";", ",", "\t")
# A complaint of the longest kind fits; a file of zeros that unpacks to gigabytes does not.
_MAX_UNPACKED_BYTES = 256 * 1024 * 1024
# Excel keeps 15 digits of a number; a 16-digit NIK typed as one has lost its last.
_EXACT_NUMBER = 10**15
#: What a spreadsheet would take for a formula when it opens a CSV.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class UnreadableTable(Exception):
    """The file as a whole cannot be taken. The message says what to do about it."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``number`` is the one that a spreadsheet shows; ``problem`` says why it is unusable.

    ``cells`` are all cells under the headers as written, ``fields`` those of known columns.
    """

    number: int
    cells: Mapping[str, str] = field(repr=False)
    fields: Mapping[Column, str] = field(repr=False)
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table with headers that were understood."""

    headers: Sequence[str]
    ignored: Sequence[str]
    rows: Sequence[Row] = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Line:
    cells: Sequence[str]
    problem: str | None = None


def read_table(path: Path, max_rows: int, max_bytes: int) -> Table:
    """Read the whole file, so that a broken one is refused before its first row is taken.

    Raises:
        UnreadableTable: too large, not a table, or without a column for the complaint's text.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise UnreadableTable(
                f"berkas lebih besar dari {max_bytes // (1024 * 1024)} MiB; bagi menjadi beberapa"
            )
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableTable(f"berkas tidak dapat dibuka ({error.strerror})") from None
    lines = _xlsx_lines(data) if data.startswith(b"PK\x03\x04") else _csv_lines(data)
    return _table(lines, max_rows)


def plain_cell(text: str) -> str:
    """A cell for a CSV that spreadsheets open: never taken for a formula. Undone when read."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def _table(lines: Iterator[_Line], max_rows: int) -> Table:
    headers: Sequence[str] = ()
    columns: dict[int, Column] = {}
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if not any(line.cells) and line.problem is None:
            continue
        if not headers:
            columns = _columns(line.cells)
            headers = _distinct(line.cells)
            continue
        if len(rows) == max_rows:
            raise UnreadableTable(f"lebih dari {max_rows} baris; bagi menjadi beberapa berkas")
        rows.append(_row(number, line, headers, columns))
    if not headers:
        raise UnreadableTable("berkas kosong")
    ignored = [name for at, name in enumerate(headers) if at not in columns]
    return Table(tuple(headers), tuple(ignored), tuple(rows))


def _distinct(headers: Sequence[str]) -> list[str]:
    """Two columns of one name, or of none, are two columns."""
    return [
        name if name and name not in headers[:at] else f"{name or 'kolom'} ({at + 1})"
        for at, name in enumerate(headers)
    ]


def _columns(headers: Sequence[str]) -> dict[int, Column]:
    columns: dict[int, Column] = {}
    for at, header in enumerate(headers):
        column = recognise(header)
        if column is None:
            continue
        if column in columns.values():
            raise UnreadableTable(f"dua kolom untuk “{column}”; hapus salah satu")
        columns[at] = column
    if Column.TEXT not in columns.values():
        raise UnreadableTable("tidak ada kolom “isi”; baris pertama harus berisi judul kolom")
    return columns


def _row(number: int, line: _Line, headers: Sequence[str], columns: Mapping[int, Column]) -> Row:
    problem = line.problem
    if any(line.cells[len(headers) :]):
        # Most often a text with a comma and without quotation marks: half of it would be lost.
        problem = "lebih banyak sel daripada judul kolom; periksa tanda kutip"
    cells = dict(zip(headers, line.cells, strict=False))
    fields = {column: line.cells[at] for at, column in columns.items() if at < len(line.cells)}
    return Row(number, cells, fields, problem)


def _csv_lines(data: bytes) -> Iterator[_Line]:
    text = _decoded(data)
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(_DELIMITERS, key=lambda one: _understood(first, one))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for cells in reader:
            yield _Line([_from_plain(cell.strip()) for cell in cells])
    except csv.Error:
        raise UnreadableTable(f"CSV rusak di sekitar baris {reader.line_num}") from None


def _understood(header_line: str, delimiter: str) -> tuple[int, int]:
    cells = next(csv.reader([header_line], delimiter=delimiter), [])
    return sum(recognise(cell) is not None for cell in cells), len(cells)


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UnreadableTable("bukan CSV atau XLSX; simpan sebagai “CSV UTF-8” atau “.xlsx”")


def _from_plain(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA_STARTS) else cell


def _xlsx_lines(data: bytes) -> Iterator[_Line]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > _MAX_UNPACKED_BYTES:
            raise UnreadableTable("berkas terlalu besar setelah dibuka; bagi menjadi beberapa")
        # data_only=False: a formula is seen as one and refused, never computed or half-trusted.
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=False, keep_links=False)
        try:
            for cells in book.worksheets[0].iter_rows():
                yield _xlsx_line([(cell.value, cell.data_type) for cell in cells])
        finally:
            book.close()
    except (
        InvalidFileException,
        ParseError,
        zipfile.BadZipFile,
        KeyError,
        IndexError,
        ValueError,
        EOFError,
    ):
        raise UnreadableTable("XLSX rusak; buka di Excel dan simpan ulang") from None


def _xlsx_line(cells: Sequence[tuple[object, str]]) -> _Line:
    problem = None
    if any(kind == "f" for _, kind in cells):
        problem = "ada sel berisi rumus; salin sebagai nilai"
    elif any(kind == "e" for _, kind in cells):
        problem = "ada sel berisi galat seperti #N/A"
    elif any(_inexact(value) for value, _ in cells):
        problem = "ada angka lebih dari 15 digit (NIK?); jadikan selnya teks, lalu isi ulang"
    return _Line([_as_text(value) for value, _ in cells], problem)


def _inexact(value: object) -> bool:
    return isinstance(value, int | float) and abs(value) >= _EXACT_NUMBER


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ya" if value else "tidak"
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()
