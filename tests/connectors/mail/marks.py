"""Mails with a word to know them by, and what the server says of them."""

import asyncio
import random
import threading

from tests.connectors.mail import dirt
from tests.servers.dovecot import Dovecot
from tests.waiting import eventually

KEYWORD = "$PintuAduan"


def mail(mark: str) -> bytes:
    """An ordinary mail."""
    return dirt.plain(random.Random(7), mark)


def found(dovecot: Dovecot, *criteria: str, folder: str = "INBOX") -> int:
    """How many mails fit."""
    with dovecot.client() as client:
        client.select_folder(folder)
        return len(client.search(list(criteria)))


async def until_marked(dovecot: Dovecot, count: int) -> None:
    """Wait until so many mails have our keyword."""

    async def there() -> bool:
        return await asyncio.to_thread(found, dovecot, "KEYWORD", KEYWORD) == count

    await eventually(there, f"{count} marks")


async def until_the_thread_has_ended() -> None:
    """Wait until no connector's thread is left, for less than any time-out of a connection."""

    async def ended() -> bool:
        return not [one for one in threading.enumerate() if one.name.startswith("mail")]

    await eventually(ended, "the end of the thread", seconds=12)
