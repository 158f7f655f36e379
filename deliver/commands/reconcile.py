"""``gateway reconcile``: the equation, per channel and day, with the sources and with LAPOR."""

import asyncio
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from deliver.assembly import opened_ledger, zone_of
from deliver.commands.counter import date_of, not_done, told_plainly
from deliver.lapor.v3 import LaporV3
from deliver.lapor.v3_list import V3ReadBack
from deliver.proof import shown
from deliver.proof.entered import EnteredRows
from deliver.proof.exported import read_exported
from deliver.proof.lapor import Match, match
from deliver.proof.period import Period
from deliver.proof.prove import Desk, Proof, prove
from deliver.proof.settings import ProofSettings
from deliver.settings import LaporSettings
from gateway.intake import utc_now
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, NormalizerSettings, TopicSettings, read_config
from normalizer.event import Channel

#: The equation does not hold.
EXIT_UNACCOUNTED = 1


def reconcile_command(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    channel: Annotated[Channel | None, typer.Option()] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="For spreadsheets.")] = False,
    with_lapor: Annotated[
        bool, typer.Option("--lapor", help="Ask LAPOR!'s API for each complaint of the period.")
    ] = False,
    lapor_list: Annotated[
        Path | None,
        typer.Option("--lapor-list", help="Compare with a list (CSV, XLSX) exported from LAPOR!."),
    ] = None,
) -> None:
    """Received = entered + linked + ...: per channel and day. Exit code 1 if one is missing."""
    if with_lapor and lapor_list is not None:
        not_done("pilih salah satu: --lapor atau --lapor-list")
    if as_json and as_csv:
        not_done("pilih salah satu: --json atau --csv")
    period = Period(date_of(day or first), date_of(day or last), channel)
    with told_plainly():
        found = asyncio.run(_reconcile(read_config(), period, with_lapor, lapor_list))
    if as_json:
        sys.stdout.write(json.dumps(shown.proof_json(found), indent=2, ensure_ascii=False) + "\n")
    elif as_csv:
        sys.stdout.write(shown.proof_csv(found))
    else:
        shown.proof(found)
    raise typer.Exit(0 if found.balanced else EXIT_UNACCOUNTED)


async def _reconcile(
    config: ConfigFile, period: Period, with_lapor: bool, lapor_list: Path | None
) -> Proof:
    topics, zone = config.load(TopicSettings), zone_of(config)
    settings = config.load(ProofSettings)
    with opened_ledger(config, may_migrate=True) as ledger:
        async with opened(make_log(config, topics.names)) as event_log:
            desk = Desk(event_log, topics, ledger, ledger.books, zone, settings)
            found = await prove(desk, period, utc_now())
        rows = EnteredRows(ledger.engine, zone)
        if with_lapor:
            found = found.with_lapor(await _asked(config, rows, period))
        elif lapor_list is not None:
            prefix = config.load(NormalizerSettings).reference_prefix
            listed = await asyncio.to_thread(read_exported, lapor_list, settings, prefix)
            found = found.with_lapor(await match(listed, rows, period))
    return found


async def _asked(config: ConfigFile, rows: EnteredRows, period: Period) -> Match:
    settings = config.load(LaporSettings)
    lapor = LaporV3(settings)
    await lapor.open()
    try:
        prefix = config.load(NormalizerSettings).reference_prefix
        return await match(V3ReadBack(lapor, settings, prefix), rows, period)
    finally:
        await lapor.close()
