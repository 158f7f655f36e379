"""A TCP proxy on this host that does to a connection what bad networks do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import Enum, auto

# One read; large enough that a produce request of the tests is passed on whole.
_CHUNK = 1 << 20


class Fault(Enum):
    """What the proxy does from now on, with connections old and new."""

    NONE = auto()
    #: Open connections are reset, new ones are closed at once.
    REFUSE = auto()
    #: Everything is taken and nothing passed on, in both directions: a dead peer.
    HOLD = auto()
    #: Requests reach the server; its answers are thrown away: the acknowledgement is lost.
    MUTE = auto()


class TcpProxy:
    """Listens on one port and forwards to another. Built by ``tcp_proxy``."""

    def __init__(self, target_port: int) -> None:
        self._target_port = target_port
        self._fault = Fault.NONE
        self._passable = asyncio.Event()
        self._passable.set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        #: Bytes that reached the server and answers that were thrown away: proof for a test that
        #: the fault has struck.
        self.forwarded_bytes = 0
        self.muted_answers = 0

    def set_fault(self, fault: Fault) -> None:
        """Change what happens from now on."""
        self._fault = fault
        if fault is Fault.HOLD:
            self._passable.clear()
        else:
            self._passable.set()
        if fault is Fault.REFUSE:
            self.cut()

    def cut(self) -> None:
        """Reset every connection that is open now; new ones are served as before."""
        for writer in list(self._writers):
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        if self._fault is Fault.REFUSE:
            writer.transport.abort()
            return
        try:
            up_reader, up_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, up_writer}
        pumps = {
            asyncio.create_task(self._pump(reader, up_writer, answers=False)),
            asyncio.create_task(self._pump(up_reader, writer, answers=True)),
        }
        self._tasks |= pumps
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            self._tasks -= pumps
            for end in (writer, up_writer):
                self._writers.discard(end)
                end.transport.abort()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, answers: bool
    ) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._passable.wait()
                if answers and self._fault is Fault.MUTE:
                    self.muted_answers += 1
                    continue
                writer.write(data)
                await writer.drain()
                if not answers:
                    self.forwarded_bytes += len(data)


@asynccontextmanager
async def tcp_proxy(port: int, target_port: int) -> AsyncIterator[TcpProxy]:
    """A proxy on 127.0.0.1:``port`` in front of 127.0.0.1:``target_port``."""
    proxy = TcpProxy(target_port)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", port)
    try:
        yield proxy
    finally:
        server.close()
        proxy.cut()
        for task in list(proxy._tasks):
            task.cancel()
        await server.wait_closed()
