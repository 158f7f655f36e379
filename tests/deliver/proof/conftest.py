"""A ledger on both databases with an embedded log, and everything the proof is made from."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from deliver.database import migrate, open_engine
from deliver.ledger import Ledger
from deliver.proof.period import Period
from deliver.proof.prove import Desk, Proof, prove
from deliver.proof.settings import ProofSettings
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from tests.deliver.conftest import JAKARTA
from tests.deliver.running import TOPICS, Desktop


@pytest.fixture
def desktop(event_log: SqliteLog, any_ledger: Ledger, sealer: Sealer, opener: Opener) -> Desktop:
    return Desktop(event_log, any_ledger, sealer, opener)


@pytest.fixture
def postgres_ledger(postgres_database: str) -> Iterator[Ledger]:
    """A migrated ledger on PostgreSQL, for what SQLite's one writer cannot show."""
    engine = open_engine(postgres_database)
    migrate(engine)
    made = Ledger(engine, JAKARTA)
    yield made
    made.close()


def desk_of(desktop: Desktop, grace_seconds: int = 0) -> Desk:
    """What ``prove`` takes. Counts are settled at once unless a test says otherwise."""
    return Desk(
        desktop.event_log,
        TOPICS,
        desktop.ledger,
        desktop.ledger.books,
        JAKARTA,
        ProofSettings(source_grace_seconds=grace_seconds),
    )


async def proof_of(desktop: Desktop, period: Period | None = None) -> Proof:
    return await prove(desk_of(desktop), period or Period(), datetime.now(UTC))


def tamper(ledger: Ledger, *statements: str, **values: str) -> None:
    """What no program of ours can do: write into the ledger past its triggers."""
    engine = ledger.engine
    if engine.dialect.name == "sqlite":
        # A connection without our pragmas: foreign keys are not looked at.
        with closing(sqlite3.connect(str(engine.url.database))) as raw, raw:
            for (name,) in raw.execute(
                "SELECT name FROM sqlite_master WHERE type = 'trigger'"
            ).fetchall():
                raw.execute(f"DROP TRIGGER {name}")
            for statement in statements:
                raw.execute(statement, values)
        return
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            connection.execute(text(statement), values)
