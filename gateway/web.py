"""The web driver: size, signature, reading, the door, and only then the answer.

Two applications: the public one (webhooks and pages) and the internal one (health and metrics).
What a caller gets wrong is answered 4xx with one fixed sentence; what we get wrong is 503 with
``Retry-After``, so that the provider comes again.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence

from aiohttp import web

from gateway.contract import Route, SiteConnector, WebConnector, WebReply, WebRequest
from gateway.discreet import keep_quiet
from gateway.errors import Forged, GatewayFault, NotKept
from gateway.intake import Intake
from gateway.metrics import (
    INTAKE_ACK_SECONDS,
    INTAKE_IGNORED,
    INTAKE_REFUSED,
    exposition,
)
from normalizer.draft import Rejection, RejectionReason

log = logging.getLogger(__name__)

keep_quiet()

#: Short enough that a person waits for it, long enough for a broker's leader election.
RETRY_AFTER_SECONDS = 30

#: 64 KiB at the slowest mobile rate; who needs longer holds a connection, not a complaint.
BODY_SECONDS = 20.0

_FORGED = "The request is not signed as agreed. Check the secret of this account.\n"
_TOO_LARGE = "The request is larger than this gateway takes. Send fewer items at a time.\n"
_TOO_SLOW = "The request did not arrive in time. Send it again.\n"
_NOT_KEPT = "Not kept. Send it again later.\n"
_UNKNOWN = "There is nothing at this address.\n"

Check = Callable[[], Awaitable[None]]


def public_app(
    intake: Intake,
    connectors: Sequence[WebConnector],
    sites: Sequence[SiteConnector] = (),
    *,
    max_body_bytes: int,
    body_seconds: float = BODY_SECONDS,
) -> web.Application:
    """The application of the public port."""
    app = web.Application(client_max_size=max_body_bytes, middlewares=[_plain_errors])
    for connector in connectors:
        for route in connector.routes():
            app.router.add_route(route.method, route.path, _handler(route, intake, body_seconds))
    for site in sites:
        app.add_subapp(site.prefix, site.site(intake))
    return app


def internal_app(ready: Iterable[Check]) -> web.Application:
    """The application of the internal port.

    ``/healthz``: the process is alive. ``/readyz``: every check passes right now, that is, an
    item could be taken and kept. ``/metrics``: Prometheus text.
    """
    checks = tuple(ready)

    async def healthz(_: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def readyz(_: web.Request) -> web.Response:
        try:
            await asyncio.gather(*(check() for check in checks))
        except GatewayFault as fault:
            return web.json_response({"status": "not ready", "why": str(fault)}, status=503)
        return web.json_response({"status": "ready"})

    async def metrics(_: web.Request) -> web.Response:
        body, content_type = exposition()
        return web.Response(body=body, headers={"Content-Type": content_type})

    app = web.Application()
    app.router.add_get("/healthz", healthz)
    app.router.add_get("/readyz", readyz)
    app.router.add_get("/metrics", metrics)
    return app


def _handler(
    route: Route, intake: Intake, body_seconds: float
) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        started = time.perf_counter()
        try:
            async with asyncio.timeout(body_seconds):
                body = await _limited(request, route).read()
        except web.HTTPRequestEntityTooLarge:
            INTAKE_REFUSED.labels(route.channel, route.account, "too_large").inc()
            return web.Response(status=413, text=_TOO_LARGE)
        except TimeoutError:
            INTAKE_REFUSED.labels(route.channel, route.account, "too_slow").inc()
            return web.Response(status=408, text=_TOO_SLOW, headers={"Connection": "close"})
        raw = WebRequest(
            request.method, request.path, request.rel_url.raw_query_string, request.headers, body
        )
        try:
            route.verify(raw)
        except Forged:
            INTAKE_REFUSED.labels(route.channel, route.account, "forged").inc()
            log.info("webhook.forged", extra={"channel": route.channel, "account": route.account})
            return _forged(route)
        reply = _read(route, raw)
        if reply.ignored is not None:
            INTAKE_IGNORED.labels(route.channel, route.account, reply.ignored).inc()
        try:
            await _accept_all(reply, intake, request.headers.get("traceparent"))
        except NotKept:
            return web.Response(
                status=503, text=_NOT_KEPT, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
            )
        INTAKE_ACK_SECONDS.labels(route.channel).observe(time.perf_counter() - started)
        return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)

    return handle


def _limited(request: web.Request, route: Route) -> web.BaseRequest:
    if route.max_body_bytes is None:
        return request
    return request.clone(client_max_size=route.max_body_bytes)


def _forged(route: Route) -> web.Response:
    headers = {"WWW-Authenticate": "Basic"} if route.forged_status == 401 else {}
    return web.Response(status=route.forged_status, text=_FORGED, headers=headers)


def _read(route: Route, raw: WebRequest) -> WebReply:
    try:
        return route.read(raw)
    except Exception as error:
        # A fault of our reading is not the sender's problem: the bytes are kept, the operator is
        # told, and the provider is not asked to repeat what we would fail at again.
        log.exception(
            "webhook.read_failed",
            extra={
                "channel": route.channel,
                "account": route.account,
                "error": type(error).__name__,
            },
        )
        return WebReply(
            (
                Rejection(
                    channel=route.channel,
                    account=route.account,
                    reason=RejectionReason.CONNECTOR_FAILED,
                    raw=raw.body or raw.query.encode(),
                    raw_media_type=raw.headers.get("Content-Type", "application/octet-stream"),
                ),
            )
        )


async def _accept_all(reply: WebReply, intake: Intake, traceparent: str | None) -> None:
    if len(reply.items) == 1:
        await intake.accept(reply.items[0], traceparent)
        return
    outcomes = await asyncio.gather(
        *(intake.accept(item, traceparent) for item in reply.items), return_exceptions=True
    )
    # Every item had its chance before the first fault is told; the repeat changes nothing for
    # those that are kept, since their ids are the same.
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome


@web.middleware
async def _plain_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPNotFound:
        return web.Response(status=404, text=_UNKNOWN)
    except web.HTTPException:
        raise
    except Exception as error:
        log.exception("request.failed", extra={"error": type(error).__name__})
        return web.Response(
            status=503, text=_NOT_KEPT, headers={"Retry-After": str(RETRY_AFTER_SECONDS)}
        )
