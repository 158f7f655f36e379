"""The application: who may come in, which page is where, and errors that tell nothing."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from deliver.console import acting, detail, home, identity, lists, reconciling, work
from deliver.console.site import (
    SITE,
    Act,
    Page,
    Posted,
    Site,
    Visitor,
    forged_page,
    login_page,
    may_see,
    not_allowed_page,
)
from deliver.console.view import STATIC_DIR
from gateway.auth import LoginRefused
from gateway.errors import GatewayFault
from gateway.site_guard import CSRF_FIELD, PAGE_HEADERS

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Pages of ours that a login may lead back to: never anybody else's address.
_OWN_PAGE = re.compile(r"/(|entri|belum-pasti|rekonsiliasi|daftar|(aduan|entri)/[0-9a-f-]{36})")


def make_app(site: Site) -> web.Application:
    """The application to be mounted under the site's prefix."""
    app = web.Application(middlewares=[_as_pages])
    app[SITE] = site
    get, post = app.router.add_get, app.router.add_post
    get("", _to_front)
    get("/", seeing(home.show_home))
    get("/langsung", seeing(home.show_moving))
    get("/daftar", seeing(lists.show_list))
    get("/cari", seeing(lists.find_one))
    get("/aduan/{complaint_id}", seeing(detail.show_one))
    post("/aduan/{complaint_id}/identitas", changing(identity.show_identity))
    post("/aduan/{complaint_id}/{action}", changing(operating(acting.act)))
    get("/entri", seeing(work.show_assisted))
    post("/entri/ambil", changing(operating(work.take_next)))
    get("/entri/{complaint_id}", seeing(work.show_sheet))
    get("/belum-pasti", seeing(work.show_unknown))
    get("/rekonsiliasi", seeing(reconciling.show_reconciliation))
    get("/rekonsiliasi.csv", seeing(reconciling.download_csv))
    get(r"/rekonsiliasi/{day:\d{4}-\d\d-\d\d}.pdf", seeing(reconciling.download_minutes))
    get("/masuk", show_login)
    post("/masuk", log_in)
    post("/keluar", log_out)
    app.router.add_static("/berkas", STATIC_DIR)
    app.on_cleanup.append(_close)
    return app


async def _close(app: web.Application) -> None:
    await app[SITE].equation.close()
    await asyncio.to_thread(app[SITE].guard.people.close)


async def _to_front(request: web.Request) -> web.Response:
    return request.app[SITE].view.redirect("/")


def seeing(page: Page) -> Handler:
    """A page for operators and custodians; others are led to the login or told no."""

    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        # A page that refreshes itself keeps no session alive.
        by_itself = request.path.endswith("/langsung") or "segar" in request.query
        session = await site.guard.session(request, in_use=not by_itself)
        if session is None:
            path = request.path.removeprefix(site.view.prefix)
            if by_itself and "segar" not in request.query:
                return login_page(site, status=HTTPStatus.FORBIDDEN)
            back = f"?kembali={path}" if _OWN_PAGE.fullmatch(path) and path != "/" else ""
            return site.view.redirect(f"/masuk{back}")
        if not may_see(session):
            return not_allowed_page(site, session)
        return await page(request, Visitor(site, session))

    return handle


def changing(act: Act) -> Handler:
    """A POST of our own page, by somebody who may see it."""

    async def handle(request: web.Request) -> web.StreamResponse:
        site = request.app[SITE]
        if not site.guard.same_origin(request):
            return forged_page(site)
        session = await site.guard.session(request)
        if session is None:
            notice = "Sesi Anda berakhir; tidak ada yang diubah. Masuk lagi, lalu ulangi."
            return login_page(site, notice=notice, status=HTTPStatus.FORBIDDEN)
        posted = await _posted(request)
        if not site.guard.csrf_holds(session, posted.get(CSRF_FIELD)):
            return forged_page(site)
        if not may_see(session):
            return not_allowed_page(site, session)
        return await act(request, Visitor(site, session), posted)

    return handle


def operating(act: Act) -> Act:
    """Only for operators: a custodian looks and does not act."""

    async def check(request: web.Request, visitor: Visitor, posted: Posted) -> web.StreamResponse:
        if not visitor.operates:
            text = "Hanya akun dengan peran operator yang boleh mengubah aduan."
            return visitor.message(HTTPStatus.FORBIDDEN, "Tidak diizinkan", text)
        return await act(request, visitor, posted)

    return check


async def show_login(request: web.Request) -> web.Response:
    """The login page; who is logged in already is sent on."""
    site = request.app[SITE]
    if await site.guard.session(request) is not None:
        return site.view.redirect("/")
    notice = "Anda sudah keluar." if "keluar" in request.query else ""
    return login_page(site, back=_own_page(request.query.get("kembali", "")), notice=notice)


async def log_in(request: web.Request) -> web.Response:
    """A session, and on to the page that was asked for."""
    site = request.app[SITE]
    if not site.guard.same_origin(request):
        return forged_page(site)
    posted = await _posted(request)
    back = _own_page(posted.get("kembali", ""))
    login, password = posted.get("login", ""), posted.get("password", "")
    try:
        session, token = await site.guard.log_in(request, login, password)
    except LoginRefused as refused:
        return _refused(site, refused, back)
    log.info("session.opened", extra={"kind": "console"})
    response = site.view.redirect(back or "/") if may_see(session) else site.view.redirect("/")
    site.guard.give_cookie(response, token)
    return response


def _refused(site: Site, refused: LoginRefused, back: str) -> web.Response:
    if refused.wait_seconds <= 0:
        problem = "Nama pengguna atau kata sandi salah."
        return login_page(site, back=back, problem=problem, status=HTTPStatus.FORBIDDEN)
    minutes = -(-refused.wait_seconds // 60)
    problem = f"Terlalu banyak percobaan. Coba lagi dalam {minutes} menit."
    response = login_page(site, back=back, problem=problem, status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(refused.wait_seconds)
    return response


async def log_out(request: web.Request) -> web.Response:
    """End the session, here and in the browser."""
    site = request.app[SITE]
    session = await site.guard.session(request)
    posted = await _posted(request)
    held = session is None or site.guard.csrf_holds(session, posted.get(CSRF_FIELD))
    if not held or not site.guard.same_origin(request):
        return forged_page(site)
    response = site.view.redirect("/masuk?keluar=1")
    await site.guard.log_out(request, response)
    return response


def _own_page(path: str) -> str:
    return path if _OWN_PAGE.fullmatch(path) else ""


async def _posted(request: web.Request) -> Posted:
    fields = await request.post()
    return {name: value for name, value in fields.items() if isinstance(value, str)}


@web.middleware
async def _as_pages(request: web.Request, handler: Handler) -> web.StreamResponse:
    site = request.app[SITE]
    try:
        response = await handler(request)
    except (web.HTTPNotFound, web.HTTPMethodNotAllowed) as missing:
        text = "Periksa alamatnya, atau cari aduannya lewat Daftar."
        return site.view.message(missing.status, "Halaman tidak ada", text)
    except web.HTTPException as refused:
        return site.view.message(refused.status, "Tidak dapat dilayani", "Coba lagi dari awal.")
    except GatewayFault as fault:
        log.warning("console.unavailable", extra={"error": type(fault).__name__})
        text = (
            "Buku besar atau log sedang tidak terjangkau. Tidak ada yang diubah; coba lagi nanti."
        )
        return site.view.message(HTTPStatus.SERVICE_UNAVAILABLE, "Sedang tidak terjangkau", text)
    except Exception as error:
        log.exception("console.failed", extra={"error": type(error).__name__})
        text = "Ada kesalahan di pihak kami. Periksa keadaan aduannya sebelum mengulangi."
        return site.view.message(HTTPStatus.INTERNAL_SERVER_ERROR, "Kesalahan", text)
    if isinstance(response, web.FileResponse):
        response.headers["X-Content-Type-Options"] = PAGE_HEADERS["X-Content-Type-Options"]
    return response
