"""What people and tests see: the page, the switches, and the entered complaints as JSON."""

from collections.abc import Mapping
from importlib.resources import files as package_files

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import ValidationError

from compose.lapor_sandbox import BANNER
from compose.lapor_sandbox.answers import answer, refusal
from compose.lapor_sandbox.api import STORE
from compose.lapor_sandbox.bodies import readable
from compose.lapor_sandbox.faults import BOARD
from compose.lapor_sandbox.records import local_time
from compose.lapor_sandbox.store import Complaint
from compose.lapor_sandbox.switches import Switches

#: More than anybody reads; the rest is counted, and all of it is in the JSON.
SHOWN_ON_PAGE = 100

_TEMPLATES = Environment(
    loader=PackageLoader("compose.lapor_sandbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_ASSETS = {
    name: (package_files("compose.lapor_sandbox").joinpath("static", name).read_text("utf-8"), kind)
    for name, kind in (("page.css", "text/css"), ("page.js", "text/javascript"))
}


def templates() -> Environment:
    """The pages' templates."""
    return _TEMPLATES


def routes() -> list[web.RouteDef]:
    """Everything that the real LAPOR! has not; none of it asks for credentials."""
    return [
        web.get("/", show_page),
        web.get("/healthz", healthz),
        web.get("/sandbox/complaints", list_complaints),
        web.get("/sandbox/switches", show_switches),
        web.put("/sandbox/switches", set_switches),
        web.post("/sandbox/switches", set_switches_by_form),
        web.get("/sandbox/{name:page\\.(?:css|js)}", asset),
    ]


async def show_page(request: web.Request) -> web.Response:
    """The entered complaints, newest first, and the switches."""
    return await _render(request, {}, 200)


async def healthz(request: web.Request) -> web.Response:
    """200 while the database answers."""
    return answer(200, complaints=await request.app[STORE].count())


async def list_complaints(request: web.Request) -> web.Response:
    """The newest ``limit`` (1,000); ``content_contains`` picks those whose content holds it."""
    wanted = request.query.get("content_contains", "")
    limit = request.query.get("limit", "1000")
    if not limit.isdecimal():
        return refusal(400, "limit is a whole number")
    found = await request.app[STORE].complaints(content_contains=wanted, limit=int(limit))
    return answer(
        200,
        complaints=[
            {
                "tracking_id": item.tracking_id,
                "received_at": item.received_at.isoformat(),
                "attachments": list(item.file_ids),
                "fields": item.fields,
            }
            for item in found
        ],
    )


async def show_switches(request: web.Request) -> web.Response:
    """The present state; ``times`` shows how often each fault will still come."""
    return answer(200, switches=request.app[BOARD].current.model_dump())


async def set_switches(request: web.Request) -> web.Response:
    """Sets the whole state: a switch that the body does not name goes off."""
    try:
        request.app[BOARD].current = Switches.model_validate(await request.json())
    except ValidationError as error:
        return refusal(400, "Sakelar tidak dikenal atau nilainya tidak sah", readable(error))
    except ValueError:
        return refusal(400, "Isi permintaan bukan JSON")
    return await show_switches(request)


async def set_switches_by_form(request: web.Request) -> web.Response:
    """The same from the page's form, where an empty field means off."""
    texts = {key: value for key, value in (await request.post()).items() if isinstance(value, str)}
    values: dict[str, object] = {
        key: value for key, value in texts.items() if value and not key.startswith("times.")
    }
    # A count left beside a switch that was taken off is a leftover, not a mistake.
    values["times"] = {
        key.removeprefix("times."): value
        for key, value in texts.items()
        if key.startswith("times.") and value and _is_wanted(key.removeprefix("times."), values)
    }
    try:
        request.app[BOARD].current = Switches.model_validate(values)
    except ValidationError as error:
        return await _render(request, readable(error), 400)
    raise web.HTTPSeeOther("/#sakelar")


def _is_wanted(name: str, values: Mapping[str, object]) -> bool:
    return values.get(name) not in (None, "0", "root")


async def asset(request: web.Request) -> web.Response:
    """The page's own style and script."""
    text, content_type = _ASSETS[request.match_info["name"]]
    return web.Response(text=text, content_type=content_type)


async def _render(
    request: web.Request, errors: Mapping[str, list[str]], status: int
) -> web.Response:
    store = request.app[STORE]
    complaints = await store.complaints(limit=SHOWN_ON_PAGE)
    text = _TEMPLATES.get_template("page.html").render(
        banner=BANNER,
        entries=[_entry(item) for item in complaints],
        total=await store.count(),
        switches=request.app[BOARD].current,
        errors=errors,
    )
    return web.Response(text=text, content_type="text/html", status=status)


def _entry(item: Complaint) -> dict[str, object]:
    fields = item.fields
    return {
        "tracking_id": item.tracking_id,
        "received_at": item.received_at.isoformat(),
        "local_time": local_time(item.received_at),
        "title": fields["title"],
        "content": fields["content"],
        "is_anonymous": _is_true(fields["is_anonymous"]),
        "is_secret": _is_true(fields["is_secret"]),
        "classification_id": fields["classification_id"],
        "attachments": len(item.file_ids),
    }


def _is_true(value: object) -> bool:
    # The body is kept as it came, and a client may have sent 1 or "true" for true.
    return str(value).lower() in {"true", "1", "yes", "on", "y", "t"}
