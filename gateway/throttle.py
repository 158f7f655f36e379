"""How often somebody may try to log in. Kept in ``people.db``, so that all processes agree."""

import hashlib
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import cast

import apsw

# The first wait is one minute, then it doubles: 1, 2, 4, 8, 15, 15, ...
_FIRST_WAIT_SECONDS = 60
_LONGEST_WAIT_SECONDS = 15 * 60
# Four times the longest wait: to be forgotten costs a guesser more than to wait.
_FORGET_SECONDS = 60 * 60


@dataclass(frozen=True, slots=True)
class Throttle:
    """Counts failures per user name and per client address.

    A user name that does not exist is counted like one that does, so a wait tells nothing.
    """

    login_failures: int
    address_failures: int

    def take(self, db: apsw.Connection, login: str, address: str, now: int) -> int:
        """Seconds to wait; 0 admits one attempt and counts it as failed until ``succeeded``.

        Counted before the password is looked at: many attempts at once cannot slip through.
        """
        keys = self._keys(login, address)
        waits = [_blocked_until(db, key) - now for key, _ in keys]
        if max(waits) > 0:
            return max(waits)
        db.execute("DELETE FROM attempt WHERE last_at < ?", (now - _FORGET_SECONDS,))
        for key, allowed in keys:
            failures = _failures(db, key) + 1
            doublings = min(failures - allowed, 10)
            wait = 0
            if doublings >= 0:
                wait = min(_FIRST_WAIT_SECONDS * 2**doublings, _LONGEST_WAIT_SECONDS)
            db.execute(
                "INSERT OR REPLACE INTO attempt VALUES (?, ?, ?, ?)",
                (key, failures, now, now + wait),
            )
        return 0

    def succeeded(self, db: apsw.Connection, login: str, address: str) -> None:
        """Take the attempt back. Other failures of the address stay: it may be guessing names."""
        (login_key, _), (address_key, _) = self._keys(login, address)
        db.execute("DELETE FROM attempt WHERE key = ?", (login_key,))
        db.execute(
            "UPDATE attempt SET failures = failures - 1, blocked_until = 0 WHERE key = ?",
            (address_key,),
        )

    def _keys(self, login: str, address: str) -> tuple[tuple[bytes, int], tuple[bytes, int]]:
        return (
            # Hashed: people type their password where their name belongs.
            (hashlib.sha256(b"login\0" + login.encode()).digest(), self.login_failures),
            (
                hashlib.sha256(b"address\0" + _network(address).encode()).digest(),
                self.address_failures,
            ),
        )


def _network(address: str) -> str:
    """One customer has one IPv4 address, but 2**64 IPv6 addresses."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    return str(parsed.ipv4_mapped or IPv6Address(int(parsed) >> 64 << 64))


def _blocked_until(db: apsw.Connection, key: bytes) -> int:
    row = db.execute("SELECT blocked_until FROM attempt WHERE key = ?", (key,)).fetchone()
    return cast(int, row[0]) if row else 0


def _failures(db: apsw.Connection, key: bytes) -> int:
    row = db.execute("SELECT failures FROM attempt WHERE key = ?", (key,)).fetchone()
    return cast(int, row[0]) if row else 0
