"""``gateway check``: try every configured connection and say in plain words what is wrong."""

import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

from rich.console import Console

from gateway.errors import GatewayFault
from gateway.intake import make_context
from gateway.lifecycle import opened
from gateway.log.factory import make_log
from gateway.sealing import load_opener, load_sealer
from gateway.settings import (
    CONFIG_ENV,
    ConfigFile,
    GatewaySettings,
    LogSettings,
    SealingSettings,
    TopicSettings,
    WebSettings,
)

#: What belongs to other packages is checked by them.
_OTHERS = (("connectors", "--check"), ("connectors.replies", "check"), ("deliver", "check"))

Step = Callable[[ConfigFile], Awaitable[str]]


async def run_checks(config: ConfigFile, out: Console) -> int:
    """Print a line for each thing tried; returns 0 when all is well, else 1."""
    out.print(f"settings: {config.path or 'environment only'}", highlight=False)
    failures = 0
    for name, step in _STEPS:
        try:
            said = await step(config)
        except GatewayFault as fault:
            failures += 1
            out.print(f"[red]✗[/] {name}: {fault}", highlight=False, soft_wrap=True)
        else:
            out.print(f"[green]✓[/] {name}: {said}", highlight=False, soft_wrap=True)
    environment = {**os.environ}
    if config.path:
        environment[CONFIG_ENV] = str(config.path.absolute())
    for module, argument in _OTHERS:
        done = subprocess.run(  # noqa: S603, ASYNC221 - our own modules, one after the other
            [sys.executable, "-m", module, argument], env=environment, check=False
        )
        failures += done.returncode != 0
    return 1 if failures else 0


async def _settings(config: ConfigFile) -> str:
    config.load(GatewaySettings)
    config.load(WebSettings)
    config.load(TopicSettings)
    return "complete"


async def _keys(config: ConfigFile) -> str:
    sealing = config.load(SealingSettings)
    sealer = load_sealer(sealing.public_key_file)
    make_context(config)
    if not sealing.private_key_dir.is_dir():
        return f"sealing for {sealer.kid}; no private keys on this machine"
    if sealer.kid not in load_opener(sealing.private_key_dir).keys:
        raise GatewayFault(
            f"the private key of {sealer.kid} is not in {sealing.private_key_dir}; "
            "what is sealed now could not be opened here"
        )
    return f"sealing for {sealer.kid}, which can be opened here"


async def _event_log(config: ConfigFile) -> str:
    names = config.load(TopicSettings).names
    async with opened(make_log(config)) as event_log:
        if missing := await event_log.missing_topics(names):
            raise GatewayFault(
                f"topics missing: {', '.join(missing)}; `gateway topics create` makes them"
            )
        await event_log.check()
    return "Kafka" if config.load(LogSettings).uses_kafka else "SQLite, durable on this disk"


_STEPS: tuple[tuple[str, Step], ...] = (
    ("gateway settings", _settings),
    ("keys", _keys),
    ("event log", _event_log),
)
