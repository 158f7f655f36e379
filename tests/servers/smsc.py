"""An SMS centre that speaks SMPP 3.4, as far as a gateway that receives needs it.

PDU layouts: SMPP Protocol Specification v3.4, sections 4.1 (bind), 4.6.1 (deliver_sm), 4.11
(enquire_link).
"""

import socket
import struct
import threading
from contextlib import suppress

_HEADER = struct.Struct(">IIII")
_DELIVER_SM = 0x00000005
_RESPONSE = 0x80000000
_BINDS = (0x00000001, 0x00000002, 0x00000009)
#: esm_class: the words begin with a user data header.
_UDHI = 0x40
GSM, UCS2 = 0, 8


class Smsc:
    """Listens on a port of 127.0.0.1 from the start on, for one gateway at a time."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._gateway: socket.socket | None = None
        self._bound = threading.Event()
        self._sending = threading.Lock()
        self._sequence = 0
        self.confirmed = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def deliver(
        self, sender: str, receiver: str, data: bytes, coding: int = GSM, udh: bytes = b""
    ) -> None:
        """One message from a phone; ``data`` is unpacked GSM 7-bit or UTF-16BE."""
        assert self._bound.wait(30), "no gateway came"
        words = udh + data
        body = b"".join(
            (
                b"\0\x01\x01" + sender.lstrip("+").encode() + b"\0",
                b"\0\0" + receiver.encode() + b"\0",
                bytes([_UDHI if udh else 0, 0, 0]) + b"\0\0",
                bytes([0, 0, coding, 0, len(words)]) + words,
            )
        )
        self._sequence += 1
        self._send(_DELIVER_SM, self._sequence, body)

    def close(self) -> None:
        """Hang up."""
        self._listener.close()
        if self._gateway is not None:
            with suppress(OSError):
                self._gateway.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError, ConnectionError):
            while True:
                self._gateway, _ = self._listener.accept()
                with self._gateway, suppress(ConnectionError):
                    self._answer(self._gateway)

    def _answer(self, gateway: socket.socket) -> None:
        while True:
            length, command, _, sequence = _HEADER.unpack(_exactly(gateway, _HEADER.size))
            _exactly(gateway, length - _HEADER.size)
            if command == _DELIVER_SM | _RESPONSE:
                self.confirmed += 1
            elif command in _BINDS:
                self._send(command | _RESPONSE, sequence, b"sim\0")
                self._bound.set()
            elif not command & _RESPONSE:
                self._send(command | _RESPONSE, sequence, b"")

    def _send(self, command: int, sequence: int, body: bytes) -> None:
        assert self._gateway is not None
        with self._sending:
            header = _HEADER.pack(_HEADER.size + len(body), command, 0, sequence)
            self._gateway.sendall(header + body)


def _exactly(source: socket.socket, size: int) -> bytes:
    read = b""
    while len(read) < size:
        chunk = source.recv(size - len(read))
        if not chunk:
            raise ConnectionError
        read += chunk
    return read
