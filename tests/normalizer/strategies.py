"""What may come in: any text, any bytes, any draft. All people and numbers are invented."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import settings
from hypothesis import strategies as st

from normalizer.draft import Draft, DraftAttachment, Sender, SenderKind, SourceRef
from normalizer.event import (
    Channel,
    Classification,
    Relation,
    ReporterStatus,
    TimePrecision,
)

#: Modest, as the machine that runs them is: many properties, a hundred tries each.
quick = settings(deadline=None, max_examples=100, database=None)

RECEIVED = datetime(2026, 3, 9, 2, 30, 15, 250_000, tzinfo=UTC)

#: Lone surrogates, controls and bidirectional marks included.
any_text = st.text(st.characters(), max_size=200)
decoded_bytes = st.binary(max_size=200).map(lambda raw: raw.decode("utf-8", "surrogateescape"))
_SNIPPETS = """
NGAWI#PARON#|desa |kec. |Paron|Babadan |Widodaren|, |. |jalan rusak|0812-0000-1234|nama saya Sri
|3521015708900001|RT 03|kab. Madiun|mohon info |Jl. |- ngawi kota|dusun |17.00|Rp 500.000| pitu
|a.n.
"""
complaint_text = st.lists(st.sampled_from(_SNIPPETS.split("|")), max_size=30).map("".join)
texts = any_text | decoded_bytes | complaint_text

nik_numbers = st.builds(
    "{:02d}{:02d}{:02d}{:02d}{:02d}{:02d}{:04d}".format,
    st.sampled_from((11, 32, 33, 35, 64, 94)),
    st.integers(1, 79),
    st.integers(1, 40),
    st.integers(1, 31) | st.integers(41, 71),
    st.integers(1, 12),
    st.integers(0, 99),
    st.integers(1, 9999),
)
mobile_rest = st.builds(
    "8{}{}".format,
    st.sampled_from("1235789"),
    st.text("0123456789", min_size=8, max_size=9),
)
email_addresses = st.builds(
    "{}@{}.{}".format,
    st.text("abcdefghijklmnop0123456789._+-", min_size=1, max_size=20).map(
        lambda name: "a" + name.strip("._+-") + "z"
    ),
    st.text("abcdefgh0123-", min_size=1, max_size=12).map(lambda host: "h" + host.strip("-") + "t"),
    st.sampled_from(("com", "co.id", "go.id", "example.org")),
)

_moments = st.datetimes() | st.datetimes(
    timezones=st.sampled_from((UTC, timezone(timedelta(hours=7)), timezone(timedelta(hours=-12))))
)
_optional_text = st.none() | texts
_senders = st.builds(
    Sender,
    kind=st.sampled_from(SenderKind),
    address=_optional_text | st.just("+62 812-0000-1234") | st.just("MTN"),
    name=_optional_text,
    postal_address=_optional_text,
    nik=_optional_text,
)
_attachments = st.builds(
    DraftAttachment,
    media_type=texts,
    media_id=texts,
    size_bytes=st.none() | st.integers(),
    name=_optional_text,
)
drafts = st.builds(
    Draft,
    channel=st.sampled_from(Channel),
    account=texts,
    raw=st.binary(max_size=100),
    source_id=_optional_text,
    text_raw=_optional_text,
    title_raw=_optional_text,
    decoding=_optional_text,
    sender=_senders,
    reporter_status=st.none() | st.sampled_from(ReporterStatus),
    submitted_at=st.none() | _moments,
    submitted_precision=st.sampled_from(TimePrecision),
    captured_at=st.none() | _moments,
    entered_by=_optional_text,
    batch=_optional_text,
    hide_identity=st.booleans(),
    hide_content=st.booleans(),
    place_code=_optional_text | st.sampled_from(("35.21", "35.21.10", "35.21.10.2002", "33.13")),
    landmark=_optional_text,
    coordinates=st.none() | st.tuples(st.floats(), st.floats()),
    classification=st.none() | st.sampled_from(Classification),
    attachments=st.lists(_attachments, max_size=3).map(tuple),
    relates_to=st.none()
    | st.builds(SourceRef, source_id=texts, relation=st.sampled_from(Relation)),
    already_in_lapor=st.booleans(),
    lapor_tracking_id=_optional_text,
    incomplete=st.booleans(),
)
