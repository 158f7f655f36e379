"""Keys of the way back, a platform, and a bench of both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.sealing import Opener, Sealer, load_opener, load_sealer, new_key_pair
from tests.connectors.answering.bench import Bench
from tests.connectors.answering.making import Maker
from tests.connectors.answering.office import Office, opened_office
from tests.connectors.answering.platform import Platform, running_platform
from tests.servers import free_ports


@pytest.fixture(scope="session")
def reply_keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``reply.public.json`` and ``reply/``: one pair for the session."""
    directory = tmp_path_factory.mktemp("reply-keys")
    new_key_pair(directory / "reply.public.json", directory / "reply")
    return directory


@pytest.fixture(scope="session")
def reply_sealer(reply_keys: Path) -> Sealer:
    return load_sealer(reply_keys / "reply.public.json")


@pytest.fixture(scope="session")
def reply_opener(reply_keys: Path) -> Opener:
    return load_opener(reply_keys / "reply")


@pytest.fixture
def maker(reply_sealer: Sealer) -> Maker:
    return Maker(reply_sealer)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    async with running_platform() as running:
        yield running


@pytest.fixture
async def answers(
    tmp_path: Path, platform: Platform, reply_opener: Opener, maker: Maker
) -> AsyncIterator[Bench]:
    """With one replier, of the account that the maker's events come from."""
    made = Bench(tmp_path / "replies.db", platform, reply_opener, maker)
    made.replier()
    yield made
    await made.close()


@pytest.fixture
async def office(
    tmp_path: Path, platform: Platform, reply_keys: Path, reply_sealer: Sealer
) -> AsyncIterator[Office]:
    port = free_ports(1)[0]
    async with opened_office(
        tmp_path / "office", platform, reply_keys, reply_sealer, port
    ) as opened:
        yield opened
