"""The Graph API, as answers, attachments and checks need it.

The token goes in a header and never into an address, where proxies would write it down.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from connectors.meta.fields import as_mapping
from connectors.meta.item import CDN_HOSTS
from connectors.meta.settings import MetaApp
from gateway.http import Answer, Outgoing

#: Expired, withdrawn or not enough rights ("Graph API: error handling"; 200 to 299 as well). A
#: locked account and unpaid bills are mended by the same people.
_CREDENTIALS = frozenset((0, 3, 10, 102, 190, 368, 131005, 131031, 131042, 133010))
#: Too many calls of the app, the page, the number or to one person.
_RATE_LIMITS = frozenset((4, 17, 32, 341, 613, 80007, 130429, 131048, 131056, 133016))


@dataclass(frozen=True, slots=True)
class GraphError:
    """Why a call was not done. The words beside the numbers may quote it, so they are not kept."""

    status: int
    code: int | None
    subcode: int | None

    @property
    def is_credentials(self) -> bool:
        """A person has to renew the token or its rights."""
        if self.code is None:
            return self.status in (401, 403)
        return self.code in _CREDENTIALS or 200 <= self.code <= 299

    @property
    def is_rate_limit(self) -> bool:
        """The same again later."""
        return self.status == 429 or self.code in _RATE_LIMITS


def error_of(answer: Answer) -> GraphError | None:
    """The error of an answer; None when it is a success."""
    error = as_mapping(as_mapping(answer.json()).get("error"))
    if answer.status < 400 and not error:
        return None
    return GraphError(
        answer.status, _number(error.get("code")), _number(error.get("error_subcode"))
    )


class Graph:
    """Calls with one account's token; connections are made when the first is needed."""

    def __init__(self, app: MetaApp, access_token: SecretStr) -> None:
        self._root = f"{app.graph_base_url}/{app.graph_version}"
        self._token = access_token
        self._proof = _proof(app, access_token) if app.app_secret_proof else None
        self._trusted = (app.graph_base_url, *app.media_base_urls)
        self._opened: Outgoing | None = None

    async def get(self, path: str, **parameters: str) -> Answer:
        """A look-up. Raises OutgoingFault."""
        if self._proof is not None:
            parameters["appsecret_proof"] = self._proof
        query = f"?{urlencode(parameters)}" if parameters else ""
        return await self._http.call(
            "GET", f"{self._root}/{path}{query}", headers=self._authorization
        )

    async def post(self, path: str, payload: Mapping[str, Any]) -> Answer:
        """Something to be done. Raises OutgoingFault."""
        if self._proof is not None:
            payload = {**payload, "appsecret_proof": self._proof}
        return await self._http.call(
            "POST", f"{self._root}/{path}", headers=self._authorization, json=payload
        )

    async def batch(self, *relative_urls: str) -> Answer:
        """Look-ups whose parameters are secrets: in a batch they stand in the body."""
        calls = [{"method": "GET", "relative_url": url} for url in relative_urls]
        return await self.post("", {"batch": calls, "include_headers": False})

    async def download(self, url: str, max_bytes: int, *, with_token: bool) -> Answer:
        """A file at one of Meta's hosts. Raises OutgoingFault."""
        headers = self._authorization if with_token else None
        return await self._http.download(url, headers=headers, max_bytes=max_bytes)

    async def close(self) -> None:
        """Let go; never raises."""
        if self._opened is not None:
            await self._opened.close()

    @property
    def token(self) -> str:
        """For the calls that are about the token itself."""
        return self._token.get_secret_value()

    @property
    def _http(self) -> Outgoing:
        if self._opened is None:
            self._opened = Outgoing(self._trusted, (*CDN_HOSTS, "*.facebook.com"))
        return self._opened

    @property
    def _authorization(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def _proof(app: MetaApp, access_token: SecretStr) -> str:
    """ "Securing Graph API requests": HMAC-SHA256 of the token with the app secret."""
    key = app.app_secret.get_secret_value().encode()
    return hmac.digest(key, access_token.get_secret_value().encode(), "sha256").hex()


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
