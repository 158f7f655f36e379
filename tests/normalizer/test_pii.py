"""Personal data: what is replaced, and what is plainly something else."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from normalizer.pii import PersonalData, contains_pii, tokenize
from tests.normalizer.strategies import email_addresses, mobile_rest, nik_numbers, quick, texts


@pytest.mark.parametrize(
    ("text", "tokenized"),
    [
        ("NIK 3521015708900001 atas", "NIK [NIK] atas"),
        ("nik:3521 0157 0890 0001.", "nik:[NIK]."),
        ("352101.570890.0001", "[NIK]"),
        ("35-21-01-570890-0001", "[NIK]"),
        ("RT 3 3521015708900001", "RT 3 [NIK]"),
        ("tahun 2025 3521 0157 0890 0001", "tahun 2025 [NIK]"),
        ("3521015708900001 3521015708900002", "[NIK] [NIK]"),
        ("No KK 3521010101120003", "No KK [KK]"),
        ("kartu keluarga: 3521010101120003", "kartu keluarga: [KK]"),
        ("9999888877776666", "[KK]"),
        ("hp 0812-0000-1234 ya", "hp [TELEPON] ya"),
        ("WA081200001234", "WA[TELEPON]"),
        ("(+62) 812 0000 1234", "[TELEPON]"),
        ("62 812 0000 1234", "[TELEPON]"),
        ("006281200001234", "[TELEPON]"),
        ("81200001234", "[TELEPON]"),
        ("telp (0351) 749024", "telp [TELEPON]"),
        ("+1 202 555 0143", "[TELEPON]"),
        ("12-05-2025 081200001234", "12-05-2025 [TELEPON]"),
        ("081200001234/081200005678", "[TELEPON]/[TELEPON]"),
        ("3521015708900001 081200001234", "[NIK] [TELEPON]"),
        ("surel sri.invented+a@mail.example.co.id.", "surel [EMAIL]."),
        ("Nama saya Sri Invented dari Paron", "Nama saya [NAMA] dari Paron"),
        ("nama: Sri Invented Wati", "nama: [NAMA]"),
        ("a.n. Sri Invented, mohon", "a.n. [NAMA], mohon"),
        ("atas nama Bapak Joko Invented", "atas nama Bapak [NAMA]"),
        ("Hormat saya,\nSri Invented", "Hormat saya,\n[NAMA]"),
        ("NAMA SAYA SRI INVENTED JALAN RUSAK", "NAMA SAYA [NAMA] JALAN RUSAK"),
    ],
)
def test_personal_data_is_replaced(text: str, tokenized: str) -> None:
    assert tokenize(text)[0] == tokenized
    assert contains_pii(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rp 1.500.000.000 dan Rp8500000000",
        "laporan #1916449 dan #5943588",
        "RT 03/RW 02 No. 15",
        "08-05-2025 10.30 WIB",
        "tanggal 12-05-2025 jam 08.00-16.00",
        "tahun 2024/2025 sampai 2026",
        "token 1234 5678 9012 3456 7890",
        "ID pelanggan 512345678901",
        "kode 35.21.10.2002",
        "@LAPOR1708 dan 1708",
        "atas nama warga Desa Babadan",
        "nama desa kami Babadan",
        "atas nama Pemerintah Desa",
        "an kata biasa",
    ],
)
def test_what_is_not_personal_stays(text: str) -> None:
    assert tokenize(text) == (text, ())


def test_kinds_are_counted() -> None:
    found = tokenize("NIK 3521015708900001 hp 081200001234 atau 081200005678")[1]
    assert found == (PersonalData.NIK, PersonalData.PHONE, PersonalData.PHONE)


def test_what_the_platform_told_of_the_sender_is_replaced() -> None:
    known = (("Sri Invented", PersonalData.NAME), ("sri_inv", PersonalData.NAME))
    text = "salam dari SRI INVENTED (@sri_inv), bukan Sri Inventedwati"
    expected = "salam dari [NAMA] (@[NAMA]), bukan Sri Inventedwati"
    assert tokenize(text, known)[0] == expected


def test_short_names_are_any_word() -> None:
    assert tokenize("ada di sini", (("Ada", PersonalData.NAME),))[0] == "ada di sini"


@pytest.mark.parametrize("separator", ["", " ", ".", "-"])
@pytest.mark.parametrize("groups", [(4, 8, 12), (6, 12), (2, 4, 6, 12), ()])
@quick
@given(nik=nik_numbers, before=st.sampled_from(("", "NIK ", "rt 3 ", "no:", "a ")))
def test_no_seeded_nik_is_left(
    separator: str, groups: tuple[int, ...], nik: str, before: str
) -> None:
    cuts = (0, *groups, len(nik))
    parts = [nik[start:end] for start, end in pairwise(cuts)]
    tokenized, found = tokenize(f"{before}{separator.join(parts)} mohon dicek")
    assert found == (PersonalData.NIK,)
    assert not any(character in tokenized.replace("rt 3", "") for character in "0123456789")


@quick
@given(
    rest=mobile_rest,
    prefix=st.sampled_from(("0", "62", "+62", "+62 ", "0062", "(+62)")),
    separator=st.sampled_from(("", " ", "-", ".")),
    before=st.sampled_from(("", "hp ", "WA:", "wa", "(")),
)
def test_no_seeded_phone_is_left(rest: str, prefix: str, separator: str, before: str) -> None:
    number = prefix + separator.join((rest[:3], rest[3:7], rest[7:]))
    tokenized, found = tokenize(f"{before}{number}, mohon dicek")
    assert found == (PersonalData.PHONE,)
    assert tokenized == f"{before}[TELEPON], mohon dicek"


@quick
@given(address=email_addresses, before=st.sampled_from(("", "email: ", "<", "surel ")))
def test_no_seeded_email_is_left(address: str, before: str) -> None:
    tokenized, found = tokenize(f"{before}{address} mohon dicek")
    assert found == (PersonalData.EMAIL,)
    assert tokenized == f"{before}[EMAIL] mohon dicek"


@quick
@given(texts)
def test_any_text_changes_exactly_where_something_was_found(text: str) -> None:
    tokenized, found = tokenize(text)
    assert (tokenized != text) == bool(found)
    for kind in PersonalData:
        assert tokenized.count(kind) == text.count(kind) + found.count(kind)
