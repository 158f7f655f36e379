"""Mails as files, each with what has to be read from it beside it."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from connectors.mail.payload import read_header, read_mail
from normalizer.draft import Draft, Rejection, RejectionReason, SenderKind
from normalizer.event import Relation
from tests.connectors.mail.house import mailbox

FOLDER = Path(__file__).parents[2] / "payloads" / "mail"
CASES = sorted(path.stem for path in FOLDER.glob("*.eml"))
ACCOUNT = mailbox(143, addresses=("aduan@ngawi.example", "lapor@ngawi.example"))


def case(name: str) -> tuple[bytes, dict[str, Any]]:
    return (FOLDER / f"{name}.eml").read_bytes(), json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("name", CASES)
def test_a_mail_is_read_as_it_was_meant(name: str) -> None:
    raw, expected = case(name)
    item = read_mail(ACCOUNT, raw).item
    assert item.raw == raw
    source_id = expected["source_id"]
    if source_id == "sha256":
        source_id = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert item.source_id == source_id
    if isinstance(item, Rejection):
        assert item.reason == expected["rejection"]
        return
    assert "rejection" not in expected
    assert {
        "title": item.title_raw,
        "sender": item.sender.address,
        "name": item.sender.name,
        "submitted_at": item.submitted_at and item.submitted_at.isoformat(),
        "exclusion": item.exclusion,
        "relates_to": item.relates_to and item.relates_to.source_id,
        "reply_to": item.reply_path and item.reply_path.address,
        "attachments": [[one.media_type, one.name] for one in item.attachments],
        "lapor": item.lapor_tracking_id,
    } == {
        "exclusion": None,
        "relates_to": None,
        "attachments": [],
        "lapor": None,
    } | {
        key: value
        for key, value in expected.items()
        if key not in ("text", "text_has", "decoding", "source_id")
    }
    if "text" in expected:
        assert item.text_raw == expected["text"]
    for piece in expected.get("text_has", ()):
        assert piece in (item.text_raw or "")
    assert item.decoding == expected.get("decoding", item.decoding)


def test_the_parts_belong_together() -> None:
    raw, _ = case("answer-gmail")
    item = read_mail(ACCOUNT, raw).item
    assert isinstance(item, Draft)
    assert item.sender.kind is SenderKind.EMAIL
    assert item.reply_path is not None
    assert item.reply_path.thread == item.source_id
    assert item.relates_to is not None
    assert item.relates_to.relation is Relation.SUPPLEMENT
    raw, _ = case("photos-and-logo")
    item = read_mail(ACCOUNT, raw).item
    assert isinstance(item, Draft)
    assert [one.media_id for one in item.attachments] == ["part:1.1.2", "part:1.2", "part:1.3"]
    assert [len(one.content or b"") for one in item.attachments] == [
        one.size_bytes for one in item.attachments
    ]
    assert item.attachments[1].content == b"%PDF-1.4 contoh"


def test_the_same_mail_on_another_way_has_the_same_fingerprint() -> None:
    raw, _ = case("plain")
    first = read_mail(ACCOUNT, raw)
    assert read_mail(ACCOUNT, b"Received: from mx\r\nX-Spam: no\r\n" + raw).fingerprint == (
        first.fingerprint
    )
    for old, new in (
        (b"depan SD", b"depan SMP"),
        (b"Mon, 02 Mar", b"Mon, 09 Mar"),
        (b"sri@contoh.example", b"siti@contoh.example"),
        (b"Jalan berlubang di", b"Jalan rusak di"),
    ):
        assert read_mail(ACCOUNT, raw.replace(old, new)).fingerprint != first.fingerprint


def test_more_attachments_than_a_person_sends_are_counted() -> None:
    part = "--b\r\nContent-Type: application/pdf\r\n\r\nx\r\n"
    head = 'Content-Type: multipart/mixed; boundary="b"\r\nMessage-ID: <a@b.example>\r\n\r\n'
    item = read_mail(ACCOUNT, (head + part * 60 + "--b--\r\n").encode()).item
    assert isinstance(item, Draft)
    assert len(item.attachments) == 50
    assert item.text_raw == "(10 lampiran lain ada dalam surel asli.)"


def test_only_the_header_of_a_mail_that_is_too_large() -> None:
    raw, _ = case("plain")
    header = raw.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    item = read_header(ACCOUNT, header, RejectionReason.TOO_LARGE).item
    assert isinstance(item, Rejection)
    assert item.reason is RejectionReason.TOO_LARGE
    assert item.source_id == "<20260302.1@contoh.example>"
    assert item.raw == header
