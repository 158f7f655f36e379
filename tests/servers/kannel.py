"""A real Kannel: bearerbox, smsbox and an SMS centre before them.

The centre is the fake one that Debian ships for tests, or ours, which speaks SMPP as operators do.
"""

import re
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from tests.servers import ServerMissing, free_ports
from tests.servers.process import ServerProcess
from tests.servers.smsc import Smsc

_PROGRAMS = ("/usr/sbin/bearerbox", "/usr/sbin/smsbox", "/usr/lib/kannel/test/fakesmsc")
_SECRET = "invented-admin"
# A loaded machine of CI takes 5 s for both boxes; more means that one of them does not start.
_START_SECONDS = 30.0
# It passes a line on in milliseconds.
_SEND_SECONDS = 10.0
#: An SMS of this one word is answered by Kannel itself: proof that answers would be seen.
ECHO_KEYWORD = "gema"
ECHO_ANSWER = "jawaban dari kannel"

# The settings that docs/channels/sms.md asks of an operator, with short times.
_CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {secret}
smsbox-port = {box}
smsbox-interface = 127.0.0.1
sms-combine-concatenated-mo = {joins}
sms-combine-concatenated-mo-timeout = {joining_seconds}
dlr-storage = internal

{smsc}

group = smsbox
bearerbox-host = 127.0.0.1
http-request-retry = 1000
http-queue-delay = 1

group = sms-service
keyword = {echo_keyword}
text = "{echo_answer}"

group = sms-service
keyword = default
catch-all = true
max-messages = 0
{service}
"""
_FAKE = """\
group = smsc
smsc = fake
smsc-id = sim
port = {port}
connect-allow-ip = 127.0.0.1
"""
_SMPP = """\
group = smsc
smsc = smpp
smsc-id = sim
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = sim
smsc-password = invented
system-type = uji
reconnect-delay = 1
"""
_GET = "from=%p&to=%P&ts=%t&id=%I&coding=%c&charset=%C&udh=%u&smsc=%i&dlr=%d&text=%b"


class Kannel:
    """A running Kannel. Built by ``running_kannel``."""

    def __init__(self, smsc_port: int, directory: Path) -> None:
        self._heard = directory / "fakesmsc.log"
        self._sent = 0
        with self._heard.open("wb") as sink:
            self._phone = subprocess.Popen(
                [_PROGRAMS[2], "-H", "127.0.0.1", "-r", str(smsc_port), "-i", "0.01"],
                stdin=subprocess.PIPE,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def send(self, sender: str, receiver: str, text: str) -> None:
        """One SMS in the default alphabet."""
        self._line(f"{sender} {receiver} text {text}")

    def send_ucs2(self, sender: str, receiver: str, text: str) -> None:
        """One SMS in UCS-2."""
        data = "".join(f"%{byte:02x}" for byte in text.encode("utf-16-be"))
        self._line(f"{sender} {receiver} ucs2 {data}")

    def send_part(
        self, sender: str, receiver: str, text: str, *, part: int, parts: int, reference: int = 7
    ) -> None:
        """One part of a long SMS, with the header that phones put before it."""
        header = "".join(f"%{byte:02x}" for byte in (5, 0, 3, reference, parts, part))
        self._line(f"{sender} {receiver} udh-text {header} {text}")

    def answers(self) -> list[str]:
        """What was sent to phones so far."""
        return re.findall(r"[Gg]ot message \d+: <(.*?)>", self._heard_so_far())

    def hang_up(self) -> None:
        """Let the fake SMS centre go; it is killed, since it crashes when its input ends."""
        self._phone.kill()
        self._phone.wait()
        if self._phone.stdin is not None:
            with suppress(BrokenPipeError):
                self._phone.stdin.close()

    def _line(self, line: str) -> None:
        assert self._phone.stdin is not None
        self._phone.stdin.write(line.encode() + b"\n")
        self._phone.stdin.flush()
        self._sent += 1
        # It takes one line each time its input becomes readable: two at once and it keeps one.
        deadline = time.monotonic() + _SEND_SECONDS
        while f"sent message {self._sent}\n" not in self._heard_so_far():
            assert time.monotonic() < deadline, "the fake SMS centre did not take the message"
            time.sleep(0.005)

    def _heard_so_far(self) -> str:
        return self._heard.read_text(encoding="utf-8", errors="replace")


@contextmanager
def running_kannel(
    directory: Path, url: str, method: Literal["GET", "POST"], joining_seconds: int = 60
) -> Iterator[Kannel]:
    """Kannel with one service that calls ``url`` (with user and password in it) for every SMS.

    Raises:
        ServerMissing: it is not installed or does not start.
    """
    (port,) = free_ports(1)
    service = f'get-url = "{url}?{_GET}"'
    if method == "POST":
        service = f'post-url = "{url}?id=%I"\nsend-sender = true'
    smsc = _FAKE.format(port=port)
    with _running_boxes(directory, smsc, service, "true", joining_seconds) as until_shown:
        kannel = Kannel(port, directory)
        try:
            until_shown("(online")
            yield kannel
        finally:
            kannel.hang_up()


@contextmanager
def running_kannel_on_smpp(directory: Path, url: str, *, joins: bool) -> Iterator[Smsc]:
    """Kannel connected to an SMS centre of ours; ``joins``: it joins long messages itself.

    Raises:
        ServerMissing: it is not installed or does not start.
    """
    smsc = Smsc()
    service = f'get-url = "{url}?{_GET}"'
    told = "true" if joins else "false"
    try:
        config = _SMPP.format(port=smsc.port)
        with _running_boxes(directory, config, service, told, 60) as until_shown:
            until_shown("(online")
            yield smsc
    finally:
        smsc.close()


@contextmanager
def _running_boxes(
    directory: Path, smsc: str, service: str, joins: str, joining_seconds: int
) -> Iterator[Callable[[str], None]]:
    """Both boxes; what is yielded waits until the status page shows some words."""
    for program in _PROGRAMS:
        if shutil.which(program) is None:
            raise ServerMissing(f"no {program}: apt-get install kannel kannel-extras")
    admin, box = free_ports(2)
    config = directory / "kannel.conf"
    config.write_text(
        _CONFIG.format(
            admin=admin,
            box=box,
            smsc=smsc,
            secret=_SECRET,
            joins=joins,
            joining_seconds=joining_seconds,
            echo_keyword=ECHO_KEYWORD,
            echo_answer=ECHO_ANSWER,
            service=service,
        ),
        encoding="utf-8",
    )
    status = f"http://127.0.0.1:{admin}/status.txt?password={_SECRET}"
    bearerbox = ServerProcess([_PROGRAMS[0], str(config)], directory / "bearerbox.log", directory)
    try:
        _wait_for(status, "Status: running", bearerbox)
        smsbox = ServerProcess([_PROGRAMS[1], str(config)], directory / "smsbox.log", directory)
        try:
            _wait_for(status, "smsbox:", smsbox)
            yield lambda words: _wait_for(status, words, bearerbox)
        finally:
            smsbox.kill()
    finally:
        bearerbox.kill()


def _wait_for(status_url: str, words: str, program: ServerProcess) -> None:
    """Until the status page shows the words; before the box is up there is no page."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if program.exit_code() is not None:
            raise ServerMissing(f"Kannel ended with code {program.exit_code()} at start")
        # 2 s: it is on this host. The address is our own, made above.
        with suppress(OSError), urllib.request.urlopen(status_url, timeout=2) as answer:  # noqa: S310
            if words in answer.read().decode("utf-8", "replace"):
                return
        time.sleep(0.05)
    raise ServerMissing(f"Kannel did not show {words!r} in {_START_SECONDS} s")
