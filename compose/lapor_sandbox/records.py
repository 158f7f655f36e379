"""How a stored complaint looks in LAPOR!'s answers."""

import json
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files as package_files
from zoneinfo import ZoneInfo

from compose.lapor_sandbox.store import Complaint, FollowUp

#: LAPOR! writes the local time of Jakarta without saying so.
WIB = ZoneInfo("Asia/Jakarta")

#: Agencies of the sandbox: real names, ids that mean nothing outside it.
INSTITUTIONS: list[dict[str, str]] = json.loads(
    package_files("compose.lapor_sandbox").joinpath("institutions.json").read_text("utf-8")
)
_NAMES = {item["id"]: item["name"] for item in INSTITUTIONS}


@dataclass(frozen=True, slots=True)
class _Step:
    """One change of status. The names are LAPOR!'s; the codes are the sandbox's own."""

    at: datetime
    code: str
    status: str
    was: str | None
    content: str


def detail_of(complaint: Complaint) -> dict[str, object]:
    """``results`` of the detail call; the first follow-up moved it to *Dalam Proses*."""
    to = str(complaint.fields["disposition_id"])
    name = _NAMES.get(to, f"Instansi {to}")
    steps = _steps(complaint)
    return {
        "data": {
            "status_code": steps[-1].code,
            "status_name": steps[-1].status,
            "disposition_id": to,
            "disposition_name": name,
            "status_logs": [
                {"status_name": step.status, "created_at": local_time(step.at)} for step in steps
            ],
        },
        "data_logs": [
            {
                "content": step.content,
                "data": json.dumps({"institution_to": name}),
                "institution_to": {"id": to, "name": name},
                "status_old": {"name": step.was} if step.was else None,
                "status_new": {"name": step.status},
                "created_at": local_time(step.at),
            }
            for step in steps
        ],
    }


def listed_of(complaint: Complaint) -> dict[str, object]:
    """One row of the list call; an assumption of ours, as the call itself."""
    return {
        "complaint_id": complaint.tracking_id,
        "title": complaint.fields.get("title"),
        "content": complaint.fields.get("content"),
        "status_name": _steps(complaint)[-1].status,
        "created_at": local_time(complaint.received_at),
    }


def _steps(complaint: Complaint) -> list[_Step]:
    first = "Belum Terverifikasi"
    steps = [
        _Step(complaint.received_at, "1", first, None, "Laporan diterima {{institution_to}}"),
    ]
    if complaint.first_followup_at is not None:
        content = "Laporan ditindaklanjuti oleh {{institution_to}}"
        steps.append(_Step(complaint.first_followup_at, "2", "Dalam Proses", first, content))
    return steps


def followup_of(item: FollowUp) -> dict[str, object]:
    """One entry of ``results.data`` of the follow-ups call."""
    return {
        "id": item.id,
        "content": item.fields["content"],
        "template_code": item.fields.get("template_code"),
        "template_content": None,
        "institution_from_name": _NAMES.get(str(item.fields.get("institution_from_id"))),
        "institution_to_name": _NAMES.get(str(item.fields.get("institution_to_id"))),
        "created_at": local_time(item.created_at),
        # The sandbox keeps no bytes, so the path leads nowhere.
        "attachments": [
            {"path": f"followups/{file_id}", "file_name": name}
            for file_id, name in item.attachments.items()
        ],
    }


def local_time(moment: datetime) -> str:
    """``d-m-Y H:i:s`` in Jakarta, as LAPOR! writes it."""
    return moment.astimezone(WIB).strftime("%d-%m-%Y %H:%M:%S")
