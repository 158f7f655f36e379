"""The two addresses of an app: who may register, who may post, and how they are set up."""

import hmac
from pathlib import Path

import pytest

from connectors.meta.connector import MAX_BODY_BYTES, build
from connectors.meta.sample import sample_calls
from connectors.meta.settings import MetaSettings
from gateway.contract import WebRequest
from gateway.errors import Forged, Misconfigured
from gateway.settings import ConfigFile, read_config
from normalizer.draft import Draft, SenderKind
from normalizer.event import Channel
from tests.connectors.meta.reading import APP, SECRET, VERIFY_TOKEN, get, post, route

ASKED = f"hub.mode=subscribe&hub.verify_token={VERIFY_TOKEN}&hub.challenge=1158201444"
BODY = b'{"object": "page", "entry": []}'
DIGEST = hmac.digest(SECRET.encode(), BODY, "sha256").hex()


def test_who_knows_the_token_gets_the_challenge_back() -> None:
    asked = route("GET")
    asked.verify(get(ASKED))
    reply = asked.read(get(ASKED))
    assert (reply.status, reply.body, reply.content_type) == (200, b"1158201444", "text/plain")
    assert (reply.items, reply.ignored) == ((), "handshake")


@pytest.mark.parametrize(
    "query",
    [
        "",
        ASKED.replace(VERIFY_TOKEN, "salah"),
        ASKED.replace(VERIFY_TOKEN, ""),
        ASKED.replace(VERIFY_TOKEN, VERIFY_TOKEN + "%00"),
        ASKED.replace(VERIFY_TOKEN, "%FF%C3"),
        ASKED.replace("subscribe", "unsubscribe"),
        ASKED.replace("hub.mode=subscribe&", ""),
        ASKED.replace("1158201444", ""),
        ASKED.replace("&hub.challenge=1158201444", ""),
        ASKED.replace("1158201444", "%3Cscript%3E"),
        ASKED.replace("1158201444", "1" * 129),
        ASKED.replace("1158201444", "satu%0Adua"),
        # Of a repeated parameter the first counts, for the check and for the answer alike.
        "hub.verify_token=salah&" + ASKED,
        "hub.challenge=%3Cb%3E&" + ASKED,
    ],
)
def test_nothing_else_is_repeated(query: str) -> None:
    with pytest.raises(Forged):
        route("GET").verify(get(query))


@pytest.mark.parametrize("body", [BODY, b"", b"bukan JSON", b"\x00\xff", b'{"a":"\\ud83d"}'])
def test_a_signed_body_is_taken_whatever_it_is(body: bytes) -> None:
    route("POST").verify(post(body))
    upper = hmac.digest(SECRET.encode(), body, "sha256").hex().upper()
    route("POST").verify(post(body, x_hub_signature_256=f"sha256={upper}"))


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "sha256=",
        f"sha256={DIGEST[:-1]}",
        f"sha256={DIGEST}0",
        DIGEST,
        f"sha1={DIGEST}",
        "sha256=" + "0" * 64,
        "sha256=\u00e9\udcff",
        "sha1=" + hmac.digest(SECRET.encode(), BODY, "sha1").hex(),
        "sha256=" + hmac.digest(VERIFY_TOKEN.encode(), BODY, "sha256").hex(),
        "sha256=" + hmac.digest(b"", BODY, "sha256").hex(),
    ],
)
def test_forged_posts_are_refused(signature: str) -> None:
    with pytest.raises(Forged) as told:
        route("POST").verify(post(BODY, x_hub_signature_256=signature))
    assert told.value.args == ()


def test_a_changed_body_and_a_missing_header_are_refused() -> None:
    request = post(BODY)
    for forged in (
        WebRequest("POST", "/meta/uji", "", request.headers, BODY + b" "),
        WebRequest("POST", "/meta/uji", "", {}, BODY),
        WebRequest("POST", "/meta/uji", "", {"X-Hub-Signature": f"sha256={DIGEST}"}, BODY),
    ):
        with pytest.raises(Forged):
            route("POST").verify(forged)


def test_the_routes_take_what_meta_sends_at_most() -> None:
    assert route("POST").max_body_bytes == MAX_BODY_BYTES == 3_145_728
    assert route("GET").max_body_bytes is None
    assert {route("GET").path, route("POST").path} == {"/meta/uji"}
    assert route("POST").forged_status == route("GET").forged_status == 403


def test_a_sample_is_signed_and_read_as_its_sender_wrote_it() -> None:
    config = ConfigFile(None, {"meta": {"apps": [APP]}})
    (call,) = sample_calls(config, "081200009001", "Lampu padam").values()
    request = WebRequest(call.method, "/meta/uji", "", call.headers, call.body)
    route("POST").verify(request)
    (item,) = route("POST").read(request).items
    assert isinstance(item, Draft)
    assert (item.channel, item.account, item.text_raw) == (Channel.WHATSAPP, "wa", "Lampu padam")
    assert (item.sender.kind, item.sender.address) == (SenderKind.PHONE, "6281200009001")


def test_no_app_no_connector() -> None:
    assert build(ConfigFile(None)) == ()


PAGE = {"id": "1", "name": "satu"}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"app_secret": "pendek"}, "app_secret"),
        ({"app_secret": ""}, "app_secret"),
        ({"verify_token": ""}, "verify_token"),
        ({"name": "Dengan Spasi"}, "name"),
        ({"name": "1234"}, "name"),
        ({"graph_base_url": "graph.facebook.com"}, "graph_base_url"),
        ({"graph_base_url": "https://graph.facebook.com/?a=b"}, "graph_base_url"),
        ({"graph_version": "23"}, "graph_version"),
        ({"pages": [{"id": "halaman", "name": "satu"}]}, "id"),
        ({"pages": [PAGE, {"id": "2", "name": "satu"}]}, "called satu"),
        ({"pages": [PAGE, {"id": "1", "name": "dua"}]}, "id 1"),
        ({"halaman": []}, "halaman"),
    ],
)
def test_settings_that_would_not_work_are_refused(changed: dict[str, object], told: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        build(ConfigFile(None, {"meta": {"apps": [{**APP, **changed}]}}))
    assert told in str(refused.value)
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("missing", ["app_secret", "verify_token"])
def test_an_app_without_its_secrets_is_refused(missing: str) -> None:
    app = {name: value for name, value in APP.items() if name != missing}
    with pytest.raises(Misconfigured, match=missing):
        build(ConfigFile(None, {"meta": {"apps": [app]}}))


def test_two_apps_of_one_name_are_refused() -> None:
    with pytest.raises(Misconfigured, match="called uji"):
        build(ConfigFile(None, {"meta": {"apps": [APP, APP]}}))


def test_secrets_may_stand_in_files_and_show_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    path = tmp_path / "gateway.toml"
    path.write_text(
        '[[meta.apps]]\nname = "uji"\nverify_token = "token-verifikasi"\n'
        'app_secret = { file = "secret" }\n',
        encoding="utf-8",
    )
    config = read_config(path)
    (app,) = config.load(MetaSettings).apps
    assert app.app_secret.get_secret_value() == SECRET
    (connector,) = build(config)
    for shown in (repr(app), repr(connector), repr(connector.routes())):
        assert SECRET not in shown
        assert VERIFY_TOKEN not in shown
