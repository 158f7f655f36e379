"""Real servers for the tests: started once per session, thrown away at the end."""

import random
import socket


class ServerMissing(Exception):
    """This machine can neither reach nor start the server; says what to install or set."""


def free_ports(count: int) -> list[int]:
    """Ports on which nothing listens on 127.0.0.1.

    Taken from below the range that Linux gives to outgoing connections (32768 and up), so that
    they stay free while a server is down between a kill and its restart.
    """
    chosen: list[int] = []
    while len(chosen) < count:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in chosen:
            chosen.append(port)
    return chosen
