"""Puts the pages together from the settings, for the deliver process."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

from aiohttp import web

from deliver.console.app import make_app
from deliver.console.equation import Equation
from deliver.console.live import Live
from deliver.console.settings import ConsoleSettings
from deliver.console.site import Site
from deliver.console.view import View
from deliver.gate import Gate
from deliver.ledger import Ledger
from deliver.proof.books import Books
from deliver.proof.period import Period
from deliver.proof.prove import Desk, Proof, prove
from deliver.proof.settings import ProofSettings
from deliver.settings import DeliverSettings
from gateway.auth import AuthSettings, People
from gateway.intake import utc_now
from gateway.lifecycle import opened
from gateway.log import EventLog
from gateway.log.factory import made_data_dir, make_log
from gateway.sealing import load_opener
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    SealingSettings,
    TopicSettings,
    WebSettings,
)
from gateway.site_guard import SiteGuard


def add_console(
    app: web.Application,
    config: ConfigFile,
    event_log: EventLog,
    ledger: Ledger,
    gate: Gate | None,
    now: Callable[[], datetime] = utc_now,
) -> None:
    """Mount the pages on the internal application; nothing when they are switched off.

    Raises:
        Misconfigured: a setting is wrong.
    """
    settings = config.load(ConsoleSettings)
    if not settings.enabled:
        return
    deliver = config.load(DeliverSettings)
    zone = ZoneInfo(config.load(GatewaySettings).time_zone)
    site = Site(
        guard=make_guard(config, settings),
        ledger=ledger,
        view=View(settings.base_path, settings.office_name, zone),
        live=Live(event_log, config.load(TopicSettings).accepted),
        equation=Equation(partial(_count_aside, config, ledger), zone, now),
        zone=zone,
        proof=config.load(ProofSettings),
        mode=deliver.mode,
        gate=gate,
        open_keys=partial(load_opener, config.load(SealingSettings).private_key_dir),
        now=now,
    )
    app.add_subapp(settings.base_path, make_app(site))


def make_guard(config: ConfigFile, settings: ConsoleSettings) -> SiteGuard:
    """Logins of the same people as the clerk's form, with a cookie of its own."""
    deliver = config.load(DeliverSettings)
    auth = config.load(AuthSettings).model_copy(
        update={"session_longest_hours": settings.session_hours}
    )
    address = f"http://{deliver.internal_host}:{deliver.internal_port}"
    web_settings = config.load(WebSettings).model_copy(
        update={"secure_cookies": settings.secure_cookies, "public_base_url": address}
    )
    return SiteGuard(People(made_data_dir(config), auth), web_settings, "konsol")


async def _count_aside(config: ConfigFile, ledger: Ledger, period: Period) -> Proof:
    """In a thread with a log of its own: a count reads everything, and must not slow the worker."""

    async def count() -> Proof:
        topics = config.load(TopicSettings)
        zone = ZoneInfo(config.load(GatewaySettings).time_zone)
        async with opened(make_log(config, topics.names)) as event_log:
            settings = config.load(ProofSettings)
            desk = Desk(event_log, topics, ledger, Books(ledger.engine), zone, settings)
            return await prove(desk, period, utc_now())

    return await asyncio.to_thread(asyncio.run, count())
