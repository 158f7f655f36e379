"""Cleaning in a process of its own, so that a file that breaks a decoder breaks nothing else."""

import asyncio
import json
import logging
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.errors import GatewayFault
from normalizer.event import Withheld

log = logging.getLogger(__name__)

#: Address space of the child: the largest picture three times over, and the decoders.
MEMORY_BYTES = 2 << 30
#: A photograph takes one second, a letter with fifty of them less than a minute.
CPU_SECONDS = 120
#: On a busy machine the CPU's seconds take longer.
_WALL_SECONDS = 300.0
#: What the child needs of the environment; secrets of the settings are not among it.
_ENVIRONMENT = ("PATH", "PYTHONPATH", "VIRTUAL_ENV", "LD_LIBRARY_PATH")
#: Each may need what one picture needs; a machine for this has two processors.
_AT_ONCE = 2


class CleaningUnavailable(GatewayFault):
    """No process could be started. Reaction: the same again later."""


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The outcome for one attachment: a copy, or why there is none."""

    #: Of the copy; of the original when there is no copy.
    media_type: str
    copy: bytes | None = field(repr=False)
    withheld: Withheld | None


class CleaningApart:
    """Starts the children. Make it inside a running loop."""

    def __init__(
        self,
        command: tuple[str, ...] = (sys.executable, "-m", "gateway.cleaning"),
        wall_seconds: float = _WALL_SECONDS,
    ) -> None:
        self._command = command
        self._wall_seconds = wall_seconds
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def clean(self, content: bytes) -> Cleaned:
        """The real type and the copy. A file on which the child dies twice is *damaged*.

        Raises:
            CleaningUnavailable: no process could be started.
        """
        async with self._places:
            for attempt in (1, 2):
                said = await self._ask(content)
                if said is not None:
                    return _read(said)
                log.warning("cleaning.failed", extra={"attempt": attempt, "count": len(content)})
        return Cleaned("application/octet-stream", None, Withheld.DAMAGED)

    async def _ask(self, content: bytes) -> bytes | None:
        """What the child said; None when it died or took too long."""
        try:
            child = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                env={name: os.environ[name] for name in _ENVIRONMENT if name in os.environ},
                # Ctrl+C at the terminal ends the gateway, and not a file's good name.
                start_new_session=True,
            )
        except OSError as error:
            raise CleaningUnavailable(
                f"no process for an attachment could be started ({type(error).__name__})"
            ) from None
        try:
            async with asyncio.timeout(self._wall_seconds):
                said, _ = await child.communicate(content)
        except TimeoutError:
            return None
        finally:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
        return said if child.returncode == 0 else None


def _read(said: bytes) -> Cleaned:
    head, _, copy = said.partition(b"\n")
    values = json.loads(head)
    withheld = Withheld(values["withheld"]) if values["withheld"] else None
    return Cleaned(values["media_type"], copy if withheld is None else None, withheld)
