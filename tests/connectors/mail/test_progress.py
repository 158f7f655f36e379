"""The cursor never passes a mail that is not in the log."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.mail.imap import Folder
from connectors.mail.progress import Progress, start_of


def folder(uidvalidity: int = 7, uidnext: int = 100, *, marks: bool = True) -> Folder:
    return Folder(uidvalidity, uidnext, 0, marks, can_idle=True, can_move=True)


@pytest.mark.parametrize(
    ("cursor", "there", "start"),
    [
        (None, folder(), 0),
        ("7 40", folder(), 40),
        ("7 99", folder(), 99),
        ("7 40", folder(marks=False), 40),
        # Numbered anew: the marks decide, or all of it is read again.
        ("6 40", folder(), 99),
        ("6 40", folder(marks=False), 0),
        # The numbers went back under the same name: a server that breaks its promise.
        ("7 400", folder(), 99),
        ("7 400", folder(marks=False), 0),
        ("7 400", folder(uidnext=0), 400),
        ("6 40", folder(uidnext=0), 0),
        ("", folder(), 0),
        ("7", folder(), 0),
        ("tujuh 40", folder(), 0),
        ("7 -1", folder(), 0),
    ],
)
def test_where_it_begins(cursor: str | None, there: Folder, start: int) -> None:
    assert start_of(cursor, there) == start


@given(st.lists(st.integers(1, 60), unique=True, min_size=1), st.randoms())
def test_it_rises_over_settled_mails_only(uids: list[int], chance: object) -> None:
    progress = Progress(0)
    order = sorted(progress.untaken(uids))
    chance.shuffle(order)  # type: ignore[attr-defined]
    settled: set[int] = set()
    for uid in order:
        before = progress.uid
        rose = progress.settle(uid)
        settled.add(uid)
        assert rose == (progress.uid > before)
        assert {one for one in uids if one <= progress.uid} <= settled
    assert progress.uid == max(uids)
    assert progress.untaken(one for one in uids if one > progress.uid) == set()


def test_a_mail_that_comes_last_holds_the_cursor_and_nobody_else() -> None:
    progress = Progress(0)
    progress.untaken([1, 2, 3])
    assert not progress.settle(2)
    assert not progress.settle(3)
    # The connection breaks; what is settled is not taken again.
    progress.again(0)
    assert progress.untaken([1, 2, 3, 4]) == {1, 4}
    assert progress.settle(1)
    assert progress.uid == 3
