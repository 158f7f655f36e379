"""SMS out: what the gateways hear, and what their answers mean."""

import json
from collections.abc import AsyncIterator, Mapping

import pytest

from connectors.sms.reply import SmsReplier, build_repliers
from gateway.contract import Reply
from gateway.errors import GatewayFault, Misconfigured, ReplyAway, ReplyRefused, ReplyUnknown
from gateway.settings import ConfigFile
from normalizer.event import Channel, ReplyPath
from tests.connectors.sms.accounts import basic
from tests.connectors.sms.sms_server import SmsServer, running
from tests.servers import free_ports

PHONE = "+6281200009001"
PATH = ReplyPath(address=PHONE)
PLAIN = Reply(key="k-1", text="Laporan Anda [NGW-26-7K3M9QXA] kami terima @ 5€", subject="")
WIDE = Reply(key="k-2", text="Laporan “jalan” kami terima 👍", subject="")
SID = "AC" + "0" * 32
TEMPLATE = {"to": "{to}", "pesan": "{text}", "ref": "{key}"}
KINDS: dict[str, dict[str, object]] = {
    "kannel": {"kind": "kannel", "username": "pintu", "password": "rahasia-kirim"},
    "jasmin": {"kind": "jasmin", "username": "pintu", "password": "rahasia-kirim"},
    "twilio": {
        "kind": "twilio",
        "account_sid": SID,
        "auth_token": "rahasia-kirim",
        "sender": "+15005550006",
    },
    "generic": {"kind": "generic", "fields": TEMPLATE},
}
PATHS = {"kannel": "/cgi-bin/sendsms", "generic": "/kirim"}
TAKEN = {
    "kannel": (202, b"0: Accepted for delivery"),
    "jasmin": (200, b'Success "07033084-5cfd"'),
    "twilio": (201, b'{"sid": "SM1"}'),
    "generic": (200, b"{}"),
}
IDS = {"kannel": None, "jasmin": "07033084-5cfd", "twilio": "SM1", "generic": None}


@pytest.fixture
async def server() -> AsyncIterator[SmsServer]:
    async with running() as server:
        yield server


def _config(reply: Mapping[str, object] | None) -> ConfigFile:
    account = {"name": "1708", "dialect": "kannel", "token": "rahasia-masuk"}
    return ConfigFile(
        None, {"sms": {"accounts": [{**account, **({"reply": reply} if reply else {})}]}}
    )


async def _send(
    kind: str, server: SmsServer, reply: Reply = PLAIN, path: ReplyPath = PATH, **changed: object
) -> str | None:
    told = {**KINDS[kind], "url": server.url + PATHS.get(kind, ""), **changed}
    (replier,) = build_repliers(_config(told))
    try:
        return await replier.reply(path, reply)
    finally:
        await replier.close()


def test_who_can_answer() -> None:
    assert list(build_repliers(_config(None))) == []
    (replier,) = build_repliers(_config(KINDS["kannel"]))
    assert (replier.channel, replier.account) == (Channel.SMS, "1708")


@pytest.mark.parametrize("kind", KINDS)
async def test_taken(kind: str, server: SmsServer) -> None:
    server.status, server.body = TAKEN[kind]
    assert await _send(kind, server) == IDS[kind]
    assert len(server.heard) == 1


async def test_kannel_keeps_everything_out_of_the_address(server: SmsServer) -> None:
    server.status = 202
    await _send("kannel", server, sender="1708", smsc="sim")
    await _send("kannel", server, WIDE)
    plain, wide = server.heard
    assert (plain.method, plain.path, plain.query) == ("POST", "/cgi-bin/sendsms", "")
    told = {name: value for name, value in plain.headers.items() if name.startswith("X-Kannel")}
    assert told == {
        "X-Kannel-Username": "pintu",
        "X-Kannel-Password": "rahasia-kirim",
        "X-Kannel-To": PHONE,
        "X-Kannel-From": "1708",
        "X-Kannel-SMSC": "sim",
        "X-Kannel-Coding": "0",
    }
    assert plain.headers["Content-Type"] == "text/plain; charset=UTF-8"
    assert plain.body.decode() == PLAIN.text
    assert wide.headers["X-Kannel-Coding"] == "2"
    assert "X-Kannel-From" not in wide.headers


async def test_jasmin_gets_septets_or_utf16_in_hex(server: SmsServer) -> None:
    server.body = b'Success "1"'
    await _send("jasmin", server, sender="1708")
    await _send("jasmin", server, WIDE)
    plain, wide = (heard.form for heard in server.heard)
    assert server.heard[0].path == "/send"
    assert plain.pop("hex-content") == (
        b"Laporan Anda \x1b<NGW-26-7K3M9QXA\x1b> kami terima \x00 5\x1be".hex()
    )
    login = {"username": "pintu", "password": "rahasia-kirim", "to": PHONE, "dlr": "no"}
    assert plain == {**login, "coding": "0", "from": "1708"}
    assert bytes.fromhex(wide.pop("hex-content")).decode("utf-16-be") == WIDE.text
    assert wide == {**login, "coding": "8"}


async def test_twilio_by_number_or_by_service(server: SmsServer) -> None:
    server.status, server.body = TAKEN["twilio"]
    await _send("twilio", server)
    await _send("twilio", server, WIDE, sender=None, messaging_service_sid="MG" + "1" * 32)
    first, second = server.heard
    assert first.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert first.headers["Authorization"] == basic(SID, "rahasia-kirim")
    assert first.form == {"To": PHONE, "From": "+15005550006", "Body": PLAIN.text}
    assert second.form == {
        "To": PHONE,
        "MessagingServiceSid": "MG" + "1" * 32,
        "Body": WIDE.text,
    }


async def test_generic_form_with_a_secret_field(server: SmsServer) -> None:
    fields = {**TEMPLATE, "userkey": "abc"}
    await _send(
        "generic", server, fields=fields, secret_fields={"passkey": "rahasia-kirim"},
        number="national",
    )  # fmt: skip
    (heard,) = server.heard
    assert heard.form == {
        "to": "081200009001",
        "pesan": PLAIN.text,
        "ref": "k-1",
        "userkey": "abc",
        "passkey": "rahasia-kirim",
    }


async def test_generic_json_is_filled_by_value(server: SmsServer) -> None:
    """What an answer holds never becomes structure, nor a place to be filled again."""
    nasty = Reply(key="k-3", text='"}], {to} {key} \\ \n', subject="")
    fields = {"messages": [{"to": ["{to}"], "body": "Pemkab: {text}", "n": 1, "flash": False}]}
    server.body = json.dumps({"data": {"ok": True, "id": 17}}).encode()
    sent = await _send(
        "generic", server, nasty, fields=fields, format="json", number="digits",
        login={"kind": "header", "header": "X-Api-Key", "value": "rahasia-kirim"},
        success={"field": "data.ok", "equals": "true"}, id_field="data.id",
    )  # fmt: skip
    assert sent == "17"
    (heard,) = server.heard
    assert heard.headers["X-Api-Key"] == "rahasia-kirim"
    assert json.loads(heard.body) == {
        "messages": [{"to": [PHONE[1:]], "body": f"Pemkab: {nasty.text}", "n": 1, "flash": False}]
    }


@pytest.mark.parametrize(
    ("login", "header"),
    [
        ({"kind": "basic", "username": "u", "password": "p"}, basic("u", "p")),
        ({"kind": "bearer", "token": "rahasia-kirim"}, "Bearer rahasia-kirim"),
    ],
)
async def test_generic_logs_in(login: dict[str, object], header: str, server: SmsServer) -> None:
    await _send("generic", server, login=login)
    assert server.heard[0].headers["Authorization"] == header


async def test_generic_by_get(server: SmsServer) -> None:
    url = f"{server.url}/kirim?versi=2"
    await _send("generic", server, Reply(key="k", text="a&b=c", subject=""), url=url, method="GET")
    (heard,) = server.heard
    assert (heard.method, heard.body) == ("GET", b"")
    assert heard.query == "versi=2&to=%2B6281200009001&pesan=a%26b%3Dc&ref=k"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (400, b"Error", ReplyRefused("rejected")),
        (401, b"", ReplyRefused("credentials")),
        (403, b"Authorization failed for sendsms", ReplyRefused("credentials")),
        (429, b"", ReplyAway("busy", 7.0)),
        (503, b"Temporal failure, try again later.", ReplyAway("busy", 7.0)),
        (500, b"", ReplyUnknown("")),
        (502, b"", ReplyUnknown("")),
        (302, b"", ReplyUnknown("")),
        (200, None, ReplyUnknown("")),
        (200, b"x" * 1_100_000, ReplyUnknown("")),
    ],
)
async def test_not_taken(
    kind: str, status: int, body: bytes | None, fault: GatewayFault, server: SmsServer
) -> None:
    server.status, server.body, server.headers = status, body, {"Retry-After": "7"}
    with pytest.raises(type(fault)) as told:
        await _send(kind, server)
    _same(told.value, fault)


@pytest.mark.parametrize(
    ("kind", "status", "body", "fault"),
    [
        ("jasmin", 403, b'Error "User throughput exceeded"', ReplyAway("busy")),
        ("jasmin", 403, b'Error "Cannot charge submit_sm"', ReplyRefused("rejected")),
        ("jasmin", 412, b'Error "No route found"', ReplyRefused("bad_address")),
        ("jasmin", 200, b'Error "?"', ReplyUnknown("")),
        ("twilio", 400, b'{"code": 21211}', ReplyRefused("bad_address")),
        ("twilio", 400, b'{"code": 21610}', ReplyRefused("bad_address")),
        ("twilio", 400, b'{"code": 21602}', ReplyRefused("rejected")),
        ("twilio", 400, b"[]", ReplyRefused("rejected")),
        ("twilio", 404, b'{"code": 20404}', ReplyRefused("credentials")),
    ],
)
async def test_what_a_gateway_says_in_its_own_way(
    kind: str, status: int, body: bytes, fault: GatewayFault, server: SmsServer
) -> None:
    server.status, server.body = status, body
    with pytest.raises(type(fault)) as told:
        await _send(kind, server)
    _same(told.value, fault)


@pytest.mark.parametrize("body", [b'{"status": "1"}', b"OK", b"[]"])
async def test_generic_says_200_and_means_no(body: bytes, server: SmsServer) -> None:
    server.body = body
    with pytest.raises(ReplyRefused):
        await _send("generic", server, success={"field": "status", "equals": ["0", "00"]})
    server.body = b'{"status": 0}'
    await _send("generic", server, success={"field": "status", "equals": ["0", "00"]})


@pytest.mark.parametrize("kind", KINDS)
async def test_nobody_is_there(kind: str) -> None:
    (port,) = free_ports(1)
    with pytest.raises(ReplyAway) as told:
        await _send(kind, SmsServer(url=f"http://127.0.0.1:{port}"))
    assert told.value.reason == "unreachable"


@pytest.mark.parametrize("address", ["1708", "MTN", "sri@example.com", "0812"])
async def test_no_number_that_can_receive(address: str, server: SmsServer) -> None:
    with pytest.raises(ReplyRefused) as told:
        await _send("kannel", server, path=ReplyPath(address=address))
    assert told.value.reason == "bad_address"
    assert server.heard == []


@pytest.mark.parametrize("kind", KINDS)
async def test_faults_tell_nothing_of_anybody(kind: str, server: SmsServer) -> None:
    for status in (400, 401, 429, 500):
        server.status, server.body = status, f"{PHONE} {PLAIN.text}".encode()
        with pytest.raises(GatewayFault) as told:
            await _send(kind, server)
        for secret in (PHONE[1:], "Laporan", "rahasia-kirim", server.url):
            assert secret not in str(told.value)


@pytest.mark.parametrize(
    ("kind", "changed", "says"),
    [
        ("kannel", {"url": "kannel:13013"}, "HTTP server"),
        ("kannel", {"url": "http://pintu:rahasia@kannel"}, "holds no password"),
        ("kannel", {"password": "x"}, "at least 8"),
        ("twilio", {"sender": None}, "one of the two"),
        ("twilio", {"messaging_service_sid": "MG" + "1" * 32}, "one of the two"),
        ("twilio", {"account_sid": "AC1"}, "account_sid"),
        ("generic", {"fields": {"to": "{to}"}}, "{text}"),
        ("generic", {"fields": {"m": {"to": "{to}", "text": "{text}"}}}, "format json"),
        ("generic", {"method": "GET", "format": "json"}, "no JSON body"),
    ],
)
def test_settings_that_cannot_be(kind: str, changed: dict[str, object], says: str) -> None:
    told = {"url": "https://sms.example.com", **KINDS[kind], **changed}
    with pytest.raises(Misconfigured, match=says):
        build_repliers(_config({key: value for key, value in told.items() if value is not None}))


def test_secrets_are_not_shown() -> None:
    (replier,) = build_repliers(_config(KINDS["kannel"]))
    assert isinstance(replier, SmsReplier)
    assert "rahasia-kirim" not in repr(vars(replier))


def _same(told: BaseException, fault: GatewayFault) -> None:
    for name in ("reason", "retry_after_seconds"):
        assert getattr(told, name, None) == getattr(fault, name, None)
