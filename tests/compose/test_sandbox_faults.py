"""Every switch does what its name says, as often as told, and what was written is kept."""

import asyncio

import pytest
from aiohttp import ClientConnectionError, ClientTimeout, ServerDisconnectedError
from aiohttp.test_utils import TestClient, TestServer

from compose.lapor_sandbox.app import build_app
from compose.lapor_sandbox.switches import Switches
from tests.compose.sandbox import (
    CREDENTIALS,
    Client,
    complaint,
    enter,
    entered_id,
    kept,
    settings_for,
    switch,
)


async def state(client: Client) -> Switches:
    response = await client.get("/sandbox/switches")
    return Switches.model_validate((await response.json())["switches"])


@pytest.mark.parametrize(
    ("name", "status", "written"),
    [
        ("fail_500", 500, 0),
        ("fail_500_after_write", 500, 1),
        ("busy_429", 429, 0),
        ("busy_503", 503, 0),
        ("refuse_credentials", 401, 0),
    ],
)
async def test_a_fault_that_answers(client: Client, name: str, status: int, written: int) -> None:
    await switch(client, **{name: True, "times": {name: 1}})
    response = await enter(client)
    assert response.status == status
    assert (await response.json())["status"] == "error"
    assert len(await kept(client)) == written
    assert await state(client) == Switches()
    assert (await enter(client)).status == 200


@pytest.mark.parametrize("name", ["busy_429", "busy_503"])
async def test_busy_says_when_to_come_again(client: Client, name: str) -> None:
    await switch(client, **{name: True, "retry_after_seconds": 7})
    assert (await enter(client)).headers["Retry-After"] == "7"


async def test_without_a_count_a_fault_stays(client: Client) -> None:
    await switch(client, fail_500=True)
    assert [(await enter(client)).status for _ in range(3)] == [500, 500, 500]
    await switch(client)
    assert (await enter(client)).status == 200


async def test_a_count_is_used_up_even_by_calls_at_once(client: Client) -> None:
    await switch(client, fail_500=True, times={"fail_500": 2})
    responses = await asyncio.gather(*(enter(client) for _ in range(6)))
    assert sorted(response.status for response in responses) == [200] * 4 + [500] * 2
    assert len(await kept(client)) == 4


async def test_hanging_writes_and_never_answers(client: Client) -> None:
    await switch(client, hang_after_write=True, times={"hang_after_write": 1})
    with pytest.raises(TimeoutError):
        await client.post(
            "/complaints/complaint", json=complaint(), timeout=ClientTimeout(total=0.3)
        )
    assert len(await kept(client)) == 1
    assert (await enter(client)).status == 200


async def test_a_reset_writes_and_breaks_the_connection(client: Client) -> None:
    await switch(client, reset_after_write=True, times={"reset_after_write": 1})
    with pytest.raises((ServerDisconnectedError, ConnectionResetError, ClientConnectionError)):
        await enter(client)
    assert len(await kept(client)) == 1
    assert (await enter(client)).status == 200


async def test_a_delay_holds_the_answer_back(client: Client) -> None:
    await switch(client, delay_seconds=0.2, times={"delay_seconds": 1})
    loop = asyncio.get_running_loop()
    started = loop.time()
    await entered_id(client)
    # The loop's clock may be a tick early.
    assert loop.time() - started >= 0.19
    assert await state(client) == Switches()


@pytest.mark.parametrize(
    "switches", [{"delay_seconds": 600}, {"hang_after_write": True}], ids=["delay", "hang"]
)
async def test_a_stop_waits_for_no_fault(client: Client, switches: dict[str, object]) -> None:
    await switch(client, **switches)
    waiting = asyncio.create_task(enter(client))
    deadline = asyncio.get_running_loop().time() + 5
    while not await kept(client) and switches.keys() == {"hang_after_write"}:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.01)
    await asyncio.wait_for(client.server.close(), 3)
    await asyncio.wait([waiting], timeout=3)
    assert waiting.done()
    waiting.exception()


async def test_one_complaint_is_refused_by_its_content(client: Client) -> None:
    await switch(
        client, refuse_content_containing="TEST0002", times={"refuse_content_containing": 1}
    )
    assert (await enter(client)).status == 200
    refused = await enter(client, content="[NGW-26-TEST0002] Jalan berlubang")
    assert refused.status == 422
    assert list((await refused.json())["errors"]) == ["content"]
    assert (await enter(client, content="[NGW-26-TEST0002] Jalan berlubang")).status == 200
    assert len(await kept(client)) == 2


async def test_the_id_can_stand_elsewhere(client: Client) -> None:
    await switch(client, response_shape="nested", times={"response_shape": 1})
    nested = await (await enter(client)).json()
    assert "complaint_id" not in nested
    assert nested["results"]["complaint"]["id"] + 1 == await entered_id(client)


@pytest.mark.parametrize(
    "body",
    [
        {"fail_5oo": True},
        {"times": {"fail_5oo": 1}},
        {"times": {"fail_500": 1}},
        {"fail_500": True, "times": {"fail_500": 0}},
        {"delay_seconds": -1},
        {"response_shape": "flat"},
        [],
    ],
)
async def test_an_unknown_switch_changes_nothing(client: Client, body: object) -> None:
    await switch(client, busy_503=True)
    response = await client.put("/sandbox/switches", json=body)
    assert response.status == 400
    assert (await response.json())["errors"]
    assert await state(client) == Switches(busy_503=True)


async def test_switches_that_are_no_json_are_refused(client: Client) -> None:
    assert (await client.put("/sandbox/switches", data=b"{")).status == 400


async def test_the_form_sets_and_clears_switches(client: Client) -> None:
    filled = {
        "delay_seconds": "",
        "fail_500": "true",
        "times.fail_500": "2",
        "times.busy_429": "3",  # left over: its switch is off
        "retry_after_seconds": "4",
        "refuse_content_containing": "",
        "response_shape": "root",
        "times.response_shape": "1",
    }
    response = await client.post("/sandbox/switches", data=filled, allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (303, "/#sakelar")
    expected = Switches(fail_500=True, retry_after_seconds=4, times={"fail_500": 2})
    assert await state(client) == expected
    page = await (await client.get("/")).text()
    assert 'name="fail_500" value="true" checked' in page
    await client.post("/sandbox/switches", data={})
    assert await state(client) == Switches()


async def test_a_wrong_form_is_explained_on_the_page(client: Client) -> None:
    response = await client.post("/sandbox/switches", data={"delay_seconds": "-1"})
    assert response.status == 400
    assert 'role="alert"' in await response.text()
    assert await state(client) == Switches()


async def test_a_restart_heals_everything(tmp_path_factory: pytest.TempPathFactory) -> None:
    settings = settings_for(tmp_path_factory.mktemp("sandbox") / "sandbox.sqlite3")
    for _ in range(2):
        server = TestServer(build_app(settings))
        async with TestClient(server, headers=CREDENTIALS) as client:
            assert await state(client) == Switches()
            await switch(client, fail_500=True)
