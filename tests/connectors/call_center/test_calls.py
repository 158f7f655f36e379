"""What a call comes to, in whatever order its events arrive."""

import json
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.call_center import generic, twilio_voice
from connectors.call_center.connector import CallCenterConnector
from connectors.call_center.payload import join
from connectors.call_center.settings import GenericAccount, HmacProof, TwilioVoiceAccount
from gateway.contract import Item, WebRequest
from gateway.errors import Forged
from normalizer.draft import Draft, Gathering, Piece, Rejection, SenderKind
from normalizer.event import Awaits, Exclusion, ReporterStatus

PBX = GenericAccount(
    name="pbx", dialect="generic", verify=HmacProof(secret=SecretStr("rahasia-pbx"))
)
CLOUD = TwilioVoiceAccount(
    name="awan", dialect="twilio_voice", auth_token=SecretStr("rahasia-awan")
)
BASE = "https://aduan.example.go.id"
CALLER = "081200009001"
STARTED = {"event": "ringing", "caller": CALLER, "time": "2026-03-02T08:15:30+07:00"}
ANSWERED = {"event": "answered", "caller": CALLER}
ENDED = {"event": "hangup", "caller": CALLER, "duration": 200}
MISSED = {"event": "no-answer", "caller": CALLER}
VOICEMAIL = {"event": "voicemail", "caller": CALLER, "recording_url": "https://pbx.example/1.wav"}
WORDS = {"event": "transcription", "transcription": "Lampu jalan padam"}
RECORDING = {"event": "recording", "recording_url": "https://pbx.example/2.wav"}


def request(body: bytes, headers: dict[str, str] | None = None, path: str = "") -> WebRequest:
    return WebRequest("POST", path or "/call/pbx", "", headers or {}, body)


def pieces(*told: Mapping[str, object]) -> list[Piece]:
    found: list[Piece] = []
    for one in told:
        event = {"call_id": "17.4", "direction": "inbound", **one}
        (item,) = generic.read(PBX, request(json.dumps(event).encode())).items
        assert isinstance(item, Piece)
        found.append(item)
    return found


def call(*told: Mapping[str, object], agent_types: bool = True) -> Draft:
    """As the store gives them: each number once, in the order of the numbers."""
    numbered = {piece.number: piece for piece in pieces(*told)}
    ordered = tuple(numbered[number] for number in sorted(numbered))
    return join(Gathering(item_id="17.4", pieces=ordered, complete=True), agent_types)


def test_a_voicemail_is_a_complaint_with_its_recording() -> None:
    draft = call(STARTED, VOICEMAIL, WORDS, ENDED)
    assert draft.text_raw == "Lampu jalan padam"
    assert [one.media_id for one in draft.attachments] == ["https://pbx.example/1.wav"]
    assert (draft.exclusion, draft.awaits) == (None, None)
    assert draft.reply_path is not None
    assert draft.submitted_at is not None
    assert draft.submitted_at.isoformat() == "2026-03-02T08:15:30+07:00"


def test_a_recording_without_words_is_a_complaint_too() -> None:
    assert call(STARTED, VOICEMAIL).text_raw == "[rekaman suara]"


def test_an_answered_call_is_a_record_and_its_content_is_typed() -> None:
    draft = call(STARTED, ANSWERED, ENDED, RECORDING)
    assert draft.exclusion is Exclusion.CALL_RECORD
    assert draft.text_raw == "Panggilan dijawab, 3 menit 20 detik."
    assert len(draft.attachments) == 1


def test_where_nobody_types_the_recording_is_the_complaint() -> None:
    assert call(STARTED, ANSWERED, RECORDING, agent_types=False).exclusion is None
    assert call(STARTED, ANSWERED, agent_types=False).exclusion is Exclusion.CALL_RECORD


@pytest.mark.parametrize("told", [[MISSED], [STARTED], [STARTED, ENDED], [STARTED, MISSED, ENDED]])
def test_nobody_answered_means_ring_back(told: Sequence[Mapping[str, object]]) -> None:
    draft = call(*told)
    assert draft.awaits is Awaits.CALL_BACK
    assert draft.sender.address == CALLER
    assert draft.sender.kind is SenderKind.PHONE


@pytest.mark.parametrize("hidden", ["anonymous", "Restricted", "", "+000", None])
def test_a_hidden_number_is_withheld(hidden: str | None) -> None:
    draft = call({**MISSED, "caller": hidden})
    assert draft.sender.address is None
    assert draft.reporter_status is ReporterStatus.WITHHELD
    assert draft.reply_path is None


@given(st.permutations([STARTED, ANSWERED, ENDED, RECORDING, ENDED, STARTED]))
def test_the_order_does_not_matter(told: list[Mapping[str, object]]) -> None:
    assert call(*told) == call(STARTED, ANSWERED, ENDED, RECORDING)


def test_the_end_says_how_long_is_waited() -> None:
    started, ended, recording = pieces(STARTED, ENDED, RECORDING)
    assert started.number < ended.number < recording.number
    assert started.wait_seconds == 4 * 3600
    assert ended.wait_seconds == 60
    assert recording.wait_seconds == 900


@pytest.mark.parametrize("direction", ["outbound", "internal"])
def test_other_calls_are_not_ours(direction: str) -> None:
    event = {"call_id": "1", "event": "ended", "direction": direction}
    assert generic.read(PBX, request(json.dumps(event).encode())).items == ()


def test_one_bad_event_takes_no_other_with_it() -> None:
    body = json.dumps([{"event": "missed"}, 7, {"call_id": "2", **MISSED}]).encode()
    first, second, third = generic.read(PBX, request(body)).items
    assert isinstance(first, Rejection)
    assert isinstance(second, Rejection)
    assert isinstance(third, Piece)
    (broken,) = generic.read(PBX, request(b"{")).items
    assert isinstance(broken, Rejection)


def test_the_signature_covers_the_body() -> None:
    body = b'{"call_id": "1"}'
    good = generic.signature(PBX, body).decode()
    generic.verify(PBX, request(body, {"X-Signature": good}))
    for headers in ({}, {"X-Signature": good[:-1]}, {"X-Signature": "0" * 64}):
        with pytest.raises(Forged):
            generic.verify(PBX, request(body, headers))
    with pytest.raises(Forged):
        generic.verify(PBX, request(body + b" ", {"X-Signature": good}))


def test_a_voicemail_line_with_twilio_alone() -> None:
    said = twilio_voice.voice(CLOUD, BASE, request(b"")).body.decode()
    assert "<Record" in said
    assert f'action="{BASE}/call/awan"' in said
    told = {"CallSid": "CA1", "From": "+6281200009001", "Direction": "inbound"}
    callbacks = [
        {**told, "CallStatus": "ringing"},
        {**told, "CallStatus": "in-progress", "RecordingUrl": "https://api.twilio.com/r/RE1"},
        {"CallSid": "CA1", "TranscriptionText": "Sampah menumpuk di Desa Babadan"},
        {**told, "CallStatus": "completed", "CallDuration": "31"},
    ]
    found: list[Item] = []
    for form in callbacks:
        found += twilio_voice.read(CLOUD, request(urlencode(form).encode())).items
    numbered = {one.number: one for one in found if isinstance(one, Piece)}
    gathering = Gathering(
        item_id="CA1", pieces=tuple(numbered[n] for n in sorted(numbered)), complete=True
    )
    draft = CallCenterConnector((CLOUD,), BASE).join(gathering)
    assert draft.text_raw == "Sampah menumpuk di Desa Babadan"
    assert [one.media_id for one in draft.attachments] == ["https://api.twilio.com/r/RE1"]


def test_twilio_signs_address_and_form() -> None:
    form = [("CallSid", "CA1"), ("From", "+6281200009001")]
    good = twilio_voice.signature(CLOUD, f"{BASE}/call/awan", form).decode()
    sent = request(urlencode(form).encode(), {"X-Twilio-Signature": good}, "/call/awan")
    twilio_voice.verify(CLOUD, BASE, sent)
    with pytest.raises(Forged):
        twilio_voice.verify(CLOUD, "https://other.example", sent)
    with pytest.raises(Forged):
        twilio_voice.verify(CLOUD, BASE, request(sent.body, {}, "/call/awan"))
