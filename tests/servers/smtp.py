"""A real SMTP server (aiosmtpd) that keeps what it is given, or answers as it is told."""

import asyncio
import base64
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import free_ports


@dataclass
class Mailroom:
    """The server's side: what came, and what it says to it."""

    port: int = 0
    #: Handed over and answered with 250.
    envelopes: list[Envelope] = field(default_factory=list)
    #: Said to MAIL, RCPT and the end of DATA. None at DATA: the line is cut instead.
    to_sender: str = "250 OK"
    to_recipient: str = "250 OK"
    to_data: str | None = "250 OK"
    #: Who may log in: user and password, or user and token.
    login: tuple[bytes, bytes] | None = None
    #: Ways in which somebody logged in.
    logins: list[str] = field(default_factory=list)

    async def handle_MAIL(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.to_sender

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.to_recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipient

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.to_data is None:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
            return "250 never heard"
        if self.to_data.startswith("250"):
            self.envelopes.append(envelope)
        return self.to_data

    async def auth_XOAUTH2(self, server: SMTP, args: list[str]) -> AuthResult:
        user, _, token = base64.b64decode(args[1]).rstrip(b"\x01").partition(b"\x01auth=Bearer ")
        return self._judge("XOAUTH2", user.removeprefix(b"user="), token)

    def authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, given: object
    ) -> AuthResult:
        if not isinstance(given, LoginPassword):
            return AuthResult(success=False)
        return self._judge(mechanism, given.login, given.password)

    def _judge(self, mechanism: str, user: bytes, secret: bytes) -> AuthResult:
        good = (user, secret) == self.login
        if good:
            self.logins.append(mechanism)
        return AuthResult(success=good, handled=False)


@contextmanager
def running_smtp(
    tls: ssl.SSLContext | None = None, login: tuple[bytes, bytes] | None = None
) -> Iterator[Mailroom]:
    """A server on 127.0.0.1. ``tls``: it speaks only after STARTTLS. ``login``: nobody else in."""
    room = Mailroom(login=login)
    (room.port,) = free_ports(1)
    controller = Controller(
        room,
        hostname="127.0.0.1",
        port=room.port,
        tls_context=tls,
        require_starttls=tls is not None,
        authenticator=room.authenticate if login else None,
        auth_required=login is not None and tls is not None,
        auth_require_tls=tls is not None,
        loop=asyncio.new_event_loop(),
    )
    controller.start()
    try:
        yield room
    finally:
        controller.stop()
