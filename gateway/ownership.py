"""What only one process may do at a time: poll one mailbox, read one bot's updates.

``Ownership`` is a file lock below the data directory: it ends with the process that holds it,
however that ends. ``Cursor`` is a small durable value below the same directory.
"""

import fcntl
import hashlib
import os
from contextlib import suppress
from pathlib import Path

from gateway.errors import NotConnected


def _file_name(parts: tuple[str, ...], ending: str) -> str:
    # Account names may be mail addresses: they belong into no file name.
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32] + ending


class Ownership:
    """The right to poll one source, named by its parts (channel, account)."""

    def __init__(self, data_dir: Path, *name: str) -> None:
        self._path = data_dir / "owners" / _file_name(name, ".lock")
        self._descriptor: int | None = None

    def take(self) -> None:
        """Hold it from now on; taking it again changes nothing.

        Raises:
            NotConnected: another process has it, or the directory cannot be written.
        """
        if self._descriptor is not None:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o640)
        except OSError as error:
            raise NotConnected(
                f"{self._path.parent} cannot be written ({error.strerror})"
            ) from None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            raise NotConnected("another process of this gateway polls this source") from None
        except OSError as error:
            os.close(descriptor)
            raise NotConnected(f"{self._path.parent} takes no locks ({error.strerror})") from None
        self._descriptor = descriptor

    def release(self) -> None:
        """Let go; never raises."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None


class Cursor:
    """A short text that survives process and power: how far a source has been read."""

    def __init__(self, data_dir: Path, *name: str) -> None:
        self._path = data_dir / "cursors" / _file_name(name, ".txt")

    def read(self) -> str | None:
        """The value; None when there is none yet.

        Raises:
            NotConnected: it is there and cannot be read.
        """
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError):
            raise NotConnected(f"{self._path} cannot be read") from None

    def write(self, value: str) -> None:
        """Durable on return, the old value or the new one at every moment.

        Raises:
            NotConnected: it could not be written; the old value stands.
        """
        fresh = self._path.with_suffix(".new")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with fresh.open("w", encoding="utf-8") as file:
                file.write(value)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
            directory = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(directory)
            finally:
                os.close(directory)
        except OSError as error:
            raise NotConnected(f"{self._path} cannot be written ({error.strerror})") from None
