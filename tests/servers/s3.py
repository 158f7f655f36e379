"""A real S3-speaking server: moto's, in an environment of its own (requirements/s3-server.txt)."""

import os
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ServerMissing, free_ports
from tests.servers.process import ServerProcess

_PROGRAM = Path(__file__).parents[2] / ".venv-s3" / "bin" / "moto_server"
# It imports half of AWS at its start.
_START_SECONDS = 60.0

ACCESS_KEY = "invented-access-key"
SECRET_KEY = "invented-secret-key"


@dataclass(frozen=True)
class S3Server:
    """A running server. Buckets are made by hand: no client of ours makes any."""

    endpoint: str
    process: ServerProcess

    def make_bucket(self, name: str) -> None:
        # The address is our own, made below.
        request = urllib.request.Request(f"{self.endpoint}/{name}", method="PUT")  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            assert answer.status == 200


@contextmanager
def running_s3(directory: Path) -> Iterator[S3Server]:
    """moto's server on a port of its own, everything in its memory.

    Raises:
        ServerMissing: it is not installed or does not start.
    """
    program = Path(os.environ.get("TEST_MOTO_SERVER", _PROGRAM))
    if not program.exists():
        raise ServerMissing(
            "no moto_server: python -m venv .venv-s3 && "
            ".venv-s3/bin/pip install -r requirements/s3-server.txt"
        )
    (port,) = free_ports(1)
    command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
    process = ServerProcess(command, directory / "moto.log", directory)
    server = S3Server(f"http://127.0.0.1:{port}", process)
    try:
        _wait_for(server)
        yield server
    finally:
        process.kill()


def _wait_for(server: S3Server) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if (code := server.process.exit_code()) is not None:
            raise ServerMissing(f"moto_server ended with code {code} at start")
        with (
            suppress(OSError),
            urllib.request.urlopen(f"{server.endpoint}/moto-api/", timeout=5),  # noqa: S310
        ):
            return
        time.sleep(0.1)
    raise ServerMissing(f"moto_server did not answer in {_START_SECONDS:.0f} s")
