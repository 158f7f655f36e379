"""An invented message on the answering machine, signed as each dialect signs."""

import json
import time
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from connectors.call_center import generic, twilio_voice
from connectors.call_center.settings import Account, CallCenterSettings, GenericAccount
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every account."""
    base_url = config.load(WebSettings).public_base_url
    return {
        f"/call/{account.name}": call_for(account, base_url, sender, text)
        for account in config.load(CallCenterSettings).accounts
    }


def call_for(account: Account, base_url: str, sender: str, text: str) -> Call:
    """A voicemail with its transcription."""
    address, call_id = f"{base_url}/call/{account.name}", uuid.uuid4().hex
    if isinstance(account, GenericAccount):
        names = account.fields
        told = {
            names.call_id: call_id,
            names.event: account.events.voicemail[0],
            names.caller: sender,
            names.time: int(time.time()),
            names.direction: account.inbound[0],
            names.transcription: text,
        }
        body = json.dumps(told).encode()
        proof = generic.signature(account, body).decode()
        headers = {"Content-Type": "application/json", account.verify.header: proof}
        return Call("POST", address, body, headers)
    form = {
        "CallSid": f"CA{call_id}",
        "CallStatus": "completed",
        "Direction": "inbound",
        "From": sender,
        "TranscriptionText": text,
    }
    proof = twilio_voice.signature(account, address, list(form.items())).decode()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": proof,
    }
    return Call("POST", address, urlencode(form).encode(), headers)
