"""What operators read for the ledger's terms."""

from collections.abc import Mapping

from deliver.states import State

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
