"""One owner at a time, whatever becomes of it; and a cursor that is old or new, never neither."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.errors import NotConnected
from gateway.ownership import Cursor, Ownership

_HOLD = """
import sys
from pathlib import Path
from gateway.ownership import Ownership
Ownership(Path(sys.argv[1]), "email", sys.argv[2]).take()
print("mine", flush=True)
sys.stdin.read()
"""
MAILBOX = "aduan@contoh.example"


def holder(directory: Path, account: str = MAILBOX) -> subprocess.Popen[str]:
    child = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(directory), account],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "mine\n"
    return child


def end(child: subprocess.Popen[str]) -> None:
    child.kill()
    child.communicate()


def test_the_second_process_has_to_wait_until_the_first_is_killed(tmp_path: Path) -> None:
    child = holder(tmp_path)
    mine = Ownership(tmp_path, "email", MAILBOX)
    try:
        with pytest.raises(NotConnected, match="another process"):
            mine.take()
        child.send_signal(signal.SIGKILL)
        child.wait()
        mine.take()
    finally:
        end(child)
        mine.release()


def test_the_second_in_the_same_process_has_to_wait_too(tmp_path: Path) -> None:
    first, second = (Ownership(tmp_path, "telegram", "bot") for _ in range(2))
    first.take()
    first.take()
    with pytest.raises(NotConnected):
        second.take()
    first.release()
    first.release()
    second.take()
    second.release()


def test_another_account_is_another_source(tmp_path: Path) -> None:
    child = holder(tmp_path)
    other = Ownership(tmp_path, "email", "lapor@contoh.example")
    try:
        other.take()
    finally:
        end(child)
        other.release()


def test_parts_of_a_name_do_not_run_together(tmp_path: Path) -> None:
    first, second = Ownership(tmp_path, "ab", "c"), Ownership(tmp_path, "a", "bc")
    first.take()
    second.take()
    first.release()
    second.release()


def test_no_account_stands_in_a_file_name(tmp_path: Path) -> None:
    mine = Ownership(tmp_path, "email", MAILBOX)
    mine.take()
    Cursor(tmp_path, "email", MAILBOX).write("1 2")
    mine.release()
    names = " ".join(str(file) for file in tmp_path.rglob("*"))
    assert "aduan" not in names
    assert "contoh" not in names


def test_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "owners").write_text("a file where the directory should be")
    with pytest.raises(NotConnected, match="cannot be written"):
        Ownership(tmp_path, "email", MAILBOX).take()


def test_a_disk_without_locks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("gateway.ownership.fcntl.flock", no_locks)
    with pytest.raises(NotConnected, match="takes no locks"):
        Ownership(tmp_path, "email", MAILBOX).take()


def test_a_cursor_is_what_was_written_last(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path, "email", MAILBOX)
    assert cursor.read() is None
    for value in ("1 17", "", "2 1\n", "ünïcode"):
        cursor.write(value)
        assert Cursor(tmp_path, "email", MAILBOX).read() == value
    assert Cursor(tmp_path, "email", "other@contoh.example").read() is None


def test_a_cursor_that_cannot_be_read_is_not_a_new_beginning(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path, "telegram", "bot")
    cursor.write("100")
    (file,) = (tmp_path / "cursors").iterdir()
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(NotConnected):
        cursor.read()


def test_a_cursor_that_cannot_be_written_stays(tmp_path: Path) -> None:
    cursor = Cursor(tmp_path, "telegram", "bot")
    cursor.write("100")
    (file,) = (tmp_path / "cursors").iterdir()
    file.with_suffix(".new").mkdir()
    with pytest.raises(NotConnected):
        cursor.write("101")
    assert cursor.read() == "100"


_RAISE = """
import sys
from pathlib import Path
from gateway.ownership import Cursor
cursor = Cursor(Path(sys.argv[1]), "telegram", "bot")
for number in range(10**9):
    cursor.write(str(number))
    print(number, flush=True)
"""


def test_killed_while_writing_the_cursor_is_the_last_one_or_the_next(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _RAISE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        told = [child.stdout.readline().strip() for _ in range(20)]
        child.send_signal(signal.SIGKILL)
        told += child.stdout.read().split()
    found = Cursor(tmp_path, "telegram", "bot").read()
    assert found is not None
    assert int(found) in (int(told[-1]), int(told[-1]) + 1)
