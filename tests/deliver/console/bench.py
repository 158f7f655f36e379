"""The console over a real ledger and log, a clock that stands, and people who are invented."""

import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from argon2 import PasswordHasher

from deliver.console.app import make_app
from deliver.console.equation import Equation
from deliver.console.live import Live
from deliver.console.site import Site
from deliver.console.view import View
from deliver.gate import Gate
from deliver.ledger import Ledger
from deliver.proof.books import Books
from deliver.proof.period import Period
from deliver.proof.prove import Desk, Proof, prove
from deliver.proof.settings import ProofSettings
from deliver.rows import LedgerRow
from deliver.states import Actor, State, Who
from gateway.auth import AuthSettings, People, Role
from gateway.cloudevents import accepted_record
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from gateway.settings import TopicSettings, WebSettings
from gateway.site_guard import SiteGuard
from gateway.web import internal_app
from normalizer.event import ComplaintEvent
from tests.deliver.making import make_event

PASSWORD = "empat kata sandi panjang"
PREFIX = "/konsol"
WIB = ZoneInfo("Asia/Jakarta")
OURS = {"Sec-Fetch-Site": "same-origin"}
TOPICS = TopicSettings()
WORKER = Actor(Who.WORKER, "worker-1")

#: Login and roles. Whoever has both is what `gateway demo` makes.
STAFF: Mapping[str, tuple[Role, ...]] = {
    "operator": (Role.OPERATOR,),
    "operator-dua": (Role.OPERATOR,),
    "kustodian": (Role.CUSTODIAN,),
    "keduanya": (Role.OPERATOR, Role.CUSTODIAN),
    "petugas": (Role.CLERK,),
    "pengelola": (Role.ADMIN,),
}


@dataclass
class Clock:
    at: datetime = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: float) -> None:
        self.at += timedelta(**duration)


@dataclass
class House:
    """Everything behind the pages."""

    ledger: Ledger
    log: SqliteLog
    sealer: Sealer
    opener: Opener
    people: People
    clock: Clock
    numbers: Callable[[], int] = field(default_factory=lambda: partial(next, count(9_165_800)))

    async def receive(self, event: ComplaintEvent | None = None) -> LedgerRow:
        """On the log and in the ledger."""
        event = event or make_event(self.sealer, received_at=self.clock() - timedelta(hours=1))
        position = await self.log.append(TOPICS.accepted, accepted_record(event))
        return self.ledger.record(event, position, self.clock(), WORKER)[0]

    async def stands(self, state: State, event: ComplaintEvent | None = None) -> LedgerRow:
        """A complaint that the worker has brought to that state."""
        row = await self.receive(event)
        now, move = self.clock(), self.ledger.move
        match state:
            case State.RECEIVED:
                return row
            case State.HELD:
                return move(row, State.HELD, WORKER, "place_missing", now)
            case State.LINKED:
                number = str(self.numbers())
                return move(row, State.LINKED, WORKER, "edit", now, linked_tracking_id=number)
            case State.EXCLUDED:
                return move(row, State.EXCLUDED, WORKER, "auto_reply", now)
        until = now + timedelta(minutes=2)
        claimed = self.ledger.claim(row, WORKER, now, until, "v3")
        assert claimed is not None
        match state:
            case State.UNKNOWN:
                return move(claimed, State.UNKNOWN, WORKER, "no_answer", now)
            case State.PARKED:
                return move(claimed, State.PARKED, WORKER, "refused", now, "title: kosong")
            case State.ENTERED:
                number = str(self.numbers())
                return move(claimed, State.ENTERED, WORKER, "entered", now, tracking_id=number)
            case _:
                return claimed

    def now(self, row: LedgerRow) -> LedgerRow:
        """The row as it stands."""
        found = self.ledger.queries.get(row.complaint_id)
        assert found is not None
        return found

    def reasons(self, row: LedgerRow) -> list[str]:
        return [line.reason for line in self.ledger.queries.history(row.complaint_id)]

    async def prove(self, period: Period) -> Proof:
        desk = Desk(self.log, TOPICS, self.ledger, Books(self.ledger.engine), WIB, ProofSettings())
        return await prove(desk, period, self.clock())

    def app(self, mode: str = "v3", gate: Gate | None = None) -> web.Application:
        """The internal port's application with the console, as the deliver process makes it."""
        settings = WebSettings(secure_cookies=False)
        site = Site(
            guard=SiteGuard(self.people, settings, "konsol"),
            ledger=self.ledger,
            view=View(PREFIX, "Sekretariat <Pengaduan>", WIB),
            live=Live(self.log, TOPICS.accepted),
            equation=Equation(self.prove, WIB, self.clock),
            zone=WIB,
            proof=ProofSettings(),
            mode=mode,
            gate=gate,
            open_keys=lambda: self.opener,
            now=self.clock,
        )
        app = internal_app(())
        app.add_subapp(PREFIX, make_app(site))
        return app


def make_house(
    directory: Path, ledger: Ledger, log: SqliteLog, sealer: Sealer, opener: Opener
) -> House:
    """With everybody of the staff."""
    clock = Clock()
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    people = People(directory, AuthSettings(), clock, hasher)
    for login, roles in STAFF.items():
        people.create_user(login, PASSWORD, roles)
    return House(ledger, log, sealer, opener, people, clock)


@dataclass
class Browser:
    """One visitor, who has logged in nowhere yet."""

    client: TestClient[web.Request, web.Application]

    async def get(self, path: str) -> ClientResponse:
        return await self.client.get(f"{PREFIX}{path}", allow_redirects=False)

    async def text(self, path: str) -> str:
        answer = await self.get(path)
        assert answer.status == 200, (path, answer.status)
        return await answer.text()

    async def post(
        self, path: str, data: Mapping[str, str], headers: Mapping[str, str] = OURS
    ) -> ClientResponse:
        return await self.client.post(
            f"{PREFIX}{path}", data=data, headers=headers, allow_redirects=False
        )

    async def log_in(self, login: str, password: str = PASSWORD) -> ClientResponse:
        return await self.post("/masuk", {"login": login, "password": password})

    async def csrf(self) -> str:
        """The token that stands on every page."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', await self.text("/daftar"))
        assert found is not None
        return found[1]

    async def act(
        self, row: LedgerRow, action: str, version: int | None = None, **fields: str
    ) -> ClientResponse:
        """A form of the complaint's page, as it was when ``row`` was read."""
        filled = {"versi": str(version or row.version), "csrf": await self.csrf(), **fields}
        return await self.post(f"/aduan/{row.complaint_id}/{action}", filled)


@asynccontextmanager
async def browsing(app: web.Application) -> AsyncIterator[Browser]:
    """A visitor to a running application."""
    async with TestClient(TestServer(app)) as client:
        yield Browser(client)
