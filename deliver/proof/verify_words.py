"""What is told about a changed past."""

from collections.abc import Mapping
from uuid import UUID

from deliver.proof.verify import Break, Broken, Verdict
from deliver.queries import Queries

_WHAT: Mapping[Broken, str] = {
    Broken.CLOSING_CHANGED: "catatan penutupannya diubah",
    Broken.CHAIN_BROKEN: "tidak bersambung dengan penutupan sebelumnya: ada yang hilang atau "
    "dibuat ulang",
    Broken.LINE_CHANGED: "baris riwayat {seq} diubah",
    Broken.LINE_VANISHED: "baris riwayat {seq} hilang",
    Broken.LINE_INSERTED: "baris riwayat {seq} disisipkan",
    Broken.COMPLAINT_CHANGED: "pengaduan diubah (nomor, kanal, isi, waktu terima, atau tempat log)",
    Broken.COMPLAINT_VANISHED: "pengaduan hilang",
    Broken.ENTRY_CHANGED: "tracking id atau keadaan sesudah masuk LAPOR! diubah",
    Broken.PAPER_UNKNOWN: "hash di kertas tidak ada di buku besar: rantai dibuat ulang, atau "
    "salah ketik",
}


def line_of(one: Break, queries: Queries) -> str:
    """One difference, with the day that was closed over it and the complaint's number."""
    parts = [one.day.isoformat() if one.day else "semua hari", _WHAT[one.what].format(seq=one.seq)]
    if one.complaint_id is not None:
        number = _reference(one, queries)
        parts.append(f"{number} ({one.complaint_id})" if number else one.complaint_id)
    return ": ".join(parts[:2]) + (f", pengaduan {parts[2]}" if len(parts) > 2 else "")


def verdict_json(verdict: Verdict, queries: Queries) -> dict[str, object]:
    """The same for programs."""
    last, first = verdict.last, next(iter(verdict.breaks), None)
    return {
        "intact": verdict.intact,
        "days": verdict.days,
        "last": {"day": last.day.isoformat(), "hash": last.hash} if last else None,
        "open_lines": verdict.open_lines,
        "first_changed_day": first.day.isoformat() if first and first.day else None,
        "breaks": [
            {
                "what": one.what,
                "day": one.day.isoformat() if one.day else None,
                "complaint_id": one.complaint_id,
                "reference": _reference(one, queries),
                "seq": one.seq,
            }
            for one in verdict.breaks
        ],
    }


def _reference(one: Break, queries: Queries) -> str | None:
    try:
        row = queries.get(UUID(one.complaint_id)) if one.complaint_id else None
    except ValueError:
        return None  # Somebody wrote into the id itself.
    return row.reference if row is not None else None
