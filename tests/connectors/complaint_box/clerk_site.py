"""The clerk's pages with a door that records, a clock that stands, and a clerk who is invented."""

import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from connectors.complaint_box.connector import ComplaintBoxConnector
from connectors.complaint_box.settings import Box, ComplaintBoxSettings
from gateway.auth import AuthSettings, People, Role
from gateway.contract import Item, Kept
from gateway.settings import WebSettings
from normalizer.draft import Draft
from normalizer.gazetteer import load_gazetteer

PASSWORD = "empat kata sandi panjang"
WIB = ZoneInfo("Asia/Jakarta")
OURS = {"Sec-Fetch-Site": "same-origin"}
SETTINGS = ComplaintBoxSettings(
    enabled=True,
    office_name="Sekretariat <Pengaduan>",
    boxes=(
        Box(id="kotak-paron", name="Kotak Kecamatan Paron"),
        Box(id="kotak-alun", name="Kotak Alun-alun"),
    ),
)
#: A slip as a clerk fills it in on the 9th: dropped on the 1st, box opened on the 8th.
SLIP: Mapping[str, str] = {
    "draft_id": "0b7c7f0e-7a54-4f6e-9a56-2b3f0f5a1c01",
    "source": "complaint_box",
    "box": "kotak-paron",
    "received_on": "8/11/2026",
    "text": "Lampu jalan depan balai desa mati.",
    "place_text": "Desa Babadan, Kec. Paron",
    "place_code": "",
    "landmark": "depan balai desa",
    "written_on": "1/11/2026",
    "reporter": "gave",
    "name": "Sri Contoh",
    "phone": "+62 812-0000-0101",
    "hide_identity": "1",
}


@dataclass
class RecordingDoor:
    """Keeps what it is given, or refuses as it is told."""

    items: list[Item] = field(default_factory=list)
    fault: Exception | None = None
    reference: str | None = "NGW-26-7K3M9QXA"

    async def accept(self, item: Item) -> Kept:
        if self.fault is not None:
            raise self.fault
        self.items.append(item)
        return Kept(uuid.uuid4(), self.reference)

    @property
    def drafts(self) -> list[Draft]:
        return [item for item in self.items if isinstance(item, Draft)]


@dataclass
class Clock:
    at: datetime = datetime(2026, 11, 9, 2, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: int) -> None:
        self.at += timedelta(**duration)


@dataclass
class ClerkSite:
    """A browser that has logged in nowhere yet, and all that stands behind the pages."""

    client: TestClient[web.Request, web.Application]
    door: RecordingDoor
    people: People
    clock: Clock

    async def get(self, path: str) -> ClientResponse:
        return await self.client.get(f"/petugas{path}", allow_redirects=False)

    async def post(
        self, path: str, data: Mapping[str, str], headers: Mapping[str, str] = OURS
    ) -> ClientResponse:
        return await self.client.post(
            f"/petugas{path}", data=data, headers=headers, allow_redirects=False
        )

    async def log_in(self, login: str = "sri") -> ClientResponse:
        return await self.post("/masuk", {"login": login, "password": PASSWORD})

    async def csrf(self) -> str:
        """The token that stands in the form."""
        page = await (await self.get("/")).text()
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', page)
        assert found is not None
        return found[1]

    async def save(self, **changed: str) -> ClientResponse:
        return await self.post("/", {**SLIP, "csrf": await self.csrf(), **changed})


def make_people(directory: Path, clock: Clock) -> People:
    """One clerk, and one person who is none."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    people = People(directory, AuthSettings(), clock, hasher)
    people.create_user("sri", PASSWORD, [Role.CLERK])
    people.create_user("budi", PASSWORD, [Role.OPERATOR])
    return people


@asynccontextmanager
async def clerk_site(
    directory: Path, settings: ComplaintBoxSettings = SETTINGS
) -> AsyncIterator[ClerkSite]:
    """The pages mounted as the gateway mounts them."""
    clock, door = Clock(), RecordingDoor()
    people = make_people(directory, clock)
    connector = ComplaintBoxConnector(
        settings=settings,
        auth=AuthSettings(),
        people=people,
        web_settings=WebSettings(secure_cookies=False),
        gazetteer=load_gazetteer(),
        time_zone=WIB,
        now=clock,
    )
    app = web.Application(client_max_size=65_536)
    app.add_subapp(connector.prefix, connector.site(door))
    async with TestClient(TestServer(app)) as client:
        yield ClerkSite(client, door, people, clock)
