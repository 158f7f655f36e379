"""Classes by ordered rules, categories by words."""

import pytest

from normalizer.classify import classify
from normalizer.event import Classification
from normalizer.lexicon import read_data
from normalizer.text import Words


@pytest.mark.parametrize(
    ("text", "value", "rule"),
    [
        ("jalan di desa kami rusak parah", Classification.PENGADUAN, "problem"),
        ("air PDAM tidak mengalir tiga hari", Classification.PENGADUAN, "problem"),
        ("dalane bolong kabeh", Classification.PENGADUAN, "problem"),
        ("ada pungli di kantor", Classification.PENGADUAN, "problem"),
        ("mau tanya kenapa jalan rusak tidak diperbaiki", Classification.PENGADUAN, "problem"),
        ("mohon jembatan segera diperbaiki", Classification.PENGADUAN, "lack"),
        ("guru di sekolah kami belum ada", Classification.PENGADUAN, "lack"),
        ("bagaimana cara membuat KTP", Classification.PERMINTAAN_INFORMASI, "asks_how"),
        ("KTP hilang, syaratnya apa?", Classification.PERMINTAAN_INFORMASI, "asks_how"),
        ("mohon info jadwal posyandu", Classification.PERMINTAAN_INFORMASI, "asks"),
        ("kulo badhe tanglet posyandu", Classification.PERMINTAAN_INFORMASI, "asks"),
        ("usul agar dibuat taman bermain", Classification.ASPIRASI, "said_aspiration"),
        ("saya mengusulkan perbaikan drainase mampet", Classification.ASPIRASI, "said_aspiration"),
        ("sebaiknya alun-alun diberi lampu hias", Classification.ASPIRASI, "wishes"),
        ("halo", Classification.UNCLEAR, "none"),
        ("", Classification.UNCLEAR, "none"),
    ],
)
def test_class(text: str, value: Classification, rule: str) -> None:
    classified = classify(Words(text).folded)
    assert (classified.value, classified.rule) == (value, rule)


def test_a_rule_for_the_start_looks_no_further() -> None:
    late = "jalan rusak " + "sangat " * 12 + "usul kami diperbaiki"
    assert classify(Words(late).folded).rule == "problem"


def test_what_a_person_chose_is_believed() -> None:
    classified = classify(Words("jalan rusak").folded, Classification.ASPIRASI)
    assert (classified.value, classified.rule) == (Classification.ASPIRASI, "person")
    assert classified.categories


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("jalan rusak dan berlubang", "JALAN BERLUBANG"),
        ("lampu jalan mati", "LAMPU PENERANGAN JALAN UMUM"),
        ("pupuk subsidi sulit", "PUPUK"),
        ("tumpukan sampah di pasar", "PENGELOLAAN SAMPAH"),
        ("puskesmas tutup", "MASALAH PELAYANAN KESEHATAN"),
        ("banyu pdam ora mili", "GANGGUAN LAYANAN PENYALURAN AIR"),
    ],
)
def test_the_best_category_comes_first(text: str, first: str) -> None:
    categories = classify(Words(text).folded).categories
    assert categories[0].split(" > ")[-1] == first
    assert len(categories) <= 3


def test_no_words_no_category() -> None:
    assert classify(Words("halo pak").folded).categories == ()


def test_every_category_is_one_of_lapor() -> None:
    known = {line for line in read_data("lapor_categories.txt").splitlines() if line[:1] != "#"}
    text = read_data("categories.toml")
    named = {line.split('" = ')[0][1:] for line in text.splitlines() if line.startswith('"')}
    assert len(named) > 50
    assert named <= known
