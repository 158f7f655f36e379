"""The published contract: JSON Schema 2020-12 of each record and one AsyncAPI 3.1 document.

Generated from the models and kept under ``docs/schema/``. A released schema only grows: a field
may be added as optional, never removed, renamed, retyped or made required (``incompatibilities``).
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.cloudevents import (
    TYPE_ACCEPTED,
    TYPE_COUNTED,
    TYPE_ENTERED,
    TYPE_MEDIA,
    TYPE_REJECTED,
    TYPE_REPLIED,
    TYPE_UPDATED,
)
from gateway.settings import TopicSettings
from normalizer.count import SourceCount
from normalizer.event import ComplaintEvent, EntryReceipt, RejectedItem, json_schema
from normalizer.outcome import MediaOutcome, ReplyOutcome
from normalizer.update import ComplaintUpdate

Schema = Mapping[str, Any]

_MODELS: Mapping[str, type[BaseModel]] = {
    "complaint-event": ComplaintEvent,
    "rejected-item": RejectedItem,
    "entry-receipt": EntryReceipt,
    "reply-outcome": ReplyOutcome,
    "media-outcome": MediaOutcome,
    "source-count": SourceCount,
    "complaint-update": ComplaintUpdate,
}


def documents(topics: TopicSettings) -> dict[str, Schema]:
    """File name to document, for everything that is published."""
    schemas: dict[str, Schema] = {
        f"{name}.v1.json": json_schema(model) for name, model in _MODELS.items()
    }
    return {**schemas, "asyncapi.json": asyncapi(topics)}


def write_schemas(directory: Path, topics: TopicSettings) -> list[Path]:
    """Write all documents; returns their paths."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for name, document in documents(topics).items():
        path = directory / name
        path.write_text(_text(document), encoding="utf-8")
        written.append(path)
    return written


def verify_schemas(directory: Path, topics: TopicSettings) -> list[str]:
    """One sentence for each document that is missing or differs from the models."""
    return [
        f"{directory / name} is not what the models say; run `gateway schema`"
        for name, document in documents(topics).items()
        if not (directory / name).is_file()
        or (directory / name).read_text(encoding="utf-8") != _text(document)
    ]


def incompatibilities(released: Schema, current: Schema, where: str = "") -> list[str]:
    """What in ``current`` would break a reader or a record of ``released``."""
    old, new = _resolved(released, released), _resolved(current, current)
    return _compare(old, new, where, released, current)


def _compare(old: Schema, new: Schema, where: str, old_root: Schema, new_root: Schema) -> list[str]:
    problems = []
    for key in ("type", "format", "const", "pattern", "maxLength", "minLength"):
        if old.get(key) != new.get(key):
            problems.append(f"{where or '/'}: {key} {old.get(key)!r} became {new.get(key)!r}")
    if gone := set(map(str, old.get("enum", ()))) - set(map(str, new.get("enum", ()))):
        problems.append(f"{where or '/'}: values removed: {', '.join(sorted(gone))}")
    if added := set(new.get("required", ())) - set(old.get("required", ())):
        problems.append(f"{where or '/'}: made required: {', '.join(sorted(added))}")
    old_fields: Schema = old.get("properties", {})
    new_fields: Schema = new.get("properties", {})
    for name, field in old_fields.items():
        if name not in new_fields:
            problems.append(f"{where}/{name}: removed")
            continue
        problems += _compare(
            _resolved(field, old_root),
            _resolved(new_fields[name], new_root),
            f"{where}/{name}",
            old_root,
            new_root,
        )
    for key in ("items", "anyOf"):
        problems += _compare_inner(old.get(key), new.get(key), f"{where}/{key}", old_root, new_root)
    return problems


def _compare_inner(
    old: object, new: object, where: str, old_root: Schema, new_root: Schema
) -> list[str]:
    if old is None and new is None:
        return []
    olds = old if isinstance(old, list) else [old]
    news = new if isinstance(new, list) else [new]
    if old is None or new is None or len(olds) > len(news):
        return [f"{where}: changed"]
    return [
        problem
        for before, after in zip(olds, news, strict=False)
        for problem in _compare(
            _resolved(before, old_root), _resolved(after, new_root), where, old_root, new_root
        )
    ]


def _resolved(schema: Schema, root: Schema) -> Schema:
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    target: Schema = root["$defs"][reference.rsplit("/", 1)[1]]
    return target


def _text(document: Schema) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def asyncapi(topics: TopicSettings) -> Schema:
    """Channels and messages, and what each program sends and receives."""
    messages = {
        "accepted": ("complaint-event", TYPE_ACCEPTED, topics.accepted),
        "rejected": ("rejected-item", TYPE_REJECTED, topics.rejected),
        "entered": ("entry-receipt", TYPE_ENTERED, topics.entered),
        "replied": ("reply-outcome", TYPE_REPLIED, topics.replied),
        "media": ("media-outcome", TYPE_MEDIA, topics.media),
        "counted": ("source-count", TYPE_COUNTED, topics.counted),
        "updated": ("complaint-update", TYPE_UPDATED, topics.updated),
    }
    return {
        "asyncapi": "3.1.0",
        "info": {
            "title": "Complaint gateway",
            "version": "1.0.0",
            "description": (
                "CloudEvents 1.0 in Kafka binary mode. A record may come twice with the same "
                "ce_id; consumers take it as one. Identities stand in the sealed part only."
            ),
        },
        "defaultContentType": "application/json",
        "channels": {
            name: {
                "address": topic,
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
                "bindings": {
                    "kafka": {
                        "topic": topic,
                        "partitions": spec.partitions,
                        "topicConfiguration": {
                            "cleanup.policy": ["compact" if spec.compacted else "delete"],
                            "retention.ms": (
                                -1
                                if spec.retention_seconds is None
                                else spec.retention_seconds * 1000
                            ),
                        },
                        "bindingVersion": "0.5.0",
                    }
                },
            }
            for (name, (_, _, topic)), spec in zip(messages.items(), topics.specs(), strict=True)
        },
        "operations": {
            "acceptComplaint": _operation("send", "accepted", "The intake keeps an item."),
            "rejectItem": _operation("send", "rejected", "The intake sets an item aside."),
            "enterComplaint": _operation("receive", "accepted", "Deliver enters it into LAPOR."),
            "confirmEntry": _operation("send", "entered", "Deliver tells that LAPOR has it."),
            "answerEntry": _operation("receive", "entered", "Replies tells the reporter."),
            "tellReply": _operation("send", "replied", "Replies tells what became of an answer."),
            "recordReply": _operation("receive", "replied", "Deliver keeps it in the ledger."),
            "tellMedia": _operation("send", "media", "The intake fetched an attachment."),
            "recordMedia": _operation("receive", "media", "Deliver passes it on to LAPOR."),
            "tellCount": _operation("send", "counted", "The intake tells what a source counted."),
            "recordCount": _operation("receive", "counted", "Deliver compares it with the log."),
            "tellUpdate": _operation("send", "updated", "Deliver tells what LAPOR says."),
            "answerUpdate": _operation("receive", "updated", "Replies tells the reporter."),
        },
        "components": {
            "messages": {
                name: {
                    "name": type_,
                    "contentType": "application/json",
                    "headers": {"$ref": "#/components/schemas/headers"},
                    "payload": {
                        "schemaFormat": "application/schema+json;version=draft-2020-12",
                        "schema": {"$ref": f"./{schema}.v1.json"},
                    },
                }
                for name, (schema, type_, _) in messages.items()
            },
            "schemas": {"headers": _headers()},
        },
    }


def _operation(action: str, channel: str, summary: str) -> Schema:
    return {
        "action": action,
        "summary": summary,
        "channel": {"$ref": f"#/channels/{channel}"},
        "messages": [{"$ref": f"#/channels/{channel}/messages/{channel}"}],
    }


def _headers() -> Schema:
    text = {"type": "string"}
    names = ("ce_id", "ce_type", "ce_source", "ce_specversion", "ce_dataschema", "content-type")
    return {
        "type": "object",
        "required": [*names, "ce_time", "traceparent"],
        "properties": {
            **{name: text for name in names},
            "ce_time": {"type": "string", "format": "date-time"},
            "traceparent": {"type": "string", "description": "W3C Trace Context"},
        },
    }
