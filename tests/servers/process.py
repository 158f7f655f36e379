"""A server as a child process that cannot outlive the tests, not even when they are killed."""

import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

# The guard's standard input is a pipe that only the test process holds open. When that process
# dies in any way the pipe closes, `read` returns and the server's process group goes.
_GUARD = 'read -r _; kill -s KILL -- "-$0"'

# A server that has not finished a clean stop by then is killed: its data is thrown away anyhow.
_STOP_SECONDS = 10.0


class ServerProcess:
    """One running server in a process group of its own."""

    def __init__(self, command: Sequence[str], output: Path, cwd: Path | None = None) -> None:
        with output.open("ab") as sink:
            self._server = subprocess.Popen(
                command,
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, str(self._server.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pid(self) -> int:
        return self._server.pid

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._server.poll()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to stop; kill it when it does not."""
        self._dismiss_guard()
        if self._server.poll() is None:
            self._server.send_signal(how)
            with suppress(subprocess.TimeoutExpired):
                self._server.wait(_STOP_SECONDS)
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, and wait until it is gone."""
        # The guard goes first: it must never signal a process id that was given away again.
        self._dismiss_guard()
        with suppress(ProcessLookupError):
            os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def suspend(self) -> None:
        """SIGSTOP: the sockets stay open and nothing answers any more."""
        os.killpg(self._server.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        os.killpg(self._server.pid, signal.SIGCONT)

    def _dismiss_guard(self) -> None:
        if self._guard.poll() is None:
            self._guard.kill()
        self._guard.wait()
        if self._guard.stdin is not None:
            self._guard.stdin.close()
