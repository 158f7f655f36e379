"""Telephone numbers: every common spelling, one answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.phone import is_indonesian_mobile, to_e164, with_library
from tests.normalizer.strategies import any_text, mobile_rest, quick


@pytest.mark.parametrize(
    "written",
    [
        "081200001234",
        "0812-0000-1234",
        "0812 0000 1234",
        "0812.0000.1234",
        "(0812) 0000 1234",
        "6281200001234",
        "62 812 0000 1234",
        "+6281200001234",
        "+62 812-0000-1234",
        "(+62) 812 0000 1234",
        "+62 (0) 812 0000 1234",
        "+62081200001234",
        "006281200001234",
        " 0812\u00a00000\u00a01234 ",
    ],
)
def test_spellings_of_one_mobile_number(written: str) -> None:
    assert to_e164(written) == "+6281200001234"


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("0351 749024", "+62351749024"),
        ("(021) 5550 1234", "+622155501234"),
        ("+1 202 555 0143", "+12025550143"),
        ("0060 12 345 6789", "+60123456789"),
    ],
)
def test_land_lines_and_other_countries(written: str, e164: str) -> None:
    assert to_e164(written) == e164


@pytest.mark.parametrize(
    "written",
    ["", "MTN", "1708", "123456", "TELKOMSEL", "0800-LAPOR", "a@b.id", "+", "08", "9" * 80],
)
def test_what_is_no_subscriber_number(written: str) -> None:
    assert to_e164(written) is None


@quick
@given(
    mobile_rest, st.sampled_from(("0", "62", "+62", "0062")), st.sampled_from(("", " ", "-", "."))
)
def test_the_fast_path_agrees_with_the_library(rest: str, prefix: str, separator: str) -> None:
    written = separator.join((prefix, rest[:3], rest[3:7], rest[7:]))
    fast = to_e164(written)
    assert fast == with_library(prefix + rest, "ID")
    assert fast is not None
    assert is_indonesian_mobile(fast)


@quick
@given(st.from_regex(r"\A(\+62|62|0062|0)8[0-9]{4,13}\Z"))
def test_the_fast_path_agrees_with_the_library_at_every_length(written: str) -> None:
    assert to_e164(written) == with_library(written, "ID")


@quick
@given(any_text)
def test_any_text_is_a_number_or_none(text: str) -> None:
    found = to_e164(text)
    assert found is None or found[1:].isdecimal()


def test_only_mobiles_take_an_sms() -> None:
    assert not is_indonesian_mobile("+62351749024")
    assert not is_indonesian_mobile("+12025550143")
