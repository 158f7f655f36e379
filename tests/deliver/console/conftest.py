"""Fixtures of the operators' pages."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from deliver.ledger import Ledger
from gateway.log.sqlite import SqliteLog
from gateway.sealing import Opener, Sealer
from tests.deliver.console.bench import Browser, House, browsing, make_house


@pytest.fixture
def house(
    tmp_path: Path, ledger: Ledger, event_log: SqliteLog, sealer: Sealer, opener: Opener
) -> House:
    return make_house(tmp_path, ledger, event_log, sealer, opener)


@pytest.fixture
async def visitor(house: House) -> AsyncIterator[Browser]:
    """Nobody has logged in."""
    async with browsing(house.app()) as made:
        yield made


@pytest.fixture
async def operator(visitor: Browser) -> Browser:
    """Where the program enters the complaints."""
    await visitor.log_in("operator")
    return visitor


@pytest.fixture
async def typist(house: House) -> AsyncIterator[Browser]:
    """An operator where people enter the complaints."""
    async with browsing(house.app(mode="assisted")) as made:
        await made.log_in("operator")
        yield made
