"""LAPOR's own list as its admin page exports it: CSV, or XLSX as of Excel 2007."""

import csv
import io
import zipfile
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import date
from pathlib import Path

import openpyxl

from deliver.proof.settings import ProofSettings
from deliver.read_back import Listed
from gateway.errors import Misconfigured
from normalizer.identity import parse_reference

#: A year of a large province is some 100,000 rows of a few hundred bytes.
_MAX_FILE_BYTES = 200_000_000
#: Titles and logos may stand above the headings.
_HEADINGS_WITHIN_ROWS = 20

Row = Sequence[str]


class ExportedList:
    """Implements ``deliver.read_back.ReadBack`` over a file: what is not in it is not there.

    The file must hold everything that LAPOR took in the days asked for; it is not cut by date.
    """

    def __init__(self, listed: Sequence[Listed]) -> None:
        self._listed = {one.tracking_id: one for one in listed}

    async def exists(self, tracking_id: str) -> bool:
        """See ``ReadBack.exists``."""
        return tracking_id in self._listed

    async def listed(self, first: date | None, last: date | None) -> AsyncIterator[Listed]:
        """See ``ReadBack.listed``."""
        for one in self._listed.values():
            yield one


def read_exported(file: Path, settings: ProofSettings, reference_prefix: str) -> ExportedList:
    """Read such a file.

    Raises:
        Misconfigured: it cannot be read, or no column is headed like one with tracking ids.
    """
    try:
        if file.stat().st_size > _MAX_FILE_BYTES:
            raise Misconfigured(f"{file}: berkas terlalu besar untuk sebuah daftar LAPOR!")
        raw = file.read_bytes()
        rows = _xlsx(raw) if zipfile.is_zipfile(io.BytesIO(raw)) else _csv(raw)
        return ExportedList(list(_listed(rows, file, settings, reference_prefix)))
    except OSError as fault:
        raise Misconfigured(f"{file}: tidak dapat dibaca ({fault.strerror})") from None
    except (csv.Error, zipfile.BadZipFile, SyntaxError, KeyError, ValueError):
        # SyntaxError: what both of openpyxl's XML parsers say of broken XML.
        raise Misconfigured(f"{file}: bukan CSV atau XLSX yang dapat dibaca") from None


def _csv(raw: bytes) -> Iterator[Row]:
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", "replace")
    try:
        # An Indonesian Excel writes semicolons.
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    yield from csv.reader(io.StringIO(text, newline=""), dialect)


def _xlsx(raw: bytes) -> Iterator[Row]:
    book = openpyxl.load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            for row in sheet.iter_rows(values_only=True):
                yield ["" if cell is None else str(cell) for cell in row]
    finally:
        book.close()


def _listed(
    rows: Iterable[Row], file: Path, settings: ProofSettings, prefix: str
) -> Iterator[Listed]:
    lines = iter(rows)
    id_at, texts_at = _columns(lines, file, settings)
    for row in lines:
        number = row[id_at].strip().removeprefix("#") if id_at < len(row) else ""
        # Excel writes a long number as 9165816.0; totals and blank rows have none.
        number = number.removesuffix(".0")
        if not (number.isascii() and number.isdigit()):
            continue
        texts = [row[at] for at in texts_at if at < len(row)]
        references = (parse_reference(text, prefix) for text in texts)
        yield Listed(number, next((one for one in references if one), None))


def _columns(lines: Iterator[Row], file: Path, settings: ProofSettings) -> tuple[int, list[int]]:
    for _, row in zip(range(_HEADINGS_WITHIN_ROWS), lines, strict=False):
        headings = [cell.strip().casefold() for cell in row]
        for name in settings.list_id_headings:
            if name.casefold() in headings:
                texts = {one.casefold() for one in settings.list_text_headings}
                at = [index for index, heading in enumerate(headings) if heading in texts]
                return headings.index(name.casefold()), at
    wanted = ", ".join(settings.list_id_headings)
    raise Misconfigured(
        f"{file}: tidak ada kolom tracking id; judul kolom yang dikenal: {wanted}. "
        "Tambahkan judulnya di [proof] list_id_headings"
    )
