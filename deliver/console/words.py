"""What operators read on the pages for codes that the ledger and the events hold."""

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from deliver.proof.words import CHANNEL_LABELS
from deliver.states import State
from normalizer.event import (
    Classification,
    ComplaintEvent,
    Missing,
    PlacePrecision,
    Relation,
)
from normalizer.gazetteer import load_gazetteer
from normalizer.outcome import ReplyKind

CHANNELS = CHANNEL_LABELS

CLASSES: Mapping[Classification, str] = {
    Classification.PENGADUAN: "Pengaduan",
    Classification.ASPIRASI: "Aspirasi",
    Classification.PERMINTAAN_INFORMASI: "Permintaan informasi",
    Classification.UNCLEAR: "Belum jelas",
}

MISSING: Mapping[Missing, str] = {
    Missing.PLACE: "tempat",
    Missing.VILLAGE: "desa",
    Missing.WHAT: "isi",
    Missing.WHEN: "waktu",
    Missing.CONTACT: "kontak",
    Missing.PARTS: "sambungan pesan",
}

RELATIONS: Mapping[Relation, str] = {
    Relation.SUPPLEMENT: "tambahan untuk",
    Relation.EDIT: "perubahan dari",
    Relation.DELETION: "penghapusan",
    Relation.REACTION: "tanggapan singkat atas",
    Relation.REPLY_TO: "jawaban atas",
}

REPLIES: Mapping[ReplyKind, str] = {
    ReplyKind.RECEIVED: "tanda terima",
    ReplyKind.ENTERED: "nomor LAPOR!",
    ReplyKind.QUESTION: "pertanyaan",
    ReplyKind.COMMAND: "jawaban perintah",
}

#: Headings of the states' lists.
STATES: Mapping[State, str] = {
    State.RECEIVED: "Menunggu",
    State.HELD: "Ditahan",
    State.SENDING: "Sedang dikirim",
    State.UNKNOWN: "Belum pasti",
    State.PARKED: "Ditolak LAPOR!",
    State.ENTERED: "Masuk LAPOR!",
    State.LINKED: "Ditautkan",
    State.EXCLUDED: "Dikecualikan",
}

#: Why a line of history was written. A code that is not here is shown as it is.
REASONS: Mapping[str, str] = {
    "taken_from_log": "diambil dari log",
    "conflicting_repeat": "nomor sama, isi berbeda",
    "claimed": "diambil untuk dimasukkan",
    "entered": "masuk lewat API",
    "entered_by_hand": "dimasukkan dengan tangan",
    "late_answer": "jawaban LAPOR! terlambat",
    "found_in_lapor": "ditemukan di LAPOR!",
    "sent_again": "dikirim ulang",
    "given_back": "dikembalikan ke antrean",
    "excluded": "dikecualikan",
    "no_answer": "LAPOR! tidak menjawab",
    "refused": "ditolak LAPOR!",
    "busy": "LAPOR! sibuk",
    "unreachable": "LAPOR! tidak terjangkau",
    "credentials_refused": "kredensial ditolak",
    "cannot_open": "bagian tersegel tidak terbuka",
    "cannot_prepare": "tidak dapat disusun",
    "tracking_id_taken": "nomor sudah dipakai aduan lain",
    "worker_restarted": "program pengirim terhenti",
    "claim_ran_out": "waktu pengiriman habis",
    "hold_ended": "masa tahan selesai",
    "place_missing": "tempat belum diketahui",
    "call_back": "menunggu ditelepon kembali",
    "already_in_lapor": "sudah ada di LAPOR!",
    "supplement": "tambahan aduan lain",
    "edit": "perubahan aduan lain",
    "deletion": "dihapus pengirim",
    "reaction": "tanggapan singkat",
    "reply_to": "jawaban",
    "auto_reply": "balasan otomatis",
    "mailing_list": "milis",
    "command": "perintah ke sistem",
    "call_record": "catatan telepon",
    "files_saved": "lampiran disimpan",
    "files_sent_again": "lampiran dikirim ulang",
    "identity_shown": "identitas dibuka",
    "identity_opened": "identitas dibuka",
    "identity_erased": "identitas dihapus",
}

#: Why the gate before LAPOR is closed.
PAUSES: Mapping[str, str] = {
    "busy": "LAPOR! sedang sibuk",
    "unreachable": "LAPOR! tidak terjangkau",
    "no_answer": "LAPOR! tidak menjawab",
}

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


def kecamatan_of(event: ComplaintEvent) -> str:
    """The kecamatan in words; a dash when it is not certain."""
    code = event.place.code
    if code is None or event.place.precision not in (
        PlacePrecision.VILLAGE,
        PlacePrecision.KECAMATAN,
    ):
        return "–"
    region = load_gazetteer().by_code.get(code[:8])
    # A code of a later gazetteer than ours is still a place.
    return region.label if region is not None else f"kode {code[:8]}"


def kecamatan_list() -> Mapping[str, str]:
    """Code and name of every kecamatan, by name."""
    found = [one for one in load_gazetteer().by_code.values() if one.level == "kecamatan"]
    return {one.code: one.name for one in sorted(found, key=lambda one: one.name)}


def age(since: datetime, now: datetime) -> str:
    """How long ago, in its largest unit."""
    seconds = max(0.0, (now - since).total_seconds())
    if seconds < _HOUR:
        return f"{seconds // _MINUTE:.0f} menit"
    if seconds < _DAY:
        return f"{seconds // _HOUR:.0f} jam"
    return f"{seconds // _DAY:.0f} hari"


def clock(moment: datetime, zone: tzinfo) -> str:
    """Local day and time, day first."""
    return moment.astimezone(zone).strftime("%d/%m/%Y %H.%M")


def until(seconds: float, now: datetime, zone: tzinfo) -> str:
    """The local time that many seconds from now."""
    return (now + timedelta(seconds=seconds)).astimezone(zone).strftime("%H.%M.%S")
