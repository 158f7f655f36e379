"""Settings of the proof: whose it is, when a day is shut, how LAPOR's list is read."""

from typing import Annotated

from pydantic import Field

from gateway.settings import Section, section_config


class ProofSettings(Section):
    """``[proof]``: reconciliation, the closing of days, the minutes."""

    table = "proof"
    model_config = section_config("proof")

    #: As they stand at the head of the minutes.
    government: str = "Pemerintah Kabupaten Ngawi"
    unit: str = "Dinas Komunikasi, Informatika, Statistik dan Persandian"
    place: str = "Ngawi"
    #: With the number of the regulation, once somebody has read it in a good copy.
    legal_basis: str = (
        "Pasal 6 ayat (2) Peraturan Bupati Ngawi Tahun 2022 tentang Pedoman Pengelolaan LAPOR! "
        "di Kabupaten Ngawi"
    )
    #: Who signs: roles, never names. Two or three.
    signed_by: Annotated[tuple[str, ...], Field(min_length=1, max_length=3)] = (
        "Operator SP4N-LAPOR!",
        "Tim Pejabat Penghubung",
    )
    #: The worker closes yesterday by itself, this long after midnight: late items are in by then.
    close_days: bool = True
    close_after_minutes: Annotated[int, Field(ge=0, le=1439)] = 30
    #: What a source told so lately may still be on its way to the log; it is not missing yet.
    source_grace_seconds: Annotated[int, Field(ge=0)] = 60
    #: A receipt that nobody was told of for so long is not late but lost.
    receipt_grace_hours: Annotated[int, Field(ge=1)] = 24
    #: Headings of the columns in LAPOR's exported list; the first that is there is taken.
    list_id_headings: tuple[str, ...] = (
        "Tracking ID",
        "TrackingID",
        "Nomor Laporan",
        "No. Laporan",
        "ID Laporan",
        "ID",
    )
    list_text_headings: tuple[str, ...] = ("Isi Laporan", "Isi", "Laporan", "Judul")
