"""``python -m connectors``: one intake process, with every channel that is switched on."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from connectors.media import make_media_worker
from connectors.registry import REGISTRY, build, build_all, build_fetchers, check_of, joiners
from gateway.attachments import make_contents
from gateway.blobs import make_blobs
from gateway.contract import Connector, PollingConnector, SiteConnector, WebConnector
from gateway.errors import GatewayFault, Misconfigured
from gateway.intake import make_intake
from gateway.lifecycle import bind, opened, run_process, running, serving
from gateway.log.factory import make_log
from gateway.pieces import make_pieces, tend
from gateway.polling import PollingDriver
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    MediaSettings,
    TopicSettings,
    WebSettings,
    read_config,
)
from gateway.web import internal_app, public_app


async def intake_process(config: ConfigFile, stop: asyncio.Event) -> int:
    """Settings, ports, log, channels; then wait for the end."""
    web = config.load(WebSettings)
    topics = config.load(TopicSettings)
    connectors = build_all(config)
    if not connectors:
        raise Misconfigured(
            f"{config.path or 'gateway.toml'}: no channel is switched on; "
            "add a section such as [[sms.accounts]] or [complaint_box] (see gateway.toml.example)"
        )
    shared_port = config.load(GatewaySettings).intake_processes > 1
    public_socket = bind(web.public_host, web.public_port, reuse_port=shared_port)
    internal_socket = bind(web.internal_host, web.internal_port)
    written = (topics.accepted, topics.rejected, topics.media, topics.counted)
    event_log = make_log(config, written)
    pieces = make_pieces(config, joiners(connectors))
    contents = make_contents(config)
    intake = make_intake(config, event_log, pieces, contents)
    public = public_app(
        intake,
        [connector for connector in connectors if isinstance(connector, WebConnector)],
        [connector for connector in connectors if isinstance(connector, SiteConnector)],
        max_body_bytes=web.max_body_bytes,
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(opened(event_log))
        await pieces.open()
        stack.push_async_callback(pieces.close)
        await stack.enter_async_context(serving(internal_app([event_log.check]), internal_socket))
        await stack.enter_async_context(running(tend(intake), stop))
        media = make_media_worker(config, event_log, build_fetchers(config), contents)
        await stack.enter_async_context(running(media.run(), stop))
        for connector in connectors:
            if isinstance(connector, PollingConnector):
                driver = PollingDriver(connector, intake)
                await stack.enter_async_context(running(driver.run(), stop))
        await stack.enter_async_context(serving(public, public_socket))
        await stop.wait()
    return 0


def check_channels(config_path: Path | None) -> int:
    """Print a line for each channel; 0 when every section is in order."""
    failures = 0
    try:
        config = read_config(config_path)
    except GatewayFault as fault:
        sys.stdout.write(f"✗ channels: {fault}\n")
        return 1
    for name in REGISTRY:
        failures += not _tried(f"channel {name}", partial(_check_channel, name, config))
    failures += not _tried("attachments", lambda: asyncio.run(_check_contents(config)))
    return 1 if failures else 0


def _tried(what: str, check: Callable[[], Sequence[str]]) -> bool:
    try:
        said = check()
    except GatewayFault as fault:
        sys.stdout.write(f"✗ {what}: {fault}\n")
        return False
    sys.stdout.write("".join(f"✓ {what}: {line}\n" for line in said))
    return True


async def _check_contents(config: ConfigFile) -> Sequence[str]:
    contents = make_contents(config)
    await contents.check()
    scanned = "scanned for viruses" if config.load(MediaSettings).clamd else "no virus scan"
    return (f"stored, sealed, in {make_blobs(config).where}; {scanned}",)


def _check_channel(name: str, config: ConfigFile) -> Sequence[str]:
    connectors = build(name, config)
    if not connectors:
        return ("off",)
    lines = ["on" + "".join(_addresses(connector) for connector in connectors)]
    if (check := check_of(name)) is not None:
        lines += asyncio.run(check(config))
    return lines


def _addresses(connector: Connector) -> str:
    if isinstance(connector, WebConnector):
        return ", " + ", ".join(f"{route.method} {route.path}" for route in connector.routes())
    return f", {connector.prefix}/" if isinstance(connector, SiteConnector) else ""


def main() -> int:
    """The command line of the process."""
    parser = argparse.ArgumentParser(prog="python -m connectors", description=__doc__)
    parser.add_argument("--config", type=Path, help="gateway.toml to use")
    parser.add_argument("--check", action="store_true", help="try the channels' settings and end")
    arguments = parser.parse_args()
    if arguments.check:
        return check_channels(arguments.config)
    return run_process("connectors", intake_process, arguments.config)


if __name__ == "__main__":
    sys.exit(main())
