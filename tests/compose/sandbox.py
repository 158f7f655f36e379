"""What the tests of the sandbox send, and how they look at what it kept."""

from pathlib import Path
from typing import Any

from aiohttp import ClientResponse, FormData, web
from aiohttp.test_utils import TestClient, TestServer
from pydantic import SecretStr

from compose.lapor_sandbox.settings import SandboxSettings

Client = TestClient[web.Request, web.Application]

BEARER = "bearer-of-the-tests"
TOKEN = "{11111111-2222-3333-4444-555555555555}"
CREDENTIALS = {"Authorization": f"Bearer {BEARER}", "token": TOKEN}


def settings_for(db: Path) -> SandboxSettings:
    return SandboxSettings(db=db, bearer=SecretStr(BEARER), token=SecretStr(TOKEN))


def stranger_to(client: Client) -> Client:
    """Another client of the same sandbox, without credentials."""
    assert isinstance(client.server, TestServer)
    return TestClient(client.server)


def complaint(**changes: object) -> dict[str, object]:
    """A create body with the fields that known clients send."""
    body: dict[str, object] = {
        "title": "Lampu jalan padam",
        "content": "[NGW-26-TEST0001] Lampu jalan di depan balai desa padam sejak Senin.",
        "channel": 13,
        "is_new_user_slider": False,
        "user_id": 1,
        "is_disposisi_slider": True,
        "classification_id": 6,
        "disposition_id": 503,
        "category_id": 436,
        "priority_program_id": None,
        "location_id": 34,
        "date_of_incident": "2026-03-02",
        "is_anonymous": True,
        "is_secret": False,
        "attachments": False,
    }
    return body | changes


async def enter(client: Client, **changes: object) -> ClientResponse:
    return await client.post("/complaints/complaint", json=complaint(**changes))


async def entered_id(client: Client, **changes: object) -> int:
    """The tracking id of a complaint that must be taken."""
    response = await enter(client, **changes)
    assert response.status == 200, await response.text()
    return int((await response.json())["complaint_id"])


async def switch(client: Client, **switches: object) -> None:
    response = await client.put("/sandbox/switches", json=switches)
    assert response.status == 200, await response.text()


async def kept(client: Client, content_contains: str = "") -> list[dict[str, Any]]:
    """What the sandbox holds, newest first."""
    response = await client.get(
        "/sandbox/complaints", params={"content_contains": content_contains}
    )
    found: list[dict[str, Any]] = (await response.json())["complaints"]
    return found


def files(field: str, *named: tuple[str, str]) -> FormData:
    """A multipart form; ``field`` may hold ``{}`` for the number of the file."""
    form = FormData()
    for number, (name, media_type) in enumerate(named):
        form.add_field(field.format(number), name.encode(), filename=name, content_type=media_type)
    return form
