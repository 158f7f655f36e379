"""Sessions: a random token at the browser, its SHA-256 here. Kept in ``people.db``."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import cast

import apsw

# 256 bits: not to be guessed, so the stored hash needs neither salt nor slowness.
_TOKEN_BYTES = 32
# Written at most once a minute: an expiry in minutes needs no finer clock, the disk rests.
_TOUCH_SECONDS = 60


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long a session lives without use, and at most."""

    idle_seconds: int
    longest_seconds: int


def open_session(db: apsw.Connection, user_id: str, now: int, times: SessionTimes) -> str:
    """A new session's token, which is nowhere but in the answer. Sweeps out what has expired."""
    db.execute(
        "DELETE FROM session WHERE expires_at <= ? OR seen_at <= ?", (now, now - times.idle_seconds)
    )
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    db.execute(
        "INSERT INTO session VALUES (?, ?, ?, ?)",
        (_digest(token), user_id, now, now + times.longest_seconds),
    )
    return token


def find_session(
    db: apsw.Connection, token: str, now: int, times: SessionTimes
) -> tuple[str, bool] | None:
    """A live session's owner, and whether ``touch_session`` is due; None when there is none."""
    row = db.execute(
        "SELECT user_id, seen_at FROM session"
        " WHERE token_sha256 = ? AND expires_at > ? AND seen_at > ?",
        (_digest(token), now, now - times.idle_seconds),
    ).fetchone()
    if row is None:
        return None
    return cast(str, row[0]), now - cast(int, row[1]) >= _TOUCH_SECONDS


def touch_session(db: apsw.Connection, token: str, now: int) -> None:
    """It was used just now."""
    db.execute("UPDATE session SET seen_at = ? WHERE token_sha256 = ?", (now, _digest(token)))


def close_session(db: apsw.Connection, token: str) -> None:
    """Revoke one session."""
    db.execute("DELETE FROM session WHERE token_sha256 = ?", (_digest(token),))


def close_sessions_of(db: apsw.Connection, user_id: str) -> None:
    """Revoke every session of a person."""
    db.execute("DELETE FROM session WHERE user_id = ?", (user_id,))


def csrf_token(token: str) -> str:
    """The session's synchronizer token. It follows from the session's token, never the reverse."""
    return hmac.new(token.encode(), b"csrf", hashlib.sha256).hexdigest()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
