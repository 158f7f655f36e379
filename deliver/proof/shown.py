"""The proof as a table, as JSON and as CSV. Nothing here knows who complained."""

import csv
import io
from collections.abc import Collection, Mapping

from rich.console import Console
from rich.table import Table

from deliver.proof.findings import Finding
from deliver.proof.gaps import SourceLine
from deliver.proof.prove import Proof
from deliver.proof.words import advice_of, what_of, where_of
from deliver.reconcile import COLUMNS, Column, Report
from deliver.show import console, line

#: From this width on the equation is shown with every column.
_EVERY_COLUMN_WIDTH = 155
_ALWAYS_SHOWN: Collection[Column] = ("entered", "waiting", "unaccounted")

_CSV_FIELDS = (
    *("section", "day", "channel", "account", "scope", "received"),
    *COLUMNS,
    *("listed", "accounted", "ignored", "on_its_way", "missing"),
    *("kind", "where", "reference", "id", "what", "advice"),
)


def proof(found: Proof) -> None:
    """Everything, for a person."""
    out = console()
    _equation(out, found.report)
    if found.sources:
        _sources(out, found)
    if found.lapor is not None:
        _lapor(found)
    if found.from_earlier_log:
        line(f"{found.from_earlier_log} pengaduan berasal dari log sebelumnya; lognya tidak ada.")
    if found.balanced:
        line("Seluruh pengaduan yang diterima terhitung.")
        return
    line(f"TIDAK COCOK: {len(found.findings)} hal.")
    for one in found.findings:
        day = f"{one.day.isoformat()} " if one.day else ""
        line(f"  {day}{what_of(one)}")
        line(f"    -> {advice_of(one)}")


def _equation(out: Console, found: Report) -> None:
    received, total = found.total()
    # A narrow terminal gets the columns that say something; zeros elsewhere do not change the sum.
    shown = [
        name
        for name in COLUMNS
        if out.width >= _EVERY_COLUMN_WIDTH or name in _ALWAYS_SHOWN or total.get(name)
    ]
    table = Table("Hari", "Kanal", "Diterima", *(COLUMNS[name] for name in shown))
    for item in found.lines:
        counts = [str(item.counts.get(column, 0)) for column in shown]
        table.add_row(item.day.isoformat(), item.channel, str(item.received), *counts)
    table.add_section()
    table.add_row("Jumlah", "", str(received), *(str(total.get(name, 0)) for name in shown))
    out.print(table)


def _sources(out: Console, found: Proof) -> None:
    table = Table("Sumber", "Di sumber", "Tercatat", "Bukan aduan", "Di jalan", "Selisih")
    for item in found.sources:
        table.add_row(
            where_of(item.scope),
            str(item.listed),
            str(item.accounted),
            str(item.ignored),
            str(item.waiting),
            str(item.missing),
        )
    out.print(table)


def _lapor(found: Proof) -> None:
    match = found.lapor
    assert match is not None  # noqa: S101 asked by the caller
    line(f"LAPOR!: {match.both} ada di keduanya, {match.only_ours} hanya pada kita.")
    if match.listed:
        line(
            f"LAPOR! saja: {match.only_lapor_ours} dengan nomor kita, "
            f"{match.only_lapor_others} tanpa (dikirim warga langsung)."
        )
    else:
        line("LAPOR! saja: tidak dapat diketahui tanpa daftar ([lapor] list_path, --lapor-list).")
    if match.unread:
        line(f"LAPOR!: {match.unread} tidak dapat ditanyakan.")


def proof_json(found: Proof) -> dict[str, object]:
    """The same for programs."""
    received, total = found.report.total()
    match = found.lapor
    return {
        "balanced": found.balanced,
        "received": received,
        "total": {column: total.get(column, 0) for column in COLUMNS},
        "lines": [
            {
                "day": item.day.isoformat(),
                "channel": item.channel,
                "received": item.received,
                **{column: item.counts.get(column, 0) for column in COLUMNS},
            }
            for item in found.report.lines
        ],
        "unaccounted": [
            {
                "id": str(lost.item_id),
                "reference": lost.reference,
                "channel": lost.channel,
                "day": lost.day.isoformat(),
                "partition": lost.position.partition,
                "offset": lost.position.offset,
            }
            for lost in found.report.unaccounted
        ],
        "sources": [source_json(item) for item in found.sources],
        "findings": [finding_json(one) for one in found.findings],
        "from_earlier_log": found.from_earlier_log,
        "lapor": {
            "listed": match.listed,
            "both": match.both,
            "only_ours": match.only_ours,
            "only_lapor_with_our_reference": match.only_lapor_ours,
            "only_lapor_others": match.only_lapor_others,
            "unread": match.unread,
        }
        if match is not None
        else None,
    }


def source_json(item: SourceLine) -> dict[str, object]:
    """One scope of one source."""
    return {
        "channel": item.scope.channel,
        "account": item.scope.account,
        "scope": item.scope.name,
        "counted": item.what,
        "counted_at": item.counted_at.isoformat(),
        "listed": item.listed,
        "accounted": item.accounted,
        "ignored": item.ignored,
        "on_its_way": item.waiting,
        "missing": item.missing,
    }


def finding_json(found: Finding) -> dict[str, object]:
    """One thing that does not hold."""
    return {
        "kind": found.kind,
        "channel": found.channel,
        "account": found.account,
        "scope": found.scope,
        "day": found.day.isoformat() if found.day else None,
        "where": found.where,
        "reference": found.reference,
        "id": str(found.item_id) if found.item_id else None,
        "what": what_of(found),
        "advice": advice_of(found),
    }


def proof_csv(found: Proof) -> str:
    """One table: the equation, the sources and the findings, told apart by ``section``."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _CSV_FIELDS, extrasaction="ignore")
    writer.writeheader()
    content = proof_json(found)
    for section, key in (("equation", "lines"), ("source", "sources"), ("finding", "findings")):
        rows = content[key]
        assert isinstance(rows, list)  # noqa: S101 made above
        for row in rows:
            writer.writerow({"section": section} | _harmless(row))
    return out.getvalue()


def _harmless(row: Mapping[str, object]) -> dict[str, object]:
    """A spreadsheet calculates what begins like a formula; an account may be ``@aduan``."""
    return {
        key: f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value
        for key, value in row.items()
    }
