"""The ledger's server goes away between LAPOR's answer and our record of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import psycopg
import pytest
from psycopg import sql

from deliver.database import LedgerUnavailable, migrate, open_engine
from deliver.ledger import Ledger
from deliver.states import State
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from tests.deliver.making import make_event
from tests.deliver.running import Desktop, Sandbox, eventually

pytestmark = pytest.mark.postgres


@contextmanager
def shut_out(server_url: str, database: str) -> Iterator[None]:
    """The server lets nobody into that database, and puts out who is in."""
    plain = server_url.replace("postgresql+psycopg://", "postgresql://", 1)
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    name = sql.Identifier(database)
    with psycopg.connect(plain, autocommit=True) as admin:
        admin.execute(allow.format(name, sql.SQL("false")))
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,)
        )
        try:
            yield
        finally:
            admin.execute(allow.format(name, sql.SQL("true")))


async def test_the_tracking_id_is_kept_until_the_ledger_is_back(
    postgres_url: str,
    postgres_database: str,
    event_log: SqliteLog,
    sealer: Sealer,
    opener: Opener,
    sandbox: Sandbox,
) -> None:
    engine = open_engine(postgres_database)
    migrate(engine)
    ledger = Ledger(engine, ZoneInfo("Asia/Jakarta"))
    desktop = Desktop(event_log, ledger, sealer, opener)
    event = make_event(sealer)
    sandbox.switch(delay_seconds=0.3)
    await desktop.publish(event)

    async def written() -> bool:
        return len(await sandbox.complaints()) == 1

    with pytest.raises(LedgerUnavailable):
        async with desktop.working(sandbox.lapor(total_timeout_seconds=5)) as task:
            await desktop.reaches(event, State.SENDING)
            with shut_out(postgres_url, urlsplit(postgres_database).path[1:]):
                await eventually(written, "the entry")
            # The process ends because its ledger was away, but not before it wrote this down.
            await task
    await desktop.reaches(event, State.ENTERED)
    assert len(await sandbox.complaints()) == 1
    ledger.close()
