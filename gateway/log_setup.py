"""Logs as JSON lines: fixed event names and ids, nothing else.

What may stand beside an event name is a closed list, so that a name or a text cannot slip in. The
text of an exception is never written (it may quote what it choked on); its type and the places in
the code are. Of other libraries' lines only the unfilled message stays, for the same reason.
"""

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

#: The keys a log line may carry (``extra={...}``). Ids, names of states, counts and durations.
FIELDS = (
    "account",
    "attempt",
    "channel",
    "child",
    "complaint_id",
    "count",
    "delay_seconds",
    "error",
    "exit_code",
    "group",
    "item_id",
    "kind",
    "mode",
    "offset",
    "partition",
    "pid",
    "port",
    "reason",
    "reference",
    "round",
    "seconds",
    "stage",
    "state",
    "status",
    "topic",
    "tracking_id",
)

_OWN = ("gateway", "connectors", "deliver", "normalizer", "compose", "__main__")


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, logger, event, the closed fields, where it broke."""

    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = process

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line."""
        own = record.name.split(".", 1)[0] in _OWN
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._process,
            "logger": record.name,
            # Arguments are left out: a foreign library may have put an address into them.
            "event": record.msg if isinstance(record.msg, str) else type(record.msg).__name__,
        }
        if own:
            line |= {key: record.__dict__[key] for key in FIELDS if key in record.__dict__}
        if record.exc_info and record.exc_info[0] is not None:
            line["exception"] = record.exc_info[0].__name__
            line["frames"] = _frames(record.exc_info[2])
        return json.dumps(line, default=str, ensure_ascii=False)


def _frames(trace: TracebackType | None) -> list[str]:
    return [
        f"{frame.filename}:{frame.lineno} {frame.name}"
        for frame in traceback.extract_tb(trace, limit=-12)
    ]


def set_up_logging(process: str, level: str = "info", file: Path | None = None) -> None:
    """Send every log line of this process as JSON to standard error, or to the end of a file."""
    handler: logging.Handler = logging.StreamHandler(sys.stderr)
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        handler = logging.FileHandler(file, encoding="utf-8")
    handler.setFormatter(JsonLines(process))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    for name in _OWN:
        logging.getLogger(name).setLevel(level.upper())
    # While a broker is away it repeats itself many times a second; our own logs say it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # Its lines hold the peer's address and the request's path.
    logging.getLogger("aiohttp.access").disabled = True
