"""The ledger's database: how it is opened, and how its schema is brought up to date."""

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, InterfaceError, NoSuchModuleError, OperationalError

from gateway.errors import GatewayFault, Misconfigured

log = logging.getLogger(__name__)

_SCRIPTS = Path(__file__).parent / "migrations"

#: Writers of one SQLite file wait for one another: milliseconds each, on a slow disk a second.
_BUSY_SECONDS = 10.0

#: Any number of our own: one migration at a time on one PostgreSQL.
_ADVISORY_LOCK = 7_203_521_001

#: Set on an engine's connections that only read: they need no write lock on SQLite.
READS_ONLY = "ledger_reads_only"


class LedgerUnavailable(GatewayFault):
    """The ledger's database does not answer. Reaction: end; the supervisor starts again."""

    exit_code = 80


class LedgerOutdated(Misconfigured):
    """The schema is older or newer than this program. Reaction: exit; the line says what to do."""


def open_engine(url: str) -> Engine:
    """An engine for the ledger. The URL may hold a password: it is never part of a message.

    Raises:
        Misconfigured: not a URL that SQLAlchemy knows, or neither SQLite nor PostgreSQL.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Misconfigured(
            "[ledger]: url is no database URL; write postgresql+psycopg://user@host/name"
        ) from None
    if parsed.get_backend_name() == "sqlite":
        return _open_sqlite(url, parsed.database)
    if parsed.drivername != "postgresql+psycopg":
        raise Misconfigured("[ledger]: url must begin with sqlite:/// or postgresql+psycopg://")
    try:
        # pre_ping: the server may have been restarted since the connection was last used.
        return create_engine(
            parsed, pool_pre_ping=True, connect_args={"connect_timeout": int(_BUSY_SECONDS)}
        )
    except NoSuchModuleError:
        raise Misconfigured("[ledger]: psycopg is not installed") from None


def _open_sqlite(url: str, database: str | None) -> Engine:
    if not database or database == ":memory:":
        raise Misconfigured("[ledger]: a ledger in memory would forget; name a file")
    Path(database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


class _Dbapi(Protocol):
    isolation_level: str | None

    def execute(self, sql: str, /) -> sqlite3.Cursor: ...


def _set_up_sqlite(connection: _Dbapi, _: object) -> None:
    # SQLAlchemy begins the transaction itself, below, not the driver at the first write.
    connection.isolation_level = None
    # No WAL: SQLite before 3.51.3 can lose a commit when a WAL is reset (its "WAL-reset bug"),
    # and Python brings the SQLite of the system.
    connection.execute("PRAGMA journal_mode = TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail at the write when another wrote
    # in between; taking the write lock at once makes it wait instead.
    reads_only = connection.get_execution_options().get(READS_ONLY, False)
    connection.exec_driver_sql("BEGIN" if reads_only else "BEGIN IMMEDIATE")


@contextmanager
def reporting_unavailable() -> Iterator[None]:
    """Turn the driver's ways of saying "away" into LedgerUnavailable."""
    try:
        yield
    except (OperationalError, InterfaceError) as error:
        reason = type(error.orig).__name__ if error.orig else type(error).__name__
        raise LedgerUnavailable(
            f"the ledger's database does not answer ({reason}); "
            "check [ledger] url, the server, the disk, and `gateway ledger migrate`"
        ) from None


def migrate(engine: Engine) -> str:
    """Bring the schema up to date; safe to run twice and side by side. Returns the revision.

    Raises:
        LedgerUnavailable: the database does not answer.
        LedgerOutdated: the ledger was made by a later version of this program.
    """
    config = _alembic()
    with reporting_unavailable(), engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        _refuse_later(connection)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    log.info("ledger.migrated")
    return _head()


def require_current(engine: Engine) -> None:
    """Check that the schema is this program's.

    Raises:
        LedgerOutdated: it is older or later; the message says what to run.
    """
    with reporting_unavailable(), engine.execution_options(**{READS_ONLY: True}).begin() as reading:
        _refuse_later(reading)
        if _revision(reading) != _head():
            raise LedgerOutdated("the ledger's schema is old; run `gateway ledger migrate`")


def _refuse_later(connection: Connection) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    revision = _revision(connection)
    if revision is not None and revision not in known:
        raise LedgerOutdated(
            f"the ledger has schema {revision}, which this version does not know; "
            "install the version that made it, schemas only go forwards"
        )


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str:
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    assert head is not None  # noqa: S101 the package brings its migrations along
    return head


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config
