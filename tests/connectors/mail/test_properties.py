"""Whatever bytes come: one item, with these bytes, in bounded time, and the same every time."""

import random
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from connectors.mail.payload import read_mail
from normalizer.draft import Draft
from normalizer.normalize import Context, normalize
from tests.connectors.mail.dirt import MAKERS
from tests.connectors.mail.house import mailbox
from tests.normalizer.strategies import RECEIVED

ACCOUNT = mailbox(143)
CONTEXT = Context(reporter_key_secret=b"s" * 32)
_LONGEST_SECONDS = 30.0


def check(raw: bytes) -> None:
    first, second = read_mail(ACCOUNT, raw), read_mail(ACCOUNT, raw)
    assert first == second
    assert first.item.raw == raw
    assert first.item.source_id
    if isinstance(first.item, Draft):
        normalize(first.item, RECEIVED, CONTEXT)
        assert len(first.item.text_raw or "") <= 60_000


_LINES = st.sampled_from(
    [
        b"From: Sri <sri@contoh.example>",
        b"From: ",
        b"Subject: =?utf-8?B?8J+YoQ=?=",
        b"Content-Type: multipart/mixed; boundary=b",
        b'Content-Type: multipart/alternative; boundary="b',
        b"Content-Type: message/rfc822",
        b"Content-Type: text/html; charset=utf-7",
        b"Content-Type: text/plain; charset=\xff; format=flowed",
        b"Content-Type: application/ms-tnef",
        b"Content-Type: text/calendar",
        b"Content-Transfer-Encoding: base64",
        b"Content-Transfer-Encoding: x-uuencode",
        b"Content-Transfer-Encoding: quoted-printable",
        b"References: <a@b> <<>> <",
        b"--b",
        b"--b--",
        b"begin 644 x",
        b"end",
        b"=E9=",
        b"+AGEAYQ-",
        b"> kutipan",
        b"-- ",
        b"",
        b"",
    ]
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(_LINES, st.binary(max_size=40)), max_size=25))
@example([])
def test_lines_of_mails_in_any_order(lines: list[bytes]) -> None:
    check(b"\r\n".join(lines))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(MAKERS), st.randoms(use_true_random=False), st.data())
def test_a_mail_with_bytes_changed(
    maker: object, chance: random.Random, data: st.DataObject
) -> None:
    raw = bytearray(maker(chance, "TANDA"))  # type: ignore[operator]
    for _ in range(data.draw(st.integers(0, 6))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(raw))
    check(bytes(raw[: data.draw(st.integers(0, len(raw)))]))


def nested(depth: int) -> bytes:
    heads = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (level, level)
        for level in range(depth)
    )
    return heads + b"\nisi\n" + b"x\n" * 100_000


@pytest.mark.parametrize(
    "raw",
    [
        nested(30),
        nested(400),
        nested(3000),
        b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 300_000,
        b"a: b\n" * 1_000_000,
        b"Content-Type: message/rfc822\n\n" * 5000,
        b"Subject: " + b"=?utf-8?q?a" * 200_000 + b"\n\nx",
        b"References: " + b"<a@b " * 200_000 + b"\n\nx",
        b"From: " + b"a@" * 500_000 + b"\n\nx",
        b"Content-Type: text/plain" + b';a="' * 200_000 + b"\n\nx",
        b"\n\n" + b"begin 644 x\n" * 100_000,
        b"\n\n" + b"begin 644 x\nM" + b"A" * 60 + b"\n" * 100_000,
        b"Content-Type: application/ms-tnef\n\n\x78\x9f\x3e\x22" + b"\x00" * 1_000_000,
        b"Content-Type: text/calendar\n\nBEGIN:VCALENDAR\n" + b"BEGIN:VEVENT\n" * 20_000,
    ],
)
def test_hostile_mails_are_read_in_bounded_time(raw: bytes) -> None:
    started = time.monotonic()
    assert read_mail(ACCOUNT, raw).item.raw == raw
    assert time.monotonic() - started < _LONGEST_SECONDS
