"""What Twilio is told to do with a call: TwiML documents."""

from xml.etree.ElementTree import Element, SubElement, tostring

from connectors.call_center.settings import TwilioVoiceAccount

TWIML_TYPE = "text/xml"

#: Pressing a key must not end a message: people press keys while they search for words.
_NO_KEY = ""
#: Twilio ends a recording after this much silence; its default of 5 s cuts people short.
_SILENCE_SECONDS = 10


def _document(response: Element) -> bytes:
    document: bytes = tostring(response, encoding="utf-8", xml_declaration=True)
    return document


EMPTY = _document(Element("Response"))


def greeting(account: TwilioVoiceAccount, callback_url: str) -> bytes:
    """Say the greeting, record, and tell us; a caller who says nothing is let go."""
    response = Element("Response")
    _say(response, account, account.greeting)
    record = {
        "action": f"{callback_url}/voice",
        "maxLength": str(account.longest_seconds),
        "timeout": str(_SILENCE_SECONDS),
        "finishOnKey": _NO_KEY,
        "playBeep": "true",
        "recordingStatusCallback": callback_url,
    }
    if account.transcribe:
        record |= {"transcribe": "true", "transcribeCallback": callback_url}
    SubElement(response, "Record", record)
    SubElement(response, "Hangup")
    return _document(response)


def goodbye(account: TwilioVoiceAccount, words: str) -> bytes:
    """Say the words, if any, and hang up."""
    response = Element("Response")
    if words:
        _say(response, account, words)
    SubElement(response, "Hangup")
    return _document(response)


def _say(response: Element, account: TwilioVoiceAccount, words: str) -> None:
    how = {"language": "id-ID"} | ({"voice": account.voice} if account.voice else {})
    SubElement(response, "Say", how).text = words
