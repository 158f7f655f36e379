"""The old XML call: what is written, and what every answer means."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from aiohttp import web
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from deliver.lapor.xml_mapping import add_document
from deliver.lapor.xml_settings import LaporXmlSettings
from deliver.lapor.xml_stream import LaporXmlStream
from deliver.target import (
    Busy,
    CannotLookUp,
    CredentialsRefused,
    Entry,
    EntryFile,
    Identity,
    NoAnswer,
    Refused,
    TargetFault,
    Unreachable,
)
from gateway.errors import Misconfigured
from normalizer.event import Classification
from tests.deliver.running import Sandbox
from tests.servers import free_ports

TOKEN = "{00000000-0000-0000-0000-000000000000}"
ENTRY = Entry(
    reference="NGW-26-TEST0001",
    title="Lampu jalan mati",
    text="Lampu jalan mati sejak seminggu.",
    day=date(2026, 3, 2),
    submitted_at=datetime(2026, 3, 2, 5, 0, tzinfo=UTC),
    received_at=datetime(2026, 3, 2, 5, 1, tzinfo=UTC),
    place="Desa Babadan, Kec. Paron",
    classification=Classification.PENGADUAN,
    hide_identity=False,
    hide_content=False,
    reporter=Identity("Sulastri Rekaan Contoh", "+6281200009042", "sulastri@example.com"),
)


def settings(port: int, **changes: object) -> LaporXmlSettings:
    values: dict[str, object] = {
        "base_url": f"http://127.0.0.1:{port}",
        "token": TOKEN,
        "connect_timeout_seconds": 0.5,
        "total_timeout_seconds": 0.7,
    }
    return LaporXmlSettings.model_validate(values | changes)


@asynccontextmanager
async def opened(made: LaporXmlSettings) -> AsyncIterator[LaporXmlStream]:
    target = LaporXmlStream(made)
    await target.open()
    try:
        yield target
    finally:
        await target.close()


@asynccontextmanager
async def answering(status: int, body: bytes) -> AsyncIterator[int]:
    """A server that answers everything alike; its port."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def outcome(target: LaporXmlStream) -> TargetFault | str:
    try:
        return (await target.enter(ENTRY)).tracking_id
    except TargetFault as fault:
        return fault


async def test_enters_once_and_gives_the_tracking_id_not_the_transaction(sandbox: Sandbox) -> None:
    async with opened(settings(sandbox.port)) as target:
        await target.check()
        receipt = await target.enter(ENTRY)
    (entered,) = await sandbox.complaints(ENTRY.reference)
    assert receipt.tracking_id == str(entered.tracking_id)
    assert entered.fields["nameUser"] == "Sulastri Rekaan Contoh"
    assert entered.fields["phoneUser"] == "+6281200009042"
    assert "Desa Babadan, Kec. Paron" in str(entered.fields["content"])
    assert "02-03-2026" in str(entered.fields["content"])


@pytest.mark.parametrize(
    ("switches", "expected", "written"),
    [
        ({"refuse_content_containing": "Lampu"}, Refused, 0),
        ({"busy_429": True, "retry_after_seconds": 7}, Busy, 0),
        ({"busy_503": True, "retry_after_seconds": 7}, Busy, 0),
        ({"refuse_credentials": True}, CredentialsRefused, 0),
        ({"fail_500": True}, NoAnswer, 0),
        ({"fail_500_after_write": True}, NoAnswer, 1),
        ({"hang_after_write": True}, NoAnswer, 1),
        ({"reset_after_write": True}, NoAnswer, 1),
        ({"delay_seconds": 5}, NoAnswer, 0),
    ],
)
async def test_says_exactly_how_sure_it_is(
    sandbox: Sandbox, switches: dict[str, object], expected: type[TargetFault], written: int
) -> None:
    sandbox.switch(**switches)
    async with opened(settings(sandbox.port)) as target:
        fault = await outcome(target)
    assert type(fault) is expected
    assert len(await sandbox.complaints()) == written
    for hidden in (TOKEN, "Sulastri", "81200009042", "Lampu"):
        assert hidden not in f"{fault} {fault!r}"


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"<lapor><trackingid>9165816</trackingid></lapor>", "9165816"),
        (200, b"<r><transaksiid>77</transaksiid><trackingid> 9165816 </trackingid></r>", "9165816"),
        (200, b"<lapor><x><trackingid>9165816</trackingid></x></lapor>", NoAnswer),
        (200, b"<lapor><trackingid>0</trackingid></lapor>", NoAnswer),
        (200, b"<lapor><trackingid>tidak ada</trackingid></lapor>", NoAnswer),
        (200, "<lapor><trackingid>٩١٦</trackingid></lapor>".encode(), NoAnswer),
        (200, b"<lapor><pesan>token salah</pesan></lapor>", NoAnswer),
        (200, b"", NoAnswer),
        (200, b"<html>maaf", NoAnswer),
        (200, b'{"complaint_id": 9165816}', NoAnswer),
        (200, b'<?xml version="1.0" encoding="rot-13"?><a/>', NoAnswer),
        (
            200,
            b'<!DOCTYPE r [<!ENTITY a "9165816">]><r><trackingid>&a;</trackingid></r>',
            NoAnswer,
        ),
        (302, b"", NoAnswer),
        (400, b"<lapor><pesan>tidak lengkap</pesan></lapor>", Refused),
        (401, b"", CredentialsRefused),
        (403, b"", CredentialsRefused),
        (404, b"", Unreachable),
        (408, b"", NoAnswer),
        (429, b"", Busy),
        (502, b"<html>bad gateway</html>", NoAnswer),
    ],
)
async def test_every_kind_of_answer(
    status: int, body: bytes, expected: type[TargetFault] | str
) -> None:
    async with answering(status, body) as port, opened(settings(port)) as target:
        found = await outcome(target)
    assert (found if isinstance(found, str) else type(found)) == expected


async def test_a_transaction_without_a_tracking_id_is_told_to_the_operator() -> None:
    body = b"<lapor><transaksiid>4711</transaksiid></lapor>"
    async with answering(200, body) as port, opened(settings(port)) as target:
        fault = await outcome(target)
    assert str(fault) == "2xx without an id, transaksiid 4711"


async def test_refusal_carries_lapors_words() -> None:
    body = b"<lapor><pesan>isi terlalu\n pendek</pesan></lapor>"
    async with answering(422, body) as port, opened(settings(port)) as target:
        fault = await outcome(target)
    assert isinstance(fault, Refused)
    assert fault.words == "422 isi terlalu pendek"


@pytest.mark.parametrize(
    ("status", "expected"), [(200, None), (302, None), (404, None), (500, NoAnswer), (503, Busy)]
)
async def test_check_asks_only_whether_somebody_is_there(
    status: int, expected: type[TargetFault] | None
) -> None:
    async with answering(status, b"") as port, opened(settings(port)) as target:
        found: type[BaseException] | None = None
        try:
            await target.check()
        except TargetFault as fault:
            found = type(fault)
    assert found is expected


async def test_nobody_there_is_certainly_not_sent() -> None:
    (port,) = free_ports(1)
    async with opened(settings(port)) as target:
        assert type(await outcome(target)) is Unreachable
        with pytest.raises(Unreachable):
            await target.check()


async def test_it_has_no_look_up_and_takes_no_files(sandbox: Sandbox) -> None:
    async with opened(settings(sandbox.port)) as target:
        with pytest.raises(CannotLookUp):
            await target.find(ENTRY.reference)
        with pytest.raises(Refused):
            await target.attach("9200001", [EntryFile("lampiran-1.jpg", "image/jpeg", b"x")])
    assert await sandbox.complaints() == ()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "base_url, token"),
        ({"base_url": "https://www.lapor.go.id"}, "needs token"),
        ({"base_url": "https://www.lapor.go.id", "token": SecretStr("0000")}, "braces"),
    ],
)
async def test_incomplete_settings_are_named_before_anything_is_called(
    changes: dict[str, object], words: str
) -> None:
    with pytest.raises(Misconfigured, match=words):
        await LaporXmlStream(LaporXmlSettings.model_validate(changes)).open()


def written(entry: Entry, **changes: object) -> dict[str, str]:
    """The document read back by a parser that is not ours."""
    root = fromstring(add_document(entry, settings(1, **changes)))
    assert root.tag == "lapor"
    assert root.get("token") == TOKEN
    report = root.find("laporan")
    assert report is not None
    assert [child.tag for child in root] == ["pelapor", "laporan"]
    return {
        **{child.tag: child.text or "" for child in root[0]},
        "isi": report.findtext("isi") or "",
        "rahasia": report.get("rahasia", ""),
        "anonim": report.get("anonim", ""),
    }


def test_markup_in_a_complaint_is_text() -> None:
    text = 'Air & listrik <b>mati</b> ]]> "&amp;" </isi></laporan><laporan anonim="0">'
    assert text in written(replace(ENTRY, text=text))["isi"]


@given(st.text(alphabet=st.characters(), min_size=0, max_size=200))
def test_any_text_whatever_makes_a_document(text: str) -> None:
    named = Identity(text or None, text or None, text or None)
    found = written(replace(ENTRY, text=text, title=text, reporter=named))
    assert ENTRY.reference in found["isi"]


def test_what_xml_cannot_say_is_left_out_and_the_rest_stays() -> None:
    found = written(replace(ENTRY, text="Jalan\x00 rusak\x0b\ufffe\ud83d di\tParon 🙏\nbaris dua"))
    assert "Jalan rusak di\tParon 🙏\nbaris dua" in found["isi"]


def test_family_name_is_an_underscore_when_unknown() -> None:
    found = written(replace(ENTRY, reporter=Identity("Sulastri", None, None)))
    assert (found["namadepan"], found["namabelakang"]) == ("Sulastri", "_")
    found = written(ENTRY)
    assert (found["namadepan"], found["namabelakang"]) == ("Sulastri", "Rekaan Contoh")


def test_the_two_flags_are_two_things() -> None:
    for anonymous, secret in ((False, False), (True, False), (False, True), (True, True)):
        found = written(replace(ENTRY, hide_identity=anonymous, hide_content=secret))
        assert (found["anonim"], found["rahasia"]) == (str(int(anonymous)), str(int(secret)))


@pytest.mark.parametrize(
    ("entry", "changes"),
    [
        (replace(ENTRY, hide_identity=True), {}),
        (replace(ENTRY, reporter=None), {}),
        (ENTRY, {"reporter_as": "office"}),
    ],
)
def test_who_is_not_to_be_named_is_the_office(entry: Entry, changes: dict[str, object]) -> None:
    found = written(entry, office_name="Warga", office_email="aduan@example.com", **changes)
    assert found["namadepan"] == "Warga"
    assert found["email"] == "aduan@example.com"
    assert found["telpon"] == ""
    assert "Sulastri" not in str(found)


def test_a_title_of_its_own_stands_in_the_text() -> None:
    assert "Perihal: Mohon perhatian" in written(replace(ENTRY, title="Mohon perhatian"))["isi"]
    assert "Perihal" not in written(replace(ENTRY, title="Lampu jalan mati…"))["isi"]


async def test_the_sandbox_refuses_a_wrong_token_and_a_broken_document(sandbox: Sandbox) -> None:
    wrong = settings(sandbox.port, token="{11111111-0000-0000-0000-000000000000}")
    async with opened(wrong) as target:
        assert type(await outcome(target)) is CredentialsRefused
    async with asyncio.timeout(5), opened(settings(sandbox.port)) as target:
        assert target._session is not None
        url = f"http://127.0.0.1:{sandbox.port}/api/stream/addstream"
        async with target._session.post(url, data=b"<lapor token='x'>a & b") as response:
            assert response.status == 400
    assert await sandbox.complaints() == ()
