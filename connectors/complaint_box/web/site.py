"""What all handlers share: the parts they work with, and the pages they answer with."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from http import HTTPStatus

from aiohttp import web

from connectors.complaint_box.payload import SOURCE_LABELS
from connectors.complaint_box.settings import ComplaintBoxSettings
from connectors.complaint_box.web.form import Checked, Entry
from connectors.complaint_box.web.view import View
from gateway.auth import LoginRefused, Role, Session
from gateway.contract import Door
from gateway.site_guard import SiteGuard
from normalizer.event import Channel
from normalizer.gazetteer import Gazetteer

_REFERENCE = re.compile(r"[A-Z]{2,6}-\d{2}-[0-9A-Z]{4,12}")


@dataclass(frozen=True, slots=True)
class Site:
    """What the handlers work with."""

    settings: ComplaintBoxSettings
    guard: SiteGuard
    gazetteer: Gazetteer
    door: Door = field(repr=False)
    view: View = field(repr=False)
    time_zone: tzinfo
    idle_minutes: int
    now: Callable[[], datetime]


SITE: web.AppKey[Site] = web.AppKey("complaint_box_site", Site)


def form_page(
    site: Site,
    session: Session,
    entry: Entry,
    *,
    checked: Checked | None = None,
    notice: str = "",
    saved: str = "",
    status: int = HTTPStatus.OK,
) -> web.Response:
    checked = checked or Checked()
    context = {
        "session": session,
        "entry": entry,
        "values": entry.values,
        "problems": checked.problems,
        "proposals": checked.proposals,
        "notice": notice,
        "saved": saved,
        "sources": SOURCE_LABELS,
        "boxes": site.settings.boxes,
        "idle_minutes": site.idle_minutes,
        "box_source": Channel.COMPLAINT_BOX,
    }
    return site.view.page("form.html", context, status)


def login_page(
    site: Site,
    *,
    notice: str = "",
    problem: str = "",
    kept: Entry | None = None,
    status: int = HTTPStatus.OK,
) -> web.Response:
    context = {"session": None, "notice": notice, "problem": problem, "kept": kept}
    return site.view.page("login.html", context, status)


def refused_page(site: Site, refused: LoginRefused, kept: Entry | None) -> web.Response:
    if refused.wait_seconds <= 0:
        problem = "Nama pengguna atau kata sandi salah."
        return login_page(site, problem=problem, kept=kept, status=HTTPStatus.FORBIDDEN)
    minutes = -(-refused.wait_seconds // 60)
    problem = f"Terlalu banyak percobaan. Coba lagi dalam {minutes} menit."
    response = login_page(site, problem=problem, kept=kept, status=HTTPStatus.TOO_MANY_REQUESTS)
    response.headers["Retry-After"] = str(refused.wait_seconds)
    return response


def saved_number(query: Mapping[str, str]) -> str:
    """The number of the slip before; ``-`` when it was kept aside without one."""
    number = query.get("number", "")
    return number if number == "-" or _REFERENCE.fullmatch(number) else ""


def is_clerk(session: Session) -> bool:
    return Role.CLERK in session.user.roles


def not_a_clerk_page(site: Site, session: Session) -> web.Response:
    text = "Akun Anda tidak punya peran petugas. Hubungi pengelola bila ini keliru."
    context = {"title": "Tidak diizinkan", "text": text, "session": session}
    return site.view.page("message.html", context, HTTPStatus.FORBIDDEN)


def forged_page(site: Site) -> web.Response:
    text = "Permintaan ini tidak berasal dari halaman kami. Muat ulang halaman, lalu coba lagi."
    return site.view.message(HTTPStatus.FORBIDDEN, "Ditolak", text)
