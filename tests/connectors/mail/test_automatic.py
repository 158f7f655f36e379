"""What no person wrote is told apart, and never answered; what a person wrote is never excluded."""

import pytest

from connectors.mail.payload import read_mail
from connectors.mail.settings import MailAccount
from normalizer.draft import Draft, Rejection, RejectionReason
from normalizer.event import Exclusion
from tests.connectors.mail.house import mailbox

ACCOUNT = mailbox(143, addresses=("aduan@ngawi.example",), own_lists=("aduan.ngawi.example",))


def read(*fields: str, account: MailAccount = ACCOUNT) -> Draft | Rejection:
    head = "From: Sri <sri@contoh.example>\r\nMessage-ID: <a1@contoh.example>\r\n"
    given = "".join(f"{one}\r\n" for one in fields)
    if any(one.lower().startswith("from:") for one in fields):
        head = "Message-ID: <a1@contoh.example>\r\n"
    return read_mail(account, f"{given}{head}\r\nJalan rusak\r\n".encode()).item


@pytest.mark.parametrize(
    "fields",
    [
        (),
        ("Auto-Submitted: no",),
        ("Precedence: first-class",),
        ("X-Auto-Response-Suppress: None",),
        ("Subject: Otomatis rusak",),
        ("List-Id: Aduan <aduan.ngawi.example>", "List-Unsubscribe: <x>", "Precedence: list"),
        ("From: Kantor <postmaster@desa.example>", "Reply-To: sri@contoh.example"),
        ("From: Situs <aduan@ngawi.example>", "Reply-To: sri@contoh.example"),
    ],
)
def test_a_person_s_mail_is_taken_and_answered(fields: tuple[str, ...]) -> None:
    item = read(*fields)
    assert isinstance(item, Draft)
    assert item.exclusion is None
    assert item.reply_path is not None
    assert item.reply_path.address == "sri@contoh.example"


@pytest.mark.parametrize(
    "fields",
    [
        ("Auto-Submitted: auto-replied",),
        ("Auto-Submitted: auto-generated (rejected)",),
        ("Auto-Submitted: Auto-Notified; x=y",),
        ("X-Autoreply: yes",),
        ("X-Autorespond: x",),
        ("Precedence: auto_reply",),
        ("Precedence: junk",),
        ("Return-Path: <>",),
        ("Subject: Out of office: cuti",),
        ("Subject: =?utf-8?q?Balasan_otomatis=3A_ya?=",),
        ("Subject: Automatic reply: x",),
        ("Content-Type: multipart/report; report-type=disposition-notification; boundary=x",),
    ],
)
def test_an_automatic_answer_is_excluded(fields: tuple[str, ...]) -> None:
    item = read(*fields)
    assert isinstance(item, Draft)
    assert item.exclusion is Exclusion.AUTO_REPLY
    assert item.reply_path is None


@pytest.mark.parametrize(
    "field",
    ["List-Id: <warta.lain.example>", "List-Unsubscribe: <mailto:x>", "Precedence: bulk"],
)
def test_a_list_is_excluded(field: str) -> None:
    item = read(field)
    assert isinstance(item, Draft)
    assert item.exclusion is Exclusion.MAILING_LIST
    assert item.reply_path is None


@pytest.mark.parametrize(
    "fields",
    [
        ("Content-Type: multipart/report; report-type=delivery-status; boundary=x",),
        ("Content-Type: multipart/report; boundary=x", "Auto-Submitted: auto-replied"),
        ("From: MAILER-DAEMON@mx.example",),
        ("From: Mail Delivery Subsystem <mailer-daemon@mx.example>",),
        ("Return-Path: <>", "X-Failed-Recipients: x@y.example"),
        ("Return-Path: <>", "Subject: Undeliverable: Aduan"),
        ("Return-Path: <>", "Subject: Pesan tidak terkirim"),
    ],
)
def test_a_bounce_is_kept_aside(fields: tuple[str, ...]) -> None:
    item = read(*fields)
    assert isinstance(item, Rejection)
    assert item.reason is RejectionReason.BOUNCE


@pytest.mark.parametrize(
    "fields",
    [
        ("X-Loop: aduan@ngawi.example",),
        ("From: Layanan <Aduan@Ngawi.example>",),
        ("From: <aduan@ngawi.example>", "Reply-To: aduan@ngawi.example"),
        ("Message-ID: <pintu-aduan.0123456789abcdef0123@ngawi.example>",),
    ],
)
def test_our_own_is_kept_aside(fields: tuple[str, ...]) -> None:
    item = read(*fields)
    assert isinstance(item, Rejection)
    assert item.reason is RejectionReason.OWN_MESSAGE


@pytest.mark.parametrize(
    "fields",
    [
        ("From: noreply@contoh.example",),
        ("From: do-not-reply@contoh.example",),
        ("From: gmail-noreply@contoh.example",),
        ("From: jangan-balas@contoh.example",),
        ("Reply-To: bounces@contoh.example",),
        ("From: postmaster@contoh.example",),
        ("From: Sri Contoh",),
        ("From: sri@@contoh..example",),
        ("Reply-To: aduan@ngawi.example",),
        ("X-Auto-Response-Suppress: All",),
    ],
)
def test_a_complaint_that_nobody_can_be_answered_for_is_kept(fields: tuple[str, ...]) -> None:
    item = read(*fields)
    assert isinstance(item, Draft)
    assert item.exclusion is None
    assert item.reply_path is None


@pytest.mark.parametrize("name", ["noregret", "renobalasari", "sri.noreplyan"])
def test_a_name_that_only_looks_like_nobody(name: str) -> None:
    item = read(f"From: {name}@contoh.example")
    assert isinstance(item, Draft)
    assert item.reply_path is not None


def test_an_id_of_somebody_else_s_gateway_is_not_ours() -> None:
    item = read("Message-ID: <pintu-aduan.0123456789abcdef0123@lain.example>")
    assert isinstance(item, Draft)
