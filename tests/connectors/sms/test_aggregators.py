"""The generic dialect: the documented forms of further aggregators, told as settings alone."""

import tomllib
from pathlib import Path
from typing import Any

import pytest

from connectors.sms.connector import build
from gateway.contract import Item, Route, WebRequest
from gateway.errors import Forged
from gateway.settings import read_config
from normalizer.draft import Piece, Rejection

PAYLOADS = Path(__file__).parents[2] / "payloads" / "sms" / "aggregators"
FILES = sorted(PAYLOADS.glob("*.toml"))
TOLD = {file.stem: tomllib.loads(file.read_text(encoding="utf-8")) for file in FILES}
CASES = [(name, case) for name, told in TOLD.items() for case in told["cases"]]


def _route(name: str, method: str, directory: Path) -> Route:
    """Over a real ``gateway.toml``: what stands in the case is what an operator writes."""
    account, _, _ = (PAYLOADS / f"{name}.toml").read_text(encoding="utf-8").partition("[[cases]]")
    file = directory / "gateway.toml"
    file.write_text(account.replace("[account]", '[[sms.accounts]]\nname = "uji"'), "utf-8")
    (connector,) = build(read_config(file))
    return next(each for each in connector.routes() if each.method == method)


def _summary(item: Item) -> dict[str, object]:
    if isinstance(item, Piece):
        return {**_summary(item.draft), "piece": f"{item.number}/{item.total}"}
    if isinstance(item, Rejection):
        return {"source_id": item.source_id, "rejected": item.reason.value}
    said = {
        "sender": item.sender.address,
        "source_id": item.source_id,
        "text": item.text_raw,
        "submitted_at": item.submitted_at.isoformat() if item.submitted_at else None,
    }
    return {name: value for name, value in said.items() if value is not None}


def test_there_are_enough() -> None:
    assert len(FILES) >= 5


@pytest.mark.parametrize(
    ("name", "case"), CASES, ids=[f"{name}-{case['case']}" for name, case in CASES]
)
def test_aggregator(name: str, case: dict[str, Any], tmp_path: Path) -> None:
    method = case.get("method", "POST")
    request = WebRequest(
        method,
        "/sms/uji",
        case.get("query", ""),
        case.get("headers", {}),
        case.get("body", "").encode(),
    )
    route = _route(name, method, tmp_path)
    if case.get("forged", False):
        with pytest.raises(Forged):
            route.verify(request)
        return
    route.verify(request)
    reply = route.read(request)
    assert [_summary(item) for item in reply.items] == case["items"]
    assert reply.ignored == (None if case["items"] else "delivery_report")
    answer = case.get("answer", {"status": 200, "body": "OK"})
    assert (reply.status, reply.body.decode()) == (answer["status"], answer["body"])


@pytest.mark.parametrize("name", TOLD)
def test_without_its_secret_nobody_comes_in(name: str, tmp_path: Path) -> None:
    case = TOLD[name]["cases"][0]
    method = case.get("method", "POST")
    bare = WebRequest(method, "/sms/uji", "", {}, case.get("body", "").encode())
    with pytest.raises(Forged):
        _route(name, method, tmp_path).verify(bare)
