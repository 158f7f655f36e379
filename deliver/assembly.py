"""Puts the parts together from the settings: for the worker process and for the commands."""

import asyncio
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from deliver.console.assembly import add_console
from deliver.database import migrate, open_engine, require_current
from deliver.gate import Gate, Pauses
from deliver.identity.retention import make_retention
from deliver.lapor.v3 import LaporV3
from deliver.lapor.xml_settings import LaporXmlSettings
from deliver.lapor.xml_stream import LaporXmlStream
from deliver.ledger import Ledger
from deliver.outcomes import Outcomes
from deliver.passing_on import PassingOn
from deliver.proof.closer import closing_days
from deliver.sending import Sending
from deliver.settings import DeliverSettings, LaporSettings, LedgerSettings
from deliver.states import Actor, Who
from deliver.steps import Plan
from deliver.target import Target
from deliver.worker import Worker
from gateway.blobs import make_blobs
from gateway.intake import utc_now
from gateway.lifecycle import bind, opened, running, serving
from gateway.log import EventLog
from gateway.log.factory import made_data_dir, make_log
from gateway.sealing import load_opener, load_sealer
from gateway.settings import ConfigFile, GatewaySettings, SealingSettings, TopicSettings
from gateway.web import internal_app


def zone_of(config: ConfigFile) -> ZoneInfo:
    """The zone whose days are the days of the ledger."""
    return ZoneInfo(config.load(GatewaySettings).time_zone)


@contextmanager
def opened_ledger(config: ConfigFile, *, may_migrate: bool = False) -> Iterator[Ledger]:
    """The ledger, with the schema that this program needs.

    Raises:
        Misconfigured, LedgerOutdated, LedgerUnavailable.
    """
    settings = config.load(LedgerSettings)
    engine = open_engine(settings.address(made_data_dir(config)))
    ledger = Ledger(engine, zone_of(config))
    try:
        if may_migrate and settings.migrate_at_start:
            migrate(engine)
        else:
            require_current(engine)
        yield ledger
    finally:
        ledger.close()


def make_target(config: ConfigFile) -> Target | None:
    """The system of record, not yet open; None when people enter."""
    match config.load(DeliverSettings).mode:
        case "assisted" | "file":
            return None
        case "xml_stream":
            legacy = config.load(LaporXmlSettings)
            legacy.require_complete()
            return LaporXmlStream(legacy)
        case "v3":
            settings = config.load(LaporSettings)
            settings.require_complete()
            return LaporV3(settings)


def call_seconds_of(config: ConfigFile) -> float:
    """The longest that one call of the configured mode may take."""
    if config.load(DeliverSettings).mode == "xml_stream":
        return config.load(LaporXmlSettings).total_timeout_seconds
    return config.load(LaporSettings).total_timeout_seconds


def worker_name(settings: DeliverSettings) -> str:
    """What stands in the history for this process."""
    return settings.worker_id or f"{socket.gethostname()}-{os.getpid()}"


def make_worker(
    config: ConfigFile,
    event_log: EventLog,
    ledger: Ledger,
    target: Target | None,
    now: Callable[[], datetime] = utc_now,
) -> Worker:
    """The worker over parts that somebody else opens and closes.

    Raises:
        Misconfigured: a setting is wrong or a key is missing.
    """
    settings = config.load(DeliverSettings)
    sealing = config.load(SealingSettings)
    call_seconds = call_seconds_of(config)
    by = Actor(Who.WORKER, worker_name(settings))
    sending = passing_on = None
    if target is not None:
        opener = load_opener(sealing.private_key_dir)
        pauses = Pauses(
            settings.backoff_first_seconds,
            settings.backoff_max_seconds,
            settings.no_answer_max_seconds,
        )
        sending = Sending(
            ledger=ledger,
            target=target,
            gate=Gate(pauses),
            opener=opener,
            zone=zone_of(config),
            by=by,
            call_seconds=call_seconds,
            now=now,
        )
        passing_on = PassingOn(
            attachments=ledger.attachments,
            target=target,
            blobs=make_blobs(config),
            opener=opener,
            call_seconds=call_seconds,
            now=now,
        )
    plan = Plan(
        sending=sending,
        by=by,
        max_in_flight=settings.max_in_flight,
        hold_seconds=settings.hold_for_place_seconds,
        sweep_seconds=settings.sweep_seconds,
        stop_grace_seconds=settings.stop_grace_seconds,
        passing_on=passing_on,
    )
    sealer = load_sealer(sealing.public_key_file)
    return Worker(event_log, config.load(TopicSettings), ledger, sealer, plan, now)


async def run(config: ConfigFile, stop: asyncio.Event) -> int:
    """The worker process, from start to stop; its exit code.

    Raises:
        GatewayFault: ends the process with the fault's own exit code.
    """
    settings = config.load(DeliverSettings)
    topics = config.load(TopicSettings)
    target = make_target(config)
    sock = bind(settings.internal_host, settings.internal_port)
    event_log = make_log(config, topics.names)
    with sock, opened_ledger(config, may_migrate=True) as ledger:
        worker = make_worker(config, event_log, ledger, target)

        async def ledger_answers() -> None:
            await asyncio.to_thread(ledger.queries.counts)

        outcomes = Outcomes(event_log, topics, ledger)
        retention = make_retention(config, ledger, Actor(Who.WORKER, worker_name(settings)))
        app = internal_app((event_log.check, ledger_answers))
        add_console(app, config, event_log, ledger, worker.gate)
        async with (
            opened(event_log),
            serving(app, sock),
            running(outcomes.run(), stop),
            running(retention.run(), stop),
            closing_days(config, ledger, worker_name(settings), stop),
        ):
            if target is None:
                await worker.run(stop)
                return 0
            await target.open()
            try:
                await worker.run(stop)
            finally:
                await target.close()
    return 0
