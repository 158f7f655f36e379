"""How a telephone system proves itself. Compared as bytes, in constant time; raises ``Forged``."""

import base64
import hmac
from datetime import datetime
from urllib.parse import SplitResult, parse_qsl, urlsplit

from connectors.call_center.settings import HmacProof, TwilioVoiceAccount
from gateway.contract import WebRequest
from gateway.errors import Forged

_DEFAULT_PORTS = {"http": 80, "https": 443}


def verify_hmac(proof: HmacProof, now: datetime, request: WebRequest) -> None:
    """The signature over the body, and its age where the time of signing is sent."""
    signed = request.body
    if proof.timestamp_header is not None:
        stamp = _header(request, proof.timestamp_header)
        if not (stamp.isdigit() and len(stamp) == 10):
            raise Forged
        if abs(now.timestamp() - int(stamp)) > proof.tolerance_seconds:
            raise Forged
        signed = stamp + proof.separator.encode() + signed
    digest = hmac.digest(proof.secret.get_secret_value().encode(), signed, proof.algorithm)
    expected = digest.hex().encode() if proof.encoding == "hex" else base64.b64encode(digest)
    given = _header(request, proof.header)
    if proof.encoding == "hex":
        # Only the digits have no case; the prefix is compared as it stands.
        cut = len(proof.prefix.encode())
        given = given[:cut] + given[cut:].lower()
    if not hmac.compare_digest(proof.prefix.encode() + expected, given):
        raise Forged


def verify_twilio(account: TwilioVoiceAccount, public_base_url: str, request: WebRequest) -> None:
    """``X-Twilio-Signature`` over address and form ("Validate requests").

    Behind a proxy no header tells reliably which address was called, so it is made of
    ``public_base_url``: as configured, without its port, and with the default one.
    """
    key = account.auth_token.get_secret_value().encode()
    form = "".join(name + value for name, value in sorted(set(_pairs(request.body))))
    signed_form = form.encode("utf-8", "surrogateescape")
    given = _header(request, "X-Twilio-Signature")
    matches = [
        hmac.compare_digest(base64.b64encode(hmac.digest(key, url + signed_form, "sha1")), given)
        for url in _addresses(public_base_url, request)
    ]
    if not any(matches):
        raise Forged


def form_of(request: WebRequest) -> list[tuple[str, str]]:
    """The pairs of a form body, or of the query where there is none, in their order."""
    return _pairs(request.body or request.query.encode("utf-8", "surrogateescape"))


def _pairs(encoded: bytes) -> list[tuple[str, str]]:
    text = encoded.decode("utf-8", "surrogateescape")
    return parse_qsl(text, keep_blank_values=True, errors="surrogateescape")


def _addresses(public_base_url: str, request: WebRequest) -> list[bytes]:
    base = urlsplit(public_base_url.rstrip("/"))
    tail = request.path + (f"?{request.query}" if request.query else "")
    hosts = sorted({base.netloc, base.hostname or "", _with_port(base)})
    return [
        f"{base.scheme}://{host}{base.path}{tail}".encode("utf-8", "surrogateescape")
        for host in hosts
        if host
    ]


def _with_port(base: SplitResult) -> str:
    return f"{base.hostname}:{base.port or _DEFAULT_PORTS.get(base.scheme, 443)}"


def _header(request: WebRequest, name: str) -> bytes:
    return request.headers.get(name, "").strip().encode("utf-8", "surrogatepass")
