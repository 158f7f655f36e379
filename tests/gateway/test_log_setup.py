"""A log line cannot hold what it must not."""

import json
import logging

import pytest

from gateway.log_setup import JsonLines

SECRET = "Sri Rejeki Contoh 081200009001"


def line(record: logging.LogRecord) -> dict[str, object]:
    text = JsonLines("test").format(record)
    assert SECRET not in text
    parsed: dict[str, object] = json.loads(text)
    return parsed


def record(name: str, message: object, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.LogRecord(name, logging.INFO, __file__, 1, message, args, None)
    made.__dict__.update(extra)
    return made


def test_only_known_fields_stand_beside_the_event() -> None:
    parsed = line(record("gateway.intake", "intake.accepted", complaint_id="7", text=SECRET))
    assert parsed["event"] == "intake.accepted"
    assert parsed["complaint_id"] == "7"
    assert "text" not in parsed


def test_foreign_lines_lose_their_arguments() -> None:
    assert line(record("aiohttp.server", "Error from %s", SECRET))["event"] == "Error from %s"
    assert line(record("other", ValueError(SECRET)))["event"] == "ValueError"


def test_exceptions_are_told_without_their_text() -> None:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        made = record("gateway.web", "webhook.read_failed")
        made.exc_info = (type(error), error, error.__traceback__)
    parsed = line(made)
    assert parsed["exception"] == "ValueError"
    assert "test_log_setup.py" in str(parsed["frames"])


@pytest.mark.parametrize("name", ["gateway.web", "deliver.worker", "connectors.sms"])
def test_our_own_loggers_keep_ids(name: str) -> None:
    assert line(record(name, "x.done", offset=7))["offset"] == 7
