"""A disk under SQLite that remembers every write, can fail, and can lose its power."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw

_SECTOR = 512


@dataclass(frozen=True, slots=True)
class Write:
    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    file: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Not the disk's doing: the test notes here when a caller was told "kept"."""

    number: int


Event = Write | Truncate | Sync | Acknowledged


class Disk(apsw.VFS):
    """While it is registered, everything that SQLite opens in this process goes through it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.full = False
        self.syncs_fail = False
        self.writes_fail = False
        # By its name: while this one is registered, "" would mean this one.
        self.beneath = apsw.vfs_names()[0]
        super().__init__("disk", self.beneath, makedefault=True)

    def xOpen(self, name: Any, flags: list[int]) -> "_File":
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: Disk, name: Any, flags: list[int]) -> None:
        self._disk = disk
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._name = Path(path).name if path else "temporary"
        super().__init__(disk.beneath, name, flags)

    def xWrite(self, data: Any, offset: int) -> None:
        if self._disk.full:
            raise apsw.FullError("no space left")
        if self._disk.writes_fail:
            raise apsw.IOError("write failed")
        super().xWrite(data, offset)
        self._disk.events.append(Write(self._name, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:
        super().xTruncate(size)
        self._disk.events.append(Truncate(self._name, size))

    def xSync(self, flags: int) -> None:
        if self._disk.syncs_fail:
            raise apsw.IOError("sync failed")
        super().xSync(flags)
        self._disk.events.append(Sync(self._name))


@contextmanager
def watched_disk() -> Iterator[Disk]:
    """A healthy disk to begin with."""
    disk = Disk()
    try:
        yield disk
    finally:
        disk.unregister()


def after_power_loss(
    before: Mapping[str, bytes], events: Sequence[Event], rng: random.Random
) -> dict[str, bytes]:
    """The files as they may be found after the power went at the end of ``events``.

    What was synced is there. Of what was not, each write came through, was lost, or was torn
    after some sectors, by chance and in any order: that is what drives and file systems promise.
    """
    files = {name: bytearray(content) for name, content in before.items()}
    last_sync = {e.file: i for i, e in enumerate(events) if isinstance(e, Sync)}
    for index, event in enumerate(events):
        if isinstance(event, Sync | Acknowledged) or event.file not in files:
            continue
        safe = index <= last_sync.get(event.file, -1)
        if isinstance(event, Truncate):
            if safe or rng.random() < 0.5:
                del files[event.file][event.size :]
            continue
        kept = event.data if safe else _remains(event.data, rng)
        content = files[event.file]
        if len(content) < event.offset:
            content.extend(bytes(event.offset - len(content)))
        content[event.offset : event.offset + len(kept)] = kept
    return {name: bytes(content) for name, content in files.items()}


def _remains(data: bytes, rng: random.Random) -> bytes:
    chance = rng.random()
    if chance < 0.4:
        return data
    if chance < 0.8:
        return b""
    return data[: rng.randrange(0, len(data) + 1, _SECTOR)]
