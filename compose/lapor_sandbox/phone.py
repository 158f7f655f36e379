"""A telephone for the demo: what the gateway answers to senders of SMS is shown on a page.

It stands in for an SMS gateway that sends (``kind = "generic"`` in the gateway's settings), and
forgets everything when it stops.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from compose.lapor_sandbox.answers import refusal
from compose.lapor_sandbox.api import NOW
from compose.lapor_sandbox.page import templates
from compose.lapor_sandbox.records import local_time

#: More than anybody scrolls through.
_KEPT = 200


@dataclass(frozen=True, slots=True)
class Message:
    """One SMS that would have gone out."""

    at: datetime
    to: str
    text: str


INBOX: web.AppKey[deque[Message]] = web.AppKey("phone inbox", deque)


def routes() -> list[web.RouteDef]:
    """One address to send to, and two to look at."""
    return [
        web.post("/phone/sms", take),
        web.get("/phone", show),
        web.get("/phone/messages", listed),
    ]


def new_inbox() -> deque[Message]:
    """An empty telephone."""
    return deque(maxlen=_KEPT)


async def take(request: web.Request) -> web.Response:
    """A form with ``to`` and ``text``."""
    posted = await request.post()
    to, text = posted.get("to"), posted.get("text")
    if not (isinstance(to, str) and isinstance(text, str) and to and text):
        return refusal(422, "to dan text wajib diisi")
    request.app[INBOX].appendleft(Message(request.app[NOW](), to, text))
    return web.json_response({"status": "sent"})


async def show(request: web.Request) -> web.Response:
    """The newest first."""
    shown = [
        {"at": local_time(one.at), "to": one.to, "text": one.text, "length": len(one.text)}
        for one in request.app[INBOX]
    ]
    page = templates().get_template("phone.html").render(messages=shown)
    return web.Response(text=page, content_type="text/html")


async def listed(request: web.Request) -> web.Response:
    """The same for tests, oldest first."""
    inbox: deque[Message] = request.app[INBOX]
    return web.json_response([{"to": one.to, "text": one.text} for one in reversed(inbox)])
