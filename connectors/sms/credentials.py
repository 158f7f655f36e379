"""How a caller proves itself. Everything is compared as bytes and in constant time.

Every function returns nothing when the proof holds and raises ``Forged`` when it does not.
"""

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from pydantic import SecretStr

from connectors.sms.payload import parse_fields, query_bytes
from connectors.sms.settings import (
    BasicOrTokenAccount,
    BasicProof,
    BearerProof,
    HeaderProof,
    HmacProof,
    Proof,
    QueryTokenProof,
)
from gateway.contract import WebRequest
from gateway.errors import Forged


def check_proof(proof: Proof, request: WebRequest, now: datetime) -> None:
    """The one proof that an account's settings name."""
    match proof:
        case HmacProof():
            check_hmac(proof, request, now)
        case BearerProof(token=token):
            check_bearer(request, token)
        case BasicProof(username=username, password=password):
            check_basic(request, username, password)
        case HeaderProof(header=header, value=value):
            _check_equal(value.get_secret_value().encode(), header_bytes(request, header).strip())
        case QueryTokenProof(parameter=parameter, token=token):
            check_query_token(request, parameter, token)


def check_basic_or_token(account: BasicOrTokenAccount, request: WebRequest) -> None:
    """Whatever of the two the account has set must be right."""
    if account.username is not None and account.password is not None:
        check_basic(request, account.username, account.password)
    if account.token is not None:
        check_query_token(request, "token", account.token)


def check_basic(request: WebRequest, username: str, password: SecretStr) -> None:
    """``Authorization: Basic``."""
    try:
        given = base64.b64decode(_credentials(request, "basic"), validate=True)
    except binascii.Error:
        raise Forged from None
    _check_equal(f"{username}:{password.get_secret_value()}".encode(), given)


def check_bearer(request: WebRequest, token: SecretStr) -> None:
    """``Authorization: Bearer``."""
    _check_equal(token.get_secret_value().encode(), _credentials(request, "bearer"))


def check_query_token(request: WebRequest, parameter: str, token: SecretStr) -> None:
    """A secret in the address."""
    given = parse_fields(query_bytes(request)).get(parameter)
    _check_equal(token.get_secret_value().encode(), given or b"")


def check_hmac(proof: HmacProof, request: WebRequest, now: datetime) -> None:
    """The signature over the body, and its age where the provider sends the time of signing."""
    signed = request.body or query_bytes(request)
    if proof.timestamp_header is not None:
        stamp = header_bytes(request, proof.timestamp_header)
        check_recent(stamp, now, proof.tolerance_seconds)
        signed = stamp + proof.separator.encode() + signed
    digest = hmac.digest(proof.secret.get_secret_value().encode(), signed, proof.algorithm)
    expected = digest.hex().encode() if proof.encoding == "hex" else base64.b64encode(digest)
    given = header_bytes(request, proof.header).strip()
    if proof.encoding == "hex":
        # Only the digits have no case; the prefix is compared as it stands.
        cut = len(proof.prefix.encode())
        given = given[:cut] + given[cut:].lower()
    _check_equal(proof.prefix.encode() + expected, given)


def check_any(candidates: list[bytes], given: bytes) -> None:
    """One of several right answers; all are compared, so that time tells nothing."""
    check_one_of(candidates, [given])


def check_one_of(candidates: list[bytes], given: list[bytes]) -> None:
    """One of several right answers among several that were given."""
    right = [hmac.compare_digest(one, other) for one in candidates for other in given]
    if not any(right):
        raise Forged


def header_bytes(request: WebRequest, name: str) -> bytes:
    """A header's value; empty when it is absent."""
    return request.headers.get(name, "").encode("utf-8", "surrogatepass")


def sha256_hex(data: bytes) -> bytes:
    """The hash in lower-case hex digits."""
    return hashlib.sha256(data).hexdigest().encode()


def check_recent(stamp: bytes, now: datetime, tolerance_seconds: int) -> None:
    """A signed time in Unix seconds or milliseconds, not further from now than the tolerance."""
    # 13 digits are milliseconds until the year 2286.
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) in (10, 13)):
        raise Forged
    seconds = int(stamp) / (1000 if len(stamp) == 13 else 1)
    if abs(now.timestamp() - seconds) > tolerance_seconds:
        raise Forged


def _check_equal(expected: bytes, given: bytes) -> None:
    if not hmac.compare_digest(expected, given):
        raise Forged


def _credentials(request: WebRequest, scheme: str) -> bytes:
    given, _, value = header_bytes(request, "Authorization").strip().partition(b" ")
    if given.lower() != scheme.encode():
        raise Forged
    return value.strip()
