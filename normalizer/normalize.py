"""The one function that makes an event of an item."""

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from normalizer.already_in_lapor import Rule, find_in_lapor
from normalizer.classify import classify
from normalizer.completeness import missing
from normalizer.draft import Draft, DraftAttachment, Rejection, RejectionReason, SenderKind
from normalizer.event import (
    MAX_TEXT_CHARS,
    Attachment,
    Channel,
    ComplaintEvent,
    Missing,
    Origin,
    Place,
    PrivatePart,
    Relation,
    TimePrecision,
)
from normalizer.gazetteer import Gazetteer, load_gazetteer
from normalizer.identity import (
    blind_source_id,
    complaint_id,
    platform_complaint_id,
    reference,
    reporter_key,
)
from normalizer.person import known_identities, make_reporter, private_part, repaired
from normalizer.pii import contains_pii, tokenize
from normalizer.place import Hints, find_place, is_region_code
from normalizer.text import (
    Words,
    clean,
    detect_language,
    repair,
    split_segments,
    strip_keyword,
)
from normalizer.title import make_title

DEFAULT_KEYWORDS = ("NGAWI", "KAB. NGAWI", "KABUPATEN NGAWI", "NGAWIKAB", "LAPOR NGAWI")

#: Read at most this much of one text: four times what an event carries, as tokens are shorter than
#: what they replace. The whole stands in the sealed part.
_MAX_READ_CHARS = 4 * MAX_TEXT_CHARS
#: Nothing was sent electronically to us before; such dates come from unset clocks.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_NO_ASKING = (Relation.DELETION, Relation.REACTION)
#: Phones in a wrong time zone are hours ahead, never more than a day.
_FUTURE_ALLOWED = timedelta(days=1)
#: Platform ids are far shorter; something longer is not an id and does not go into the event.
_MAX_ID_CHARS = 200
#: A description of a spot, not a second complaint.
_MAX_LANDMARK_CHARS = 500


@dataclass(frozen=True, slots=True)
class Context:
    """What is the same for every item of one gateway."""

    reporter_key_secret: bytes = field(repr=False)
    reference_prefix: str = "NGW"
    #: First words of an SMS that are no part of the complaint.
    keywords: tuple[str, ...] = DEFAULT_KEYWORDS
    gazetteer: Gazetteer = field(default_factory=load_gazetteer, repr=False)
    time_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Jakarta"))
    #: What counts as LAPOR's already, beside what the channel itself knows.
    in_lapor: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Normalized:
    """An event that is not sealed yet, and what has to be sealed into it."""

    event: ComplaintEvent
    private: PrivatePart = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Reading:
    """The text in the form that goes into the event, and what was found in it."""

    words: Words
    text: str
    truncated: bool
    title: str
    place: Place


def normalize(draft: Draft, received_at: datetime, context: Context) -> Normalized | Rejection:
    """Make the event of one item, or say why there is none. Pure, and never raises.

    ``event.sealed`` is None. ``received_at`` is when it reached us; without a zone it is UTC.
    """
    try:
        if _is_empty(draft):
            return _rejection(draft, RejectionReason.EMPTY)
        return _normalize(draft, received_at, context)
    except Exception:  # noqa: BLE001 - a text that breaks us is still kept, sealed, by the intake
        return _rejection(draft, RejectionReason.NORMALIZER_FAILED)


def _normalize(draft: Draft, received_at: datetime, context: Context) -> Normalized:
    if received_at.tzinfo is None:
        received_at = received_at.replace(tzinfo=UTC)
    received_at = received_at.astimezone(UTC)
    submitted_at = _plausible(draft.submitted_at, received_at + _FUTURE_ALLOWED)
    identity, basis = complaint_id(draft, received_at)
    scope = draft.channel if draft.sender.kind is SenderKind.HANDLE else ""
    key = reporter_key(context.reporter_key_secret, draft.sender, scope)
    reading = _read(draft, context)
    words = reading.words.folded
    source_id = _shown_source_id(draft, context)
    event = ComplaintEvent(
        complaint_id=identity,
        reference=reference(identity, received_at, context.reference_prefix, context.time_zone),
        id_basis=basis,
        channel=draft.channel,
        account=repair(draft.account),
        source_id=source_id,
        submitted_at=submitted_at,
        submitted_precision=(
            TimePrecision.UNKNOWN if submitted_at is None else draft.submitted_precision
        ),
        received_at=received_at,
        # A slip may be typed long after it came: there is no upper bound.
        captured_at=_plausible(draft.captured_at, None),
        text=reading.text,
        text_truncated=reading.truncated,
        title=reading.title,
        language=detect_language(words, reading.text),
        reporter=make_reporter(draft, key),
        hide_identity=draft.hide_identity,
        hide_content=draft.hide_content,
        place=reading.place,
        classification=classify(words, draft.classification),
        completeness=_missing(draft, reading, context, submitted_at, key),
        attachments=tuple([_attachment(one, draft, context) for one in draft.attachments]),
        relates_to=_related(draft),
        relation=draft.relates_to.relation if draft.relates_to else None,
        origin=_origin(draft, context),
        entered_by=repaired(draft.entered_by),
        batch=repaired(draft.batch),
        exclusion=draft.exclusion,
        awaits=draft.awaits,
        source_numbers=draft.source_numbers or None,
    )
    hidden = draft.source_id if source_id != draft.source_id else None
    return Normalized(event, private_part(draft, hidden))


def _read(draft: Draft, context: Context) -> _Reading:
    known = known_identities(draft.sender, context.gazetteer.by_key)
    chosen_title = ""
    if draft.title_raw:
        chosen_title = tokenize(clean(draft.title_raw[:_MAX_READ_CHARS]), known)[0]
    text, truncated = _cut(draft.text_raw or "", _MAX_READ_CHARS)
    text = clean(text)
    segments: tuple[str, ...] = ()
    keyword = None
    if draft.channel is Channel.SMS:
        text, segments = split_segments(text)
        text, keyword = strip_keyword(text, context.keywords)
    text, too_long = _cut(tokenize(text, known)[0], MAX_TEXT_CHARS)
    text = text or _cut(chosen_title, MAX_TEXT_CHARS)[0]
    words = Words(f"{chosen_title}\n{text}" if chosen_title else text)
    regency = context.gazetteer.regency.name.lower()
    landmark = ""
    if draft.landmark:
        landmark = tokenize(clean(draft.landmark[:_MAX_LANDMARK_CHARS]), known)[0]
    hints = Hints(
        segments=segments,
        regency_named=keyword is not None and regency in keyword.lower(),
        code=draft.place_code if is_region_code(draft.place_code) else None,
        landmark=landmark or None,
        coordinates=_on_earth(draft.coordinates),
    )
    return _Reading(
        words=words,
        text=text,
        truncated=truncated or too_long,
        title=make_title(text, chosen_title),
        place=find_place(words, context.gazetteer, hints),
    )


def _cut(text: str, limit: int) -> tuple[str, bool]:
    """The text up to a limit, and whether it was longer. No number is cut in two."""
    if len(text) <= limit:
        return text, False
    kept, space, _ = text[:limit].rpartition(" ")
    kept = kept if space else text[:limit]
    return kept.rstrip("0123456789 .-+()/"), True


def _missing(
    draft: Draft,
    reading: _Reading,
    context: Context,
    submitted_at: datetime | None,
    key: str | None,
) -> tuple[Missing, ...]:
    if draft.exclusion or (draft.relates_to and draft.relates_to.relation in _NO_ASKING):
        return ()  # nobody asks back about a thumb
    return missing(
        reading.words.folded,
        reading.place,
        context.gazetteer,
        submitted_at=submitted_at,
        reporter_key=key,
        incomplete=draft.incomplete,
    )


def _shown_source_id(draft: Draft, context: Context) -> str | None:
    """The platform's id as it is, unless it tells who wrote."""
    source_id = draft.source_id
    if not source_id:
        return None
    address = (draft.sender.address or "").strip().lstrip("@+")
    telling = (
        # A wamid holds the sender's number in base 64, the link of a post who posted it.
        draft.channel in (Channel.WHATSAPP, Channel.SOCIAL_CAPTURE)
        or len(source_id) > _MAX_ID_CHARS
        or not source_id.isprintable()
        or (address and address.lower() in source_id.lower())
        or contains_pii(source_id)
    )
    if not telling:
        return source_id
    return blind_source_id(context.reporter_key_secret, draft.channel, draft.account, source_id)


def _attachment(attachment: DraftAttachment, draft: Draft, context: Context) -> Attachment:
    size = attachment.size_bytes
    name = clean(attachment.name or "")[-_MAX_ID_CHARS:]
    known = known_identities(draft.sender, context.gazetteer.by_key)
    if tokenize(name, known)[1] or tokenize(name.replace("_", " "), known)[1]:
        hidden = blind_source_id(
            context.reporter_key_secret, draft.channel, draft.account, attachment.name or ""
        )
        _, dot, ending = name.rpartition(".")
        name = f"{hidden}.{ending}" if dot and ending.isalpha() else hidden
    return Attachment(
        media_type=repair(attachment.media_type),
        media_id=repair(attachment.media_id),
        size_bytes=size if size is not None and size >= 0 else None,
        name=name or None,
        sha256=attachment.sha256,
        copy_sha256=attachment.copy_sha256,
        withheld=attachment.withheld,
    )


def _related(draft: Draft) -> UUID | None:
    if draft.relates_to is None:
        return None
    return platform_complaint_id(draft.channel, draft.account, draft.relates_to.source_id)


def _origin(draft: Draft, context: Context) -> Origin:
    number = repaired(draft.lapor_tracking_id)
    found = None if number else find_in_lapor(draft, context.in_lapor)
    if found is None:
        return Origin(already_in_lapor=draft.already_in_lapor, tracking_id=number)
    return Origin(already_in_lapor=True, tracking_id=found.tracking_id)


def _is_empty(draft: Draft) -> bool:
    if draft.attachments or draft.relates_to or _on_earth(draft.coordinates):
        return False
    if draft.exclusion or draft.awaits:
        return False
    return not (clean(draft.text_raw or "") or clean(draft.title_raw or ""))


def _on_earth(coordinates: tuple[float, float] | None) -> tuple[float, float] | None:
    """None for what no receiver measures; 0, 0 is what a phone without one sends."""
    if coordinates is None:
        return None
    latitude, longitude = coordinates
    if not (math.isfinite(latitude) and math.isfinite(longitude)) or coordinates == (0, 0):
        return None
    return coordinates if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _plausible(moment: datetime | None, latest: datetime | None) -> datetime | None:
    """The time in UTC, or None when it has no zone or cannot be true."""
    if moment is None or moment.tzinfo is None:
        return None
    try:
        moment = moment.astimezone(UTC)
    except OverflowError:
        return None
    if moment < _EARLIEST or (latest is not None and moment > latest):
        return None
    return moment


def _rejection(draft: Draft, reason: RejectionReason) -> Rejection:
    return Rejection(
        channel=draft.channel,
        account=repair(draft.account),
        reason=reason,
        raw=draft.raw,
        raw_media_type=repair(draft.raw_media_type),
        source_id=repaired(draft.source_id),
        raw_sha256=draft.raw_sha256,
        source_numbers=draft.source_numbers,
    )
