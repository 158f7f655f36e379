"""``gateway reconcile``: the equation, per channel and day."""

import asyncio
import json
import sys
from datetime import datetime
from typing import Annotated

import typer

from deliver import show
from deliver.assembly import opened_ledger, zone_of
from deliver.commands.counter import date_of, told_plainly
from deliver.reconcile import Period, Report, reconcile
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, TopicSettings, read_config
from normalizer.event import Channel

#: The equation does not hold.
EXIT_UNACCOUNTED = 1


def reconcile_command(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"])] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"])] = None,
    channel: Annotated[Channel | None, typer.Option()] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
) -> None:
    """Received = entered + linked + ...: per channel and day. Exit code 1 if one is missing."""
    period = Period(date_of(day or first), date_of(day or last), channel)
    with told_plainly():
        report = asyncio.run(_reconcile(read_config(), period))
    if as_json:
        sys.stdout.write(json.dumps(show.report_json(report), indent=2) + "\n")
    else:
        show.report(report)
    raise typer.Exit(0 if report.balanced else EXIT_UNACCOUNTED)


async def _reconcile(config: ConfigFile, period: Period) -> Report:
    topics = config.load(TopicSettings)
    with opened_ledger(config, may_migrate=True) as ledger:
        async with opened(make_log(config, topics.names)) as event_log:
            return await reconcile(event_log, topics, ledger.queries, zone_of(config), period)
