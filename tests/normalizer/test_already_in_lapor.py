"""What LAPOR has already is linked; what only speaks of it is entered like everything else."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.already_in_lapor import AlreadyInLaporSettings
from gateway.errors import Misconfigured
from gateway.settings import read_config
from normalizer.already_in_lapor import BadPattern, Found, Pattern, Rule, find_in_lapor
from normalizer.draft import Draft, Sender, SenderKind
from normalizer.event import Channel, Origin
from normalizer.normalize import Context, Normalized, normalize

NOON = datetime(2026, 3, 2, 5, 0, tzinfo=UTC)

#: As a regency may write it after asking KemenPANRB.
RULES = r"""
[[already_in_lapor.rules]]
channels = ["sms"]
accounts = ["feed-1708"]

[[already_in_lapor.rules]]
channels = ["sms"]
senders = ["1708", "LAPOR!", "LAPOR1708"]
pattern = "LAPOR! #{id}"

[[already_in_lapor.rules]]
channels = ["sms"]
senders = ["1708", "LAPOR!", "LAPOR1708"]
pattern = "laporan Anda {*} nomor {id}"

[[already_in_lapor.rules]]
channels = ["sms"]
senders = ["1708", "LAPOR!", "LAPOR1708"]
pattern = "Tracking ID: {id}"

[[already_in_lapor.rules]]
channels = ["x"]
senders = ["@LAPOR1708"]
pattern = "laporan #{id}"

[[already_in_lapor.rules]]
channels = ["telegram", "email"]
pattern = "[Terusan SP4N-LAPOR!]\nTracking ID: {id}"

[[already_in_lapor.rules]]
channels = ["telegram", "email"]
pattern = "Fwd: LAPOR! #{id}"
"""


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> tuple[Rule, ...]:
    path = tmp_path_factory.mktemp("rules") / "gateway.toml"
    path.write_text(RULES, encoding="utf-8")
    return read_config(path).load(AlreadyInLaporSettings).as_rules()


def draft(
    text: str | None,
    *,
    sender: str = "081200009001",
    channel: Channel = Channel.SMS,
    account: str = "1708",
    title: str | None = None,
) -> Draft:
    kind = SenderKind.PHONE if channel is Channel.SMS else SenderKind.HANDLE
    return Draft(
        channel=channel,
        account=account,
        raw=b"{}",
        text_raw=text,
        title_raw=title,
        sender=Sender(kind=kind, address=sender),
        source_id="1",
    )


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("LAPOR! #9165816 Jalan berlubang di Ds. Babadan. Mohon ditindaklanjuti", "1708"),
        ("lapor!  #9165816: Lampu mati", "LAPOR!"),
        ("Yth Admin Ngawi. Ada laporan baru LAPOR! #9165816", "1708"),
        ("Terima kasih, laporan Anda sudah diterima dengan nomor 9165816. -LAPOR!", "1708"),
        ("Laporan Anda dengan nomor 9165816 diteruskan ke Kab. Ngawi", "lapor1708"),
        ("Disposisi baru.\nTracking ID: 9165816\nJudul: Jalan rusak\nIsi: ...", "1708"),
        ("Disposisi baru. TRACKING ID:9165816, Judul: Jalan rusak", " 1708 "),
    ],
)
def test_what_1708_itself_sends_is_linked(rules: tuple[Rule, ...], text: str, sender: str) -> None:
    assert find_in_lapor(draft(text, sender=sender), rules) == Found("9165816")


@pytest.mark.parametrize(
    ("text", "title", "channel"),
    [
        ("[Terusan SP4N-LAPOR!]\nTracking ID: 9165816\nJalan rusak", None, Channel.TELEGRAM),
        ("\n [terusan sp4n-lapor!]  \r\n Tracking ID:9165816\r\nx", None, Channel.EMAIL),
        ("Mohon ditindaklanjuti.", "Fwd: LAPOR! #9165816", Channel.EMAIL),
        ("fwd: lapor! #9165816.\n\nLampu jalan mati.", None, Channel.TELEGRAM),
    ],
)
def test_a_forward_that_opens_as_one_is_linked(
    rules: tuple[Rule, ...], text: str, title: str | None, channel: Channel
) -> None:
    found = find_in_lapor(draft(text, channel=channel, title=title), rules)
    assert found == Found("9165816")


@pytest.mark.parametrize(
    "text",
    [
        "seperti laporan 9165816 belum ditangani",
        "LAPOR! #9165816 kok belum ditangani",
        "Saya sudah lapor, Tracking ID: 9165816, tapi belum ada tanggapan",
        "Tracking ID: 9165816",
        "laporan Anda dengan nomor 9165816 katanya selesai, padahal belum",
        "Fwd: LAPOR! #9165816 apa kabar laporan ini?",
        "Mohon cek [Terusan SP4N-LAPOR!]\nTracking ID: 9165816",
        "Dulu saya dapat balasan\nFwd: LAPOR! #9165816\nsampai sekarang rusak",
        "Jalan rusak lagi, sama dengan Fwd: LAPOR! #9165816",
        "NIK saya 3521014101800001, hubungi 081200009001",
    ],
)
@pytest.mark.parametrize("channel", [Channel.SMS, Channel.TELEGRAM, Channel.EMAIL, Channel.X])
def test_a_citizen_who_mentions_a_report_is_not_linked(
    rules: tuple[Rule, ...], text: str, channel: Channel
) -> None:
    assert find_in_lapor(draft(text, channel=channel), rules) is None


@pytest.mark.parametrize(
    "text",
    [
        "Tracking ID : 9165816",  # a blank that the pattern does not have
        "LAPOR! #35210141018000",  # longer than any id: part of a number is no id
        "LAPOR! #0916581",
        "LAPOR! #916",
        "LAPOR! # sembilan",
        "XLAPOR! #9165816",
        "Info: layanan 1708 tutup pukul 22.00",
    ],
)
def test_even_1708_is_linked_only_by_a_whole_id(rules: tuple[Rule, ...], text: str) -> None:
    assert find_in_lapor(draft(text, sender="1708"), rules) is None


def test_a_sender_counts_on_its_own_channel_only(rules: tuple[Rule, ...]) -> None:
    text = "Disposisi laporan #9165816"
    assert find_in_lapor(draft(text, sender="LAPOR1708", channel=Channel.X), rules)
    assert find_in_lapor(draft(text, sender="@lapor1708", channel=Channel.X), rules)
    assert find_in_lapor(draft(text, sender="LAPOR1708x", channel=Channel.X), rules) is None
    assert find_in_lapor(draft(text, sender="LAPOR1708", channel=Channel.FACEBOOK), rules) is None


def test_everything_of_a_national_account_is_linked_with_its_number_if_it_says_one(
    rules: tuple[Rule, ...],
) -> None:
    assert find_in_lapor(draft("Jalan rusak", account="feed-1708"), rules) == Found(None)
    assert find_in_lapor(draft(None, account="feed-1708"), rules) == Found(None)
    from_1708 = draft("LAPOR! #9165816 Jalan rusak", account="feed-1708", sender="1708")
    assert find_in_lapor(from_1708, rules) == Found("9165816")
    # What a citizen wrote there is linked, and not to a number that is only mentioned.
    mentions = draft("seperti LAPOR! #9165816 belum ditangani", account="feed-1708")
    assert find_in_lapor(mentions, rules) == Found(None)


def made(item: Draft, rules: tuple[Rule, ...]) -> Origin:
    outcome = normalize(item, NOON, Context(reporter_key_secret=b"0" * 32, in_lapor=rules))
    assert isinstance(outcome, Normalized)
    return outcome.event.origin


def test_the_event_says_so(rules: tuple[Rule, ...]) -> None:
    text = "LAPOR! #9165816 Jalan berlubang"
    assert made(draft(text, sender="1708"), rules) == Origin(
        already_in_lapor=True, tracking_id="9165816"
    )
    assert made(draft(text), rules) == Origin()
    assert made(draft(text, sender="1708"), ()) == Origin()


def test_what_the_channel_knows_is_not_taken_back(rules: tuple[Rule, ...]) -> None:
    known = replace(draft("Jalan rusak"), already_in_lapor=True)
    assert made(known, rules) == Origin(already_in_lapor=True)
    numbered = replace(known, lapor_tracking_id="9165817", text_raw="LAPOR! #9165816")
    assert made(numbered, rules) == Origin(already_in_lapor=True, tracking_id="9165817")


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("Tracking ID", "exactly once"),
        ("Tracking {id} {id}", "exactly once"),
        ("#{id}", "letters"),
        ("no {id}", "letters"),
        ("Tracking {nomor} {id}", "knows only"),
        ("Tracking (a+)+{ {id}", "knows only"),
        ("laporan {*} oleh {*} nomor {id}", "at most once"),
        ("{*} laporan nomor {id}", "words before"),
        ("laporan {*}{id}", "words before"),
        ("laporan " * 40 + "{id}", "longer than"),
    ],
)
def test_a_pattern_that_cannot_be_used_is_refused_at_start(
    tmp_path: Path, pattern: str, words: str
) -> None:
    with pytest.raises(BadPattern, match=words):
        Pattern(pattern)
    path = tmp_path / "gateway.toml"
    path.write_text(f'[[already_in_lapor.rules]]\npattern = "{pattern}"\n', encoding="utf-8")
    with pytest.raises(Misconfigured, match=words) as raised:
        read_config(path).load(AlreadyInLaporSettings)
    assert "[already_in_lapor]" in str(raised.value)
    assert "rules.0.pattern" in str(raised.value)


def test_a_rule_about_everything_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "gateway.toml"
    path.write_text("[[already_in_lapor.rules]]\n", encoding="utf-8")
    with pytest.raises(Misconfigured, match="needs channels, accounts or senders"):
        read_config(path).load(AlreadyInLaporSettings)


def test_nothing_is_declared_by_default() -> None:
    assert AlreadyInLaporSettings().as_rules() == ()


@given(st.text(alphabet=r"(+*[a-z]{1,9}.^$|\\ 9165816\n#aA", max_size=60), st.text(max_size=80))
def test_signs_of_regular_expressions_are_only_signs(words: str, text: str) -> None:
    try:
        pattern = Pattern(f"{words} laporan {{id}}")
    except BadPattern:
        return
    pattern.within(text)
    pattern.opens(text)
    written = f"{words.strip()} laporan 9165816"
    assert pattern.opens(written) == "9165816"
    assert pattern.within(f"a, {written}x") == "9165816"


def test_a_long_text_made_to_hang_the_search_does_not() -> None:
    """Quadratic or worse would take hours here."""
    pattern = Pattern("laporan {*} nomor {id}")
    for text in ("laporan " * 200_000, "laporan nomor " * 100_000, " " * 1_000_000 + "laporan"):
        rules = (Rule(senders=frozenset({"1708"}), pattern=pattern), Rule(pattern=pattern))
        assert find_in_lapor(draft(text, sender="1708"), rules) is None
