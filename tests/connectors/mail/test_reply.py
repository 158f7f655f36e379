"""Answers by mail, handed to a real SMTP server."""

import asyncio
import ssl
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message

import pytest
from pydantic import SecretStr

from connectors.mail.payload import read_mail
from connectors.mail.reply import MailReplier, build_repliers
from connectors.mail.settings import MailAccount, SmtpServer
from gateway.contract import Reply
from gateway.errors import ReplyAway, ReplyRefused, ReplyUnknown
from gateway.settings import ConfigFile
from normalizer.draft import Draft, Rejection, RejectionReason
from normalizer.event import ReplyPath
from tests.servers import free_ports
from tests.servers.dovecot import Dovecot
from tests.servers.smtp import Mailroom, running_smtp

OURS = "aduan@ngawi.example"
REPLY = Reply(key="kunci-1", text="Nomor Anda NGW-26-7K3M9QXA.", subject="Aduan Anda diterima")
PATH = ReplyPath(address="sri.contoh@warga.example", thread="<a1@warga.example>")
#: As long as Gmail's, and longer than a line of a header may be.
LONG_ID = f"<{'CAF' * 30}@mail.warga.example>"


@pytest.fixture
def mailroom() -> Iterator[Mailroom]:
    with running_smtp() as room:
        yield room


def server(port: int, **changed: object) -> SmtpServer:
    values = {"host": "127.0.0.1", "port": port, "security": "plain", "from_address": OURS}
    return SmtpServer.model_validate(values | changed)


def replier(port: int, **changed: object) -> MailReplier:
    return MailReplier("aduan", server(port, **changed))


def account() -> MailAccount:
    return MailAccount(
        name="aduan", host="127.0.0.1", username=OURS, password=SecretStr("sandi"), smtp=server(25)
    )


def taken(room: Mailroom) -> tuple[str | None, list[str], bytes]:
    (envelope,) = room.envelopes
    assert isinstance(envelope.content, bytes)
    return envelope.mail_from, envelope.rcpt_tos, envelope.content


def message_of(room: Mailroom) -> Message:
    return message_from_bytes(taken(room)[2])


async def test_an_answer_is_automatic_in_the_thread_and_has_no_return_path(
    mailroom: Mailroom,
) -> None:
    message_id = await replier(mailroom.port).reply(PATH, REPLY)
    sender, recipients, _ = taken(mailroom)
    assert sender in ("", "<>")
    assert recipients == [PATH.address]
    message = message_of(mailroom)
    assert message["Auto-Submitted"] == "auto-replied"
    assert message["In-Reply-To"] == message["References"] == "<a1@warga.example>"
    assert message["Message-ID"] == message_id
    assert message["Subject"] == REPLY.subject
    assert message["To"] == PATH.address
    text = message.get_payload(decode=True)
    assert isinstance(text, bytes)
    assert text.decode().strip() == REPLY.text


async def test_long_ids_go_over_the_wire_as_they_are(mailroom: Mailroom) -> None:
    path = ReplyPath(address=PATH.address, thread=LONG_ID)
    message_id = await replier(mailroom.port).reply(path, REPLY)
    lines = taken(mailroom)[2].split(b"\r\n")
    for field in ("In-Reply-To", "References"):
        assert f"{field}: {LONG_ID}".encode() in lines
    assert f"Message-ID: {message_id}".encode() in lines


@pytest.mark.parametrize(
    ("thread", "answered"),
    [
        ("<a1@warga.example>#0123456789abcdef", "<a1@warga.example>"),
        ("sha256:" + "0" * 64, None),
        ("<a1@warga.example>\r\nBcc: lain@contoh.example", None),
        ("<hurufé@warga.example>", None),
        (None, None),
    ],
)
async def test_what_is_no_id_stands_in_no_header(
    mailroom: Mailroom, thread: str | None, answered: str | None
) -> None:
    await replier(mailroom.port).reply(ReplyPath(address=PATH.address, thread=thread), REPLY)
    assert message_of(mailroom)["In-Reply-To"] == answered
    assert message_of(mailroom)["Bcc"] is None


async def test_the_same_answer_has_the_same_id(mailroom: Mailroom) -> None:
    first = await replier(mailroom.port).reply(PATH, REPLY)
    assert await replier(mailroom.port).reply(PATH, REPLY) == first
    other = Reply(key="kunci-2", text=REPLY.text, subject=REPLY.subject)
    assert await replier(mailroom.port).reply(PATH, other) != first


async def test_our_own_answer_come_back_is_known(mailroom: Mailroom) -> None:
    await replier(mailroom.port).reply(PATH, REPLY)
    item = read_mail(account(), taken(mailroom)[2]).item
    assert isinstance(item, Rejection)
    assert item.reason is RejectionReason.OWN_MESSAGE


@pytest.mark.parametrize("thread", ["<a1@warga.example>", "sha256:" + "0" * 64])
async def test_an_answer_to_our_answer_leads_to_the_first_mail(
    mailroom: Mailroom, thread: str
) -> None:
    path = ReplyPath(address=PATH.address, thread=thread)
    ours = await replier(mailroom.port).reply(path, REPLY)
    raw = (
        "From: sri.contoh@warga.example\r\nMessage-ID: <b2@warga.example>\r\n"
        f"Subject: Re: {REPLY.subject}\r\nIn-Reply-To: {ours}\r\n\r\nMasih rusak\r\n"
    )
    item = read_mail(account(), raw.encode()).item
    assert isinstance(item, Draft)
    assert item.relates_to is not None
    assert item.relates_to.source_id == thread


@pytest.mark.parametrize(
    ("to_sender", "to_recipient", "to_data", "fault", "reason"),
    [
        ("550 not you", "250 OK", "250 OK", ReplyRefused, "rejected"),
        ("250 OK", "550 no such user", "250 OK", ReplyRefused, "bad_address"),
        ("250 OK", "450 mailbox busy", "250 OK", ReplyAway, "busy"),
        ("250 OK", "250 OK", "554 spam", ReplyRefused, "rejected"),
        ("250 OK", "250 OK", "452 no room", ReplyAway, "busy"),
    ],
)
async def test_what_a_server_says(
    mailroom: Mailroom,
    to_sender: str,
    to_recipient: str,
    to_data: str,
    fault: type[ReplyRefused | ReplyAway],
    reason: str,
) -> None:
    mailroom.to_sender, mailroom.to_recipient = to_sender, to_recipient
    mailroom.to_data = to_data
    with pytest.raises((ReplyRefused, ReplyAway)) as told:
        await replier(mailroom.port).reply(PATH, REPLY)
    assert type(told.value) is fault
    assert told.value.reason == reason
    assert "sri" not in str(told.value)
    assert mailroom.envelopes == []


async def test_a_line_that_ends_after_the_text_leaves_it_open(mailroom: Mailroom) -> None:
    mailroom.to_data = None
    with pytest.raises(ReplyUnknown):
        await replier(mailroom.port).reply(PATH, REPLY)


@pytest.mark.parametrize("stage", ["greeting", "sender"])
async def test_a_line_that_ends_before_the_text_is_tried_again(stage: str) -> None:
    async def end(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if stage == "sender":
            writer.write(b"220 x\r\n")
            while b"MAIL" not in (line := await reader.readline()):
                writer.write(b"250 x\r\n" if b"EHLO" in line else b"500 x\r\n")
        writer.transport.abort()

    listening = await asyncio.start_server(end, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    async with listening:
        with pytest.raises(ReplyAway, match="unreachable"):
            await replier(port).reply(PATH, REPLY)


async def test_nobody_is_there() -> None:
    (port,) = free_ports(1)
    with pytest.raises(ReplyAway, match="unreachable"):
        await replier(port).reply(PATH, REPLY)


@pytest.mark.parametrize(
    "address",
    ["bukan alamat", "a@b\r\nRCPT TO:<c@contoh.example>", "sri@[127.0.0.1]", "sré@warga.example"],
)
async def test_what_is_no_address_is_refused(mailroom: Mailroom, address: str) -> None:
    with pytest.raises(ReplyRefused, match="bad_address"):
        await replier(mailroom.port).reply(ReplyPath(address=address), REPLY)
    assert mailroom.envelopes == []


async def test_a_password(dovecot: Dovecot) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(dovecot.cert, dovecot.directory / "key.pem")
    with running_smtp(context, login=(OURS.encode(), b"sandi-smtp")) as room:
        ways = {"security": "starttls", "ca_file": dovecot.cert, "username": OURS}
        good = replier(room.port, **ways, password="sandi-smtp")
        await good.check()
        await good.reply(PATH, REPLY)
        assert len(room.envelopes) == 1
        with pytest.raises(ReplyAway, match="credentials"):
            await replier(room.port, **ways, password="salah-sekali").reply(PATH, REPLY)
        # A server that shows another certificate is not told the password.
        logins = len(room.logins)
        with pytest.raises(ReplyAway, match="unreachable"):
            await replier(room.port, **(ways | {"ca_file": None}), password="sandi-smtp").check()
        assert len(room.logins) == logins


async def test_a_group_has_one_replier(mailroom: Mailroom) -> None:
    smtp = {
        "host": "127.0.0.1", "port": mailroom.port, "security": "plain", "from_address": OURS
    }  # fmt: skip
    shared = {"host": "imap.contoh.example", "username": OURS, "password": "x", "smtp": smtp}
    accounts = [
        shared | {"name": "aduan", "group": "surel"},
        shared | {"name": "bupati", "group": "surel", "folder": "Bupati"},
        shared | {"name": "lain", "smtp": None},
    ]
    repliers = build_repliers(ConfigFile(None, {"mail": {"accounts": accounts}}))
    assert [one.account for one in repliers] == ["surel"]
