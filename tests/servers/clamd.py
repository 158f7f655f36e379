"""A real clamd (Debian clamav-daemon) that knows one signature: that of the EICAR test file."""

import hashlib
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.servers import ServerMissing, free_ports
from tests.servers.process import ServerProcess

_PROGRAMS = ("/usr/sbin/clamd", "/usr/bin/clamd")
_START_SECONDS = 60.0

#: eicar.org, the file that every scanner takes for infected and that does nothing. In two parts,
#: so that a scanner on the developer's machine leaves this file alone.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EIC" + rb"AR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
#: Small, so that the tests need not send many megabytes to be refused.
STREAM_LIMIT = 1_000_000

_CONFIG = """\
Foreground yes
DatabaseDirectory {directory}/signatures
LocalSocket {directory}/clamd.sock
TCPSocket {port}
TCPAddr 127.0.0.1
StreamMaxLength {limit}
MaxThreads 4
ConcurrentDatabaseReload no
SelfCheck 0
"""


@dataclass(frozen=True)
class Clamd:
    """A running scanner."""

    socket_path: str
    tcp_address: str
    process: ServerProcess


@contextmanager
def running_clamd(directory: Path) -> Iterator[Clamd]:
    """clamd with a database of its own; nothing is downloaded.

    Raises:
        ServerMissing: it is not installed or does not start.
    """
    program = next((one for one in _PROGRAMS if shutil.which(one)), None)
    if program is None:
        raise ServerMissing("no clamd: apt-get install clamav-daemon")
    (port,) = free_ports(1)
    signatures = directory / "signatures"
    signatures.mkdir()
    # The whole file by its hash, and its middle wherever it stands (target 0: any file).
    # The hash is the format of ClamAV's .hdb, no protection.
    digest = hashlib.md5(EICAR, usedforsecurity=False).hexdigest()
    (signatures / "local.hdb").write_text(f"{digest}:{len(EICAR)}:Test.Eicar.Hash\n")
    (signatures / "local.ndb").write_text(f"Test.Eicar.Body:0:*:{EICAR[20:60].hex()}\n")
    config = directory / "clamd.conf"
    config.write_text(_CONFIG.format(directory=directory, port=port, limit=STREAM_LIMIT))
    process = ServerProcess(
        [program, "--config-file", str(config)], directory / "clamd.log", directory
    )
    clamd = Clamd(f"{directory}/clamd.sock", f"127.0.0.1:{port}", process)
    try:
        _wait_for(clamd)
        yield clamd
    finally:
        process.kill()


def _wait_for(clamd: Clamd) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if (code := clamd.process.exit_code()) is not None:
            raise ServerMissing(f"clamd ended with code {code} at start")
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
            asking.settimeout(5)
            asking.connect(clamd.socket_path)
            asking.sendall(b"nPING\n")
            if asking.recv(100) == b"PONG\n":
                return
        time.sleep(0.05)
    raise ServerMissing(f"clamd did not answer in {_START_SECONDS:.0f} s")
