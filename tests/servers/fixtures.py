"""Session fixtures for the real servers. Loaded by ``tests/conftest.py``."""

import os
from collections.abc import AsyncIterator, Iterator
from typing import NoReturn

import pytest
from playwright.async_api import Browser

from tests.servers import ServerMissing
from tests.servers.chromium import running_chromium
from tests.servers.kafka import (
    LocalBroker,
    docker_answers,
    docker_kafka,
    local_broker,
    named_kafka,
    wait_until_ready,
)
from tests.servers.postgres import fresh_database, running_postgres


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[LocalBroker]:
    """A broker of the tests' own: may be killed, restarted, suspended and reached by a proxy.

    Whoever takes it away brings it back before the test ends.
    """
    try:
        with local_broker() as broker:
            yield broker
    except ServerMissing as missing:
        absent("Kafka", missing)


@pytest.fixture(scope="session")
def kafka_bootstrap(request: pytest.FixtureRequest) -> Iterator[str]:
    """Bootstrap servers of a real Kafka, shared by the session: use topic names of your own."""
    named = named_kafka()
    try:
        if named is not None:
            wait_until_ready(named)
            yield named
        elif docker_answers():
            with docker_kafka() as bootstrap_servers:
                yield bootstrap_servers
        else:
            broker: LocalBroker = request.getfixturevalue("kafka_broker")
            yield broker.bootstrap_servers
    except ServerMissing as missing:
        absent("Kafka", missing)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server, shared by the session, in SQLAlchemy's form."""
    try:
        with running_postgres() as url:
            yield url
    except ServerMissing as missing:
        absent("PostgreSQL", missing)


@pytest.fixture
def postgres_database(postgres_url: str) -> Iterator[str]:
    """A new and empty database for one test, in SQLAlchemy's form."""
    with fresh_database(postgres_url) as url:
        yield url


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A real Chromium with an empty profile."""
    try:
        async with running_chromium() as started:
            yield started
    except ServerMissing as missing:
        absent("browser", missing)


def absent(server: str, why: ServerMissing) -> NoReturn:
    """In CI a missing server is a failure; elsewhere the skip says what to install."""
    sentence = f"no real {server} for these tests: {why}"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence, pytrace=False)
    pytest.skip(sentence)
