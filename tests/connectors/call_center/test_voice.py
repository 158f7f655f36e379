"""What Twilio is told to do: a voicemail line with this alone."""

from xml.etree import ElementTree

import pytest

from gateway.contract import WebReply
from normalizer.draft import Piece
from tests.connectors.call_center.accounts import BASE, asked, posted, route, twilio

CALL = {"CallSid": "CA1", "From": "+6281200009001", "Direction": "inbound"}
RINGING = {**CALL, "CallStatus": "ringing"}
RECORDED = {**CALL, "CallStatus": "completed", "RecordingSid": "RE1"}
RECORDED["RecordingUrl"] = "https://api.twilio.com/r/RE1"


def told(reply: WebReply) -> list[tuple[str, dict[str, str], str | None]]:
    """The verbs of the answer."""
    assert (reply.status, reply.content_type) == (200, "text/xml")
    document = ElementTree.fromstring(reply.body)  # noqa: S314 - our own
    assert document.tag == "Response"
    return [(verb.tag, dict(verb.attrib), verb.text) for verb in document]


def test_a_caller_is_greeted_and_recorded() -> None:
    of = twilio(greeting="Pak & Bu <warga>, silakan.", longest_seconds=120)
    reply = route(of, "/voice").read(posted(of, RINGING, "/voice"))
    assert told(reply) == [
        ("Say", {"language": "id-ID"}, "Pak & Bu <warga>, silakan."),
        (
            "Record",
            {
                "action": f"{BASE}/call/uji/voice",
                "recordingStatusCallback": f"{BASE}/call/uji",
                "maxLength": "120",
                "timeout": "10",
                "finishOnKey": "",
                "playBeep": "true",
            },
            None,
        ),
        ("Hangup", {}, None),
    ]
    assert [type(item) for item in reply.items] == [Piece]


def test_words_are_asked_for_where_they_are_wanted() -> None:
    of = twilio(transcribe=True, voice="Google.id-ID-Standard-A")
    said, record, _ = told(route(of, "/voice").read(posted(of, RINGING, "/voice")))
    assert said[1] == {"language": "id-ID", "voice": "Google.id-ID-Standard-A"}
    assert record[1]["transcribe"] == "true"
    assert record[1]["transcribeCallback"] == f"{BASE}/call/uji"


def test_get_is_the_same() -> None:
    of = twilio()
    by_get = route(of, "/voice", method="GET").read(asked(of, RINGING))
    by_post = route(of, "/voice").read(posted(of, RINGING, "/voice"))
    assert by_get.body == by_post.body
    assert len(by_get.items) == 1


@pytest.mark.parametrize(
    ("form", "verbs"),
    [
        ({**RECORDED, "CallStatus": "in-progress"}, ["Say", "Hangup"]),
        (RECORDED, ["Hangup"]),
        ({**CALL, "CallStatus": "completed"}, ["Hangup"]),
        ({**CALL, "CallStatus": "in-progress", "DialCallStatus": "completed"}, ["Hangup"]),
        # Nobody took the call that was put through: the caller may leave a message.
        ({**CALL, "CallStatus": "in-progress", "DialCallStatus": "no-answer"},
         ["Say", "Record", "Hangup"]),
    ],
)  # fmt: skip
def test_what_comes_next(form: dict[str, str], verbs: list[str]) -> None:
    of = twilio()
    reply = route(of, "/voice").read(posted(of, form, "/voice"))
    assert [verb for verb, _, _ in told(reply)] == verbs


def test_a_callback_is_answered_with_nothing() -> None:
    of = twilio()
    assert told(route(of).read(posted(of, RECORDED))) == []
