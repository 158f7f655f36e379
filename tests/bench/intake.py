"""The intake, and the floor beneath it, as processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.load import Measured
from tests.e2e.stack import ROOT, ask
from tests.servers import free_ports
from tests.servers.process import ServerProcess
from tests.waiting import wait_for

_SETTINGS = """\
[gateway]
intake_processes = {processes}
log_level = "warning"

[web]
public_port = {public}
internal_port = {internal}
public_base_url = "http://127.0.0.1:{public}"

[topics]
accepted = "{prefix}.accepted.v1"
rejected = "{prefix}.rejected.v1"
entered = "{prefix}.entered.v1"

[log]
bootstrap_servers = "{bootstrap}"
flush_messages = {flush}

[[sms.accounts]]
name = "1708"
dialect = "generic"
verify = {{ kind = "basic", username = "bench", password = "bench-password" }}
"""

_MODULES = {"intake": "connectors", "floor": "tests.bench.floor"}


@dataclass(frozen=True, slots=True)
class Result:
    """One rig's figures."""

    peak: Measured
    half: Measured
    idle_mb: float
    after_mb: float


@dataclass(frozen=True, slots=True)
class Rig:
    """Processes that share a port."""

    url: str
    processes: tuple[ServerProcess, ...]
    #: Of the first process.
    metrics_url: str
    config_path: Path

    def memory_mb(self) -> float:
        """The largest process' own memory."""
        return max(psutil.Process(p.pid).memory_info().rss for p in self.processes) / 1e6


@contextmanager
def running_rig(
    what: str, processes: int, where: Path, bootstrap: str, accounts: str = ""
) -> Iterator[Rig]:
    """Start ``processes`` of ``intake`` or ``floor`` on one port and one log.

    ``accounts`` are further sections of the settings.
    """
    where.mkdir(parents=True)
    public, *internal = free_ports(1 + processes)
    path = where / "gateway.toml"
    path.write_text(
        _SETTINGS.format(
            processes=processes,
            public=public,
            internal=internal[0],
            prefix=f"bench-{what}-{processes}-{os.getpid()}",
            bootstrap=bootstrap,
            # One broker: without it acks=all would be page cache, and no match for an fsync.
            flush=1,
        )
        + accounts,
        encoding="utf-8",
    )
    env = {**os.environ, "GATEWAY_CONFIG": str(path), "PYTHONPATH": str(ROOT)}
    for command in (["keys", "new"], ["topics", "create"]):
        arguments = [sys.executable, "-m", "gateway", *command]
        subprocess.run(arguments, env=env, check=True, stdout=subprocess.DEVNULL)
    with ExitStack() as stack:
        started = []
        for port in internal:
            process = ServerProcess(
                [
                    "/usr/bin/env",
                    f"GATEWAY_CONFIG={path}",
                    f"GATEWAY_WEB_INTERNAL_PORT={port}",
                    sys.executable,
                    "-m",
                    _MODULES[what],
                ],
                where / f"{port}.log",
                ROOT,
            )
            stack.callback(process.stop)
            started.append(process)
        for port in internal:
            url = f"http://127.0.0.1:{port}/readyz"
            wait_for(lambda url=url: ask(url).status == 200, "readiness")  # type: ignore[misc]
        yield Rig(
            f"http://127.0.0.1:{public}/sms/1708",
            tuple(started),
            f"http://127.0.0.1:{internal[0]}/metrics",
            path,
        )
