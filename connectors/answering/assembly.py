"""Puts the parts together from the settings, and runs them from start to stop."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from connectors.answering.lanes import Lanes
from connectors.answering.nudge import Nudge
from connectors.answering.outbox import Outbox
from connectors.answering.reading import Keeper, Reader
from connectors.answering.sending import Rules, Sender
from connectors.answering.telling import Teller
from connectors.answering.templates import Templates, load_templates
from connectors.registry import build_repliers
from gateway.contract import Replier
from gateway.errors import AlreadyRunning, KeyMissing, Misconfigured, NotConnected, NotKept
from gateway.intake import utc_now
from gateway.lifecycle import bind, opened, running, serving
from gateway.log import EventLog
from gateway.log.factory import made_data_dir, make_log
from gateway.ownership import Ownership
from gateway.sealing import Opener, load_opener, load_sealer
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    NormalizerSettings,
    RepliesSettings,
    SealingSettings,
    TopicSettings,
)
from gateway.web import internal_app

FILE_NAME = "replies.db"

#: The last outcomes of a stop; what is not told by then is told after the next start.
_LAST_OUTCOMES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Answering:
    """What does not change while the process runs."""

    settings: RepliesSettings
    topics: TopicSettings
    rules: Rules
    templates: Templates
    opener: Opener
    reference_prefix: str


def read_answering(config: ConfigFile) -> Answering:
    """The settings, templates and keys of the process.

    Raises:
        Misconfigured: switched off, a template is wrong, or the reply key is missing.
    """
    settings = config.load(RepliesSettings)
    if not settings.enabled:
        raise Misconfigured(
            "[replies] enabled is false: nobody is answered; set it to true, "
            "and say in the accounts how they answer"
        )
    topics = config.load(TopicSettings)
    prefix = config.load(NormalizerSettings).reference_prefix
    return Answering(
        settings=settings,
        topics=topics,
        rules=Rules(
            daily_cap=settings.daily_cap,
            give_up=timedelta(hours=settings.give_up_hours),
            received_within=timedelta(hours=settings.received_within_hours),
            # As long as the log can bring anything back, and as the outcomes stand on it.
            keep=timedelta(days=max(topics.accepted_days, topics.rejected_days)),
            zone=ZoneInfo(config.load(GatewaySettings).time_zone),
        ),
        templates=load_templates(settings.templates_file, prefix),
        opener=load_opener(config.load(SealingSettings).reply_private_key_dir),
        reference_prefix=prefix,
    )


def outbox_path(config: ConfigFile) -> Path:
    """Where the answers are noted. Raises Misconfigured."""
    return made_data_dir(config) / FILE_NAME


@contextmanager
def owned_outbox(config: ConfigFile, settings: RepliesSettings) -> Iterator[Outbox]:
    """The outbox, ours alone until the end of the block.

    Raises:
        AlreadyRunning: another replies process works in the same data directory.
        OutboxUnavailable: the file cannot be used.
    """
    owner = Ownership(made_data_dir(config), "replies")
    try:
        owner.take()
    except NotConnected:
        raise AlreadyRunning(
            f"another replies process works in {made_data_dir(config)}, or its folder owners "
            "cannot be written; one process answers, and a second would answer twice"
        ) from None
    try:
        outbox = Outbox(outbox_path(config), tells_entered="entered" in settings.kinds)
        try:
            yield outbox
        finally:
            outbox.close()
    finally:
        owner.release()


async def answer(
    config: ConfigFile,
    stop: asyncio.Event,
    build: Callable[[ConfigFile], Sequence[Replier]] = build_repliers,
    now: Callable[[], datetime] = utc_now,
) -> int:
    """The process, from start to stop; its exit code.

    Raises:
        GatewayFault: ends the process with the fault's own exit code.
    """
    parts = read_answering(config)
    topics, settings = parts.topics, parts.settings
    async with AsyncExitStack() as stack:
        sock = stack.enter_context(bind(settings.internal_host, settings.internal_port))
        outbox = stack.enter_context(owned_outbox(config, settings))
        repliers = tuple(build(config))
        for replier in repliers:
            stack.push_async_callback(replier.close)
        nudge, lanes = Nudge(), Lanes(repliers)
        event_log = make_log(config, (topics.accepted, topics.entered, topics.replied))
        await stack.enter_async_context(opened(event_log))
        ready = (event_log.check, lambda: asyncio.to_thread(outbox.check))
        await stack.enter_async_context(serving(internal_app(ready), sock))
        teller = Teller(outbox, event_log, topics.replied, nudge, parts.rules.poll_seconds)
        stack.push_async_callback(_tell_the_rest, teller)
        await stack.enter_async_context(running(teller.run(), stop))
        for reader in _readers(parts, outbox, event_log, nudge, now):
            await stack.enter_async_context(running(reader.run(), stop))
        sender = Sender(outbox, lanes, parts.opener, parts.templates, parts.rules, nudge, now)
        await sender.run(stop)
    return 0


async def describe(config: ConfigFile) -> str:
    """How the answers stand, for ``gateway check``.

    Raises:
        GatewayFault: something is wrong; says what to do.
    """
    if not config.load(RepliesSettings).enabled:
        return "off"
    parts = read_answering(config)
    sealing = config.load(SealingSettings)
    if load_sealer(sealing.reply_public_key_file).kid not in parts.opener.keys:
        raise KeyMissing(
            f"what is sealed with {sealing.reply_public_key_file} opens with no key in "
            f"{sealing.reply_private_key_dir}; `gateway keys new` makes a pair"
        )
    repliers = build_repliers(config)
    names = [lane.name for lane in Lanes(repliers).all]
    for replier in repliers:
        await replier.close()
    return f"on, answers for {', '.join(names)}" if names else "on, but no account answers yet"


def _readers(
    parts: Answering,
    outbox: Outbox,
    event_log: EventLog,
    nudge: Nudge,
    now: Callable[[], datetime],
) -> tuple[Reader, Reader]:
    keeper = Keeper(
        outbox,
        parts.reference_prefix,
        now,
        tells_received="received" in parts.settings.kinds,
    )
    return (
        Reader(event_log, parts.topics.accepted, keeper.accepted, nudge),
        Reader(event_log, parts.topics.entered, keeper.entered, nudge),
    )


async def _tell_the_rest(teller: Teller) -> None:
    with suppress(TimeoutError, NotKept):
        async with asyncio.timeout(_LAST_OUTCOMES_SECONDS):
            while await teller.tell():
                pass
