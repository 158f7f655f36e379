"""The servers that keep and look at attachments, one of each for the session."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import ServerMissing
from tests.servers.clamd import Clamd, running_clamd
from tests.servers.fixtures import absent
from tests.servers.s3 import S3Server, running_s3


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3-speaking server: use bucket names of your own."""
    try:
        with running_s3(tmp_path_factory.mktemp("s3")) as server:
            yield server
    except ServerMissing as missing:
        absent("S3 server", missing)


@pytest.fixture(scope="session")
def clamd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clamd]:
    """A real virus scanner. Whoever suspends it resumes it before the test ends."""
    directory: Path = tmp_path_factory.mktemp("clamd")
    try:
        with running_clamd(directory) as scanner:
            yield scanner
    except ServerMissing as missing:
        absent("clamd", missing)
