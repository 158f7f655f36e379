"""The account of the tests; every secret in here is invented."""

from connectors.x.connector import XConnector
from connectors.x.proof import sign
from connectors.x.settings import XAccount
from gateway.contract import Route, WebRequest

USER_ID = "1111111111111111111"
KEYS = {
    "consumer_key": "kunci-aplikasi",
    "access_token": "1111-token-akun",
    "access_token_secret": "rahasia-token-akun",
}
ACCOUNT: dict[str, object] = {
    "name": "kabupaten",
    "consumer_secret": "rahasia-aplikasi",
    "user_id": USER_ID,
    "handle": "KabContoh",
}


def account(**changed: object) -> XAccount:
    """The account, changed as a test wants it."""
    return XAccount.model_validate({**ACCOUNT, **changed})


def route(method: str) -> Route:
    """One of its two routes."""
    return next(each for each in XConnector((account(),)).routes() if each.method == method)


def posted(body: bytes, signature: str | None = None) -> WebRequest:
    """A request as X posts it, signed unless told otherwise."""
    given = sign(account().consumer_secret, body) if signature is None else signature
    headers = {"x-twitter-webhooks-signature": given, "Content-Type": "application/json"}
    return WebRequest("POST", "/x/kabupaten", "", headers, body)


def asked(query: str) -> WebRequest:
    """A challenge."""
    return WebRequest("GET", "/x/kabupaten", query, {}, b"")
