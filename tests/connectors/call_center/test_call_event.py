"""The script beside a telephone system: it signs, and keeps what could not be posted."""

import asyncio
import json
import os
from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestServer

from connectors.call_center import generic
from gateway.contract import WebRequest
from gateway.errors import Forged
from tests.connectors.call_center.test_calls import PBX

SCRIPT = Path(__file__).parents[3] / "docs" / "examples" / "call-event"


async def run(url: str, directory: Path, *arguments: str) -> None:
    secret = directory / "secret"
    secret.write_text("rahasia-pbx", encoding="utf-8")
    environment = {
        **os.environ,
        "SPOOL": str(directory / "spool"),
        "URL": url,
        "SECRET_FILE": str(secret),
    }
    process = await asyncio.create_subprocess_exec("sh", str(SCRIPT), *arguments, env=environment)
    await process.wait()


async def test_an_event_is_kept_until_it_is_taken(tmp_path: Path) -> None:
    taken: list[dict[str, object]] = []
    away = True

    async def handle(request: web.Request) -> web.Response:
        body = await request.read()
        if away:
            return web.Response(status=503)
        try:
            sent = WebRequest("POST", "/call/pbx", "", request.headers, body)
            generic.verify(PBX, sent)
        except Forged:
            return web.Response(status=403)
        assert len(generic.read(PBX, sent).items) == 1
        taken.append(json.loads(body))
        return web.Response()

    app = web.Application()
    app.router.add_post("/call/pbx", handle)
    async with TestServer(app) as server:
        url = str(server.make_url("/call/pbx"))
        await run(url, tmp_path, "17.4", "missed", "081200009001", "0")
        assert taken == []
        away = False
        await run(url, tmp_path)
        assert [(one["call_id"], one["event"]) for one in taken] == [("17.4", "missed")]
        await run(url, tmp_path)
    assert len(taken) == 1
