"""Access tokens for XOAUTH2: fetched when they are needed, kept until shortly before they end."""

import time
from collections.abc import Callable

from connectors.mail.settings import OAuth
from gateway.errors import NotConnected
from gateway.http import Outgoing, OutgoingFault

#: A token that ends in the middle of a login is refused.
_MARGIN_SECONDS = 120.0
#: Where the answer does not say how long (RFC 6749, 5.1: it should).
_USUAL_SECONDS = 600.0


class Tokens:
    """The tokens of one account. Use it from one task at a time."""

    def __init__(self, oauth: OAuth, clock: Callable[[], float] = time.monotonic) -> None:
        self._oauth = oauth
        self._clock = clock
        self._token = ""
        self._ends_at = 0.0

    async def get(self) -> str:
        """A token that can be used now.

        Raises:
            NotConnected: the token server is away or refuses us.
        """
        if self._clock() >= self._ends_at - _MARGIN_SECONDS:
            await self._fetch()
        return self._token

    def forget(self) -> None:
        """The mail server did not take it: fetch another one next time."""
        self._ends_at = 0.0

    async def _fetch(self) -> None:
        form = {
            "client_id": self._oauth.client_id,
            "client_secret": self._oauth.client_secret.get_secret_value(),
            "grant_type": "client_credentials",
        }
        if self._oauth.refresh_token is not None:
            form["grant_type"] = "refresh_token"
            form["refresh_token"] = self._oauth.refresh_token.get_secret_value()
        if self._oauth.scope is not None:
            form["scope"] = self._oauth.scope
        outgoing = Outgoing([self._oauth.token_url])
        try:
            answer = await outgoing.call("POST", self._oauth.token_url, data=form)
        except OutgoingFault as fault:
            raise NotConnected(f"the token server is away ({type(fault).__name__})") from None
        finally:
            await outgoing.close()
        told = answer.json()
        token = told.get("access_token") if isinstance(told, dict) else None
        if answer.status != 200 or not isinstance(token, str) or not token:
            raise NotConnected(
                f"the token server refuses us (status {answer.status}); "
                "renew client_secret or refresh_token of this mail account"
            )
        self._token = token
        self._ends_at = self._clock() + _seconds(told.get("expires_in"))


def _seconds(lives: object) -> float:
    # Some servers write the number as a text.
    text = str(lives)
    return float(text) if text.isascii() and text.isdigit() else _USUAL_SECONDS
