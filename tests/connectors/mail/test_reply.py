"""Answers by mail, handed to a real SMTP server (aiosmtpd)."""

from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from pydantic import SecretStr

from connectors.mail.payload import read_mail
from connectors.mail.reply import MailReplier
from connectors.mail.settings import MailAccount, SmtpServer
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused
from normalizer.draft import Rejection, RejectionReason
from normalizer.event import ReplyPath
from tests.servers import free_ports

OURS = "aduan@ngawi.example"
REPLY = Reply(key="kunci-1", text="Nomor Anda NGW-26-7K3M9QXA.", subject="Aduan Anda diterima")
PATH = ReplyPath(address="sri.contoh@warga.example", thread="<a1@warga.example>")


class Server:
    """Keeps what it is given, or answers as it is told."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.answer = "250 OK"
        self.to_recipients = "250 OK"

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, _: list[str]
    ) -> str:
        if self.to_recipients.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.to_recipients

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        if self.answer.startswith("250"):
            self.envelopes.append(envelope)
        return self.answer


@pytest.fixture
def server() -> Iterator[tuple[Server, int]]:
    handler = Server()
    (port,) = free_ports(1)
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    yield handler, port
    controller.stop()


def account(port: int) -> MailAccount:
    smtp = SmtpServer(host="127.0.0.1", port=port, security="plain", from_address=OURS)
    return MailAccount(
        name="aduan",
        host="127.0.0.1",
        security="plain",
        username=OURS,
        password=SecretStr("sandi"),
        smtp=smtp,
    )


def replier(port: int) -> MailReplier:
    settings = account(port)
    assert settings.smtp is not None
    return MailReplier(settings, settings.smtp)


def taken(handler: Server) -> tuple[Envelope, Message]:
    (envelope,) = handler.envelopes
    assert isinstance(envelope.content, bytes)
    return envelope, message_from_bytes(envelope.content)


async def test_an_answer_is_automatic_in_the_thread_and_has_no_return_path(
    server: tuple[Server, int],
) -> None:
    handler, port = server
    message_id = await replier(port).reply(PATH, REPLY)
    envelope, message = taken(handler)
    assert envelope.mail_from in ("", "<>")
    assert envelope.rcpt_tos == [PATH.address]
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == message["References"] == "<a1@warga.example>"
    assert str(message["Message-ID"]).strip() == message_id
    assert message["Subject"] == REPLY.subject
    assert REPLY.text in str(message.get_payload())


async def test_the_same_answer_has_the_same_id(server: tuple[Server, int]) -> None:
    handler, port = server
    first = await replier(port).reply(PATH, REPLY)
    assert await replier(port).reply(PATH, REPLY) == first
    assert len(handler.envelopes) == 2


async def test_our_own_answer_come_back_is_known(server: tuple[Server, int]) -> None:
    handler, port = server
    await replier(port).reply(PATH, REPLY)
    envelope, _ = taken(handler)
    assert isinstance(envelope.content, bytes)
    item = read_mail(account(port), envelope.content).item
    assert isinstance(item, Rejection)
    assert item.reason is RejectionReason.OWN_MESSAGE


async def test_an_answer_to_our_answer_leads_to_the_first_mail(server: tuple[Server, int]) -> None:
    _, port = server
    ours = await replier(port).reply(PATH, REPLY)
    raw = (
        "From: sri.contoh@warga.example\r\nMessage-ID: <b2@warga.example>\r\n"
        f"Subject: Re: {REPLY.subject}\r\nIn-Reply-To: {ours}\r\n\r\nMasih rusak\r\n"
    )
    item = read_mail(account(port), raw.encode()).item
    assert not isinstance(item, Rejection)
    assert item.relates_to is not None
    assert item.relates_to.source_id == "<a1@warga.example>"


@pytest.mark.parametrize(
    ("to_recipients", "answer", "fault"),
    [
        ("550 no such user", "250 OK", ReplyRefused),
        ("450 mailbox busy", "250 OK", ReplyAway),
        ("250 OK", "554 spam", ReplyRefused),
        ("250 OK", "452 no room", ReplyAway),
    ],
)
async def test_what_a_server_says(
    server: tuple[Server, int], to_recipients: str, answer: str, fault: type[Exception]
) -> None:
    handler, port = server
    handler.to_recipients, handler.answer = to_recipients, answer
    with pytest.raises(fault) as told:
        await replier(port).reply(PATH, REPLY)
    assert "sri" not in str(told.value)
    assert handler.envelopes == []


async def test_nobody_is_there() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ReplyAway):
        await replier(port).reply(PATH, REPLY)
