"""``gateway check`` for Meta: the address of every app, its subscriptions, and every token."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from pydantic import SecretStr

from connectors.meta.fields import as_mapping, as_moment
from connectors.meta.graph import Graph, GraphError, error_of
from connectors.meta.settings import Account, MetaApp, MetaSettings, PageAccount, WhatsAppNumber
from gateway.errors import GatewayFault
from gateway.http import OutgoingFault
from gateway.settings import ConfigFile, WebSettings
from normalizer.event import Channel

#: What Meta calls the three, and the fields without which complaints do not come in.
_OBJECTS: Mapping[Channel, tuple[str, tuple[str, ...]]] = {
    Channel.FACEBOOK: (
        "page",
        (
            "feed",
            "mention",
            "message_edits",
            "message_reactions",
            "messages",
            "messaging_postbacks",
        ),
    ),
    Channel.INSTAGRAM: (
        "instagram",
        ("comments", "mentions", "message_reactions", "messages", "messaging_postbacks"),
    ),
    Channel.WHATSAPP: ("whatsapp_business_account", ("messages",)),
}
_IDENTITY = {
    Channel.FACEBOOK: "id,name",
    Channel.INSTAGRAM: "id,username",
    Channel.WHATSAPP: "id,verified_name,quality_rating",
}


async def check(config: ConfigFile) -> Sequence[str]:
    """A line for each thing that is in order.

    Raises:
        GatewayFault: everything that is not, of all apps, each with what to do.
        Misconfigured: a setting is wrong.
    """
    base_url = config.load(WebSettings).public_base_url
    lines: list[str] = []
    faults: list[str] = []
    for app in config.load(MetaSettings).apps:
        url = f"{base_url}/meta/{app.name}"
        secure = "" if url.startswith("https://") else " (Meta calls https addresses only)"
        lines.append(f"meta/{app.name}: receives at {url}{secure}")
        if app.app_id is not None:
            await _try(lines, faults, f"meta/{app.name}", _subscriptions(app, app.app_id, url))
        for channel, account in app.accounts():
            where = f"meta/{app.name} {channel} {account.name}"
            await _try(lines, faults, where, _account(app, channel, account))
    if faults:
        raise GatewayFault("\n".join(faults))
    return lines


async def _try(lines: list[str], faults: list[str], where: str, found: AsyncIterator[str]) -> None:
    try:
        lines += [f"{where}: {line}" async for line in found]
    except GatewayFault as fault:
        faults.append(f"{where}: {fault}")


async def _subscriptions(app: MetaApp, app_id: str, url: str) -> AsyncIterator[str]:
    """What the app as such is subscribed to: asked with the app's own token."""
    token = SecretStr(f"{app_id}|{app.app_secret.get_secret_value()}")
    async with _open(app, token) as graph:
        data = await _get(graph, f"{app_id}/subscriptions")
    there = {one.get("object"): one for one in map(as_mapping, _list(data))}
    for channel in dict.fromkeys(channel for channel, _ in app.accounts()):
        name, needed = _OBJECTS[channel]
        subscription = there.get(name)
        if subscription is None:
            raise GatewayFault(
                f"the app has no webhook for {name}: App Dashboard, Webhooks, {name}, "
                f"Subscribe to this object, callback URL {url}"
            )
        if subscription.get("callback_url") != url:
            raise GatewayFault(
                f"the webhook for {name} calls another address; set it to {url} in the App "
                "Dashboard under Webhooks"
            )
        _demand(name, needed, subscription.get("fields"))
        if subscription.get("active") is False:
            raise GatewayFault(f"the webhook for {name} is switched off; switch it on there")
        yield f"webhook for {name} calls us"


async def _account(app: MetaApp, channel: Channel, account: Account) -> AsyncIterator[str]:
    if account.access_token is None:
        yield "receives only; to answer and to fetch attachments set access_token"
        return
    async with _open(app, account.access_token) as graph:
        found = await _get(graph, account.id, fields=_IDENTITY[channel])
        quality = found.get("quality_rating")
        yield "token works" + (f", quality {quality}" if isinstance(quality, str) else "")
        if isinstance(account, PageAccount):
            apps = _list(await _get(graph, f"{account.id}/subscribed_apps"))
            names = [one for each in apps for one in _fields(as_mapping(each))]
            _demand(f"page {account.name}", _OBJECTS[channel][1], names)
            yield "page is subscribed to the app"
        if isinstance(account, WhatsAppNumber) and account.business_account_id is not None:
            business = account.business_account_id
            if not _list(await _get(graph, f"{business}/subscribed_apps")):
                raise GatewayFault(
                    "the WhatsApp Business Account sends nothing to the app: POST to "
                    f"/{business}/subscribed_apps once (docs/channels/meta.md)"
                )
            yield "WhatsApp Business Account is subscribed to the app"
        expiry = await _expiry(graph)
        if expiry is not None:
            yield expiry


async def _expiry(graph: Graph) -> str | None:
    """Until when the token works; None when Meta does not tell. Asked in a batch: see Graph."""
    try:
        answer = await graph.batch("debug_token?" + urlencode({"input_token": graph.token}))
    except OutgoingFault:
        return None
    first = as_mapping(next(iter(_items(answer.json())), None))
    try:
        data = as_mapping(as_mapping(json.loads(str(first.get("body")))).get("data"))
    except (ValueError, RecursionError):
        return None
    if data.get("is_valid") is False:
        raise GatewayFault(_RENEW)
    if data.get("expires_at") == 0:
        return "token never expires"
    moment = as_moment(data.get("expires_at"))
    if moment is None:
        return None
    if moment <= datetime.now(UTC):
        raise GatewayFault(_RENEW)
    return f"token expires on {moment:%Y-%m-%d}; that of a system user never does"


@asynccontextmanager
async def _open(app: MetaApp, token: SecretStr) -> AsyncIterator[Graph]:
    graph = Graph(app, token)
    try:
        yield graph
    finally:
        await graph.close()


async def _get(graph: Graph, path: str, **parameters: str) -> Mapping[str, Any]:
    try:
        answer = await graph.get(path, **parameters)
    except OutgoingFault as fault:
        raise GatewayFault(
            f"Meta cannot be asked ({type(fault).__name__}); is graph_base_url reachable from "
            "this machine?"
        ) from None
    error = error_of(answer)
    if error is not None:
        raise GatewayFault(_explained(error))
    return as_mapping(answer.json())


_RENEW = (
    "Meta refuses the token; make a new one in the Business settings under System users, "
    "Generate new token, with the permissions of docs/channels/meta.md"
)


def _explained(error: GraphError) -> str:
    if error.is_rate_limit:
        return "Meta takes no more calls of this app now; try again in an hour"
    if (error.code, error.subcode) == (100, 33):
        return "the token does not reach this id; compare id with the dashboard"
    if error.is_credentials:
        return _RENEW
    return f"Meta answers with an error (status {error.status}, code {error.code})"


def _demand(what: str, needed: Sequence[str], subscribed: object) -> None:
    # An app's fields come with their version, a page's without.
    names = [as_mapping(one).get("name", one) for one in _items(subscribed)]
    missing = sorted(name for name in needed if name not in names)
    if missing:
        raise GatewayFault(
            f"{what} is not subscribed to {', '.join(missing)}; add them in the App Dashboard "
            "under Webhooks, Subscribe"
        )


def _fields(app: Mapping[str, Any]) -> Sequence[object]:
    return _items(app.get("subscribed_fields"))


def _list(body: Mapping[str, Any]) -> Sequence[object]:
    return _items(body.get("data"))


def _items(value: object) -> Sequence[Any]:
    return value if isinstance(value, list) else ()
