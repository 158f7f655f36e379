"""What is missing, in a fixed order."""

from datetime import datetime

import pytest

from normalizer.completeness import missing
from normalizer.event import Missing
from normalizer.gazetteer import load_gazetteer
from normalizer.place import Hints, find_place
from normalizer.text import Words
from tests.normalizer.strategies import RECEIVED

GAZETTEER = load_gazetteer()


def lacks(
    text: str,
    *,
    submitted_at: datetime | None = RECEIVED,
    key: str | None = "key",
    incomplete: bool = False,
    hints: Hints | None = None,
) -> tuple[Missing, ...]:
    words = Words(text)
    return missing(
        words.folded,
        find_place(words, GAZETTEER, hints),
        GAZETTEER,
        submitted_at=submitted_at,
        reporter_key=key,
        incomplete=incomplete,
    )


def test_nothing_is_missing() -> None:
    assert lacks("jalan rusak di desa Babadan kec Paron") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("jalan rusak parah", (Missing.PLACE,)),
        ("jalan rusak parah di Paron", (Missing.VILLAGE,)),
        ("jalan rusak di desa Babadan", (Missing.VILLAGE,)),
        ("desa Babadan kec Paron", (Missing.WHAT,)),
        ("halo pak, desa Jeblogan", (Missing.WHAT,)),
        ("[NIK] [TELEPON] desa Jeblogan", (Missing.WHAT,)),
        ("selamat pagi", (Missing.PLACE, Missing.WHAT)),
    ],
)
def test_place_and_matter(text: str, expected: tuple[Missing, ...]) -> None:
    assert lacks(text) == expected


def test_a_word_of_time_or_the_time_of_sending_tells_when() -> None:
    assert lacks("jalan rusak, Jeblogan", submitted_at=None) == (Missing.WHEN,)
    assert lacks("jalan rusak sejak kemarin, Jeblogan", submitted_at=None) == ()
    assert lacks("dalan rusak wingi, Jeblogan", submitted_at=None) == ()


def test_contact_and_parts() -> None:
    found = lacks("jalan rusak, Jeblogan", key=None, incomplete=True)
    assert found == (Missing.CONTACT, Missing.PARTS)


def test_coordinates_are_a_place() -> None:
    assert lacks("jalan rusak parah", hints=Hints(coordinates=(-7.4, 111.4))) == ()
