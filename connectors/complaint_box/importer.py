"""``python -m connectors.complaint_box.importer FILE``: a table's rows through the one door.

Safe to run again: a row gets the same id each time, so nothing is counted twice.
"""

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, cast
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table as RichTable

from connectors.complaint_box.payload import SOURCE_LABELS, TypedChannel
from connectors.complaint_box.rows import ImportContext, Readied, Refused, read_rows
from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.complaint_box.table import Row, Table, UnreadableTable, plain_cell, read_table
from gateway.contract import Door
from gateway.errors import GatewayFault, NotKept
from gateway.intake import open_door
from gateway.settings import ConfigFile, GatewaySettings, read_config
from normalizer.event import Channel
from normalizer.gazetteer import load_gazetteer

EXIT_REFUSED = 1
EXIT_UNREADABLE = 65

State = Literal["kept", "kept_aside", "refused", "not_kept"]
_WORDS: dict[State, str] = {
    "kept": "tercatat",
    "kept_aside": "ditahan untuk diperiksa",
    "refused": "ditolak",
    "not_kept": "belum masuk",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row. Holds the number people are told, and nothing of the row's text."""

    row: Row
    state: State
    reference: str | None = None
    reason: str | None = None


async def import_rows(table: Table, context: ImportContext, door: Door) -> list[Outcome]:
    """Every row into the door, in order.

    When the door takes no more, that row and the ones after it are ``not_kept``; the next run
    brings them.
    """
    outcomes: list[Outcome] = []
    away = False
    for item in read_rows(table.rows, context):
        if isinstance(item, Refused):
            outcomes.append(Outcome(item.row, "refused", reason=item.reason))
        elif away:
            outcomes.append(Outcome(item.row, "not_kept"))
        else:
            outcome = await _bring(item, door)
            away = outcome.state == "not_kept"
            outcomes.append(outcome)
    return outcomes


async def _bring(item: Readied, door: Door) -> Outcome:
    try:
        kept = await door.accept(item.draft)
    except NotKept:
        return Outcome(item.row, "not_kept", reason="penyimpanan tidak menjawab; jalankan lagi")
    return Outcome(item.row, "kept" if kept.reference else "kept_aside", kept.reference)


def exit_code(outcomes: Iterable[Outcome]) -> int:
    """0: every row is in; 1: some were refused; 75: the door closed before the end."""
    states = {outcome.state for outcome in outcomes}
    if "not_kept" in states:
        return NotKept.exit_code
    return EXIT_REFUSED if "refused" in states else 0


def write_rejected(path: Path, table: Table, outcomes: Iterable[Outcome]) -> None:
    """The refused rows as a CSV to correct and import again, with the reason in front.

    Holds what the rows held, so it gets the rights of a private file.
    """
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8-sig", newline="") as sink:
        writer = csv.writer(sink, delimiter=";")
        writer.writerow(["alasan ditolak", *table.headers])
        for outcome in outcomes:
            if outcome.state == "refused":
                cells = [plain_cell(outcome.row.cells.get(name, "")) for name in table.headers]
                writer.writerow([outcome.reason, *cells])


def as_json(table: Table, outcomes: Sequence[Outcome]) -> str:
    """The report for programs."""
    rows = [
        {
            "row": outcome.row.number,
            "state": outcome.state,
            "reference": outcome.reference,
            "reason": outcome.reason,
        }
        for outcome in outcomes
    ]
    return json.dumps({"ignored_columns": len(table.ignored), "rows": rows}, ensure_ascii=False)


def print_report(console: Console, table: Table, outcomes: Sequence[Outcome]) -> None:
    """The report for people."""
    report = RichTable("Baris", "Hasil", "Nomor pengaduan atau alasan")
    for outcome in outcomes:
        said = outcome.reference or outcome.reason or ""
        report.add_row(str(outcome.row.number), _WORDS[outcome.state], said)
    console.print(report)
    counts = ", ".join(
        f"{sum(outcome.state == state for outcome in outcomes)} {word}"
        for state, word in _WORDS.items()
    )
    console.print(f"{len(outcomes)} baris: {counts}.")
    if table.ignored:
        count = len(table.ignored)
        console.print(f"{count} kolom tidak dikenal: tidak dibaca, tetapi ikut tersimpan tersegel.")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; returns the exit code."""
    asked = _parser().parse_args(arguments)
    faults = Console(stderr=True, highlight=False)
    try:
        config = read_config(asked.config)
        settings = config.load(ComplaintBoxSettings)
        table = read_table(asked.file, settings.import_max_rows, settings.import_max_bytes)
        outcomes = asyncio.run(_run(table, _context(asked, config, settings), config))
    except UnreadableTable as unreadable:
        faults.print(f"Tidak diimpor: {unreadable}", markup=False)
        return EXIT_UNREADABLE
    except GatewayFault as fault:
        faults.print(str(fault), markup=False)
        return fault.exit_code
    if asked.rejected is not None:
        write_rejected(asked.rejected, table, outcomes)
    if asked.json:
        sys.stdout.write(as_json(table, outcomes) + "\n")
    else:
        print_report(Console(), table, outcomes)
    return exit_code(outcomes)


async def _run(table: Table, context: ImportContext, config: ConfigFile) -> list[Outcome]:
    async with open_door(config) as door:
        return await import_rows(table, context, door)


def _context(
    asked: argparse.Namespace, config: ConfigFile, settings: ComplaintBoxSettings
) -> ImportContext:
    channel = Channel(asked.channel) if asked.channel else settings.import_channel
    return ImportContext(
        settings=settings,
        gazetteer=load_gazetteer(),
        time_zone=ZoneInfo(config.load(GatewaySettings).time_zone),
        now=datetime.now(UTC),
        channel=cast(TypedChannel, channel),
        batch=asked.batch,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gateway import", description="Impor tabel aduan (CSV atau XLSX)."
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="CSV (UTF-8 atau Excel) atau XLSX")
    parser.add_argument("--batch", help="nama kumpulan, misalnya kotak-paron/2026-11-08")
    parser.add_argument(
        "--channel",
        choices=[channel.value for channel in SOURCE_LABELS],
        help="sumber baris tanpa kolom “sumber”",
    )
    parser.add_argument("--config", type=Path, help="gateway.toml")
    parser.add_argument("--json", action="store_true", help="hasil sebagai JSON")
    parser.add_argument("--rejected", type=Path, metavar="FILE.csv", help="simpan baris ditolak")
    return parser


if __name__ == "__main__":
    sys.exit(main())
