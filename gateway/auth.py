"""People, what they may do, and how they prove who they are. Shared by all pages with a login.

Every method blocks (SQLite, Argon2): from asyncio call it through ``asyncio.to_thread``.
"""

import re
import secrets
import threading
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, cast

import apsw
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import Field

from gateway import sessions
from gateway.auth_db import AuthDb
from gateway.errors import GatewayFault
from gateway.settings import Section, section_config
from gateway.throttle import Throttle

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{2,31}")
# NIST SP 800-63B: length instead of composition rules. The upper end bounds the hashing work.
_SHORTEST_PASSWORD, _LONGEST_PASSWORD = 12, 256
# Each verification takes 64 MiB: a flood of logins must not take the machine's memory.
_HASHES_AT_ONCE = 2


class Role(StrEnum):
    """What a person may do; one person may have several."""

    #: Types in slips, letters and calls.
    CLERK = "clerk"
    #: Works on the console: exceptions, assisted entry, reconciliation.
    OPERATOR = "operator"
    #: Opens a sealed identity; each opening is logged.
    CUSTODIAN = "custodian"
    #: Creates and disables people.
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class User:
    """``user_id`` is what goes into events and logs; the login name never does."""

    user_id: str
    login: str
    roles: frozenset[Role]
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A live login. ``csrf_token`` must come back with every POST."""

    user: User
    csrf_token: str = field(repr=False)


class LoginRefused(Exception):
    """Unknown, wrong, disabled or too often: nobody is told which.

    ``wait_seconds`` is above 0 when no attempt is admitted before that time.
    """

    def __init__(self, wait_seconds: int = 0) -> None:
        super().__init__()
        self.wait_seconds = wait_seconds


class PersonRefused(GatewayFault):
    """A person cannot be created or changed this way. Reaction: show the sentence."""

    exit_code = 64


class AuthSettings(Section):
    """``[auth]``: logins of clerks and operators."""

    table = "auth"
    model_config = section_config("auth")

    #: A phone call or a walk-in between two slips takes half an hour; a forgotten screen is
    #: closed before the next shift. What was being typed survives.
    session_idle_minutes: Annotated[int, Field(ge=5, le=24 * 60)] = 60
    #: One working day, so that everybody logs in once in the morning.
    session_longest_hours: Annotated[int, Field(ge=1, le=7 * 24)] = 12
    #: A forgotten password takes three or four tries.
    login_failures: Annotated[int, Field(ge=3, le=20)] = 5
    #: Higher than the other: all clerks of an office come from one address.
    address_failures: Annotated[int, Field(ge=3, le=1000)] = 20

    @property
    def times(self) -> sessions.SessionTimes:
        """The two lifetimes in seconds."""
        return sessions.SessionTimes(
            self.session_idle_minutes * 60, self.session_longest_hours * 3600
        )


def utc_now() -> datetime:
    """The clock on the wall."""
    return datetime.now(UTC)


class People:
    """Everybody who may log in, in ``<data_dir>/people.db``.

    Safe to use from many threads and processes at once. A session lives in the file, so it holds
    in every process until it expires, is closed, or its owner gets a new password or is disabled.
    """

    def __init__(
        self,
        data_dir: Path,
        settings: AuthSettings,
        now: Callable[[], datetime] = utc_now,
        hasher: PasswordHasher | None = None,
    ) -> None:
        self._db = AuthDb(data_dir / "people.db")
        self._times = settings.times
        self._throttle = Throttle(settings.login_failures, settings.address_failures)
        self._now = now
        self._hasher = hasher or PasswordHasher()
        self._hashing = threading.BoundedSemaphore(_HASHES_AT_ONCE)

    def create_user(self, login: str, password: str, roles: Iterable[Role]) -> User:
        """Add a person.

        Raises:
            PersonRefused: the name is taken or malformed, the password too short, or no role.
        """
        name, granted = _normal(login), frozenset(roles)
        if not _LOGIN.fullmatch(name):
            raise PersonRefused(
                "nama pengguna: 3 sampai 32 huruf kecil, angka, titik, garis; diawali huruf/angka"
            )
        if not granted:
            raise PersonRefused(f"beri paling sedikit satu peran: {', '.join(Role)}")
        hashed = self._hash(name, password)
        # 48 random bits: a few dozen people never meet, and nothing can be read off the id.
        user = User(f"u-{secrets.token_hex(6)}", name, granted, disabled=False)
        with self._db.transaction() as db:
            if _row(db, name) is not None:
                raise PersonRefused("nama pengguna itu sudah ada")
            db.execute(
                "INSERT INTO person VALUES (?, ?, ?, ?, 0, ?)",
                (user.user_id, name, hashed, " ".join(sorted(granted)), self._seconds()),
            )
        return user

    def set_password(self, login: str, password: str) -> User:
        """Give a new password; whoever is logged in under that name is logged out everywhere.

        Raises:
            PersonRefused: nobody has that name, or the password is too short.
        """
        name = _normal(login)
        hashed = self._hash(name, password)
        with self._db.transaction() as db:
            user = _existing(db, name)
            db.execute(
                "UPDATE person SET password_hash = ? WHERE user_id = ?", (hashed, user.user_id)
            )
            sessions.close_sessions_of(db, user.user_id)
        return user

    def disable(self, login: str) -> User:
        """Lock a person out at once. The record stays: events name its id. Raises PersonRefused."""
        return self._set_disabled(login, disabled=True)

    def enable(self, login: str) -> User:
        """Let a person in again. Raises PersonRefused."""
        return self._set_disabled(login, disabled=False)

    def list_users(self) -> Sequence[User]:
        """Everybody, by name."""
        with self._db.reading() as db:
            rows = db.execute(f"{_SELECT} ORDER BY login").fetchall()
        return [_user(row) for row in rows]

    def log_in(self, login: str, password: str, address: str) -> tuple[Session, str]:
        """A new session and its token, for the cookie. ``address`` is the client's.

        Raises:
            LoginRefused: with the seconds to wait when there were too many attempts.
        """
        name = _normal(login)
        with self._db.transaction() as db:
            wait = self._throttle.take(db, name, address, self._seconds())
            row = _row(db, name)
        if wait > 0:
            raise LoginRefused(wait)
        decoy = self._decoy
        known_hash = cast(str, row[4]) if row else decoy
        matches = self._matches(known_hash, password)
        if row is None or not matches or _user(row).disabled:
            raise LoginRefused
        user = _user(row)
        fresh = known_hash
        if self._hasher.check_needs_rehash(known_hash):
            with self._hashing:
                fresh = self._hasher.hash(password)
        with self._db.transaction() as db:
            # The password may have been changed, or the person disabled, while we were hashing.
            if _row(db, name) != row:
                raise LoginRefused
            if fresh != known_hash:
                db.execute(
                    "UPDATE person SET password_hash = ? WHERE user_id = ?", (fresh, user.user_id)
                )
            self._throttle.succeeded(db, name, address)
            token = sessions.open_session(db, user.user_id, self._seconds(), self._times)
        return Session(user, sessions.csrf_token(token)), token

    def find_session(self, token: str, *, in_use: bool = True) -> Session | None:
        """The live session of a cookie; None when it expired, was closed or never was.

        ``in_use`` False: a page refreshed itself and nobody may sit before it; the session does
        not live longer for it.
        """
        now = self._seconds()
        with self._db.reading() as db:
            found = sessions.find_session(db, token, now, self._times)
            if found is None:
                return None
            user_id, touch_due = found
            row = db.execute(f"{_SELECT} WHERE user_id = ? AND NOT disabled", (user_id,)).fetchone()
        if row is None:
            return None
        if touch_due and in_use:
            with self._db.transaction() as db:
                sessions.touch_session(db, token, now)
        return Session(_user(row), sessions.csrf_token(token))

    def log_out(self, token: str) -> None:
        """Close one session; a token that is none is no fault."""
        with self._db.transaction() as db:
            sessions.close_session(db, token)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def _set_disabled(self, login: str, *, disabled: bool) -> User:
        with self._db.transaction() as db:
            user = _existing(db, _normal(login))
            db.execute(
                "UPDATE person SET disabled = ? WHERE user_id = ?", (int(disabled), user.user_id)
            )
            sessions.close_sessions_of(db, user.user_id)
        return User(user.user_id, user.login, user.roles, disabled)

    def _hash(self, login: str, password: str) -> str:
        if not _SHORTEST_PASSWORD <= len(password) <= _LONGEST_PASSWORD:
            raise PersonRefused(
                f"kata sandi: {_SHORTEST_PASSWORD} sampai {_LONGEST_PASSWORD} karakter"
            )
        if _normal(password) == login or len(set(password)) < 4:
            raise PersonRefused("kata sandi itu terlalu mudah ditebak")
        with self._hashing:
            return self._hasher.hash(password)

    def _matches(self, hashed: str, password: str) -> bool:
        with self._hashing:
            try:
                self._hasher.verify(hashed, password[:_LONGEST_PASSWORD])
            except (VerificationError, InvalidHashError):
                return False
        return len(password) <= _LONGEST_PASSWORD

    @cached_property
    def _decoy(self) -> str:
        """Verified in place of an unknown person's hash, so that both take the same time."""
        return self._hasher.hash(secrets.token_urlsafe())

    def _seconds(self) -> int:
        return int(self._now().timestamp())


_SELECT = "SELECT user_id, login, roles, disabled, password_hash FROM person"

_Row = tuple[object, ...]


def _row(db: apsw.Connection, login: str) -> _Row | None:
    return cast("_Row | None", db.execute(f"{_SELECT} WHERE login = ?", (login,)).fetchone())


def _existing(db: apsw.Connection, login: str) -> User:
    row = _row(db, login)
    if row is None:
        raise PersonRefused("tidak ada pengguna dengan nama itu")
    return _user(row)


def _user(row: _Row) -> User:
    user_id, login, roles, disabled, _ = row
    granted = frozenset(Role(role) for role in cast(str, roles).split())
    return User(cast(str, user_id), cast(str, login), granted, bool(disabled))


def _normal(login: str) -> str:
    return unicodedata.normalize("NFKC", login).strip().casefold()
