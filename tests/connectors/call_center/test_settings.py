"""What may be written under ``[call_center]``, and that reading takes whatever arrives."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.call_center.connector import build
from connectors.call_center.event import Kind
from connectors.call_center.settings import EVENT_NAMES, CallCenterSettings
from connectors.call_center.times import read_seconds, spoken
from gateway.contract import WebRequest
from gateway.errors import Misconfigured
from gateway.settings import ConfigFile
from normalizer.draft import Gathering, Piece
from normalizer.normalize import Context, Normalized, normalize
from tests.connectors.call_center.accounts import (
    ACCOUNTS,
    NOW,
    connector,
    generic,
    posted,
    route,
    twilio,
)


def _config(*accounts: dict[str, object]) -> ConfigFile:
    return ConfigFile(None, {"call_center": {"accounts": list(accounts)}})


def test_no_account_is_no_connector() -> None:
    assert build(ConfigFile(None)) == ()


@pytest.mark.parametrize(
    ("account", "says"),
    [
        ({"dialect": "generic"}, "verify is missing"),
        ({"dialect": "generic", "verify": {"secret": "pendek"}}, "at least 8"),
        ({"dialect": "twilio_voice"}, "auth_token is missing"),
        ({"dialect": "twilio_voice", "auth_token": ""}, "at least 8"),
        ({"dialect": "sip"}, "sip"),
        ({**ACCOUNTS["generic"], "time_format": "rfc"}, "unix_ms"),
        ({**ACCOUNTS["generic"], "events": {"telah": ["x"]}}, "telah"),
        ({**ACCOUNTS["generic"], "recordings_username": "a"}, "belong together"),
        (
            {**ACCOUNTS["generic"], "recordings_url": "https://a:rahasia-b@pbx"},
            "without a password",
        ),
        ({**ACCOUNTS["twilio_voice"], "account_sid": "12"}, "account_sid"),
        ({**ACCOUNTS["generic"], "call_open_hours": 0}, "greater than 0"),
        ({**ACCOUNTS["generic"], "verfy": 1}, "verfy"),
    ],
)
def test_wrong_settings(account: dict[str, object], says: str) -> None:
    with pytest.raises(Misconfigured, match=says) as raised:
        _config({"name": "uji", **account}).load(CallCenterSettings)
    assert "rahasia" not in str(raised.value)


def test_names_differ_and_secrets_are_not_shown() -> None:
    told = {"name": "uji", **ACCOUNTS["generic"]}
    with pytest.raises(Misconfigured, match="names must differ"):
        _config(told, told).load(CallCenterSettings)
    (one,) = build(_config(told))
    assert "rahasia" not in repr(one) + repr(one.routes())


def test_every_word_means_one_thing() -> None:
    assert set(EVENT_NAMES) == set(Kind)
    words = [word for words in EVENT_NAMES.values() for word in words]
    assert len(words) == len(set(words))


@pytest.mark.parametrize(
    ("written", "seconds"),
    [("200", 200), ("200.9", 200), ("0:03:20", 200), ("03:20", 200), ("1:00:00", 3600), ("0", 0),
     ("-5", None), ("nan", None), ("1e99", None), ("lama", None), ("", None), (None, None)],
)  # fmt: skip
def test_durations(written: str | None, seconds: int | None) -> None:
    assert read_seconds(written) == seconds


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 dtk"), (59, "59 dtk"), (60, "1 mnt"), (200, "3 mnt 20 dtk"), (3605, "1 jam 5 dtk")],
)
def test_spoken(seconds: int, said: str) -> None:
    assert spoken(seconds) == said


NAMES = ["call_id", "event", "caller", "caller_name", "direction", "time", "started_at"]
NAMES += ["duration", "total_duration", "recording_url", "recording_id", "transcription"]
WORDS = ["started", "answered", "ended", "missed", "voicemail", "recording", "transcription"]
WORDS += ["1", "17.4", "081200009001", "2026-03-02", "\ud83d", "https://pbx/1.wav"]
VALUE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(WORDS)
    | st.text(st.characters(), max_size=8) | st.lists(st.integers(), max_size=2)
)  # fmt: skip


@given(st.lists(st.dictionaries(st.sampled_from(NAMES), VALUE), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_whatever_is_told_becomes_items_that_can_be_kept(told: list[dict[str, object]]) -> None:
    of = generic()
    one = connector(of)
    context = Context(reporter_key_secret=b"s" * 32)
    pieces: dict[int, Piece] = {}
    for item in route(of).read(posted(of, told)).items:
        if isinstance(item, Piece):
            pieces[item.number] = item
            assert item.source_id == item.key == item.item_id
            assert 0 < item.number < 2**63
            # A piece that comes late, or cannot be joined, is an event by itself.
            assert isinstance(normalize(item.draft, NOW, context), Normalized)
    if pieces:
        ordered = tuple(pieces[number] for number in sorted(pieces))
        draft = one.join(Gathering(item_id="x", pieces=ordered, complete=False))
        assert draft == one.join(Gathering(item_id="x", pieces=ordered, complete=False))
        outcome = normalize(draft, NOW, context)
        assert isinstance(outcome, Normalized)
        assert outcome.event.to_bytes()


@given(st.binary(max_size=200), st.sampled_from(["", "/voice"]))
@settings(max_examples=200, deadline=None)
def test_reading_takes_any_bytes(body: bytes, below: str) -> None:
    for of in (generic(), twilio()):
        if below and of.dialect == "generic":
            continue
        reply = route(of, below).read(WebRequest("POST", f"/call/uji{below}", "", {}, body))
        assert reply.status == 200


@pytest.mark.parametrize("body", ["[" * 100_000, '{"call_id":' + "9" * 5000 + "}", "[[]]", "7"])
def test_strange_json_is_kept_aside(body: str) -> None:
    of = generic()
    request = WebRequest("POST", "/call/uji", "", {}, body.encode())
    (item,) = route(of).read(request).items
    assert not isinstance(item, Piece)
    assert json.loads(json.dumps(item.raw.decode()))
