"""The embedded log's file: whose it is, what it refuses, what it takes."""

from pathlib import Path

import apsw
import pytest

from gateway.errors import LogUnavailable, NotKept, TopicMissing
from gateway.log import Record, sqlite_file
from gateway.log.sqlite import SqliteLog
from tests.gateway.log.conftest import RECEIPTS, TOPIC
from tests.gateway.log.rows import append, values


async def test_the_file_is_for_its_owner_only(tmp_path: Path, log: SqliteLog) -> None:
    await append(log, TOPIC, b"1")
    for name in ("log.db", "log.db-wal"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600


async def test_every_writing_connection_syncs_each_commit(tmp_path: Path, log: SqliteLog) -> None:
    connection = sqlite_file.open_writer(tmp_path / "log.db", 1.0)
    assert connection.pragma("synchronous") == 2
    assert connection.pragma("journal_mode") == "wal"
    assert connection.pragma("secure_delete") == 1
    connection.close()


async def test_a_reader_cannot_write(tmp_path: Path, log: SqliteLog) -> None:
    connection = sqlite_file.open_reader(tmp_path / "log.db")
    with pytest.raises(apsw.ReadOnlyError):
        connection.execute("DELETE FROM topic")
    connection.close()


async def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    other = apsw.Connection(str(path))
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(LogUnavailable, match="another program"):
        await SqliteLog(path).open()
    assert path.read_bytes() == before


async def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_text("notes " * 1000)
    with pytest.raises(LogUnavailable, match="NotADBError"):
        await SqliteLog(path).open()
    assert path.read_text() == "notes " * 1000


async def test_a_newer_file_is_refused(tmp_path: Path, log: SqliteLog) -> None:
    await log.close()
    connection = apsw.Connection(str(tmp_path / "log.db"))
    connection.pragma("user_version", connection.pragma("user_version") + 1)
    connection.close()
    with pytest.raises(LogUnavailable, match="newer version"):
        await SqliteLog(tmp_path / "log.db").open()


async def test_no_folder_is_said_in_plain_words(tmp_path: Path) -> None:
    with pytest.raises(LogUnavailable, match="check that the folder exists"):
        await SqliteLog(tmp_path / "absent" / "log.db").open()


async def test_no_file_is_made_when_topics_are_required(tmp_path: Path) -> None:
    with pytest.raises(TopicMissing, match="gateway topics create"):
        await SqliteLog(tmp_path / "log.db", [TOPIC]).open()
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240


async def test_a_replaced_file_takes_nothing(tmp_path: Path, log: SqliteLog) -> None:
    await append(log, TOPIC, b"before")
    (tmp_path / "log.db").rename(tmp_path / "moved.db")
    with pytest.raises(NotKept):
        await log.append(TOPIC, Record(b"k", b"into the void"))
    (tmp_path / "log.db").touch()
    with pytest.raises(NotKept, match="replaced"):
        await log.append(TOPIC, Record(b"k", b"into the void"))
    with pytest.raises(LogUnavailable):
        await log.end_offsets(TOPIC)
    with pytest.raises(LogUnavailable):
        await log.check()


async def test_a_reader_that_was_given_up_is_forgotten(log: SqliteLog) -> None:
    await append(log, TOPIC, b"a", b"b")
    gone = await log.subscribe(TOPIC, "gone")
    await gone.commit({0: 1})
    await gone.close()
    assert await log.forget_group("gone") == 1
    assert await log.forget_group("gone") == 0
    assert await log.committed(TOPIC, "gone") == {}


async def test_topics_do_not_mix(log: SqliteLog) -> None:
    await append(log, TOPIC, b"a", b"b")
    await append(log, RECEIPTS, b"c")
    assert await values(log, TOPIC) == [b"a", b"b"]
    assert await values(log, RECEIPTS) == [b"c"]
    assert [(await log.end_offsets(each))[0] for each in (TOPIC, RECEIPTS)] == [2, 1]


@pytest.mark.parametrize("group", ["", "a/b", "..\\x", "group\n", "x" * 101])
async def test_a_group_name_must_fit_a_file_name(log: SqliteLog, group: str) -> None:
    with pytest.raises(ValueError, match="names"):
        await log.subscribe(TOPIC, group)
