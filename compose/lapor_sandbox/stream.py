"""The XML call of 2018, as public client code makes it, over the same store and switches."""

import hmac
import logging
from xml.etree.ElementTree import Element, SubElement, tostring

from aiohttp import web
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from compose.lapor_sandbox import faults
from compose.lapor_sandbox.api import NOW, SETTINGS, STORE
from compose.lapor_sandbox.records import INSTITUTIONS

log = logging.getLogger(__name__)

#: The call names no agency; LAPOR! decides. Here the first of the list has it.
_INSTITUTION = int(INSTITUTIONS[0]["id"])
#: The page shows a title; the call has none.
_TITLE_CHARS = 80


def routes() -> list[web.RouteDef]:
    """The one call of the old API."""
    return [web.post("/api/stream/addstream", add)]


async def add(request: web.Request) -> web.Response:
    """Enters a complaint: on disk before the answer, and with every switched fault in its place."""
    try:
        document = fromstring(await request.read(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return _refusal(400, "Isi permintaan tidak dapat dibaca")
    expected = request.app[SETTINGS].token.get_secret_value()
    known = hmac.compare_digest(document.get("token", "").encode(), expected.encode())
    if request.app[faults.BOARD].take("refuse_credentials") or not known:
        return _refusal(401, "Token tidak diterima")
    refused = await faults.before_reading(request)
    if refused is not None:
        return refused
    fields = _fields(document)
    if not fields["content"] or not fields["nameUser"]:
        return _refusal(422, "isi dan namadepan wajib diisi")
    refused = faults.about_content(request.app[faults.BOARD], str(fields["content"]))
    if refused is not None:
        return _refusal(refused.status, "memuat hal yang tidak diterima")
    tracking_id = await request.app[STORE].add_complaint(request.app[NOW](), fields, ())
    log.info("complaint.entered", extra={"tracking_id": tracking_id})
    withheld = await faults.after_writing(request, tracking_id)
    return withheld if withheld is not None else _answer(tracking_id)


def _fields(document: Element) -> dict[str, object]:
    """In the names of the v3 body, which is what the page and the store know."""
    text = (document.findtext("laporan/isi") or "").strip()
    report = document.find("laporan")
    flags = report.attrib if report is not None else {}
    names = (document.findtext("pelapor/namadepan"), document.findtext("pelapor/namabelakang"))
    return {
        "title": text[:_TITLE_CHARS],
        "content": text,
        "nameUser": " ".join(name for name in names if name and name != "_"),
        "emailUser": document.findtext("pelapor/email"),
        "phoneUser": document.findtext("pelapor/telpon"),
        "is_anonymous": flags.get("anonim") == "1",
        "is_secret": flags.get("rahasia") == "1",
        "classification_id": "–",
        "disposition_id": _INSTITUTION,
        "by": "addstream",
    }


def _answer(tracking_id: int) -> web.Response:
    root = Element("lapor")
    SubElement(root, "trackingid").text = str(tracking_id)
    # The two numbers are not the same; which is which is easily confused.
    SubElement(root, "transaksiid").text = str(tracking_id - 9_000_000)
    return _xml(200, root)


def _refusal(status: int, message: str) -> web.Response:
    root = Element("lapor")
    SubElement(root, "pesan").text = message
    return _xml(status, root)


def _xml(status: int, root: Element) -> web.Response:
    body = tostring(root, encoding="utf-8", xml_declaration=True)
    return web.Response(status=status, body=body, content_type="text/xml", charset="utf-8")
