"""The handlers: log in, type a slip, see its number, type the next one."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from urllib.parse import urlencode

from aiohttp import web

from connectors.complaint_box.dates import read_date
from connectors.complaint_box.payload import Disclosure, Slip, Typed, to_draft
from connectors.complaint_box.web.form import (
    STICKY,
    Checked,
    Entry,
    check_entry,
    new_entry,
    read_entry,
)
from connectors.complaint_box.web.site import (
    SITE,
    Site,
    forged_page,
    form_page,
    is_clerk,
    login_page,
    not_a_clerk_page,
    refused_page,
    saved_number,
)
from connectors.complaint_box.web.uploads import (
    FIELD,
    MAX_FORM_BYTES,
    Upload,
    as_attachments,
    read_uploads,
)
from connectors.complaint_box.web.view import PREFIX, STATIC_DIR, redirect
from gateway.auth import LoginRefused, Session
from gateway.contract import Kept
from gateway.errors import NotKept
from gateway.site_guard import CSRF_FIELD, PAGE_HEADERS
from normalizer.event import Channel
from normalizer.gazetteer import suggest

log = logging.getLogger(__name__)

#: More do not fit on a small screen above the keyboard.
_MAX_SUGGESTIONS = 8
#: The longest name in the list has 45 letters; a longer question is none.
_MAX_QUESTION_CHARS = 60
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def make_app(site: Site) -> web.Application:
    """The application to be mounted under ``PREFIX``."""
    app = web.Application(middlewares=[_as_pages])
    app[SITE] = site
    app.router.add_get("", _to_form)
    app.router.add_get("/", show_form)
    app.router.add_post("/", save)
    app.router.add_get("/masuk", show_login)
    app.router.add_post("/masuk", log_in)
    app.router.add_post("/keluar", log_out)
    app.router.add_get("/tersimpan", show_saved)
    app.router.add_get("/tempat", complete_place)
    app.router.add_static("/berkas", STATIC_DIR)
    app.on_cleanup.append(_close)
    return app


async def _close(app: web.Application) -> None:
    await asyncio.to_thread(app[SITE].guard.people.close)


async def _to_form(_: web.Request) -> web.Response:
    return redirect(f"{PREFIX}/")


async def show_form(request: web.Request) -> web.Response:
    """An empty form; after a save with the batch's fields kept and the number in front."""
    site = request.app[SITE]
    session = await site.guard.session(request)
    if session is None:
        return redirect(f"{PREFIX}/masuk")
    if not is_clerk(session):
        return not_a_clerk_page(site, session)
    query = request.query
    received_on = read_date(query.get("received_on", ""))
    today = site.now().astimezone(site.time_zone).date()
    known = {name: query.get(name, "") for name in STICKY}
    # As text, not as a date input: browsers show that in the order of their own language, and
    # 9/11 would be read as the 11th of September on half of the computers of an office.
    known["received_on"] = f"{received_on or today:%d/%m/%Y}"
    known |= _of_call(query)
    return form_page(site, session, new_entry(known), saved=saved_number(query))


def _of_call(query: Mapping[str, str]) -> Mapping[str, str]:
    """What the telephone system put into the address of the page: the agent need not type it.

    Better after a ``#``, where no server sees it; then the page's script fills it in.
    """
    if not query.get("panggilan"):
        return {}
    return {
        "source": Channel.CALL_CENTER,
        "call_id": query["panggilan"],
        "call_account": query.get("akun", ""),
        "phone": query.get("nomor", ""),
        "reporter": Disclosure.GAVE if query.get("nomor") else "",
    }


async def save(request: web.Request) -> web.Response:
    """Into the door; told "recorded" only when the log has it."""
    site = request.app[SITE]
    if not site.guard.same_origin(request):
        return forged_page(site)
    session = await site.guard.session(request)
    # Photos are larger than any webhook; only a clerk may send as much, and only here.
    sized = request if session is None else request.clone(client_max_size=MAX_FORM_BYTES)
    posted = await sized.post()
    uploads, upload_problem = await read_uploads(posted)
    entry = replace(read_entry(posted, site.gazetteer), files=tuple(one.digest for one in uploads))
    if session is None:
        notice = "Sesi Anda berakhir. Masuk lagi; isian Anda masih ada." + _again(uploads)
        return login_page(site, notice=notice, kept=entry, status=HTTPStatus.FORBIDDEN)
    if not is_clerk(session):
        return not_a_clerk_page(site, session)
    token = posted.get(CSRF_FIELD)
    if not site.guard.csrf_holds(session, token if isinstance(token, str) else None):
        # Most often somebody logged in again in another tab: what was typed must not be lost.
        notice = "Sesi berganti. Isian Anda masih ada: periksa, lalu simpan lagi." + _again(uploads)
        return form_page(site, session, entry, notice=notice, status=HTTPStatus.FORBIDDEN)
    now = site.now()
    today = now.astimezone(site.time_zone).date()
    checked = check_entry(entry, today, site.settings, site.gazetteer)
    if upload_problem is not None or (checked.slip is None and uploads):
        # A browser does not send the same files again by itself.
        sentence = upload_problem or _again(uploads).strip()
        checked = Checked(None, {**checked.problems, FIELD: sentence}, checked.proposals)
    if checked.slip is None:
        unprocessable = HTTPStatus.UNPROCESSABLE_ENTITY
        return form_page(site, session, entry, checked=checked, status=unprocessable)
    kept = await _accept(site, session, entry, checked.slip, uploads, now)
    if kept is None:
        notice = "Belum tersimpan. Isian Anda masih ada: coba lagi sebentar lagi." + _again(uploads)
        return form_page(site, session, entry, notice=notice, status=HTTPStatus.SERVICE_UNAVAILABLE)
    after = {name: entry.values[name] for name in STICKY if entry.values[name]}
    after["number"] = kept.reference or "-"
    page = "tersimpan" if posted.get("then") == "stay" else ""
    return redirect(f"{PREFIX}/{page}?{urlencode(after)}")


async def show_saved(request: web.Request) -> web.Response:
    """The number, alone and big, to be written on the paper or printed."""
    site = request.app[SITE]
    session = await site.guard.session(request)
    if session is None:
        return redirect(f"{PREFIX}/masuk")
    sticky = {name: request.query[name] for name in STICKY if name in request.query}
    context = {
        "session": session,
        "saved": saved_number(request.query) or "-",
        "next_url": f"{PREFIX}/?{urlencode(sticky)}",
        "printed_at": site.now().astimezone(site.time_zone),
    }
    return site.view.page("saved.html", context)


async def complete_place(request: web.Request) -> web.Response:
    """Places for what was typed so far, the best first."""
    site = request.app[SITE]
    if await site.guard.session(request) is None:
        return web.json_response([], status=HTTPStatus.FORBIDDEN, headers=PAGE_HEADERS)
    question = request.query.get("q", "")[:_MAX_QUESTION_CHARS]
    found = suggest(question, site.gazetteer, _MAX_SUGGESTIONS)
    places = [{"code": one.code, "name": one.name} for one in found]
    return web.json_response(places, headers=PAGE_HEADERS)


async def show_login(request: web.Request) -> web.Response:
    """The login page; who is logged in already is sent on."""
    site = request.app[SITE]
    if await site.guard.session(request) is not None:
        return redirect(f"{PREFIX}/")
    notice = "Anda sudah keluar." if "keluar" in request.query else ""
    return login_page(site, notice=notice)


async def log_in(request: web.Request) -> web.Response:
    """A session, and back to what was being typed when the last one expired."""
    site = request.app[SITE]
    if not site.guard.same_origin(request):
        return forged_page(site)
    posted = await request.post()
    text = {name: value for name, value in posted.items() if isinstance(value, str)}
    kept = read_entry(posted, site.gazetteer) if "draft_id" in text else None
    login, password = text.get("login", ""), text.get("password", "")
    try:
        session, token = await site.guard.log_in(request, login, password)
    except LoginRefused as refused:
        return refused_page(site, refused, kept)
    log.info("session.opened", extra={"user_id": session.user.user_id})
    if kept is None:
        response = redirect(f"{PREFIX}/")
    else:
        notice = "Anda sudah masuk lagi. Periksa isian, lalu simpan."
        response = form_page(site, session, kept, notice=notice)
    site.guard.give_cookie(response, token)
    return response


async def log_out(request: web.Request) -> web.Response:
    """End the session, here and in the browser."""
    site = request.app[SITE]
    session = await site.guard.session(request)
    posted = await request.post()
    token = posted.get(CSRF_FIELD)
    held = session is None or site.guard.csrf_holds(
        session, token if isinstance(token, str) else None
    )
    if not held or not site.guard.same_origin(request):
        return forged_page(site)
    response = redirect(f"{PREFIX}/masuk?keluar=1")
    await site.guard.log_out(request, response)
    return response


def _again(uploads: Sequence[Upload]) -> str:
    """What to say of files beside a form that was not taken."""
    return " Pilih lagi lampirannya." if uploads else ""


async def _accept(
    site: Site,
    session: Session,
    entry: Entry,
    slip: Slip,
    uploads: Sequence[Upload],
    now: datetime,
) -> Kept | None:
    """The receipt of the door, or None when the slip is not certainly kept."""
    box = site.settings.box(slip.box) if slip.box else None
    typed = Typed(
        source_id=entry.source_id(),
        account=entry.values["call_account"] or (box.id if box else site.settings.office),
        raw=entry.raw(),
        captured_at=now.astimezone(UTC),
        time_zone=site.time_zone,
        # One opening of one box is one batch; its day is the day of receipt.
        batch=f"{box.id}/{slip.received_on}" if box else None,
        entered_by=session.user.user_id,
        attachments=as_attachments(uploads),
        call_id=entry.values["call_id"] or None,
    )
    try:
        kept = await site.door.accept(to_draft(slip, typed))
    except NotKept:
        return None
    except Exception as error:
        # Whatever it was, the clerk keeps what was typed and is told that it is not saved.
        log.exception("slip.save_failed", extra={"error": type(error).__name__})
        return None
    log.info("slip.saved", extra={"item_id": str(kept.item_id), "user_id": session.user.user_id})
    return kept


@web.middleware
async def _as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    site = request.app[SITE]
    try:
        return await handler(request)
    except web.HTTPRequestEntityTooLarge:
        text = (
            "Isian atau lampirannya terlalu besar, atau sesi Anda berakhir. Tekan Kembali: isian "
            "masih ada. Masuk di tab lain atau kurangi lampirannya, lalu simpan lagi."
        )
        return site.view.message(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Terlalu besar", text)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
        return site.view.message(missing.status, "Halaman tidak ada", "Periksa alamatnya.")
