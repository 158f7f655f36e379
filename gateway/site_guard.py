"""What every page with a login needs from HTTP: cookie, proof of origin, headers, client address.

Used by the clerk's form on the public port and by the console on the internal one.
"""

import asyncio
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from aiohttp import web

from gateway.auth import People, Session
from gateway.settings import WebSettings

#: The name of the hidden input that carries the session's synchronizer token.
CSRF_FIELD = "csrf"

#: For every page. Scripts and styles come from our own files only, never from inside a page.
PAGE_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # What a clerk saw must not lie in a shared computer's cache.
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Not "no-referrer": with that, browsers send "Origin: null" from our own forms.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class SiteGuard:
    """Tells whose request it is and whether our own page sent it. One per site.

    ``name`` tells the cookies of two sites on one host apart: browsers do not look at ports.
    """

    people: People = field(repr=False)
    web_settings: WebSettings = field(repr=False)
    name: str

    @property
    def cookie_name(self) -> str:
        """With TLS the prefix makes browsers refuse a cookie that another host planted."""
        return f"__Host-{self.name}" if self.web_settings.secure_cookies else self.name

    async def session(self, request: web.BaseRequest, *, in_use: bool = True) -> Session | None:
        """The live session of the request's cookie; ``in_use`` as in ``People.find_session``."""
        token = request.cookies.get(self.cookie_name)
        if not token:
            return None
        return await asyncio.to_thread(self.people.find_session, token, in_use=in_use)

    async def log_in(
        self, request: web.BaseRequest, login: str, password: str
    ) -> tuple[Session, str]:
        """As ``People.log_in``. A session that the browser had before ends. Raises LoginRefused."""
        address = self.client_address(request)
        opened = await asyncio.to_thread(self.people.log_in, login, password, address)
        before = request.cookies.get(self.cookie_name)
        if before:
            await asyncio.to_thread(self.people.log_out, before)
        return opened

    async def log_out(self, request: web.BaseRequest, response: web.StreamResponse) -> None:
        """End the session here and at the browser."""
        token = request.cookies.get(self.cookie_name)
        if token:
            await asyncio.to_thread(self.people.log_out, token)
        response.del_cookie(
            self.cookie_name, path="/", secure=self.web_settings.secure_cookies, httponly=True
        )
        # What the pages left in the browser (drafts in sessionStorage) goes too.
        response.headers["Clear-Site-Data"] = '"storage"'

    def give_cookie(self, response: web.StreamResponse, token: str) -> None:
        """Until the browser is closed; the server decides when it has expired."""
        response.set_cookie(
            self.cookie_name,
            token,
            path="/",
            secure=self.web_settings.secure_cookies,
            httponly=True,
            # Lax, not Strict: a link from the office's portal should not look logged out.
            # Every POST is checked twice besides (see below).
            samesite="Lax",
        )

    def same_origin(self, request: web.BaseRequest) -> bool:
        """Whether a browser says that our own page sent this POST. Silence is a no."""
        site = request.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site == "same-origin"
        # Without TLS browsers send no Sec-Fetch-Site, but always an Origin with a POST.
        origin = urlsplit(request.headers.get("Origin", ""))
        if not origin.netloc:
            return False
        ours = urlsplit(self.web_settings.public_base_url)
        return origin.netloc == request.host or origin[:2] == ours[:2]

    def csrf_holds(self, session: Session, posted: str | None) -> bool:
        """Whether the posted synchronizer token is the session's own. Constant time."""
        return hmac.compare_digest((posted or "").encode(), session.csrf_token.encode())

    def client_address(self, request: web.BaseRequest) -> str:
        """The last address that a trusted proxy vouches for."""
        address = request.remote or "unknown"
        claimed = request.headers.getall("X-Forwarded-For", [])
        hops = [hop.strip() for line in claimed for hop in line.split(",")]
        while hops and self._trusted(address):
            address = hops.pop()
        return address

    def _trusted(self, address: str) -> bool:
        try:
            parsed = ip_address(address)
        except ValueError:
            return False
        return any(
            parsed in ip_network(network, strict=False)
            for network in self.web_settings.trusted_proxies
        )
