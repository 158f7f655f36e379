"""A proxy in front of an IMAP server that changes, keeps back or cuts what the server says."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from tests.servers import free_ports

#: What the server says, and how many bytes it said on this connection before. The answer is what
#: the client hears; nothing at all is silence, None cuts the connection.
Meddle = Callable[[bytes, int], bytes | None]

_CHUNK = 8192


class Meddler:
    """A running one: its port, how many connections it has had and cut, what clients said."""

    def __init__(self, target_port: int, meddle: Meddle) -> None:
        (self.port,) = free_ports(1)
        self.connections = 0
        self.cuts = 0
        self.heard = b""
        self._target = target_port
        self._meddle = meddle
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        asking = asyncio.create_task(self._ask(reader, up_writer))
        said = 0
        try:
            while data := await up_reader.read(_CHUNK):
                told = self._meddle(data, said)
                said += len(data)
                if told is None:
                    self.cuts += 1
                    break
                writer.write(told)
                await writer.drain()
        except OSError:
            pass
        finally:
            asking.cancel()
            writer.transport.abort()
            up_writer.transport.abort()
            self._tasks.discard(task)

    async def _ask(self, reader: asyncio.StreamReader, up: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                self.heard += data
                up.write(data)
                await up.drain()
        up.transport.abort()

    def hang_up(self) -> None:
        for task in list(self._tasks):
            task.cancel()


@asynccontextmanager
async def meddling(target_port: int, meddle: Meddle) -> AsyncIterator[Meddler]:
    """The proxy, listening until the end of the block."""
    meddler = Meddler(target_port, meddle)
    server = await asyncio.start_server(meddler.serve, "127.0.0.1", meddler.port)
    try:
        yield meddler
    finally:
        server.close()
        meddler.hang_up()
        await server.wait_closed()
