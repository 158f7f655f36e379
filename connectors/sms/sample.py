"""Invented requests of providers, signed as each account's dialect asks."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from connectors.sms.dialects import bird, plivo, vonage
from connectors.sms.settings import (
    Account,
    AfricasTalkingAccount,
    BasicOrTokenAccount,
    BasicProof,
    BearerProof,
    BirdAccount,
    ClickatellAccount,
    GammuAccount,
    GenericAccount,
    HeaderProof,
    HmacProof,
    InfobipAccount,
    JasminAccount,
    KannelAccount,
    PlivoAccount,
    Proof,
    SmsSettings,
    TwilioAccount,
    VonageAccount,
)
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class _Sms:
    """What the request is to say."""

    url: str
    to: str
    sender: str
    text: str
    message_id: str


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every account."""
    base_url = config.load(WebSettings).public_base_url
    return {
        f"/sms/{account.name}": call_for(account, base_url, sender, text)
        for account in config.load(SmsSettings).accounts
    }


def call_for(account: Account, base_url: str, sender: str, text: str) -> Call:
    """The request that the account's provider would make for this SMS."""
    url = f"{base_url.rstrip('/')}/sms/{account.name}"
    sms = _Sms(url, account.name, sender, text, uuid.uuid4().hex)
    match account:
        case KannelAccount():
            return _kannel(account, sms)
        case JasminAccount():
            content = text.encode("utf-16-be").hex()
            form = {"id": sms.message_id, "from": sender, "to": sms.to, "coding": "8"}
            return _form(_with_token(account, url), {**form, "binary": content}, _login(account))
        case TwilioAccount():
            return _twilio(account, sms)
        case InfobipAccount():
            one = {"messageId": sms.message_id, "from": sender, "to": sms.to, "text": text}
            body = json.dumps({"results": [one], "messageCount": 1}).encode()
            return _proven(account.verify, url, body, _JSON)
        case VonageAccount():
            return _vonage(account, sms)
        case AfricasTalkingAccount():
            form = {"id": sms.message_id, "from": sender, "to": sms.to, "text": text}
            return _form(_with_token(account, url), form, _login(account))
        case BirdAccount():
            return _bird(account, sms)
        case PlivoAccount():
            return _plivo(account, sms)
        case ClickatellAccount():
            piece = {"messageId": sms.message_id, "from": sender, "to": sms.to, "content": text}
            body = json.dumps({"event": {"moText": [{"channel": "sms", **piece}]}}).encode()
            return Call("POST", _with_token(account, url), body, {**_login(account), **_JSON})
        case GammuAccount(token=token):
            form = {"SMS_MESSAGES": "1", "SMS_1_NUMBER": sender, "SMS_1_TEXT": text}
            form |= {"DECODED_PARTS": "0", "id": sms.message_id}
            return _form(url, form, {"Authorization": f"Bearer {token.get_secret_value()}"})
        case GenericAccount(fields=names):
            form = {names.sender: sender, names.text: text, names.source_id: sms.message_id}
            return _proven(account.verify, url, urlencode(form).encode(), _FORM)


def _kannel(account: KannelAccount, sms: _Sms) -> Call:
    # Kannel's get-url with %p, %P, %I, %a and UTF-8.
    query = {"from": sms.sender, "to": sms.to, "id": sms.message_id, "text": sms.text}
    if account.token is not None:
        query["token"] = account.token.get_secret_value()
    return Call("GET", f"{sms.url}?{urlencode(query)}", headers=_login(account))


def _twilio(account: TwilioAccount, sms: _Sms) -> Call:
    form = {"MessageSid": "SM" + sms.message_id, "From": sms.sender, "To": "+1708"}
    form["Body"] = sms.text
    signed = (sms.url + "".join(name + form[name] for name in sorted(form))).encode()
    key = account.auth_token.get_secret_value().encode()
    digest = base64.b64encode(hmac.digest(key, signed, "sha1")).decode()
    return _form(sms.url, form, {"X-Twilio-Signature": digest})


def _vonage(account: VonageAccount, sms: _Sms) -> Call:
    form = {"msisdn": sms.sender, "to": sms.to, "messageId": sms.message_id, "text": sms.text}
    form |= {"type": "unicode", "timestamp": str(int(time.time())), "nonce": uuid.uuid4().hex}
    signed = vonage.signature(account, {name: value.encode() for name, value in form.items()})
    return Call("GET", f"{sms.url}?{urlencode({**form, 'sig': signed.decode()})}")


def _bird(account: BirdAccount, sms: _Sms) -> Call:
    contact = {"identifierKey": "phonenumber", "identifierValue": sms.sender}
    payload = {
        "id": sms.message_id,
        "sender": {"contact": contact},
        "body": {"type": "text", "text": {"text": sms.text}},
        "direction": "incoming",
        "createdAt": datetime.now(UTC).isoformat(),
    }
    event = {"service": "channels", "event": "sms.inbound", "payload": payload}
    body = json.dumps(event).encode()
    stamp = str(int(time.time()))
    key = account.signing_key.get_secret_value().encode()
    signed = bird.signature(key, stamp.encode(), sms.url.encode(), body).decode()
    names = {"messagebird-signature": signed, "messagebird-request-timestamp": stamp}
    return Call("POST", sms.url, body, {**names, **_JSON})


def _plivo(account: PlivoAccount, sms: _Sms) -> Call:
    form = {"MessageUUID": sms.message_id, "From": sms.sender, "To": sms.to, "Text": sms.text}
    nonce = str(uuid.uuid4().int)
    key = account.auth_token.get_secret_value().encode()
    signed = plivo.signature(key, f"{sms.url}{nonce}".encode()).decode()
    names = {"X-Plivo-Signature-V2": signed, "X-Plivo-Signature-V2-Nonce": nonce}
    return _form(sms.url, {**form, "Type": "sms"}, names)


def _proven(proof: Proof, url: str, body: bytes, headers: dict[str, str]) -> Call:
    """A POST that carries the proof of the settings."""
    match proof:
        case BasicProof(username=username, password=password):
            added = _basic(username, password.get_secret_value())
        case BearerProof(token=token):
            added = {"Authorization": f"Bearer {token.get_secret_value()}"}
        case HmacProof():
            added = _hmac(proof, body)
        case HeaderProof(header=header, value=value):
            added = {header: value.get_secret_value()}
        case proof:
            added = {}
            url += "?" + urlencode({proof.parameter: proof.token.get_secret_value()})
    return Call("POST", url, body, {**added, **headers})


def _hmac(proof: HmacProof, body: bytes) -> dict[str, str]:
    headers = {}
    if proof.timestamp_header is not None:
        stamp = str(int(time.time()))
        headers[proof.timestamp_header] = stamp
        body = f"{stamp}{proof.separator}".encode() + body
    digest = hmac.digest(
        proof.secret.get_secret_value().encode(), body, getattr(hashlib, proof.algorithm)
    )
    text = digest.hex() if proof.encoding == "hex" else base64.b64encode(digest).decode()
    return {**headers, proof.header: proof.prefix + text}


def _form(url: str, form: dict[str, str], headers: dict[str, str]) -> Call:
    return Call("POST", url, urlencode(form).encode(), {**headers, **_FORM})


def _with_token(account: BasicOrTokenAccount, url: str) -> str:
    if account.token is None:
        return url
    return f"{url}?{urlencode({'token': account.token.get_secret_value()})}"


def _login(account: BasicOrTokenAccount) -> dict[str, str]:
    if account.username is None or account.password is None:
        return {}
    return _basic(account.username, account.password.get_secret_value())


def _basic(username: str, password: str) -> dict[str, str]:
    encoded = base64.b64encode(f"{username}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}
