#!/usr/bin/env python3
"""``RunOnReceive`` program of gammu-smsd: every SMS into a spool directory, and from there to us.

It runs on the machine with the modem, alone: Python 3.9 or newer and nothing else. smsd gives it
the SMS in the environment and waits two minutes at most; an SMS that cannot be posted by then stays
in the spool and goes with the next run, of the next SMS or of a timer. Nothing is shown to other
users of the machine: neither text nor number nor token stand on a command line.

    RunOnReceive = /usr/local/bin/gammu-receive --url https://… --token-file … --spool …
"""

import argparse
import hashlib
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import urlencode

_OURS = ("SMS_", "DECODED_", "PHONE_ID")
#: For one SMS, and for all that waited: smsd waits two minutes.
_SECONDS = 20
_ALL_SECONDS = 80


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Keep the SMS, if there is one, and post what waits. 0: nothing waits any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True, help="https://…/sms/<account>")
    parser.add_argument("--token-file", required=True, type=Path)
    parser.add_argument("--spool", required=True, type=Path)
    parser.add_argument("ids", nargs="*", help="what smsd calls the message; smsd adds it")
    given = parser.parse_args(arguments)
    if not given.url.startswith(("https://", "http://")):
        parser.error("--url is no http address")
    given.spool.mkdir(mode=0o700, parents=True, exist_ok=True)
    if environment.get("SMS_MESSAGES", "0") != "0":
        keep(given.spool, given.ids, environment)
    return 0 if post_all(given.spool, given.url, given.token_file.read_text().strip()) else 1


def keep(spool: Path, ids: Sequence[str], environment: Mapping[str, str]) -> None:
    """Write the SMS down, durably and once: smsd may run us twice for the same one."""
    fields = {name: value for name, value in environment.items() if name.startswith(_OURS)}
    # With the content in it, since a row number of smsd's database may come back; as a hash, since
    # smsd's file names hold the sender's number.
    named = urlencode([("smsd", " ".join(ids)), *sorted(fields.items())], errors="surrogateescape")
    if ids:
        message_id = hashlib.sha256(named.encode()).hexdigest()[:32]
    else:
        message_id = os.urandom(16).hex()
    if any(spool.glob(f"*-{message_id}.form")):
        return
    now = datetime.now(timezone.utc)  # noqa: UP017 - Python 3.9 has no datetime.UTC
    fields |= {"id": message_id, "received": now.isoformat(timespec="seconds")}
    body = urlencode(fields, errors="surrogateescape").encode()
    path = spool / f"{now:%Y%m%dT%H%M%S}-{message_id}.form"
    unfinished = path.with_suffix(".unfinished")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as sink:
        sink.write(body)
        sink.flush()
        os.fsync(sink.fileno())
    unfinished.rename(path)
    directory = os.open(spool, os.O_RDONLY)
    os.fsync(directory)
    os.close(directory)


def post_all(spool: Path, url: str, token: str) -> bool:
    """Post what waits, oldest first; whether nothing is left."""
    started = time.monotonic()
    for path in sorted(spool.glob("*.form")):
        if time.monotonic() - started > _ALL_SECONDS:
            return False
        request = urllib.request.Request(  # noqa: S310 - checked to be http
            url,
            data=path.read_bytes(),
            headers={
                "Authorization": f"Bearer {token}",
                "Content-Type": "application/x-www-form-urlencoded",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=_SECONDS):  # noqa: S310
                path.unlink(missing_ok=True)
        except urllib.error.HTTPError as answer:
            # What it is refused for (a wrong token, say) is set right by a person; it waits.
            answer.close()
        except OSError:
            return False
    return not any(spool.glob("*.form"))


def _open_what_smsd_closed() -> None:
    """smsd closes standard input and output: the next file would take their place."""
    for standard in (0, 1, 2):
        try:
            os.fstat(standard)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    _open_what_smsd_closed()
    sys.exit(main(sys.argv[1:], os.environ))
