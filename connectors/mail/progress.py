"""How far a folder is in the log. Pure."""

from collections.abc import Iterable

from connectors.mail.imap import Folder


class Progress:
    """Everything up to ``uid`` is settled.

    It only rises over mails that are settled, whatever order they were taken in: a stop at any
    moment loses none.
    """

    def __init__(self, uid: int) -> None:
        self.uid = uid
        self._open: set[int] = set()
        #: Settled ones above ``uid``: a mail below them is still to be taken.
        self._settled: set[int] = set()

    def again(self, uid: int) -> None:
        """Another connection: what was listed is listed anew, what is settled stays so."""
        self.uid = uid
        self._open.clear()

    def untaken(self, uids: Iterable[int]) -> set[int]:
        """Those that are not settled; they are to be taken now."""
        self._open = set(uids) - self._settled
        return set(self._open)

    def settle(self, uid: int) -> bool:
        """This one is in the log, or gone; whether ``uid`` of the progress rose by it."""
        self._open.discard(uid)
        self._settled.add(uid)
        lowest = min(self._open, default=None)
        done = {one for one in self._settled if lowest is None or one < lowest}
        self._settled -= done
        highest = max(done, default=0)
        risen = highest > self.uid
        self.uid = max(self.uid, highest)
        return risen


def start_of(cursor: str | None, folder: Folder) -> int:
    """The UID above which every mail is taken, marked or not.

    Without a cursor that is all of them: somebody else's marks, or our own of a gateway whose disk
    is gone, say nothing of this log. In a folder that was numbered anew (RFC 3501, 2.3.1.1) the
    marks decide, where they last: they stand for this log's own mails. Otherwise all of it is read
    again, and the Message-IDs keep each mail one complaint.
    """
    validity, _, written = (cursor or "").partition(" ")
    if not (validity.isdecimal() and written.isdecimal()):
        return 0
    same = int(validity) == folder.uidvalidity
    if same and (folder.uidnext == 0 or int(written) < folder.uidnext):
        return int(written)
    return max(folder.uidnext - 1, 0) if folder.marks else 0
