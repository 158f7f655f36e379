"""How every process of the gateway starts, stops and says why it could not.

Start: settings, ports, log, channel; any failure ends the process with its own exit code and one
clear line. Stop: intake first, what is in flight finished, then the log; a watchdog ends a process
that does not come to its end.
"""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import uvloop
from aiohttp import web

from gateway.errors import GatewayFault, PortTaken
from gateway.log import EventLog
from gateway.log_setup import set_up_logging
from gateway.settings import ConfigFile, GatewaySettings, read_config

log = logging.getLogger(__name__)

#: A webhook in flight waits at most for one append; 25 s also lets a slow page finish.
FINISH_SECONDS = 25.0

#: More than all bounded stop phases together (25 s requests, 25 s entries, 10 s log).
WATCHDOG_SECONDS = 90.0

EXIT_WATCHDOG = 76

#: Set by the supervisor: standard input is a pipe that closes when the supervisor is gone.
STOP_WITH_PARENT_ENV = "GATEWAY_STOP_WITH_PARENT"

Main = Callable[[ConfigFile, asyncio.Event], Awaitable[int]]


def run_process(
    name: str, main: Main, config_path: Path | None = None, log_file: Path | None = None
) -> int:
    """Run one process to its end and return its exit code.

    ``main`` gets the settings and an event that is set when the process shall stop. Log lines go
    to standard error, or to ``log_file``.
    """
    set_up_logging(name, file=log_file)
    try:
        config = read_config(config_path)
        set_up_logging(name, config.load(GatewaySettings).log_level, log_file)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_with_signals(main, config))
    except GatewayFault as fault:
        explain(name, fault)
        return fault.exit_code


def explain(name: str, fault: GatewayFault) -> None:
    """One clear line for the person at the terminal, one event for the log."""
    sys.stderr.write(f"{name}: {fault}\n")
    log.error("process.failed", extra={"error": type(fault).__name__, "exit_code": fault.exit_code})


async def _with_signals(main: Main, config: ConfigFile) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        if not stop.is_set():
            log.info("process.stopping", extra={"pid": os.getpid()})
            _start_watchdog()
            stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    if os.environ.get(STOP_WITH_PARENT_ENV):
        loop.add_reader(sys.stdin.fileno(), lambda: _parent_gone(loop, ask_to_stop))
    log.info("process.started", extra={"pid": os.getpid()})
    try:
        return await main(config, stop)
    finally:
        log.info("process.stopped", extra={"pid": os.getpid()})


def _parent_gone(loop: asyncio.AbstractEventLoop, ask_to_stop: Callable[[], None]) -> None:
    if os.read(sys.stdin.fileno(), 1) == b"":
        loop.remove_reader(sys.stdin.fileno())
        ask_to_stop()


def _start_watchdog() -> None:
    def give_up() -> None:
        log.critical("process.watchdog_fired", extra={"seconds": WATCHDOG_SECONDS})
        os._exit(EXIT_WATCHDOG)

    timer = threading.Timer(WATCHDOG_SECONDS, give_up)
    timer.daemon = True
    timer.start()


def bind(host: str, port: int, *, reuse_port: bool = False) -> socket.socket:
    """Take a port without listening yet, so that a taken one fails before anything else starts.

    Raises:
        PortTaken: somebody else has it, or the host is not ours.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuse_port:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        sock.bind((host, port))
    except (OSError, OverflowError) as error:
        sock.close()
        reason = error.strerror if isinstance(error, OSError) else "not a port number"
        raise PortTaken(
            f"cannot listen on {host}:{port} ({reason}); "
            "stop the program that uses it, or set another port in gateway.toml"
        ) from None
    sock.setblocking(False)
    return sock


@asynccontextmanager
async def serving(app: web.Application, sock: socket.socket) -> AsyncIterator[None]:
    """Serve an application; at the end take nothing new and finish what is in flight."""
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=FINISH_SECONDS
    )
    await runner.setup()
    try:
        # The accept queue holds a burst while the loop is busy with a group commit.
        await web.SockSite(runner, sock, backlog=1024).start()
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def opened(event_log: EventLog) -> AsyncIterator[EventLog]:
    """An event log, open for the time of the block."""
    await event_log.open()
    try:
        yield event_log
    finally:
        await event_log.close()


@asynccontextmanager
async def running(work: Awaitable[None], stop: asyncio.Event) -> AsyncIterator[None]:
    """A background task; its failure stops the process, the end of the block cancels it."""

    async def guard() -> None:
        try:
            await work
        finally:
            stop.set()

    task = asyncio.ensure_future(guard())
    try:
        yield
    finally:
        if not task.done():
            task.cancel()
        with suppress(asyncio.CancelledError):
            await task
