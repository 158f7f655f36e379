"""W3C Trace Context (Level 1): one trace id from the webhook to the entry in LAPOR."""

import os
import re

#: version 00, non-zero trace and parent ids, flags. Anything else starts a new trace (section 3.2).
_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


def new_traceparent() -> str:
    """A fresh trace, marked as sampled."""
    return f"00-{os.urandom(16).hex()}-{os.urandom(8).hex()}-01"


def child_of(traceparent: str | None) -> str:
    """The same trace with our own parent id; a new trace when there is none or it is malformed."""
    if traceparent is None or not _TRACEPARENT.fullmatch(traceparent):
        return new_traceparent()
    version, trace_id, _, flags = traceparent.split("-")
    return f"{version}-{trace_id}-{os.urandom(8).hex()}-{flags}"
