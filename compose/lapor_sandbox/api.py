"""The LAPOR! v3 calls, as public client code makes them, over the sandbox's own store."""

import hmac
import logging
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, time, timedelta

from aiohttp import web
from pydantic import ValidationError

from compose.lapor_sandbox import faults
from compose.lapor_sandbox.answers import answer, refusal
from compose.lapor_sandbox.bodies import NewComplaint, NewFollowUp, readable
from compose.lapor_sandbox.records import INSTITUTIONS, WIB, detail_of, followup_of, listed_of
from compose.lapor_sandbox.settings import SandboxSettings
from compose.lapor_sandbox.store import FileUnknown, Store
from compose.lapor_sandbox.uploads import Malformed, read_form

log = logging.getLogger(__name__)

SETTINGS: web.AppKey[SandboxSettings] = web.AppKey("settings", SandboxSettings)
STORE: web.AppKey[Store] = web.AppKey("store", Store)
Now = Callable[[], datetime]
NOW: web.AppKey[Now] = web.AppKey("now")
Handler = Callable[[web.Request], Awaitable[web.Response]]

#: Small, so that a client meets a second page soon.
FOLLOWUPS_A_PAGE = 10
COMPLAINTS_A_PAGE = 20

_UPLOAD_FIELD = re.compile(r"attachments\[\]")
_FOLLOWUP_FIELD = re.compile(r"attachment\[\d+\]")


def routes() -> list[web.RouteDef]:
    """The API's routes; each asks for both credentials."""
    return [
        web.post("/complaints/complaint/file", _guarded(upload)),
        web.post("/complaints/complaint", _guarded(create)),
        web.get("/complaints", _guarded(complaints)),
        web.get(r"/complaints/{complaint_id:[0-9]{1,18}}/complaint", _guarded(detail)),
        web.get(r"/complaints/{complaint_id:[0-9]{1,18}}/followups", _guarded(followups)),
        web.post("/complaints/followup/add", _guarded(add_followup)),
        web.get("/masters/institutions/external", _guarded(institutions)),
    ]


def _guarded(handler: Handler) -> Handler:
    async def guarded(request: web.Request) -> web.Response:
        if request.app[faults.BOARD].take("refuse_credentials") or not _knows_us(request):
            return refusal(401, "Kredensial tidak diterima")
        try:
            return await handler(request)
        except ValidationError as error:
            return refusal(422, "Isian tidak lengkap atau tidak sah", readable(error))
        except Malformed:
            return refusal(400, "Isi permintaan tidak dapat dibaca")
        except web.HTTPRequestEntityTooLarge:
            return refusal(413, "Berkas terlalu besar")

    return guarded


def _knows_us(request: web.Request) -> bool:
    # Both header names are in use, and one known client sends the bare value.
    sent = request.headers.get("Authorization", request.headers.get("auth", ""))
    expected = request.app[SETTINGS]
    bearer = sent.removeprefix("Bearer ")
    token = request.headers.get("token", "")
    return hmac.compare_digest(
        bearer.encode(), expected.bearer.get_secret_value().encode()
    ) and hmac.compare_digest(token.encode(), expected.token.get_secret_value().encode())


async def upload(request: web.Request) -> web.Response:
    """Takes files; pictures come back only under ``images``, everything else under ``docs``."""
    _, new = await read_form(request, _UPLOAD_FIELD)
    if not new:
        return refusal(422, "Berkas tidak ditemukan", {"attachments": ["wajib diisi"]})
    ids = await request.app[STORE].add_files(new)
    results: dict[str, list[dict[str, int]]] = {"docs": [], "images": []}
    for file_id, file in zip(ids, new, strict=True):
        results[file.kind].append({"id": file_id})
    return answer(200, results=results)


async def create(request: web.Request) -> web.Response:
    """Enters a complaint: on disk before the answer, and with every switched fault in its place."""
    refused = await faults.before_reading(request)
    if refused is not None:
        return refused
    try:
        fields = await request.json()
    except ValueError:
        raise Malformed from None
    complaint = NewComplaint.model_validate(fields)
    refused = faults.about_content(request.app[faults.BOARD], complaint.content)
    if refused is not None:
        return refused
    now = request.app[NOW]()
    try:
        tracking_id = await request.app[STORE].add_complaint(now, fields, complaint.attachments)
    except FileUnknown:
        return refusal(422, "Lampiran tidak sah", {"attachments": ["id berkas tidak dikenal"]})
    log.info("complaint.entered", extra={"tracking_id": tracking_id})
    withheld = await faults.after_writing(request, tracking_id)
    if withheld is not None:
        return withheld
    if request.app[faults.BOARD].take("response_shape"):
        return answer(200, results={"complaint": {"id": tracking_id}})
    return answer(200, complaint_id=tracking_id)


async def complaints(request: web.Request) -> web.Response:
    """One page of what was taken from ``from`` to ``to``, oldest first.

    No public client calls a list: address, parameters and shape are an assumption of ours, after
    the pages of follow-ups.
    """
    page = _whole_number(request.query.get("page", "1"))
    try:
        first, last = (
            date.fromisoformat(text) if (text := request.query.get(name)) else None
            for name in ("from", "to")
        )
        since = datetime.combine(first, time(), WIB) if first else None
        until = datetime.combine(last + timedelta(days=1), time(), WIB) if last else None
    except (ValueError, OverflowError):
        return refusal(422, "Tanggal tidak sah", {"from": ["tahun-bulan-hari"]})
    if not page:
        return refusal(422, "Halaman tidak sah", {"page": ["bilangan mulai dari 1"]})
    found = await request.app[STORE].complaints_between(
        since, until, (page - 1) * COMPLAINTS_A_PAGE, COMPLAINTS_A_PAGE + 1
    )
    more = len(found) > COMPLAINTS_A_PAGE
    following = request.url.update_query(page=page + 1) if more else None
    return answer(
        200,
        results={
            "data": [listed_of(item) for item in found[:COMPLAINTS_A_PAGE]],
            "current_page": page,
            "next_page_url": str(following) if following else None,
        },
    )


async def detail(request: web.Request) -> web.Response:
    """Status and history; the first follow-up moves a complaint to *Dalam Proses*."""
    complaint = await request.app[STORE].complaint(int(request.match_info["complaint_id"]))
    if complaint is None:
        return _not_found()
    return answer(200, results=detail_of(complaint))


async def followups(request: web.Request) -> web.Response:
    """One page of follow-ups; ``next_page_url`` is null on the last."""
    tracking_id = int(request.match_info["complaint_id"])
    page = _whole_number(request.query.get("page", "1"))
    if not page:
        return refusal(422, "Halaman tidak sah", {"page": ["bilangan mulai dari 1"]})
    if await request.app[STORE].complaint(tracking_id) is None:
        return _not_found()
    # One more than a page holds tells whether another page follows.
    found = await request.app[STORE].followups(
        tracking_id, (page - 1) * FOLLOWUPS_A_PAGE, FOLLOWUPS_A_PAGE + 1
    )
    following = request.url.with_query(page=page + 1) if len(found) > FOLLOWUPS_A_PAGE else None
    return answer(
        200,
        results={
            "data": [followup_of(item) for item in found[:FOLLOWUPS_A_PAGE]],
            "current_page": page,
            "next_page_url": str(following) if following else None,
        },
    )


async def add_followup(request: web.Request) -> web.Response:
    """Adds a text and its files to a complaint."""
    refused = await faults.before_reading(request)
    if refused is not None:
        return refused
    texts, new = await read_form(request, _FOLLOWUP_FIELD)
    followup = NewFollowUp.model_validate(texts)
    followup_id = await request.app[STORE].add_followup(
        followup.complaint_id, request.app[NOW](), texts, new
    )
    if followup_id is None:
        return _not_found()
    log.info("followup.added", extra={"tracking_id": followup.complaint_id})
    withheld = await faults.after_writing(request, followup.complaint_id)
    if withheld is not None:
        return withheld
    return answer(200, results={"id": followup_id, "attachments": len(new)})


async def institutions(request: web.Request) -> web.Response:
    """Agencies of the sandbox, the first ``page_size`` of them."""
    size = _whole_number(request.query.get("page_size", ""))
    return answer(200, results={"data": INSTITUTIONS[:size]})


def _whole_number(text: str) -> int | None:
    # Nine digits stay far inside SQLite's 64-bit offsets.
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else None


def _not_found() -> web.Response:
    return refusal(404, "Laporan tidak ditemukan")


def utc_now() -> datetime:
    """The clock of a real run."""
    return datetime.now(UTC)
