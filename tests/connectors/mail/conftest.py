"""A real Dovecot, and an intake beside it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.mail.house import House
from tests.intake_bench import Bench, Keys
from tests.servers import ServerMissing
from tests.servers.dovecot import Dovecot, running_dovecot
from tests.servers.fixtures import absent


@pytest.fixture
def dovecot() -> Iterator[Dovecot]:
    try:
        with running_dovecot() as server:
            yield server
    except ServerMissing as missing:
        absent("Dovecot", missing)


@pytest.fixture
def house(bench: Bench, keys: Keys, tmp_path: Path) -> House:
    return House(bench, keys, tmp_path)
