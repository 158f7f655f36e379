"""What is published is what the models say, and a released schema only grows."""

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from gateway.schema import asyncapi, documents, incompatibilities, verify_schemas
from gateway.settings import TopicSettings

ROOT = Path(__file__).parents[2]
PUBLISHED = ROOT / "docs" / "schema"
RELEASED = sorted((PUBLISHED / "released").glob("*.json"))


def test_published_files_are_current() -> None:
    assert verify_schemas(PUBLISHED, TopicSettings()) == []


@pytest.mark.parametrize("path", RELEASED, ids=lambda path: path.name)
def test_nothing_released_was_broken(path: Path) -> None:
    current = documents(TopicSettings())[path.name]
    assert incompatibilities(json.loads(path.read_text(encoding="utf-8")), current) == []


def test_something_was_released() -> None:
    assert {path.name for path in RELEASED} == {
        "complaint-event.v1.json",
        "rejected-item.v1.json",
        "entry-receipt.v1.json",
        "reply-outcome.v1.json",
        "media-outcome.v1.json",
    }


@pytest.mark.parametrize("name", ["complaint-event.v1.json", "rejected-item.v1.json"])
def test_schemas_are_valid_and_closed(name: str) -> None:
    schema = documents(TopicSettings())[name]
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["additionalProperties"] is False


def _event_schema() -> dict[str, Any]:
    return copy.deepcopy(dict(documents(TopicSettings())["complaint-event.v1.json"]))


def test_an_optional_field_may_come() -> None:
    grown = _event_schema()
    grown["properties"]["urgency"] = {"type": "string"}
    assert incompatibilities(_event_schema(), grown) == []


def test_a_field_may_not_go_change_or_be_demanded() -> None:
    changed = _event_schema()
    del changed["properties"]["batch"]
    changed["properties"]["text"]["type"] = "integer"
    changed["required"] = [*changed["required"], "title_en"]
    changed["$defs"]["Place"]["properties"].pop("code")
    changed["$defs"]["Channel"]["enum"].remove("sms")
    text = "\n".join(incompatibilities(_event_schema(), changed))
    for expected in ("/batch: removed", "/text: type", "title_en", "/place/code: removed", "sms"):
        assert expected in text


def test_asyncapi_references_resolve() -> None:
    document = asyncapi(TopicSettings())
    text = json.dumps(document)
    for name in ("accepted", "rejected", "entered"):
        assert name in document["channels"]
        assert f"#/components/messages/{name}" in text
    for message in document["components"]["messages"].values():
        reference = message["payload"]["schema"]["$ref"]
        assert (PUBLISHED / reference.removeprefix("./")).is_file()
