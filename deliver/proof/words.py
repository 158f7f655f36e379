"""What operators read about what is missing, and what they can do about it."""

from collections.abc import Mapping

from deliver.labels import STATE_LABELS
from deliver.proof.findings import Finding, Kind
from deliver.proof.sources import Scope
from deliver.states import State
from normalizer.event import Channel

CHANNEL_LABELS: Mapping[Channel, str] = {
    Channel.SMS: "SMS",
    Channel.CALL_CENTER: "Call center",
    Channel.TELEGRAM: "Telegram",
    Channel.FACEBOOK: "Facebook",
    Channel.INSTAGRAM: "Instagram",
    Channel.WHATSAPP: "WhatsApp",
    Channel.X: "X",
    Channel.EMAIL: "Surat elektronik",
    Channel.COMPLAINT_BOX: "Kotak pengaduan",
    Channel.WALK_IN: "Pengaduan langsung",
    Channel.LETTER: "Surat",
    Channel.SOCIAL_CAPTURE: "Tangkapan media sosial",
    Channel.OTHER: "Lainnya",
}

#: How a source's numbers are called, where they have a name of their own.
_NUMBER_NAMES: Mapping[Channel, str] = {Channel.TELEGRAM: "pembaruan", Channel.EMAIL: "UID"}

_WHAT: Mapping[Kind, str] = {
    Kind.NUMBER_MISSING: "{name} {where} diberikan sumber, tidak ada pada kita",
    Kind.ITEM_MISSING: "1 pesan di daftar penyedia tidak ada pada kita: {where}",
    Kind.AMOUNT_SHORT: "{where}: ada slip yang belum diketik atau hilang",
    Kind.AMOUNT_OVER: "{where}: lebih banyak daripada hitungan",
    # By its id too: the ledger cannot be asked for it.
    Kind.LEDGER_ROW_MISSING: "{name} {id} ada di log ({where}), tidak ada di buku besar",
    Kind.COMPLAINT_MISSING: "riwayat tanpa pengaduan {name}; keadaan terakhir: {state}",
    Kind.LOG_ROW_MISSING: "{name} ada di buku besar, catatan lognya hilang ({where})",
    Kind.NO_BEGINNING: "{name}: riwayatnya tidak punya baris pertama",
    Kind.HOLE_IN_HISTORY: "{name}: riwayatnya berlubang",
    Kind.STATE_WITHOUT_HISTORY: "{name}: keadaan '{state}' tidak cocok dengan riwayatnya",
    Kind.ENTERED_WITHOUT_NUMBER: "{name}: tercatat masuk LAPOR! tanpa tracking id",
    Kind.RECEIPT_OWED: "{name}: sudah masuk LAPOR!, tanda terimanya belum diumumkan",
    Kind.ONLY_OURS: "{name}: tercatat masuk dengan {where}, tidak ada di LAPOR!",
    Kind.ONLY_LAPOR: "{where} di LAPOR! memuat nomor {name}, buku besar tidak mencatatnya masuk",
    Kind.TWICE_IN_LAPOR: "{name} ada dua kali di LAPOR!: {where}",
    Kind.OTHER_IN_LAPOR: "{name}: {where}, nomor pengaduan lain",
    Kind.LAPOR_UNREAD: "LAPOR! tidak dapat dibaca sampai selesai ({where})",
}

_STATES = frozenset(state.value for state in State)

_BACKUP = "pulihkan dari cadangan, cari tahu siapa yang mengubah basis data, lalu periksa ulang"

_ADVICE: Mapping[Kind, str] = {
    Kind.NUMBER_MISSING: "cari item itu di sumbernya; bila ada, ambil ulang atau ketik lewat "
    "formulir petugas",
    Kind.ITEM_MISSING: "buka pesan itu di halaman penyedia, lalu minta kirim ulang atau ketik "
    "lewat formulir petugas",
    Kind.AMOUNT_SHORT: "cari slip itu dan ketik dengan kumpulan yang sama, atau hitung ulang",
    Kind.AMOUNT_OVER: "hitung ulang; bila satu slip terketik dua kali, kecualikan yang ganda",
    Kind.LEDGER_ROW_MISSING: "jalankan `gateway replay` untuk hari itu, lalu " + _BACKUP,
    Kind.COMPLAINT_MISSING: _BACKUP,
    Kind.LOG_ROW_MISSING: "pengaduannya tetap diproses; periksa masa simpan topik "
    "([topics] accepted_days) dan siapa yang menghapus catatan log",
    Kind.NO_BEGINNING: _BACKUP,
    Kind.HOLE_IN_HISTORY: _BACKUP,
    Kind.STATE_WITHOUT_HISTORY: _BACKUP,
    Kind.ENTERED_WITHOUT_NUMBER: "cari pengaduan itu di LAPOR! dan " + _BACKUP,
    Kind.RECEIPT_OWED: "periksa apakah worker berjalan dan log dapat ditulis",
    Kind.ONLY_OURS: "buka nomor itu di LAPOR!; bila memang tidak ada, laporkan kepada admin "
    "LAPOR! dan masukkan lagi secara manual; bila semua hilang, periksa [lapor] detail_path",
    Kind.ONLY_LAPOR: "cocokkan isinya; bila sama: `gateway entry found NOMOR TRACKING_ID`",
    Kind.TWICE_IN_LAPOR: "minta admin LAPOR! mengarsipkan salah satunya",
    Kind.OTHER_IN_LAPOR: "bandingkan kedua pengaduan di LAPOR!; tracking id salah ketik?",
    Kind.LAPOR_UNREAD: "ulangi nanti; angka di atas belum lengkap",
}


def where_of(scope: Scope) -> str:
    """A source as people call it: ``telegram/bot1``, ``email/aduan uidvalidity 7``."""
    account = f"{scope.channel}/{scope.account}"
    if not scope.name:
        return account
    if scope.channel is Channel.COMPLAINT_BOX:
        return f"kotak {scope.account} bukaan {scope.name}"
    if scope.channel is Channel.EMAIL and scope.name.isdigit():
        return f"{account} uidvalidity {scope.name}"
    return f"{account} {scope.name}"


def what_of(found: Finding) -> str:
    """What is missing, in one line."""
    if found.account is not None and found.channel is not None:
        source = where_of(Scope(found.channel, found.account, found.scope))
        number = _NUMBER_NAMES.get(found.channel, "nomor")
        return f"{source}: " + _WHAT[found.kind].format(name=number, where=found.where)
    name = found.reference or (str(found.item_id) if found.item_id else "(tak terbaca)")
    state = STATE_LABELS[State(found.where)] if found.where in _STATES else ""
    line = _WHAT[found.kind].format(name=name, id=found.item_id, where=found.where, state=state)
    return f"{found.channel}: {line}" if found.channel is not None else line


def advice_of(found: Finding) -> str:
    """What to do about it."""
    return _ADVICE[found.kind]
