"""What all handlers share: the parts they work with, who asks, and the pages that say no."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from uuid import UUID
from zoneinfo import ZoneInfo

from aiohttp import web

from deliver.console.equation import Equation
from deliver.console.live import Live
from deliver.console.view import View
from deliver.desk import MODE, Desk
from deliver.gate import Gate
from deliver.ledger import Ledger
from deliver.proof.settings import ProofSettings
from deliver.rows import LedgerRow
from deliver.states import Actor, Who
from gateway.auth import Role, Session
from gateway.sealing import Opener
from gateway.site_guard import SiteGuard

#: Fields of a form by name.
Posted = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Site:
    """What the handlers work with."""

    guard: SiteGuard
    ledger: Ledger = field(repr=False)
    view: View = field(repr=False)
    live: Live = field(repr=False)
    equation: Equation = field(repr=False)
    zone: ZoneInfo
    proof: ProofSettings
    #: How complaints get into LAPOR, as in ``[deliver] mode``.
    mode: str
    gate: Gate | None
    #: Loads the keys; asked only when an identity is opened.
    open_keys: Callable[[], Opener] = field(repr=False)
    now: Callable[[], datetime]
    #: One claim at a time: a double click must not take two complaints in hand.
    claiming: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def by_hand(self) -> bool:
        """Whether people type the complaints into LAPOR."""
        return self.mode == MODE


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a live session who may see the pages."""

    site: Site
    session: Session

    @property
    def actor(self) -> Actor:
        """As which the history names this person: by the id of the account, not by its name."""
        return Actor(Who.OPERATOR, self.session.user.user_id)

    @property
    def desk(self) -> Desk:
        """The ledger in this person's hands."""
        return Desk(self.site.ledger, self.actor, self.site.now)

    @property
    def operates(self) -> bool:
        """Whether this person may act on complaints."""
        return Role.OPERATOR in self.session.user.roles

    @property
    def opens_identities(self) -> bool:
        """Whether this person may see who complained."""
        return Role.CUSTODIAN in self.session.user.roles

    def page(
        self, template: str, context: Mapping[str, object], status: int = HTTPStatus.OK
    ) -> web.Response:
        """A page for this person."""
        own = {"session": self.session, "visitor": self, "by_hand": self.site.by_hand}
        return self.site.view.page(template, {**own, **context}, status)

    def message(self, status: int, title: str, text: str) -> web.Response:
        """A page that only says something, to this person."""
        return self.site.view.message(status, title, text, self.session)


SITE: web.AppKey[Site] = web.AppKey("console_site", Site)

Page = Callable[[web.Request, Visitor], Awaitable[web.StreamResponse]]
Act = Callable[[web.Request, Visitor, Posted], Awaitable[web.StreamResponse]]


def may_see(session: Session) -> bool:
    """Operators and custodians; a clerk alone types, and sees nothing here."""
    return bool(session.user.roles & {Role.OPERATOR, Role.CUSTODIAN})


async def names(site: Site) -> Mapping[str, str]:
    """Login names by the ids that stand in the history."""
    people = await asyncio.to_thread(site.guard.people.list_users)
    return {person.user_id: person.login for person in people}


async def asked_row(request: web.Request, site: Site) -> LedgerRow:
    """The complaint that the address names. Raises HTTPNotFound."""
    try:
        complaint_id = UUID(request.match_info["complaint_id"])
    except ValueError:
        raise web.HTTPNotFound from None
    row = await asyncio.to_thread(site.ledger.queries.get, complaint_id)
    if row is None:
        raise web.HTTPNotFound
    return row


def not_allowed_page(site: Site, session: Session) -> web.Response:
    """For a person without a role for this console."""
    text = (
        "Akun Anda tidak punya peran operator atau kustodian, jadi konsol ini tertutup bagi Anda. "
        "Untuk mencatat aduan, pakai halaman petugas. Hubungi pengelola bila ini keliru."
    )
    return site.view.message(HTTPStatus.FORBIDDEN, "Tidak diizinkan", text, session)


def forged_page(site: Site) -> web.Response:
    """For a POST that does not come from our own page, or from one of an earlier login."""
    text = (
        "Permintaan ini tidak berasal dari halaman konsol yang masih berlaku; tidak ada yang "
        "diubah. Buka lagi halamannya, lalu ulangi."
    )
    return site.view.message(HTTPStatus.FORBIDDEN, "Ditolak", text)


def login_page(
    site: Site,
    *,
    back: str = "",
    notice: str = "",
    problem: str = "",
    status: int = HTTPStatus.OK,
) -> web.Response:
    """Name and password; ``back`` is the page that was asked for."""
    context = {"back": back, "notice": notice, "problem": problem}
    return site.view.page("login.html", context, status)
