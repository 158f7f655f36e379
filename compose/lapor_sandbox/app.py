"""Puts the sandbox together: the API, the page, the switches and the store."""

import asyncio
from collections.abc import AsyncIterator

from aiohttp import web

from compose.lapor_sandbox import api, faults, page, phone, stream
from compose.lapor_sandbox.api import NOW, SETTINGS, STORE, Now, utc_now
from compose.lapor_sandbox.settings import SandboxSettings
from compose.lapor_sandbox.store import Store
from compose.lapor_sandbox.switches import SwitchBoard
from compose.lapor_sandbox.uploads import MAX_REQUEST_BYTES


def build_app(settings: SandboxSettings, now: Now = utc_now) -> web.Application:
    """The whole sandbox. Starting it opens the database; all its state is its own.

    Raises, when started:
        StoreUnavailable: the database cannot be used.
    """
    app = web.Application(client_max_size=MAX_REQUEST_BYTES)
    app[SETTINGS] = settings
    app[NOW] = now
    app[STORE] = Store(settings.db)
    app[faults.BOARD] = SwitchBoard()
    app[faults.STOPPING] = asyncio.Event()
    app[phone.INBOX] = phone.new_inbox()
    app.add_routes([*api.routes(), *stream.routes(), *page.routes(), *phone.routes()])
    app.cleanup_ctx.append(_with_store)
    app.on_shutdown.append(_wake_those_who_wait)
    app.on_response_prepare.append(_say_what_this_is)
    return app


async def _with_store(app: web.Application) -> AsyncIterator[None]:
    await app[STORE].open()
    yield
    await app[STORE].close()


async def _wake_those_who_wait(app: web.Application) -> None:
    app[faults.STOPPING].set()


async def _say_what_this_is(request: web.Request, response: web.StreamResponse) -> None:
    response.headers["Server"] = "lapor-sandbox (not LAPOR!)"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
