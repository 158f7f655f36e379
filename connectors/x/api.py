"""Calls to X as one of our accounts, signed with its keys."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from connectors.x.oauth1 import Keys, authorization
from connectors.x.settings import UserKeys, XAccount
from gateway.http import Answer, Outgoing

#: Ends of X's problem types that are about the app and its permissions.
_ABOUT_THE_APP = (
    "oauth1-permissions",
    "client-forbidden",
    "client-not-enrolled",
    "unsupported-authentication",
)


@dataclass(frozen=True, slots=True)
class Signer:
    """Makes the ``Authorization`` of requests in the name of one account."""

    keys: Keys
    #: Unix seconds.
    now: Callable[[], float] = time.time
    nonce: Callable[[], str] = field(default=lambda: secrets.token_hex(16), repr=False)

    def headers(self, method: str, url: str) -> dict[str, str]:
        """For one request; every request needs its own."""
        value = authorization(self.keys, method, url, nonce=self.nonce(), timestamp=int(self.now()))
        return {"Authorization": value}

    async def call(
        self, outgoing: Outgoing, method: str, url: str, json: object | None = None
    ) -> Answer:
        """One signed request. Raises what ``Outgoing.call`` raises."""
        return await outgoing.call(method, url, headers=self.headers(method, url), json=json)

    def pause_seconds(self, answer: Answer) -> float | None:
        """How long X wants to be left alone; it says when its limit ends, in Unix seconds."""
        ends = answer.headers.get("x-rate-limit-reset", "")
        if ends.isascii() and ends.isdigit():
            return max(1.0, int(ends) - self.now())
        return answer.retry_after_seconds


def signer_of(account: XAccount, keys: UserKeys) -> Signer:
    """Signs with the app's secret and the account's token."""
    return Signer(
        Keys(
            consumer_key=keys.consumer_key,
            consumer_secret=account.consumer_secret.get_secret_value(),
            token=keys.access_token.get_secret_value(),
            token_secret=keys.access_token_secret.get_secret_value(),
        )
    )


def is_our_fault(answer: Answer) -> bool:
    """Whether X refuses the app or its keys, not this one request ("Response codes and errors")."""
    if answer.status == 401:
        return True
    body = answer.json()
    kind = body.get("type") if isinstance(body, dict) else None
    return answer.status == 403 and isinstance(kind, str) and kind.endswith(_ABOUT_THE_APP)
