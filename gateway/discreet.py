"""aiohttp answers a request it cannot parse by quoting it. Ours is told what to do instead.

A malformed request can hold a number or a text, and answers end up in providers' logs. aiohttp has
no setting for this, so the protocol class that its servers use is replaced, once, at import.
"""

from aiohttp import web, web_server
from aiohttp.web_protocol import RequestHandler

_UNPARSABLE = "This is not a well-formed HTTP request. Check the client that sends it.\n"


class DiscreetHandler(RequestHandler):
    """Says of an unparsable request only that it is one."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """As aiohttp does, without its message."""
        return super().handle_error(request, status, exc, message and _UNPARSABLE)


def keep_quiet() -> None:
    """From now on every aiohttp server of this process is discreet."""
    web_server.RequestHandler = DiscreetHandler  # type: ignore[attr-defined]  # no public way
