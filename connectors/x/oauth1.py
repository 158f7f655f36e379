"""OAuth 1.0a with HMAC-SHA1 (RFC 5849), as far as signing our own requests needs it."""

import base64
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Keys:
    """Who signs: the app (consumer), and the account in whose name it acts (token)."""

    consumer_key: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    token_secret: str = field(repr=False)


def authorization(keys: Keys, method: str, url: str, *, nonce: str, timestamp: int) -> str:
    """The ``Authorization`` header of a request whose body is no form (section 3.5.1).

    ``nonce`` is never used twice with one ``timestamp`` (Unix seconds). The parameters of the
    URL's query are signed with it; a JSON body is not (section 3.4.1.3.1).
    """
    parameters = {
        "oauth_consumer_key": keys.consumer_key,
        "oauth_nonce": nonce,
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp),
        "oauth_token": keys.token,
        "oauth_version": "1.0",
    }
    signed = base_string(method, url, parameters.items())
    parameters["oauth_signature"] = signature(signed, keys.consumer_secret, keys.token_secret)
    return "OAuth " + ", ".join(
        f'{name}="{_escape(value)}"' for name, value in sorted(parameters.items())
    )


def base_string(method: str, url: str, parameters: Iterable[tuple[str, str]]) -> str:
    """What is signed (section 3.4.1). ``parameters`` are those that do not stand in the URL."""
    parts = urlsplit(url)
    host = (parts.hostname or "").lower()
    if parts.port not in (None, _DEFAULT_PORTS.get(parts.scheme)):
        host = f"{host}:{parts.port}"
    pairs = [*parse_qsl(parts.query, keep_blank_values=True), *parameters]
    # Sorted after encoding, names first, then values (section 3.4.1.3.2).
    encoded = sorted((_escape(name), _escape(value)) for name, value in pairs)
    normalized = "&".join(f"{name}={value}" for name, value in encoded)
    address = f"{parts.scheme.lower()}://{host}{parts.path or '/'}"
    return "&".join((method.upper(), _escape(address), _escape(normalized)))


def signature(signed: str, consumer_secret: str, token_secret: str) -> str:
    """HMAC-SHA1 in base 64 (section 3.4.2)."""
    key = f"{_escape(consumer_secret)}&{_escape(token_secret)}".encode()
    return base64.b64encode(hmac.digest(key, signed.encode(), "sha1")).decode()


def _escape(value: str) -> str:
    return quote(value, safe="-._~")
