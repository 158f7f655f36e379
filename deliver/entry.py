"""From the event and its opened private part to what may go out."""

from zoneinfo import ZoneInfo

from deliver.target import Entry, Identity
from gateway.sealing import Opener
from normalizer.event import ComplaintEvent, PlacePrecision, ReporterStatus
from normalizer.gazetteer import load_gazetteer
from normalizer.pii import PersonalData, tokenize

#: Enough for a validation message; LAPOR's error bodies have no known limit.
MAX_WORDS_CHARS = 500
#: More readings than this help nobody to find the village.
_MAX_CANDIDATES = 3


def make_entry(event: ComplaintEvent, opener: Opener | None, zone: ZoneInfo) -> Entry:
    """What goes out. The private part is opened only when the reporter may be named.

    Without an ``opener`` nobody is named.

    Raises:
        CannotOpen: the reporter may be named, and no key at hand opens the part that says who.
    """
    certain = event.place.code if event.place.precision is not PlacePrecision.NONE else None
    names = tuple(candidate.name for candidate in event.place.candidates)
    return Entry(
        reference=event.reference,
        title=event.title,
        text=event.text,
        day=(event.submitted_at or event.received_at).astimezone(zone).date(),
        submitted_at=event.submitted_at,
        received_at=event.received_at,
        place=_place_name(event, certain) if certain else None,
        place_candidates=() if certain else names[:_MAX_CANDIDATES],
        landmark=event.place.landmark,
        classification=event.classification.value,
        categories=event.classification.categories,
        hide_identity=event.hide_identity,
        hide_content=event.hide_content,
        reporter=_reporter(event, opener),
    )


def may_be_named(event: ComplaintEvent) -> bool:
    """Whether who complained may be passed on at all."""
    known = event.reporter.status is ReporterStatus.KNOWN
    return known and not event.hide_identity and event.sealed is not None


def scrub(words: str, reporter: Identity | None) -> str:
    """The target's words without personal data: it may quote what it was sent."""
    known: list[tuple[str, PersonalData]] = []
    if reporter is not None:
        pairs = (
            (reporter.name, PersonalData.NAME),
            (reporter.phone, PersonalData.PHONE),
            (reporter.email, PersonalData.EMAIL),
        )
        known = [(value, kind) for value, kind in pairs if value]
    # The exact strings go first and even when short: the rules pass over what may be any word.
    for value, kind in known:
        words = words.replace(value, kind)
    return tokenize(words, known)[0][:MAX_WORDS_CHARS]


def _reporter(event: ComplaintEvent, opener: Opener | None) -> Identity | None:
    if opener is None or not may_be_named(event) or event.sealed is None:
        return None
    private = opener.open(event.sealed)
    identity = Identity(private.name, private.phone, private.email)
    return identity if identity.values else None


def _place_name(event: ComplaintEvent, code: str) -> str:
    named = next((item.name for item in event.place.candidates if item.code == code), None)
    if named is not None:
        return named
    region = load_gazetteer().by_code.get(code)
    # A code of a later gazetteer than ours is still a place.
    return region.label if region is not None else f"kode wilayah {code}"
