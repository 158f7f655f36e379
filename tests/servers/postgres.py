"""A real PostgreSQL: the one you name, else one in Docker, else Debian's own binaries."""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from signal import SIGINT
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.servers import ServerMissing, free_ports
from tests.servers.kafka import docker_answers
from tests.servers.process import ServerProcess

POSTGRES_VERSION = "17"
# initdb's recovery and the first start take 2 s here; a busy CI machine needs several times that.
_START_SECONDS = 60.0


@contextmanager
def running_postgres() -> Iterator[str]:
    """The URL, in SQLAlchemy's form, of a server whose user may create databases.

    Raises:
        ServerMissing: there is no way to have one on this machine.
    """
    named = os.environ.get("TEST_POSTGRES_URL") or os.environ.get("POSTGRES_URL")
    if named:
        scheme, rest = named.split("://", 1)
        if not scheme.startswith("postgres"):
            raise ServerMissing("TEST_POSTGRES_URL is no postgresql:// address")
        yield f"postgresql+psycopg://{rest}"
    elif docker_answers():
        with _docker_postgres() as url:
            yield url
    else:
        with _local_postgres() as url:
            yield url


@contextmanager
def fresh_database(server_url: str) -> Iterator[str]:
    """The URL of a new, empty database on that server; dropped at the end."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(_plain(server_url), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    try:
        yield urlunsplit(urlsplit(server_url)._replace(path=f"/{name}"))
    finally:
        with psycopg.connect(_plain(server_url), autocommit=True) as connection:
            # FORCE: a test that failed may have left a connection open.
            drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
            connection.execute(drop)


def _plain(url: str) -> str:
    return url.replace("postgresql+psycopg://", "postgresql://", 1)


@contextmanager
def _docker_postgres() -> Iterator[str]:
    from testcontainers.core.container import DockerContainer

    (port,) = free_ports(1)
    container = (
        DockerContainer(f"postgres:{POSTGRES_VERSION}")
        .with_bind_ports(5432, port)
        .with_env("POSTGRES_PASSWORD", "test")
    )
    with container:
        url = f"postgresql+psycopg://postgres:test@127.0.0.1:{port}/postgres"
        _wait_until_ready(url, None)
        yield url


@contextmanager
def _local_postgres() -> Iterator[str]:
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="postgres-test-") as name:
        directory = Path(name)
        as_whom = _unprivileged(directory)
        data = directory / "data"
        initdb = [str(binaries / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust"]
        # --no-sync: only the making of the empty cluster may skip fsync; the server itself syncs.
        done = subprocess.run(
            [*as_whom, *initdb, "-E", "UTF8", "--locale=C", "--no-sync"],
            cwd=directory,
            capture_output=True,
            text=True,
            timeout=_START_SECONDS,
            check=False,
        )
        if done.returncode != 0:
            raise ServerMissing(f"initdb failed:\n{done.stderr[-2000:]}")
        (port,) = free_ports(1)
        command = [*as_whom, str(binaries / "postgres"), "-D", str(data), "-c", "fsync=on"]
        # TCP only: -k "" makes no Unix socket, whose path would be too long for some folders.
        command += ["-h", "127.0.0.1", "-p", str(port), "-k", ""]
        server = ServerProcess(command, directory / "postgres.log", cwd=directory)
        try:
            url = f"postgresql+psycopg://postgres@127.0.0.1:{port}/postgres"
            _wait_until_ready(url, server)
            yield url
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it does not wait for open connections.
            server.stop(SIGINT)


def _binaries() -> Path:
    """The newest installed version's folder of programs."""
    debian = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: float(p.parts[-3])
    )
    on_path = shutil.which("initdb")
    if debian:
        return debian[-1].parent
    if on_path is not None:
        return Path(on_path).resolve().parent
    raise ServerMissing("no Docker engine and no PostgreSQL: apt-get install postgresql")


def _unprivileged(directory: Path) -> Sequence[str]:
    """What to put before a command so that it does not run as root, which PostgreSQL refuses."""
    if os.geteuid() != 0:
        return ()
    try:
        user = pwd.getpwnam("postgres")
    except KeyError:
        user = pwd.getpwnam("nobody")
    os.chown(directory, user.pw_uid, user.pw_gid)
    return ("setpriv", f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--")


def _wait_until_ready(url: str, server: ServerProcess | None) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            # 2 s: it is on this host; a longer wait would hide that the server died.
            with psycopg.connect(_plain(url), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
                return
        except psycopg.OperationalError as away:
            if server is not None and server.exit_code() is not None:
                raise ServerMissing(
                    f"PostgreSQL ended with code {server.exit_code()} at start"
                ) from away
            if time.monotonic() > deadline:
                raise ServerMissing(f"PostgreSQL gave no answer in {_START_SECONDS} s") from away
            time.sleep(0.05)
