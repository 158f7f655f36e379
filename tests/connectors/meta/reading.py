"""One app with an account of each kind, and what is read from a body that it is sent."""

import hmac
from collections.abc import Mapping

from connectors.meta.connector import MetaConnector
from connectors.meta.settings import MetaSettings
from gateway.contract import Item, Route, WebReply, WebRequest
from normalizer.draft import Draft, Piece
from normalizer.event import TimePrecision

SECRET = "rahasia-aplikasi"
VERIFY_TOKEN = "token-verifikasi"
APP: Mapping[str, object] = {
    "name": "uji",
    "app_secret": SECRET,
    "verify_token": VERIFY_TOKEN,
    "pages": [{"id": "1001", "name": "halaman"}],
    "instagram": [{"id": "1003", "name": "instagram"}],
    "whatsapp": [{"id": "2001", "name": "wa"}],
}


def route(method: str) -> Route:
    """One of the app's two routes."""
    settings = MetaSettings.model_validate({"apps": [APP]})
    return next(one for one in MetaConnector(settings.apps).routes() if one.method == method)


def post(body: bytes, **headers: str) -> WebRequest:
    """A signed request; ``x_hub_signature_256`` says another signature."""
    digest = hmac.digest(SECRET.encode(), body, "sha256").hex()
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    given = {"X-Hub-Signature-256": f"sha256={digest}", **named}
    return WebRequest("POST", "/meta/uji", "", given, body)


def get(query: str) -> WebRequest:
    """The request by which Meta asks whether the address is ours."""
    return WebRequest("GET", "/meta/uji", query, {}, b"")


def reply_to(body: bytes) -> WebReply:
    """What the connector makes of a body that is signed as it should be."""
    request = post(body)
    asked = route("POST")
    asked.verify(request)
    return asked.read(request)


def summary(item: Item) -> dict[str, object]:
    """What a case says about an item: everything that is not as in an empty draft."""
    assert not isinstance(item, Piece)
    shown: dict[str, object | None] = {
        "channel": str(item.channel),
        "account": item.account,
        "source_id": item.source_id,
    }
    if isinstance(item, Draft):
        shown |= _of_draft(item)
    else:
        shown["rejected"] = item.reason.value
    return {name: value for name, value in shown.items() if value is not None}


def _of_draft(item: Draft) -> dict[str, object | None]:
    path, linked = item.reply_path, item.relates_to
    precision = item.submitted_precision
    expires_at = path.expires_at.isoformat() if path and path.expires_at else None
    return {
        "text": item.text_raw,
        "sender": [str(item.sender.kind), item.sender.address] if item.sender.address else None,
        "name": item.sender.name,
        "submitted_at": item.submitted_at.isoformat() if item.submitted_at else None,
        "precision": str(precision) if precision is TimePrecision.MINUTE else None,
        "attachments": [[a.media_type, a.media_id, a.name] for a in item.attachments] or None,
        "coordinates": list(item.coordinates) if item.coordinates else None,
        "landmark": item.landmark,
        "relates_to": [str(linked.relation), linked.source_id] if linked else None,
        "exclusion": item.exclusion and str(item.exclusion),
        "awaits": item.awaits and str(item.awaits),
        "answer": [path.address, path.thread, path.via, expires_at] if path else None,
        "public": True if path and path.public else None,
    }
