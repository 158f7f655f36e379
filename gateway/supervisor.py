"""The children of ``gateway up``: started in order, restarted on a fall, stopped in reverse."""

import asyncio
import fcntl
import logging
import os
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import (
    AlreadyRunning,
    GatewayFault,
    KeyMissing,
    LogUnavailable,
    Misconfigured,
    PortTaken,
    TopicMissing,
)
from gateway.lifecycle import STOP_WITH_PARENT_ENV, WATCHDOG_SECONDS

log = logging.getLogger(__name__)

#: A crash is answered at once, a crash loop once in half a minute.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0

#: A child that lived this long is taken to be well; its next fall is again answered at once.
HEALTHY_SECONDS = 60.0

#: sysexits EX_NOPERM: LAPOR refused our credentials. Only a person can mend that.
EXIT_CREDENTIALS_REFUSED = 77

#: Exit codes on a child's first start that no restart can mend: everything stops, with that code.
HOPELESS = frozenset(
    (
        Misconfigured.exit_code,
        KeyMissing.exit_code,
        PortTaken.exit_code,
        AlreadyRunning.exit_code,
        LogUnavailable.exit_code,
        TopicMissing.exit_code,
    )
)


class ChildFailed(GatewayFault):
    """A child could not start. Reaction: stop everything and end with the child's exit code."""

    def __init__(self, name: str, exit_code: int) -> None:
        super().__init__(f"{name} could not start (exit code {exit_code}); its line above says why")
        self.exit_code = exit_code


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running: ``python -m module arguments``."""

    name: str
    module: str
    arguments: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


class Supervisor:
    """Keeps the children running until told to stop."""

    def __init__(self, children: Sequence[Child], log_dir: Path | None = None) -> None:
        self._children = children
        self._log_dir = log_dir
        self._running: dict[str, Process] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Start all, restart what falls; when ``stop`` is set, stop them in reverse order.

        Raises:
            ChildFailed: a child ended on its first start for a reason that a restart keeps.
        """
        halt = asyncio.Event()
        told = asyncio.create_task(_until(stop))
        keepers = {asyncio.create_task(self._keep(child, halt)) for child in self._children}
        pending = set(keepers)
        failed: BaseException | None = None
        while pending and failed is None and not told.done():
            done, _ = await asyncio.wait({told, *pending}, return_when=asyncio.FIRST_COMPLETED)
            pending -= done
            failed = next((error for task in done if (error := task.exception())), None)
        told.cancel()
        halt.set()
        await self._stop_all()
        await asyncio.gather(*keepers, return_exceptions=True)
        if failed is not None:
            raise failed

    async def _keep(self, child: Child, halt: asyncio.Event) -> None:
        pause = FIRST_PAUSE_SECONDS
        first = True
        while not halt.is_set():
            started = time.monotonic()
            process = await self._start(child)
            code = await process.wait()
            self._running.pop(child.name, None)
            if halt.is_set():
                return
            if first and code in HOPELESS:
                raise ChildFailed(child.name, code)
            log.error("child.ended", extra={"child": child.name, "exit_code": code})
            if code == EXIT_CREDENTIALS_REFUSED:
                log.critical("child.needs_a_person", extra={"child": child.name, "exit_code": code})
                return
            first = False
            if time.monotonic() - started > HEALTHY_SECONDS:
                pause = FIRST_PAUSE_SECONDS
            log.info("child.restarting", extra={"child": child.name, "delay_seconds": pause})
            await _wait(halt, pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _start(self, child: Child) -> Process:
        output = self._output(child)
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                child.module,
                *child.arguments,
                stdin=asyncio.subprocess.PIPE,
                stderr=output,
                env={**os.environ, **child.environment, STOP_WITH_PARENT_ENV: "1"},
                # Ctrl-C at the terminal reaches the supervisor alone, which stops in order.
                start_new_session=True,
            )
        finally:
            if output is not None:
                os.close(output)
        self._running[child.name] = process
        log.info("child.started", extra={"child": child.name, "pid": process.pid})
        return process

    def _output(self, child: Child) -> int | None:
        if self._log_dir is None:
            return None
        self._log_dir.mkdir(parents=True, exist_ok=True)
        path = self._log_dir / f"{child.name}.jsonl"
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)

    async def _stop_all(self) -> None:
        for child in reversed(self._children):
            process = self._running.get(child.name)
            if process is None or process.returncode is not None:
                continue
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), WATCHDOG_SECONDS + 5)
            except TimeoutError:
                process.kill()
            log.info("child.stopped", extra={"child": child.name, "exit_code": process.returncode})


async def _until(stop: asyncio.Event) -> None:
    await stop.wait()


async def _wait(halt: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(halt.wait(), seconds)
    except TimeoutError:
        return


@contextmanager
def only_one(data_dir: Path) -> Iterator[None]:
    """Hold the data directory: ports may be shared between intake processes, directories not.

    Raises:
        AlreadyRunning: another ``gateway up`` has it.
        Misconfigured: it cannot be written.
    """
    try:
        descriptor = os.open(data_dir / "up.lock", os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise Misconfigured(
            f"{data_dir} cannot be written ({error.strerror}); "
            "make it writable or set [gateway] data_dir"
        ) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                f"another gateway runs in {data_dir}; stop it, or set another [gateway] data_dir"
            ) from None
        yield
    finally:
        os.close(descriptor)
