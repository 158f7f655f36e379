"""What stands in one call of Meta: each item on its own, nothing of ours, nothing lost."""

import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from connectors.meta.connector import MetaConnector, build
from connectors.meta.settings import MetaApp
from gateway.contract import Item, Route, WebReply, WebRequest
from gateway.errors import Forged
from gateway.settings import ConfigFile
from normalizer.draft import Draft, SenderKind
from normalizer.event import Channel, Relation

SECRET = "rahasia-aplikasi"
TOKEN = "token-verifikasi"
CONFIG = ConfigFile(
    None,
    {
        "meta": {
            "apps": [
                {
                    "name": "app",
                    "app_secret": SECRET,
                    "verify_token": TOKEN,
                    "pages": [{"id": "1001", "name": "halaman"}],
                    "instagram": [{"id": "1003", "name": "instagram"}],
                    "whatsapp": [{"id": "2001", "name": "wa"}],
                }
            ]
        }
    },
)


def route(method: str) -> Route:
    (connector,) = build(CONFIG)
    assert isinstance(connector, MetaConnector)
    return next(one for one in connector.routes() if one.method == method)


def posted(body: object, signature: str | None = None) -> WebRequest:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    digest = hmac.digest(SECRET.encode(), raw, "sha256").hex()
    headers = {"X-Hub-Signature-256": signature or f"sha256={digest}"}
    return WebRequest("POST", "/meta/app", "", headers, raw)


def read(body: object) -> WebReply:
    request = posted(body)
    route("POST").verify(request)
    return route("POST").read(request)


def drafts(items: Sequence[Item]) -> list[Draft]:
    return [item for item in items if isinstance(item, Draft)]


def page(*messaging: Mapping[str, object], key: str = "messaging") -> dict[str, object]:
    return {"object": "page", "entry": [{"id": "1001", "time": 1, key: list(messaging)}]}


def message(mid: str, text: str, **more: object) -> dict[str, object]:
    return {
        "sender": {"id": "9001"},
        "recipient": {"id": "1001"},
        "timestamp": 1772413200000,
        "message": {"mid": mid, "text": text, **more},
    }


def whatsapp(*messages: Mapping[str, Any], number: str = "2001") -> dict[str, object]:
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": number},
        "contacts": [{"wa_id": "6281200009001", "profile": {"name": "Sri Contoh"}}],
        "messages": list(messages),
    }
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def said(wamid: str, text: str, timestamp: object = "1772413200") -> dict[str, object]:
    return {
        "from": "6281200009001",
        "id": wamid,
        "timestamp": timestamp,
        "type": "text",
        "text": {"body": text},
    }


def test_the_handshake_needs_our_token_and_echoes_only_then() -> None:
    query = "hub.mode=subscribe&hub.verify_token={}&hub.challenge=1158201444"
    good = WebRequest("GET", "/meta/app", query.format(TOKEN), {}, b"")
    route("GET").verify(good)
    assert route("GET").read(good).body == b"1158201444"
    bad = WebRequest("GET", "/meta/app", query.format("salah"), {}, b"")
    with pytest.raises(Forged):
        route("GET").verify(bad)


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "0" * 64])
def test_forged_calls_are_refused(signature: str) -> None:
    with pytest.raises(Forged):
        route("POST").verify(posted(page(message("m1", "a")), signature or "x"))


def test_every_item_of_every_entry_is_read() -> None:
    body = page(message("m1", "satu"), message("m2", "dua"))
    entries: Any = body["entry"]
    entries.append({"id": "1001", "messaging": [message("m3", "tiga")]})
    found = drafts(read(body).items)
    assert [draft.text_raw for draft in found] == ["satu", "dua", "tiga"]
    assert {(draft.channel, draft.account) for draft in found} == {(Channel.FACEBOOK, "halaman")}


def test_standby_is_read_and_echoes_are_not() -> None:
    assert len(drafts(read(page(message("m1", "a"), key="standby")).items)) == 1
    assert read(page(message("m2", "kami", is_echo=True))).items == ()


def test_statuses_are_no_complaints() -> None:
    body = whatsapp()
    entry: Any = body["entry"]
    entry[0]["changes"][0]["value"]["statuses"] = [{"id": "wamid.S", "status": "read"}]
    assert read(body).items == ()


def test_a_strange_time_costs_no_words_and_no_neighbours() -> None:
    found = drafts(read(whatsapp(said("w1", "a"), said("w2", "b", "abc"), said("w3", "c"))).items)
    assert [draft.text_raw for draft in found] == ["a", "b", "c"]
    assert [draft.submitted_at is None for draft in found] == [False, True, False]


def test_milliseconds_and_seconds_are_the_same_moment() -> None:
    one, two = drafts(read(whatsapp(said("w1", "a"), said("w2", "b", "1772413200000"))).items)
    assert one.submitted_at == two.submitted_at


def test_a_number_and_its_day_to_answer() -> None:
    (draft,) = drafts(read(whatsapp(said("w1", "Lampu mati"))).items)
    assert draft.sender.kind is SenderKind.PHONE
    assert draft.sender.name == "Sri Contoh"
    assert draft.reply_path is not None
    assert draft.reply_path.expires_at is not None
    sent = datetime.fromtimestamp(1772413200, UTC)
    assert draft.reply_path.expires_at - sent <= timedelta(hours=24)


def test_a_sender_without_number_is_kept() -> None:
    anonymous = {**said("w1", "Lampu mati"), "from_user_id": "ID.13491208655302741918"}
    del anonymous["from"]
    (draft,) = drafts(read(whatsapp(anonymous)).items)
    assert draft.sender.address == "ID.13491208655302741918"


def test_a_number_that_is_not_in_the_settings_is_kept() -> None:
    (draft,) = drafts(read(whatsapp(said("w1", "a"), number="7777")).items)
    assert draft.text_raw == "a"


@pytest.mark.parametrize(
    ("told", "relation"),
    [
        ({"type": "reaction", "reaction": {"message_id": "w0", "emoji": "👍"}}, Relation.REACTION),
        ({"type": "revoke", "revoke": {"original_message_id": "w0"}}, Relation.DELETION),
    ],
)
def test_what_belongs_to_an_earlier_one_is_linked(
    told: dict[str, object], relation: Relation
) -> None:
    base = {"from": "6281200009001", "id": "w1", "timestamp": "1772413200"}
    (draft,) = drafts(read(whatsapp({**base, **told})).items)
    assert draft.relates_to is not None
    assert (draft.relates_to.source_id, draft.relates_to.relation) == ("w0", relation)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(junk=_JSON, place=st.integers(0, 2))
def test_junk_between_good_items_takes_none_with_it(junk: Any, place: int) -> None:
    messages: list[Any] = [said("w1", "satu"), said("w2", "dua")]
    messages.insert(place, junk)
    found = [draft.text_raw for draft in drafts(read(whatsapp(*messages)).items)]
    assert {"satu", "dua"} <= set(found)


@given(junk=_JSON)
def test_junk_instead_of_a_call_never_fails(junk: Any) -> None:
    read(junk)
    read({"object": "page", "entry": junk})
    read({"object": junk, "entry": [{"changes": junk, "messaging": junk}]})


def test_the_secret_shows_nowhere() -> None:
    app = MetaApp(name="app", app_secret=SecretStr(SECRET), verify_token=SecretStr(TOKEN))
    assert SECRET not in repr(app)
    assert SECRET not in repr(route("POST"))
