"""What operators read for the ledger's terms."""

from collections.abc import Mapping

from deliver.attachments import AttachmentState
from deliver.states import State
from normalizer.outcome import ReplyState

STATE_LABELS: Mapping[State, str] = {
    State.RECEIVED: "menunggu",
    State.HELD: "ditahan",
    State.SENDING: "sedang dikirim",
    State.ENTERED: "masuk LAPOR!",
    State.LINKED: "ditautkan",
    State.EXCLUDED: "dikecualikan",
    State.UNKNOWN: "belum pasti",
    State.PARKED: "ditolak LAPOR!",
}

FILE_LABELS = {
    AttachmentState.WAITING: "sedang diambil",
    AttachmentState.STORED: "tersimpan",
    AttachmentState.WITHHELD: "ditahan, hanya disimpan tersegel",
    AttachmentState.EXPIRED: "kedaluwarsa di kanal asal",
    AttachmentState.REFUSED: "tidak diambil",
    AttachmentState.FAILED: "gagal diambil",
    AttachmentState.SENDING: "sedang dikirim ke LAPOR!",
    AttachmentState.DELIVERED: "sudah di LAPOR!",
    AttachmentState.UNKNOWN: "belum pasti di LAPOR!",
    AttachmentState.PARKED: "tidak diterima LAPOR!",
    AttachmentState.HANDED_OUT: "di tangan operator, dimasukkan sendiri",
}

REPLY_LABELS = {
    ReplyState.SENT: "terkirim",
    ReplyState.FAILED: "gagal",
    ReplyState.SUPPRESSED: "sengaja tidak dikirim",
    ReplyState.UNKNOWN: "belum pasti terkirim",
}
