"""``python -m compose.lapor_sandbox``: serve until told to stop."""

import argparse
import asyncio
import errno
import logging
import signal
import sys
from pathlib import Path

from aiohttp import web
from pydantic import ValidationError

from compose.lapor_sandbox import BANNER
from compose.lapor_sandbox.app import build_app
from compose.lapor_sandbox.settings import SandboxSettings
from compose.lapor_sandbox.store import StoreUnavailable

EXIT_PORT_TAKEN = 71
EXIT_STORE_UNAVAILABLE = 73
EXIT_MISCONFIGURED = 78

#: Where container engines put secrets; a file ``lapor_sandbox_token`` there is the token.
_SECRETS_DIR = Path("/run/secrets")
#: Calls in flight are writes of milliseconds; faults that wait are woken at once.
_STOP_SECONDS = 5.0


def main() -> int:
    """Exit code 0 after SIGTERM or SIGINT, else the reason's own."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    given = {name: value for name, value in vars(_arguments()).items() if value is not None}
    try:
        settings = SandboxSettings(
            _secrets_dir=_SECRETS_DIR if _SECRETS_DIR.is_dir() else None, **given
        )
    except ValidationError as error:
        wrong = ", ".join(
            str(item["loc"][0]) for item in error.errors(include_input=False, include_url=False)
        )
        return _fail(f"wrong value for: {wrong}", EXIT_MISCONFIGURED)
    return asyncio.run(_serve(settings))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m compose.lapor_sandbox",
        description=f"{BANNER}. Every option is also LAPOR_SANDBOX_<NAME> in the environment.",
    )
    parser.add_argument("--host", help="address to listen on (127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (8090); 0 takes a free one")
    parser.add_argument("--db", help="SQLite file of the sandbox (lapor-sandbox.sqlite3)")
    parser.add_argument("--bearer", help="bearer value that clients must send")
    parser.add_argument("--token", help="token that clients must send, with its braces")
    return parser.parse_args()


async def _serve(settings: SandboxSettings) -> int:
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    runner = web.AppRunner(build_app(settings), access_log=None, shutdown_timeout=_STOP_SECONDS)
    try:
        await runner.setup()
        await web.TCPSite(runner, settings.host, settings.port).start()
    except StoreUnavailable as error:
        return _fail(str(error), EXIT_STORE_UNAVAILABLE)
    except OSError as error:
        await runner.cleanup()
        where = f"{settings.host}:{settings.port}"
        taken = error.errno == errno.EADDRINUSE
        reason = "another program has the port" if taken else str(error.strerror)
        return _fail(f"cannot listen on {where}: {reason}; choose with --port", EXIT_PORT_TAKEN)
    host, port = runner.addresses[0][:2]
    sys.stdout.write(f"{BANNER}: http://{host}:{port}/\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()
    return 0


def _fail(reason: str, exit_code: int) -> int:
    sys.stderr.write(f"lapor-sandbox: {reason}\n")
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
