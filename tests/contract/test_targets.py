"""What every target promises, case by case; here for every way into LAPOR that calls something.

A new target joins by one more entry in ``TARGETS``.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from aiohttp import web

from deliver.lapor.v3 import LaporV3
from deliver.settings import LaporSettings
from deliver.target import (
    Busy,
    CannotLookUp,
    CredentialsRefused,
    Entry,
    EntryFile,
    FilesMissing,
    Identity,
    NoAnswer,
    Refused,
    Target,
    TargetFault,
    Unreachable,
)
from gateway.errors import Misconfigured
from normalizer.event import Classification
from tests.deliver.running import Sandbox, elsewhere, running_sandbox
from tests.servers import free_ports

TARGETS: dict[str, Callable[[LaporSettings], Target]] = {"v3": LaporV3}

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
    reporter=Identity("Sulastri Invented", "+6281200000042", None),
)
PICTURE = EntryFile("foto.jpg", "image/jpeg", b"not really a picture")
LETTER = EntryFile("surat.pdf", "application/pdf", b"not really a letter")


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with running_sandbox(tmp_path / "lapor.db") as made:
        yield made


@pytest.fixture(params=sorted(TARGETS))
def make_target(request: pytest.FixtureRequest) -> Callable[[LaporSettings], Target]:
    return TARGETS[request.param]


@asynccontextmanager
async def opened(target: Target) -> AsyncIterator[Target]:
    await target.open()
    try:
        yield target
    finally:
        await target.close()


async def outcome(target: Target) -> TargetFault | str:
    """The receipt's number, or the fault."""
    try:
        return (await target.enter(ENTRY)).tracking_id
    except TargetFault as fault:
        return fault


@pytest.mark.parametrize("shape", ["root", "nested"])
async def test_enters_once_and_gives_the_number(
    sandbox: Sandbox, make_target: Callable[[LaporSettings], Target], shape: str
) -> None:
    sandbox.switch(response_shape=shape)
    async with opened(make_target(sandbox.lapor())) as target:
        await target.check()
        receipt = await target.enter(ENTRY)
    (entered,) = await sandbox.complaints(ENTRY.reference)
    assert receipt.tracking_id == str(entered.tracking_id)


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
    sandbox: Sandbox,
    make_target: Callable[[LaporSettings], Target],
    switches: dict[str, object],
    expected: type[TargetFault],
    written: int,
) -> None:
    sandbox.switch(**switches)
    async with opened(make_target(sandbox.lapor())) as target:
        fault = await outcome(target)
    assert type(fault) is expected
    assert len(await sandbox.complaints()) == written


async def test_busy_tells_how_long(
    sandbox: Sandbox, make_target: Callable[[LaporSettings], Target]
) -> None:
    sandbox.switch(busy_429=True, retry_after_seconds=7)
    async with opened(make_target(sandbox.lapor())) as target:
        fault = await outcome(target)
    assert isinstance(fault, Busy)
    assert fault.retry_after_seconds == 7


async def test_nobody_there_is_certainly_not_sent(
    make_target: Callable[[LaporSettings], Target],
) -> None:
    (port,) = free_ports(1)
    async with opened(make_target(elsewhere(port))) as target:
        assert type(await outcome(target)) is Unreachable
        with pytest.raises(Unreachable):
            await target.check()


async def test_a_connection_that_is_never_accepted_is_certainly_not_sent(
    make_target: Callable[[LaporSettings], Target],
) -> None:
    """A full accept queue: the connect itself times out."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port: int = listener.getsockname()[1]
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(("127.0.0.1", port))
        await asyncio.sleep(0.05)
        settings = elsewhere(port).model_copy(
            update={"connect_timeout_seconds": 0.2, "total_timeout_seconds": 5.0}
        )
        async with opened(make_target(settings)) as target:
            fault = await outcome(target)
        for filler in fillers:
            filler.close()
    assert type(fault) is Unreachable


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, b"{}", NoAnswer),
        (200, b"<html>maaf</html>", NoAnswer),
        (200, b'{"complaint_id": null}', NoAnswer),
        (200, b'{"complaint_id": true}', NoAnswer),
        (200, b'{"complaint_id": "9x"}', NoAnswer),
        (201, b'{"complaint_id": "9200123"}', "9200123"),
        (200, b"[" * 100_000, NoAnswer),
        (302, b"", NoAnswer),
        (400, b'{"message": "tidak lengkap"}', Refused),
        (409, b"[]", Refused),
        (413, b"", Refused),
        (403, b"", CredentialsRefused),
        (404, b"", Unreachable),
        (405, b"", Unreachable),
        (408, b"", NoAnswer),
        (502, b"<html>bad gateway</html>", NoAnswer),
        (504, b"", NoAnswer),
    ],
)
async def test_every_kind_of_answer(
    make_target: Callable[[LaporSettings], Target],
    status: int,
    body: bytes,
    expected: type[TargetFault] | str,
) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body, headers={"Location": "/elsewhere"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        async with opened(make_target(elsewhere(runner.addresses[0][1]))) as target:
            found = await outcome(target)
    finally:
        await runner.cleanup()
    assert found == expected if isinstance(expected, str) else isinstance(found, expected)


async def test_files_are_added_to_what_is_there(
    sandbox: Sandbox, make_target: Callable[[LaporSettings], Target]
) -> None:
    async with opened(make_target(sandbox.lapor())) as target:
        receipt = await target.enter(ENTRY)
        await target.attach(receipt.tracking_id, (PICTURE, LETTER))
    (entered,) = await sandbox.complaints()
    assert entered.first_followup_at is not None


async def test_incomplete_settings_are_named_before_anything_is_called(
    make_target: Callable[[LaporSettings], Target],
) -> None:
    with pytest.raises(Misconfigured, match=r"base_url.*user_id.*classification_ids\.unclear"):
        await make_target(LaporSettings()).open()


async def test_no_fault_says_who_complained_or_what_opens_the_door(
    sandbox: Sandbox, make_target: Callable[[LaporSettings], Target]
) -> None:
    for switches in ({"refuse_credentials": True}, {"fail_500": True}, {"reset_after_write": True}):
        sandbox.switch(**switches)
        settings = sandbox.lapor()
        async with opened(make_target(settings)) as target:
            fault = await outcome(target)
        secrets = (settings.bearer.get_secret_value(), settings.token.get_secret_value())
        for hidden in (*secrets, "Sulastri", "+6281200000042", "Lampu"):
            assert hidden not in str(fault)
            assert hidden not in repr(fault)


async def test_v3_cannot_look_up(sandbox: Sandbox) -> None:
    async with opened(LaporV3(sandbox.lapor())) as target:
        with pytest.raises(CannotLookUp):
            await target.find(ENTRY.reference)


async def test_v3_counts_pictures_among_the_uploaded(sandbox: Sandbox) -> None:
    target = LaporV3(sandbox.lapor())
    async with opened(target):
        assert len(set(await target.upload((PICTURE, LETTER)))) == 2


async def test_v3_notices_a_file_that_went_missing(
    make_target: Callable[[LaporSettings], Target],
) -> None:
    async def lossy(_: web.Request) -> web.Response:
        return web.json_response({"results": {"docs": [{"id": 1}], "images": [], "attachments": 1}})

    app = web.Application()
    app.router.add_post("/{path:.*}", lossy)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        target = LaporV3(elsewhere(runner.addresses[0][1]))
        async with opened(target):
            with pytest.raises(FilesMissing):
                await target.upload((PICTURE, LETTER))
            with pytest.raises(FilesMissing):
                await target.attach("9200001", (PICTURE, LETTER))
    finally:
        await runner.cleanup()


async def test_v3_status_is_in_lapors_words(sandbox: Sandbox) -> None:
    target = LaporV3(sandbox.lapor())
    async with opened(target):
        receipt = await target.enter(ENTRY)
        assert await target.status(receipt.tracking_id)
        assert await target.status("1") is None


@pytest.mark.parametrize(
    ("header", "prefix"), [("Authorization", "Bearer "), ("auth", "Bearer "), ("auth", "")]
)
async def test_v3_sends_its_credentials_as_configured(
    sandbox: Sandbox, header: str, prefix: str
) -> None:
    settings = sandbox.lapor(bearer_header=header, bearer_prefix=prefix)
    async with opened(LaporV3(settings)) as target:
        assert isinstance(await outcome(target), str)
