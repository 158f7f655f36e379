"""Invented requests of providers, signed as each account's dialect asks."""

import base64
import hashlib
import hmac
import time
import uuid
from collections.abc import Mapping
from urllib.parse import urlencode

from connectors.sms.settings import (
    Account,
    BasicProof,
    BearerProof,
    GenericAccount,
    HmacProof,
    JasminAccount,
    KannelAccount,
    SmsSettings,
    TwilioAccount,
)
from gateway.contract import Call
from gateway.settings import ConfigFile, WebSettings


def sample_calls(config: ConfigFile, sender: str, text: str) -> Mapping[str, Call]:
    """Path to a good request, for every account."""
    base_url = config.load(WebSettings).public_base_url
    return {
        f"/sms/{account.name}": call_for(account, base_url, sender, text)
        for account in config.load(SmsSettings).accounts
    }


def call_for(account: Account, base_url: str, sender: str, text: str) -> Call:
    """The request that the account's provider would make for this SMS."""
    address = f"{base_url}/sms/{account.name}"
    message_id = uuid.uuid4().hex
    match account:
        case KannelAccount():
            # Kannel's get-url with %p, %P, %I, %a and UTF-8.
            query = {"from": sender, "to": account.name, "id": message_id, "text": text}
            if account.token is not None:
                query["token"] = account.token.get_secret_value()
            return Call("GET", f"{address}?{urlencode(query)}", headers=_basic_of(account))
        case JasminAccount():
            query = {}
            if account.token is not None:
                query["token"] = account.token.get_secret_value()
            form = {"id": message_id, "from": sender, "to": account.name, "coding": "8"}
            form["binary"] = text.encode("utf-16-be").hex()
            url = f"{address}?{urlencode(query)}" if query else address
            return _post_form(url, form, _basic_of(account))
        case TwilioAccount():
            form = {"MessageSid": "SM" + message_id, "From": sender, "To": "+1708", "Body": text}
            signed = (address + "".join(name + form[name] for name in sorted(form))).encode()
            key = account.auth_token.get_secret_value().encode()
            digest = base64.b64encode(hmac.digest(key, signed, "sha1")).decode()
            return _post_form(address, form, {"X-Twilio-Signature": digest})
        case GenericAccount():
            return _generic_call(account, address, sender, text, message_id)


def _generic_call(
    account: GenericAccount, address: str, sender: str, text: str, message_id: str
) -> Call:
    names = account.fields
    form = {names.sender: sender, names.text: text, names.source_id: message_id}
    body = urlencode(form).encode()
    match account.verify:
        case BasicProof(username=username, password=password):
            return _post_form(address, form, _basic(username, password.get_secret_value()))
        case BearerProof(token=token):
            return _post_form(
                address, form, {"Authorization": f"Bearer {token.get_secret_value()}"}
            )
        case HmacProof() as proof:
            return _post_form(address, form, _hmac(proof, body))
        case proof:
            query = urlencode({proof.parameter: proof.token.get_secret_value()})
            return _post_form(f"{address}?{query}", form, {})


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


def _post_form(url: str, form: dict[str, str], headers: dict[str, str]) -> Call:
    content_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return Call("POST", url, urlencode(form).encode(), {**headers, **content_type})


def _basic_of(account: KannelAccount | JasminAccount) -> dict[str, str]:
    if account.username is None or account.password is None:
        return {}
    return _basic(account.username, account.password.get_secret_value())


def _basic(username: str, password: str) -> dict[str, str]:
    return {
        "Authorization": "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()
    }
