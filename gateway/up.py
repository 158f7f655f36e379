"""``gateway up``: which processes the settings ask for, and how they are kept."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gateway.errors import TopicMissing
from gateway.lifecycle import opened
from gateway.log.factory import made_data_dir, make_log
from gateway.settings import (
    CONFIG_ENV,
    ConfigFile,
    GatewaySettings,
    LogSettings,
    RepliesSettings,
    TopicSettings,
    WebSettings,
)
from gateway.supervisor import Child, Supervisor, only_one

#: Internal ports of further intake processes stand this far apart; deliver has the next but one.
_PORT_STEP = 10


async def run_up(config: ConfigFile, stop: asyncio.Event) -> int:
    """Everything the settings switch on, until told to stop."""
    await supervise(config, stop)
    return 0


async def supervise(
    config: ConfigFile,
    stop: asyncio.Event,
    before: Sequence[Child] = (),
    log_dir: Path | None = None,
) -> None:
    """Hold the data directory, make sure of the topics, run deliver and then the intake.

    Raises:
        GatewayFault: a start that no restart can mend.
    """
    with only_one(made_data_dir(config)):
        await ensure_topics(config)
        await Supervisor([*before, *children_of(config)], log_dir).run(stop)


async def ensure_topics(config: ConfigFile) -> None:
    """The embedded log is ours and gets its topics; on a cluster somebody must want them.

    Raises:
        TopicMissing: Kafka does not have them.
    """
    specs = config.load(TopicSettings).specs()
    async with opened(make_log(config)) as event_log:
        if not config.load(LogSettings).uses_kafka:
            await event_log.create_topics(specs)
        elif missing := await event_log.missing_topics([spec.name for spec in specs]):
            raise TopicMissing(
                f"Kafka has no topic {', '.join(missing)}; `gateway topics create` makes them"
            )


def children_of(config: ConfigFile) -> tuple[Child, ...]:
    """Deliver first: what the intake takes in can then be entered at once."""
    environment = {CONFIG_ENV: str(config.path.absolute())} if config.path else {}
    internal_port = config.load(WebSettings).internal_port
    intake = (
        Child(
            "connectors" if number == 0 else f"connectors-{number + 1}",
            "connectors",
            environment={
                **environment,
                "GATEWAY_WEB_INTERNAL_PORT": str(internal_port + number * _PORT_STEP),
            },
        )
        for number in range(config.load(GatewaySettings).intake_processes)
    )
    replies = (
        (Child("replies", "connectors.replies", environment=environment),)
        if config.load(RepliesSettings).enabled
        else ()
    )
    return (Child("deliver", "deliver", environment=environment), *replies, *intake)
