"""The sentences: complete, short enough, and refused at the start when they are not."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.answering.gsm import ONE_PART, septets
from connectors.answering.templates import (
    CHAT_BYTES,
    OWN_FILE,
    Facts,
    Sentence,
    load_templates,
    longest_facts,
)
from connectors.sms.encoding import decode_gsm7
from gateway.errors import Misconfigured
from normalizer.event import Channel

#: The widest prefix that the settings allow.
WIDEST = "ABCDEF"
NEVER_PUBLIC = (Channel.SMS, Channel.EMAIL)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return tmp_path / "replies.toml"


@pytest.mark.parametrize("sentence", Sentence)
def test_an_sms_is_one_part_with_the_longest_values(sentence: Sentence) -> None:
    words = load_templates(None, WIDEST).words(Channel.SMS, sentence, longest_facts(WIDEST))
    if sentence is Sentence.INVITATION:
        assert words is None
        return
    assert words is not None
    assert septets(words.text) <= ONE_PART
    assert words.subject == ""


@pytest.mark.parametrize("channel", [Channel.TELEGRAM, Channel.INSTAGRAM, Channel.EMAIL])
@pytest.mark.parametrize("sentence", Sentence)
def test_every_channel_has_its_words(channel: Channel, sentence: Sentence) -> None:
    words = load_templates(None, WIDEST).words(channel, sentence, longest_facts(WIDEST))
    if sentence is Sentence.INVITATION and channel in NEVER_PUBLIC:
        assert words is None
        return
    assert words is not None
    assert words.text == words.text.strip()
    assert "{" not in words.text + words.subject
    assert "Pengaduan Kab. Ngawi" in words.text
    if channel is Channel.EMAIL:
        assert words.subject
        assert "Hormat kami" in words.text
    else:
        assert len(words.text.encode()) <= CHAT_BYTES


def test_what_a_mail_says_about_what_comes_next_and_about_privacy() -> None:
    words = load_templates(None, "NGW").words(
        Channel.EMAIL, Sentence.RECEIVED, Facts("NGW-26-7K3M9QXA")
    )
    assert words is not None
    assert words.subject == "Aduan Anda kami terima: NGW-26-7K3M9QXA"
    assert "Selanjutnya" in words.text
    assert "petugas yang berwenang" in words.text


def test_a_strange_tracking_id_makes_no_strange_link() -> None:
    words = load_templates(None, "NGW").words(
        Channel.TELEGRAM, Sentence.ENTERED, Facts("NGW-26-7K3M9QXA", "a/b?c {x}")
    )
    assert words is not None
    assert "lapor.go.id/pengaduan/a%2Fb%3Fc%20%7Bx%7D" in words.text


def test_an_own_file_changes_what_it_names_and_nothing_else(own: Path) -> None:
    own.write_text(
        'office = "Kec. Contoh"\nlink = "lapor.go.id"\n[sms]\nreceived = "Nomor {number}"\n',
        encoding="utf-8",
    )
    templates = load_templates(own, "NGW")
    facts = Facts("NGW-26-7K3M9QXA", "9165816")
    received = templates.words(Channel.SMS, Sentence.RECEIVED, facts)
    entered = templates.words(Channel.SMS, Sentence.ENTERED, facts)
    assert received is not None
    assert entered is not None
    assert received.text == "Nomor NGW-26-7K3M9QXA"
    assert entered.text.startswith("Kec. Contoh: aduan")
    assert entered.text.endswith("di lapor.go.id")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[sms]\nreceived = "{number} {name}"', r"\[sms\] received: unknown placeholder \{name\}"),
        ('[sms]\ncall_back = "{tracking_id}"', r"\[sms\] call_back: unknown placeholder"),
        ('[chat]\ninvitation = "{number}"', r"\[chat\] invitation: unknown placeholder"),
        ('[sms]\nreceived = "{number.__class__}"', "unknown placeholder"),
        ('[sms]\nreceived = "{}"', "unknown placeholder"),
        ('[sms]\nreceived = "{number!r}"', "without ':' and '!'"),
        ('[sms]\nreceived = "{number:>99}"', "without ':' and '!'"),
        ('[sms]\nreceived = "{number"', "a brace stands alone"),
        ('[sms]\nreceived = "Terima kasih"', r"\[sms\] received: \{number\} is missing"),
        ('[chat]\nentered = "{number}"', r"\[chat\] entered: \{tracking_id\} is missing"),
        (f'[sms]\nhelp = "{"a" * 161}"', r"\[sms\] help: up to 161 characters"),
        (f'[sms]\nreceived = "{{number}}{"a" * 146}"', "up to 161 characters"),
        (f'[sms]\nhelp = "{"[" * 81}"', "up to 162 characters"),
        ('[sms]\nhelp = "Terima kasih – salam"', "'–' is not in the GSM alphabet"),
        ('office = "Kantor ✓"', "'✓' is not in the GSM alphabet"),
        (f'office = "{"k" * 120}"', "one SMS holds 160"),
        (f'[chat]\nhelp = "{"a" * 1001}"', "longer than 1000 bytes"),
        ('[sms]\nhelp = "  "', "is empty"),
        ('[mail.help]\nsubject = "a\\nBcc: x@example.com"\ntext = "b"', "must be one line"),
        ('[mail.help]\nsubject = ""\ntext = "b"', "must be one line"),
        ('link = "https://example.com/{name}"', r"link: unknown placeholder \{name\}"),
        ('[sms]\ngreeting = "x"', "greeting"),
        ('[fax]\nreceived = "x"', "fax"),
        ("office = ", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_name(own: Path, written: str, said: str) -> None:
    own.write_text(written, encoding="utf-8")
    with pytest.raises(Misconfigured, match=said) as refusal:
        load_templates(own, "NGW")
    assert str(own) in str(refusal.value)


def test_a_file_that_is_not_there_is_named(own: Path) -> None:
    with pytest.raises(Misconfigured, match="templates_file"):
        load_templates(own, "NGW")


def test_the_usual_file_explains_itself() -> None:
    assert OWN_FILE.read_text(encoding="utf-8").startswith("# What reporters are told.")


def test_septets_agree_with_how_an_sms_is_read() -> None:
    for code in range(0x80):
        if code == 0x1B:
            continue
        assert septets(decode_gsm7(bytes([code])).text) == 1
    for code in (0x0A, 0x14, 0x28, 0x29, 0x2F, 0x3C, 0x3D, 0x3E, 0x40, 0x65):
        assert septets(decode_gsm7(bytes([0x1B, code])).text) == 2


@given(st.text(max_size=200))
def test_every_text_has_a_length_or_is_refused(text: str) -> None:
    try:
        assert len(text) <= septets(text) <= 2 * len(text)
    except ValueError:
        assert text
