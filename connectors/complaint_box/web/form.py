"""What a posted form says: values to show again, and a slip or the problems it has."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4, uuid5

from connectors.complaint_box.links import canonical, is_link
from connectors.complaint_box.payload import Incomplete, Slip, parse
from connectors.complaint_box.places import read_place
from connectors.complaint_box.settings import ComplaintBoxSettings
from normalizer.event import Channel, PlaceCandidate
from normalizer.gazetteer import Gazetteer, suggest

#: In the order of the page; the error summary follows it.
FIELDS = (
    "source",
    "box",
    "received_on",
    "post_url",
    "handle",
    "text",
    "place_text",
    "place_code",
    "place_unstated",
    "landmark",
    "written_on",
    "reporter",
    "name",
    "phone",
    "email",
    "address",
    "nik",
    "hide_identity",
    "hide_content",
)
#: What stays the same from slip to slip of one batch.
STICKY = ("source", "box", "received_on")
#: What the telephone system says of the call that is being typed; it goes along unseen.
CALL = ("call_id", "call_account")
_CALL_ID = re.compile(r"[\w.:@+-]{1,120}", re.ASCII)
_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_FLAGS = frozenset({"place_unstated", "hide_identity", "hide_content"})
_PLACE_FIELDS = frozenset({"place_text", "place_code", "place_unstated"})
_MAX_PROPOSALS = 8


@dataclass(frozen=True, slots=True)
class Entry:
    """One form as it was posted. ``values`` go back to the clerk whatever happens."""

    draft_id: UUID
    values: Mapping[str, str] = field(repr=False)
    #: SHA-256 of the files that came with it.
    files: tuple[str, ...] = ()

    def raw(self) -> bytes:
        """Canonical JSON of what was typed: the same form gives the same bytes."""
        typed: dict[str, object] = {name: value for name, value in self.values.items() if value}
        if self.files:
            typed["files"] = self.files
        return json.dumps(typed, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()

    def source_id(self) -> str:
        """The same for a form sent twice; another one once something in it was changed.

        With the draft id alone, a correction after a doubtful save would be taken for the
        repetition of what came first, and be lost. A post is known by its link and its words,
        so that two clerks who find it make one complaint.
        """
        link = self.values["post_url"]
        if self.values["source"] == Channel.SOCIAL_CAPTURE and is_link(link):
            words = " ".join(self.values["text"].split())
            return f"{canonical(link)} {hashlib.sha256(words.encode()).hexdigest()[:16]}"
        return str(uuid5(self.draft_id, hashlib.sha256(self.raw()).hexdigest()))


@dataclass(frozen=True, slots=True)
class Checked:
    """A form after checking: a slip, or problems and perhaps places to choose from."""

    slip: Slip | None = field(default=None, repr=False)
    problems: Mapping[str, str] = field(default_factory=dict)
    proposals: tuple[PlaceCandidate, ...] = ()


def new_entry(values: Mapping[str, str]) -> Entry:
    """An empty form with what is known beforehand."""
    return Entry(uuid4(), {name: values.get(name, "") for name in (*FIELDS, *CALL)})


def read_entry(posted: Mapping[str, object], gazetteer: Gazetteer) -> Entry:
    """The form's own fields of a POST; whatever else came with it is passed over."""
    text = {name: value for name, value in posted.items() if isinstance(value, str)}
    try:
        draft_id = UUID(text.get("draft_id", ""))
    except ValueError:
        draft_id = uuid4()
    values = {name: text.get(name, "").strip() for name in (*FIELDS, *CALL)}
    if not _is_call(values):
        values |= dict.fromkeys(CALL, "")
    picked = gazetteer.candidate(text.get("place_choice", ""))
    if picked is not None:
        values |= {"place_text": picked.name, "place_code": picked.code, "place_unstated": ""}
    return Entry(draft_id, values)


def check_entry(
    entry: Entry, today: date, settings: ComplaintBoxSettings, gazetteer: Gazetteer
) -> Checked:
    """Everything that is wrong at once, each with a sentence beside its field."""
    problems: dict[str, str] = {}
    code, place_problem, proposals = _place(entry.values, gazetteer)
    if place_problem:
        problems["place_text"] = place_problem
    if not entry.values["received_on"]:
        problems["received_on"] = "Isi tanggal diterima."
    box_problem = _box_problem(entry.values, settings)
    if box_problem:
        problems["box"] = box_problem
    fields: dict[str, str | bool] = {
        name: (value != "") if name in _FLAGS else value
        for name, value in entry.values.items()
        if name not in _PLACE_FIELDS and name not in CALL
    }
    if entry.values["source"] != Channel.COMPLAINT_BOX:
        fields["box"] = ""
    if entry.values["source"] != Channel.SOCIAL_CAPTURE:
        fields |= {"post_url": "", "handle": ""}
    slip: Slip | None = None
    try:
        slip = parse(fields | {"place_code": code or ""}, today)
    except Incomplete as incomplete:
        problems |= incomplete.problems
    if problems:
        in_order = {name: problems[name] for name in FIELDS if name in problems}
        return Checked(problems=in_order, proposals=proposals)
    return Checked(slip=slip)


def _is_call(values: Mapping[str, str]) -> bool:
    named = _CALL_ID.fullmatch(values["call_id"]) and _ACCOUNT.fullmatch(values["call_account"])
    return values["source"] == Channel.CALL_CENTER and bool(named)


def _box_problem(values: Mapping[str, str], settings: ComplaintBoxSettings) -> str | None:
    if values["source"] != Channel.COMPLAINT_BOX or not settings.boxes:
        return None
    if not values["box"]:
        return "Pilih kotak tempat slip ini ditemukan."
    return None if settings.box(values["box"]) else "Kotak ini tidak ada dalam daftar."


def _place(
    values: Mapping[str, str], gazetteer: Gazetteer
) -> tuple[str | None, str | None, tuple[PlaceCandidate, ...]]:
    """Code, problem, and places to choose from."""
    text = values["place_text"]
    if not text:
        return None, None, ()
    if values["place_unstated"]:
        return None, "Kosongkan tempat, atau hapus centang “tidak disebutkan”.", ()
    chosen = gazetteer.candidate(values["place_code"])
    if chosen is not None and chosen.name == text:
        return chosen.code, None, ()
    readings = read_place(text, gazetteer)
    if len(readings) == 1:
        return readings[0].code, None, ()
    if readings:
        return None, "Ada beberapa tempat dengan nama ini. Pilih salah satu.", readings
    similar = suggest(text, gazetteer, _MAX_PROPOSALS)
    if similar:
        return None, "Nama tempat tidak tepat. Mungkin salah satu di bawah ini?", similar
    return (
        None,
        "Tempat ini tidak ada dalam daftar desa. Tulis di “Patokan” dan kosongkan isian ini.",
        (),
    )
