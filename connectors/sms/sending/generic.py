"""Any aggregator that takes one SMS for one HTTP request; what it is called stands in settings."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from connectors.sms.documents import rule_holds, short_at
from connectors.sms.sending.outcome import REJECTED, fault_of, told_apart
from connectors.sms.sending.settings import BasicLogin, BearerLogin, GenericReply, HeaderLogin
from gateway.contract import Reply
from gateway.errors import GatewayFault, ReplyRefused
from gateway.http import Answer, Outgoing, OutgoingFault

_PLACE = re.compile(r"\{(to|text|key)\}")


async def send(settings: GenericReply, outgoing: Outgoing, to: str, reply: Reply) -> str | None:
    """Hand it over; the provider's id, where ``id_field`` says it stands.

    Raises:
        ReplyRefused, ReplyAway, ReplyUnknown.
    """
    values = {"to": _written(to, settings.number), "text": reply.text, "key": reply.key}
    secrets = {name: value.get_secret_value() for name, value in settings.secret_fields.items()}
    fields = {**_filled(settings.fields, values), **secrets}
    headers, auth = _login(settings)
    with told_apart():
        if settings.method == "GET":
            url = _with_query(settings.url, fields)
            answer = await outgoing.call("GET", url, headers=headers, auth=auth)
        elif settings.format == "json":
            answer = await outgoing.call(
                "POST", settings.url, headers=headers, json=fields, auth=auth
            )
        else:
            form = {name: str(value) for name, value in fields.items()}
            answer = await outgoing.call(
                "POST", settings.url, headers=headers, data=form, auth=auth
            )
    return _outcome(settings, answer)


async def check(settings: GenericReply, outgoing: Outgoing) -> str:
    """Whether anybody is there; what costs an SMS is not tried.

    Raises:
        GatewayFault.
    """
    parts = urlsplit(settings.url)
    try:
        await outgoing.call("GET", urlunsplit((parts.scheme, parts.netloc, "/", "", "")))
    except OutgoingFault:
        raise GatewayFault("nobody answers at the host of reply.url") from None
    return "the host of reply.url answers; whether the login is right shows with the first answer"


def _outcome(settings: GenericReply, answer: Answer) -> str | None:
    if answer.status not in settings.statuses:
        raise fault_of(answer)
    said = answer.json()
    if settings.success is not None and not rule_holds(settings.success, said):
        raise ReplyRefused(REJECTED)
    return short_at(said, settings.id_field) if settings.id_field else None


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    """The same structure with every place in its strings filled, each once: never what it holds."""
    if isinstance(value, dict):
        return {name: _filled(item, values) for name, item in value.items()}
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if isinstance(value, str):
        return _PLACE.sub(lambda place: values[place[1]], value)
    return value


def _written(e164: str, how: str) -> str:
    if how == "national" and e164.startswith("+62"):
        return "0" + e164.removeprefix("+62")
    return e164 if how == "e164" else e164.removeprefix("+")


def _login(settings: GenericReply) -> tuple[dict[str, str], tuple[str, str] | None]:
    match settings.login:
        case BasicLogin(username=username, password=password):
            return {}, (username, password.get_secret_value())
        case BearerLogin(token=token):
            return {"Authorization": f"Bearer {token.get_secret_value()}"}, None
        case HeaderLogin(header=header, value=value):
            return {header: value.get_secret_value()}, None
        case None:
            return {}, None


def _with_query(url: str, fields: Mapping[str, object]) -> str:
    separator = "&" if urlsplit(url).query else "?"
    return f"{url}{separator}{urlencode({name: str(value) for name, value in fields.items()})}"
