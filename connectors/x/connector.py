"""The address that X calls: ``/x/<account>``, by GET for its challenge and by POST for events."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

from connectors.x.payload import read_body
from connectors.x.proof import challenge_token, sign, verify
from connectors.x.settings import XAccount, XSettings
from gateway.contract import Route, WebReply, WebRequest
from gateway.settings import ConfigFile
from normalizer.event import Channel

#: Long posts hold 25,000 characters, and every event repeats its users' profiles.
_MAX_BODY_BYTES = 524_288

_Ignored = Literal["delivery_report", "handshake", "own_message"]


@dataclass(frozen=True, slots=True)
class XConnector:
    """Every account of ``[x]``."""

    accounts: tuple[XAccount, ...]

    def routes(self) -> Sequence[Route]:
        """Two for every account, at one address."""
        return [route for account in self.accounts for route in _routes_of(account)]


def _routes_of(account: XAccount) -> Sequence[Route]:
    path = f"/x/{account.name}"
    return [
        Route(
            method="GET",
            path=path,
            channel=Channel.X,
            account=account.name,
            verify=_anybody_may_ask,
            read=partial(_answer_challenge, account),
        ),
        Route(
            method="POST",
            path=path,
            channel=Channel.X,
            account=account.name,
            verify=partial(verify, account.consumer_secret),
            read=partial(_read, account),
            max_body_bytes=_MAX_BODY_BYTES,
        ),
    ]


def _anybody_may_ask(_: WebRequest) -> None:
    """The challenge is not signed; what is answered is of use to nobody but X (``proof``)."""


def _answer_challenge(account: XAccount, request: WebRequest) -> WebReply:
    token = challenge_token(request.query)
    if token is None:
        return WebReply(status=400, body=b"This is no challenge of X.\n")
    answer = {"response_token": sign(account.consumer_secret, token.encode())}
    return WebReply(
        body=json.dumps(answer).encode(), content_type="application/json", ignored="handshake"
    )


def _read(account: XAccount, request: WebRequest) -> WebReply:
    reading = read_body(account, request.body)
    ignored: _Ignored | None = None
    if not reading.items:
        ignored = "own_message" if reading.own else "delivery_report"
    return WebReply(tuple(reading.items), ignored=ignored)


def build(config: ConfigFile) -> Sequence[XConnector]:
    """The connector; none when no account is set up. Raises Misconfigured."""
    accounts = config.load(XSettings).accounts
    return (XConnector(accounts),) if accounts else ()
