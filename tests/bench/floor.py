"""The floor: the smallest aiohttp handler that parses JSON and awaits the same log's append."""

import asyncio
import sys

from aiohttp import web

from gateway.lifecycle import bind, opened, run_process, serving
from gateway.log import Record
from gateway.log.factory import make_log
from gateway.settings import ConfigFile, GatewaySettings, TopicSettings, WebSettings
from gateway.web import internal_app


async def floor(config: ConfigFile, stop: asyncio.Event) -> int:
    """Parse, append, answer."""
    settings, topics = config.load(WebSettings), config.load(TopicSettings)
    event_log = make_log(config, (topics.accepted,))

    async def handle(request: web.Request) -> web.Response:
        item = await request.json()
        value = await request.read()
        await event_log.append(topics.accepted, Record(item["from"].encode(), value))
        return web.Response(text="OK")

    app = web.Application()
    app.router.add_post("/sms/1708", handle)
    shared = config.load(GatewaySettings).intake_processes > 1
    public = bind(settings.public_host, settings.public_port, reuse_port=shared)
    internal = bind(settings.internal_host, settings.internal_port)
    async with (
        opened(event_log),
        serving(internal_app([event_log.check]), internal),
        serving(app, public),
    ):
        await stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(run_process("floor", floor))
