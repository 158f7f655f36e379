"""Real parts: keys, ledgers on both databases, the embedded log, the sandbox over HTTP."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from deliver.database import migrate, open_engine
from deliver.ledger import Ledger
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer, load_opener, load_sealer, new_key_pair
from gateway.settings import TopicSettings
from tests.deliver.running import Sandbox, running_sandbox

JAKARTA = ZoneInfo("Asia/Jakarta")


@pytest.fixture(scope="session")
def key_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``public.json`` and ``private/``: one pair for the session, its making takes a second."""
    directory = tmp_path_factory.mktemp("keys")
    new_key_pair(directory / "public.json", directory / "private")
    return directory


@pytest.fixture(scope="session")
def sealer(key_dir: Path) -> Sealer:
    return load_sealer(key_dir / "public.json")


@pytest.fixture(scope="session")
def opener(key_dir: Path) -> Opener:
    return load_opener(key_dir / "private")


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'ledger.db'}"


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def ledger_url(request: pytest.FixtureRequest) -> str:
    """An empty database of each kind."""
    name = {"sqlite": "sqlite_url", "postgresql": "postgres_database"}[request.param]
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture
def any_ledger(ledger_url: str) -> Iterator[Ledger]:
    """A migrated ledger on each kind of database."""
    yield from _ledger(ledger_url)


@pytest.fixture
def ledger(sqlite_url: str) -> Iterator[Ledger]:
    """A migrated ledger on SQLite."""
    yield from _ledger(sqlite_url)


def _ledger(url: str) -> Iterator[Ledger]:
    engine = open_engine(url)
    migrate(engine)
    made = Ledger(engine, JAKARTA)
    yield made
    made.close()


@pytest.fixture
async def event_log(tmp_path: Path) -> AsyncIterator[SqliteLog]:
    """The embedded log with all topics."""
    made = SqliteLog(tmp_path / "log.db")
    await made.open()
    await made.create_topics(TopicSettings().specs())
    yield made
    await made.close()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    """The LAPOR! look-alike on a real port."""
    async with running_sandbox(tmp_path / "lapor.db") as made:
        yield made
