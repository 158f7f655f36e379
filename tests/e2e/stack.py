"""The gateway as a user starts it: ``gateway demo``, in a directory and on ports of its own."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psutil

from tests.servers import free_ports
from tests.servers.process import ServerProcess
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
_AUTHORIZATION = "Basic " + base64.b64encode(b"demo:demo1708").decode()


@dataclass
class Answer:
    status: int
    body: str
    headers: Mapping[str, str]


def ask(
    url: str,
    *,
    data: bytes | None = None,
    method: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request; a refused connection is status 0."""
    request = urllib.request.Request(url, data=data, method=method, headers=dict(headers or {}))  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return Answer(response.status, response.read().decode(), dict(response.headers))
    except urllib.error.HTTPError as error:
        return Answer(error.code, error.read().decode(), dict(error.headers))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return Answer(0, "", {})


@dataclass
class Stack:
    """A running demo."""

    directory: Path
    process: ServerProcess
    public: str
    internal: str
    deliver: str
    sandbox: str
    environment: Mapping[str, str] = field(repr=False)

    @property
    def output(self) -> str:
        return (self.directory / "output").read_text(encoding="utf-8")

    @property
    def login(self) -> tuple[str, str]:
        """The login that the banner prints."""
        found = re.search(r"login\s+(\S+) / (\S+)", self.output)
        assert found, self.output
        return found[1], found[2]

    def gateway(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a ``gateway`` command on this stack's settings."""
        return subprocess.run(
            [sys.executable, "-m", "gateway", *arguments],
            cwd=ROOT,
            env={**self.environment, "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def sms(self, text: str, sender: str, source_id: str) -> Answer:
        """What README's curl does."""
        form = {"from": sender, "to": "1708", "id": source_id, "text": text}
        return ask(
            f"{self.public}/sms/1708",
            data=urlencode(form).encode(),
            headers={"Authorization": _AUTHORIZATION},
        )

    def in_lapor(self, containing: str = "") -> list[dict[str, Any]]:
        """What the look-alike holds."""
        url = f"{self.sandbox}/sandbox/complaints?limit=100000&content_contains={quote(containing)}"
        found: list[dict[str, Any]] = json.loads(ask(url).body)["complaints"]
        return found

    def switch(self, **switches: object) -> None:
        """Tell the look-alike how to fail."""
        answer = ask(
            f"{self.sandbox}/sandbox/switches",
            data=json.dumps(switches).encode(),
            method="PUT",
            headers={"Content-Type": "application/json"},
        )
        assert answer.status == 200, answer

    def ledger_states(self) -> dict[str, str]:
        """Reference to state, as ``gateway entry list --json`` says."""
        done = self.gateway("entry", "list", "--json", "--limit", "100000")
        assert done.returncode == 0, done.stderr
        return {row["reference"]: row["state"] for row in json.loads(done.stdout)}

    def child(self, module: str) -> psutil.Process:
        """The running child process of that module."""

        def find() -> psutil.Process | None:
            children = psutil.Process(self.process.pid).children(recursive=True)
            return next((child for child in children if module in child.cmdline()), None)

        return wait_for(find, f"a child process {module}")

    def ready(self) -> bool:
        """Whether an item could be taken and entered right now."""
        return all(ask(f"{url}/readyz").status == 200 for url in (self.internal, self.deliver))


@contextmanager
def running_stack(directory: Path, environment: Mapping[str, str] | None = None) -> Iterator[Stack]:
    """Start a demo and wait until it is ready; any setting can come from the environment."""
    directory.mkdir(parents=True, exist_ok=True)
    public, internal, deliver, sandbox = _ports()
    clean = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GATEWAY_", "KAFKA_BOOTSTRAP"))
    }
    env = {**clean, **(environment or {}), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "gateway", "demo", "--directory", str(directory)]
    command += ["--public-port", str(public), "--internal-port", str(internal)]
    command += ["--sandbox-port", str(sandbox)]
    process = ServerProcess(
        ["/usr/bin/env", *(f"{name}={value}" for name, value in env.items()), *command],
        directory / "output",
    )
    stack = Stack(
        directory,
        process,
        f"http://127.0.0.1:{public}",
        f"http://127.0.0.1:{internal}",
        f"http://127.0.0.1:{deliver}",
        f"http://127.0.0.1:{sandbox}",
        {**env, "GATEWAY_CONFIG": str(directory / "gateway.toml")},
    )
    try:
        wait_for(
            lambda: "clerk's form" in stack.output or process.exit_code() is not None, "banner"
        )
        assert process.exit_code() is None, stack.output
        yield stack
    finally:
        process.stop(signal.SIGTERM)


def _ports() -> tuple[int, int, int, int]:
    """Deliver's port is the one after the intake's internal port."""
    while True:
        public, internal, sandbox = free_ports(3)
        if internal + 1 not in (public, sandbox) and internal < 65_000:
            return public, internal, internal + 1, sandbox
