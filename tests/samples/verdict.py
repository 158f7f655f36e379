"""Whether what came out of a case is what the case expects; every difference is a sentence."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.samples.cases import Case
from tests.samples.replay import Outcome, Taken

#: Nobody's words: no event may come of these.
_NO_WORDS = frozenset({"status", "echo"})


def differences(case: Case, outcome: Outcome) -> list[str]:
    """Empty when everything is as expected."""
    return list(_found(case, outcome))


def _found(case: Case, outcome: Outcome) -> Iterator[str]:
    if case.kind == "signature":
        if outcome.signature_held is not case.signature["valid"]:
            yield f"signature held: {outcome.signature_held}"
        return
    expected_status = case.expect.get("response_status", case.extract.get("response_status", 200))
    for status in outcome.statuses:
        if status != expected_status:
            yield f"status {status}"
    for key, value in case.expect.items():
        if key in _EXPECT:
            yield from _EXPECT[key](outcome, value)
    if case.kind in _NO_WORDS and outcome.events:
        yield f"{len(outcome.events)} events of a {case.kind}"
    if case.kind == "message" and case.extract:
        yield from _as_extracted(case, outcome)
    banned = case.extract.get("must_not_contain")
    if banned and any(banned.encode() in body for body in outcome.bodies):
        yield f"the answer holds {banned}"


def _as_extracted(case: Case, outcome: Outcome) -> Iterator[str]:
    told = case.extract
    if not outcome.events:
        yield "no event"
        return
    taken = outcome.events[0]
    text = told.get("text_after_join", told.get("text"))
    said = taken.private.original_text or ""
    if text and "text_after_join" not in told and text not in said:
        yield f"text is {said[:60]!r}"
    sender = told.get("sender")
    if sender is not None and str(sender).lstrip("+") not in _who(taken):
        yield "another sender"
    wanted = {str(one.get("id") or one.get("file_id")) for one in told.get("media", [])}
    got = {one.media_id for one in taken.event.attachments}
    if wanted - {"None"} - {str(one) for one in got}:
        yield f"media {sorted(wanted)} became {sorted(map(str, got))}"
    external = told.get("external_id")
    joined = "concat" in told or "concat-ref" in str(case.requests) or case.platform == "telegram"
    if external and not joined and taken.source_id not in (None, str(external)):
        yield f"id {taken.source_id}"


def _who(taken: Taken) -> str:
    private = taken.private
    return " ".join(
        str(value).lstrip("+") for value in (private.phone, private.handle, private.email) if value
    )


def _ids(outcome: Outcome) -> set[str]:
    return {str(one.source_id) for one in outcome.events}


def _events(outcome: Outcome, wanted: list[Any]) -> Iterator[str]:
    if wanted and isinstance(wanted[0], dict):
        said = sorted((one.private.original_text or "") for one in outcome.events)
        if said != sorted(str(one["text"]) for one in wanted):
            yield f"texts {said}"
        return
    if missing := set(map(str, wanted)) - _ids(outcome):
        yield f"no event of {sorted(missing)}"


def _count(outcome: Outcome, wanted: int) -> Iterator[str]:
    if len(outcome.events) != wanted:
        yield f"{len(outcome.events)} events, expected {wanted}"


def _one(outcome: Outcome, wanted: str) -> Iterator[str]:
    if wanted not in _ids(outcome):
        yield f"no event of {wanted}"


def _made(outcome: Outcome, wanted: bool) -> Iterator[str]:
    if bool(outcome.events) is not wanted:
        yield f"event made: {bool(outcome.events)}"


def _kept(outcome: Outcome, _: object) -> Iterator[str]:
    if not (outcome.events or outcome.rejected):
        yield "nothing is kept"


def _text(outcome: Outcome, wanted: str) -> Iterator[str]:
    if not any(wanted == (one.private.original_text or "") for one in outcome.events):
        yield "another text"


def _contains(outcome: Outcome, wanted: list[str]) -> Iterator[str]:
    said = " ".join(one.private.original_text or "" for one in outcome.events)
    if any(part not in said for part in wanted):
        yield f"text is {said!r}"


def _after_wait(outcome: Outcome, wanted: dict[str, Any]) -> Iterator[str]:
    for one in outcome.events:
        incomplete = "parts" in [str(item) for item in one.event.completeness]
        if wanted["event_text_contains"] in one.event.text and incomplete:
            return
    yield "no incomplete event"


def _sender(outcome: Outcome, wanted: str) -> Iterator[str]:
    if not any(wanted in _who(one) for one in outcome.events):
        yield "another sender"


def _no_phone(outcome: Outcome, wanted: object) -> Iterator[str]:
    if wanted is None and any(one.private.phone for one in outcome.events):
        yield "a phone number from nowhere"


def _not_dropped(outcome: Outcome, _: object) -> Iterator[str]:
    if len(outcome.events) < len(outcome.statuses):
        yield "fewer events than requests"


_EXPECT: dict[str, Callable[[Outcome, Any], Iterator[str]]] = {
    "events": _events,
    "events_total": _count,
    "event": _one,
    "event_or_review": lambda outcome, wanted: _kept(outcome, wanted),
    "event_made": _made,
    "raw_kept": _kept,
    "kept_for_review": _kept,
    "text": _text,
    "text_contains": _contains,
    "after_wait": _after_wait,
    "sender": _sender,
    "phone": _no_phone,
    "must_not_silently_drop": _not_dropped,
}
