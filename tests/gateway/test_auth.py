"""People, throttle, sessions: one clock, one file, several processes."""

import json
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from gateway.auth import AuthSettings, LoginRefused, People, PersonRefused, Role, Session

PASSWORD = "empat kata sandi panjang"
OFFICE = "203.0.113.7"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 9, 1, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def forward(self, **duration: int) -> None:
        self.at += timedelta(**duration)


def fast_hasher() -> PasswordHasher:
    """Argon2id all the same, with the least work that it takes."""
    return PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def people(tmp_path: Path, clock: Clock) -> Iterator[People]:
    made = People(tmp_path, AuthSettings(), clock, fast_hasher())
    made.create_user("sri", PASSWORD, [Role.CLERK])
    yield made
    made.close()


def refusal(people: People, login: str, password: str, address: str = OFFICE) -> int:
    with pytest.raises(LoginRefused) as caught:
        people.log_in(login, password, address)
    assert str(caught.value) == ""
    return caught.value.wait_seconds


def log_in(people: People, address: str = OFFICE) -> tuple[Session, str]:
    return people.log_in("sri", PASSWORD, address)


def test_a_person_logs_in_by_any_spelling_of_the_name(people: People) -> None:
    session, token = people.log_in(" SRI ", PASSWORD, OFFICE)
    assert session.user.roles == {Role.CLERK}
    assert session.user.user_id.startswith("u-")
    assert people.find_session(token) == session


@pytest.mark.parametrize("login", ["", "a", "sri putri", "sri@kantor", "x" * 40, "-sri"])
def test_malformed_names_are_refused(people: People, login: str) -> None:
    with pytest.raises(PersonRefused):
        people.create_user(login, PASSWORD, [Role.CLERK])


@pytest.mark.parametrize("password", ["", "pendek", "aaaaaaaaaaaaaaaa", "x" * 300, "budi.contoh.x"])
def test_weak_passwords_are_refused(people: People, password: str) -> None:
    with pytest.raises(PersonRefused):
        people.create_user("budi.contoh.x", password, [Role.CLERK])


def test_one_name_one_person_and_at_least_one_role(people: People) -> None:
    with pytest.raises(PersonRefused):
        people.create_user("Sri", PASSWORD, [Role.OPERATOR])
    with pytest.raises(PersonRefused):
        people.create_user("budi", PASSWORD, [])
    assert [user.login for user in people.list_users()] == ["sri"]


def test_unknown_wrong_and_disabled_look_the_same(people: People) -> None:
    people.create_user("budi", PASSWORD, [Role.CLERK])
    people.disable("budi")
    assert refusal(people, "sri", "salah salah salah") == 0
    assert refusal(people, "nobody", PASSWORD) == 0
    assert refusal(people, "budi", PASSWORD) == 0


def test_an_unknown_name_costs_as_much_as_a_wrong_password(tmp_path: Path) -> None:
    class Counting(PasswordHasher):
        verified = 0

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override]
            self.verified += 1
            return super().verify(hash, password)

    hasher = Counting(time_cost=1, memory_cost=8, parallelism=1)
    people = People(tmp_path, AuthSettings(), hasher=hasher)
    refusal(people, "nobody", PASSWORD)
    assert hasher.verified == 1
    people.close()


def test_waits_grow_to_a_quarter_of_an_hour(people: People, clock: Clock) -> None:
    for _ in range(5):
        assert refusal(people, "sri", "salah salah salah") == 0
    waits = []
    for _ in range(7):
        wait = refusal(people, "sri", PASSWORD)
        waits.append(wait)
        clock.forward(seconds=wait)
        assert refusal(people, "sri", "salah salah salah") == 0
    assert [wait // 60 for wait in waits] == [1, 2, 4, 8, 15, 15, 15]


def test_waiting_is_not_prolonged_by_trying_and_ends_with_a_success(
    people: People, clock: Clock
) -> None:
    for _ in range(5):
        refusal(people, "sri", "salah salah salah")
    clock.forward(seconds=59)
    assert refusal(people, "sri", PASSWORD) == 1
    clock.forward(seconds=1)
    log_in(people)
    for _ in range(4):
        assert refusal(people, "sri", "salah salah salah") == 0
    log_in(people)


def test_unknown_names_are_throttled_like_known_ones(people: People) -> None:
    waits = [refusal(people, "nobody", PASSWORD) for _ in range(6)]
    assert waits == [0, 0, 0, 0, 0, 60]


def test_one_address_guessing_many_names_is_stopped(people: People) -> None:
    waits = [refusal(people, f"name-{at}", PASSWORD) for at in range(21)]
    assert waits == [0] * 20 + [60]
    assert log_in(people, "198.51.100.4")


def test_an_ipv6_customer_is_one_address(people: People) -> None:
    waits = [
        refusal(people, f"name-{at}", PASSWORD, f"2001:db8:1:2:{at:x}::1") for at in range(1, 22)
    ]
    assert waits[-1] == 60
    assert refusal(people, "other", PASSWORD, "2001:db8:1:3::1") == 0


def test_attempts_at_the_same_moment_do_not_slip_through(people: People) -> None:
    with ThreadPoolExecutor(12) as pool:
        waits = list(pool.map(lambda _: refusal(people, "sri", "salah salah salah"), range(12)))
    assert sorted(waits) == [0] * 5 + [60] * 7


def test_failures_are_forgotten_after_an_hour(people: People, clock: Clock) -> None:
    for _ in range(4):
        refusal(people, "sri", "salah salah salah")
    clock.forward(hours=1, seconds=1)
    assert [refusal(people, "sri", "salah salah salah") for _ in range(5)] == [0] * 5


def test_a_session_ends_when_idle_or_old(people: People, clock: Clock) -> None:
    _, token = log_in(people)
    for _ in range(11):
        clock.forward(minutes=59)
        assert people.find_session(token) is not None
    clock.forward(minutes=60)
    assert people.find_session(token) is None
    _, token = log_in(people)
    for _ in range(12):
        clock.forward(minutes=59)
        assert people.find_session(token) is not None
    clock.forward(minutes=13)
    assert people.find_session(token) is None


def test_log_out_password_and_disabling_revoke(people: People) -> None:
    first, second = log_in(people)[1], log_in(people)[1]
    people.log_out(first)
    assert people.find_session(first) is None
    assert people.find_session(second) is not None
    people.set_password("sri", "kata sandi yang baru")
    assert people.find_session(second) is None
    third = people.log_in("sri", "kata sandi yang baru", OFFICE)[1]
    people.disable("sri")
    assert people.find_session(third) is None
    people.enable("sri")
    assert people.find_session(third) is None
    assert people.log_in("sri", "kata sandi yang baru", OFFICE)


def test_csrf_tokens_belong_to_sessions(people: People) -> None:
    one, two = log_in(people), log_in(people)
    assert one[0].csrf_token != two[0].csrf_token
    assert one[1] not in one[0].csrf_token


def test_neither_tokens_nor_passwords_nor_addresses_are_in_the_file(
    people: People, tmp_path: Path
) -> None:
    session, token = log_in(people)
    refusal(people, PASSWORD, "in the wrong field")
    people.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("people.db*"))
    for secret in (token, session.csrf_token, PASSWORD, OFFICE):
        assert secret.encode() not in kept
    assert (tmp_path / "people.db").stat().st_mode & 0o077 == 0
    assert token not in repr(session)
    assert session.csrf_token not in repr(session)


def test_old_hashes_are_renewed_at_login(tmp_path: Path) -> None:
    people = People(tmp_path, AuthSettings(), hasher=fast_hasher())
    people.create_user("sri", PASSWORD, [Role.CLERK])
    people.close()
    stronger = People(
        tmp_path, AuthSettings(), hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    )
    _, token = log_in(stronger)
    assert stronger.find_session(token) is not None
    stronger.close()
    with sqlite3.connect(tmp_path / "people.db") as db:
        (kept,) = db.execute("SELECT password_hash FROM person").fetchone()
    db.close()
    assert "m=16,t=2" in kept


_ATTEMPTS = """
import json, sys
from pathlib import Path
from argon2 import PasswordHasher
from gateway.auth import AuthSettings, LoginRefused, People
people = People(Path(sys.argv[1]), AuthSettings(), hasher=PasswordHasher(1, 8, 1))
print("ready", flush=True)
sys.stdin.readline()
waits = []
for _ in range(10):
    try:
        people.log_in("sri", "salah salah salah", "203.0.113.9")
    except LoginRefused as refused:
        waits.append(refused.wait_seconds)
print(json.dumps([sum(wait == 0 for wait in waits), people.find_session(sys.argv[2]) is not None]))
"""


def test_two_processes_share_the_throttle_and_the_sessions(tmp_path: Path) -> None:
    people = People(tmp_path, AuthSettings(), hasher=fast_hasher())
    people.create_user("sri", PASSWORD, [Role.CLERK])
    _, token = log_in(people)
    command = [sys.executable, "-c", _ATTEMPTS, str(tmp_path), token]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    answers = [json.loads(child.communicate("go\n", timeout=30)[0]) for child in children]
    assert sum(admitted for admitted, _ in answers) == 5
    assert all(knows_session for _, knows_session in answers)
    assert refusal(people, "sri", PASSWORD) > 0
    people.close()


def test_two_processes_may_create_the_file_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gateway.auth import *\n"
        "sys.stdin.readline()\n"
        "print(len(People(Path(sys.argv[1]), AuthSettings()).list_users()))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    started = time.monotonic()
    assert [child.communicate("go\n", timeout=30)[0] for child in children] == ["0\n"] * 3
    assert time.monotonic() - started < 30
