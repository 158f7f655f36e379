"""The address that Meta calls: ``/meta/<app>``, by GET once to prove it is ours, then by POST."""

import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from connectors.meta.payload import read_body
from connectors.meta.settings import MetaApp, MetaSettings
from gateway.contract import Route, WebReply, WebRequest
from gateway.errors import Forged
from gateway.settings import ConfigFile
from normalizer.event import Channel

#: "Webhooks: payloads can be up to 3 MB".
MAX_BODY_BYTES = 3 * 1024 * 1024
#: Meta sends digits. Nothing else is repeated to a caller: no markup, no signature to order.
_CHALLENGE = re.compile(r"[0-9A-Za-z_-]{1,128}")


@dataclass(frozen=True, slots=True)
class MetaConnector:
    """Every app of ``[meta]``."""

    apps: tuple[MetaApp, ...]

    def routes(self) -> Sequence[Route]:
        """Two for every app. The channel of an item is its own: the route's is only a default."""
        return [route for app in self.apps for route in self._routes_of(app)]

    def _routes_of(self, app: MetaApp) -> Sequence[Route]:
        path = f"/meta/{app.name}"
        return [
            Route(
                method="GET",
                path=path,
                channel=Channel.FACEBOOK,
                account=app.name,
                verify=partial(_verify_registration, app),
                read=_answer_challenge,
            ),
            Route(
                method="POST",
                path=path,
                channel=Channel.FACEBOOK,
                account=app.name,
                verify=partial(_verify_signature, app),
                read=partial(_read, app),
                max_body_bytes=MAX_BODY_BYTES,
            ),
        ]


def build(config: ConfigFile) -> Sequence[MetaConnector]:
    """The connector; none when no app is set up.

    Raises:
        Misconfigured: an app lacks its secret, or a setting is wrong.
    """
    apps = config.load(MetaSettings).apps
    return (MetaConnector(apps),) if apps else ()


def _verify_registration(app: MetaApp, request: WebRequest) -> None:
    """ "Verification Requests": the token that we typed into the dashboard comes back."""
    asked = _parameters(request)
    expected = app.verify_token.get_secret_value().encode()
    given = asked.get("hub.verify_token", "").encode("utf-8", "surrogateescape")
    right = hmac.compare_digest(expected, given)
    if not right or asked.get("hub.mode") != "subscribe":
        raise Forged
    if not _CHALLENGE.fullmatch(asked.get("hub.challenge", "")):
        raise Forged


def _answer_challenge(request: WebRequest) -> WebReply:
    challenge = _parameters(request).get("hub.challenge", "")
    return WebReply(body=challenge.encode(), ignored="handshake")


def _verify_signature(app: MetaApp, request: WebRequest) -> None:
    """ "Event Notifications: validating payloads": HMAC-SHA256 of the body with the app secret."""
    key = app.app_secret.get_secret_value().encode()
    expected = b"sha256=" + hmac.digest(key, request.body, "sha256").hex().encode()
    given = request.headers.get("X-Hub-Signature-256", "").encode("utf-8", "surrogateescape")
    if not hmac.compare_digest(expected, given.strip().lower()):
        raise Forged


def _read(app: MetaApp, request: WebRequest) -> WebReply:
    outcomes = read_body(app, request.body)
    items = tuple(one for one in outcomes if not isinstance(one, str))
    quiet = [one for one in outcomes if isinstance(one, str)]
    return WebReply(items, ignored=quiet[0] if quiet and not items else None)


def _parameters(request: WebRequest) -> Mapping[str, str]:
    """The query; of a repeated parameter the first."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(request.query, keep_blank_values=True, errors="surrogateescape"):
        found.setdefault(name, value)
    return found
