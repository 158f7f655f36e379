"""An embedded log with a clock that the test turns."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.log import TopicSpec
from gateway.log.sqlite import SqliteLog

TOPIC = "complaints.accepted.v1"
RECEIPTS = "complaints.entered.v1"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def log(tmp_path: Path, clock: Clock) -> AsyncIterator[SqliteLog]:
    """A log that keeps complaints for 30 days and the last receipt of each."""
    made = SqliteLog(tmp_path / "log.db", now=clock, busy_seconds=0.3)
    await made.open()
    specs = [TopicSpec(TOPIC, 1, 30 * 86_400), TopicSpec(RECEIPTS, 1, None, compacted=True)]
    await made.create_topics(specs)
    yield made
    await made.close()
