"""How X proves itself, and how we prove ourselves to X: the same HMAC with the same key.

X signs a body with the app's consumer secret, and asks us to sign a token of its choice in the
same way ("Securing webhooks"). Whoever could have any token signed could sign bodies. So only a
token of the shape that X sends is signed, and nothing of that shape is ever taken for a body.
"""

import base64
import hmac
import re
from urllib.parse import parse_qsl

from pydantic import SecretStr

from gateway.contract import WebRequest
from gateway.errors import Forged

#: What X has sent so far: UUIDs, and UUIDs or random bytes in base 64. No JSON looks like it
#: except a bare number or word.
_TOKEN = re.compile(r"[A-Za-z0-9_+/=-]{1,128}", re.ASCII)
_NAME = "crc_token"


def challenge_token(query: str) -> str | None:
    """The ``crc_token`` of a query; None when it is not one, or not of the right shape."""
    given = [value for name, value in parse_qsl(query, keep_blank_values=True) if name == _NAME]
    if len(given) != 1 or not _TOKEN.fullmatch(given[0]):
        return None
    return given[0]


def sign(secret: SecretStr, message: bytes) -> str:
    """``sha256=`` and the HMAC in base 64, as X writes it."""
    digest = hmac.digest(secret.get_secret_value().encode(), message, "sha256")
    return "sha256=" + base64.b64encode(digest).decode()


def verify(secret: SecretStr, request: WebRequest) -> None:
    """``x-twitter-webhooks-signature`` over the raw body. Raises Forged."""
    given = request.headers.get("x-twitter-webhooks-signature", "").encode("utf-8", "replace")
    matches = hmac.compare_digest(sign(secret, request.body).encode(), given)
    # Its signature could have been had from the challenge.
    answerable = _TOKEN.fullmatch(request.body.decode("utf-8", "replace")) is not None
    if not matches or answerable:
        raise Forged
