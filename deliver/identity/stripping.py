"""An event without what says who complained, and on request without what they wrote."""

from sqlalchemy import Connection, exists, select

from deliver.tables import erasure
from normalizer.event import ComplaintEvent

#: Stands in place of the words after an erasure that took them too.
ERASED_TEXT = "[DIHAPUS]"


def without_identity(event: ComplaintEvent, *, with_text: bool = False) -> ComplaintEvent:
    """The event as it may stay: no sealed part, no way back, no key that ties reports together.

    The text has tokens where rules found personal data, but free words may still tell a person:
    ``with_text`` takes title, text, landmark, coordinates and file names too. What is counted
    (channel, times, class, village) stays: it is needed for Pasal 3(2)e of the regency's rule.
    """
    gone: dict[str, object] = {
        "sealed": None,
        "reply_to": None,
        "source_id": None,
        "reporter": event.reporter.model_copy(update={"key": None, "reachable_on": None}),
        "attachments": tuple(
            item.model_copy(update={"name": None, "sha256": None, "copy_sha256": None})
            for item in event.attachments
        ),
    }
    if with_text:
        place = {"landmark": None, "latitude": None, "longitude": None}
        gone |= {
            "title": ERASED_TEXT,
            "text": ERASED_TEXT,
            "place": event.place.model_copy(update=place),
        }
    return event.model_copy(update=gone)


def unless_erased(connection: Connection, event: ComplaintEvent) -> ComplaintEvent:
    """The event as the ledger may take it in: one with a tombstone only without identity and text.

    Its row was lost or the ledger is an older copy, and the log still has the ciphertext.
    """
    buried = exists().where(erasure.c.complaint_id == str(event.complaint_id))
    if connection.scalar(select(buried)):
        return without_identity(event, with_text=True)
    return event
