"""Whose request it is, and whether our own page sent it."""

from pathlib import Path

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from gateway.auth import AuthSettings, People
from gateway.settings import WebSettings
from gateway.site_guard import SiteGuard


@pytest.fixture
def guard(tmp_path: Path) -> SiteGuard:
    settings = WebSettings(
        public_base_url="https://aduan.contoh.go.id", trusted_proxies=("127.0.0.0/8", "10.1.0.0/16")
    )
    return SiteGuard(People(tmp_path, AuthSettings()), settings, "petugas")


@pytest.mark.parametrize(
    ("headers", "ours"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "same-site", "Origin": "https://aduan.contoh.go.id"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "none"}, False),
        ({"Origin": "https://aduan.contoh.go.id"}, True),
        ({"Origin": "http://aduan.contoh.go.id"}, False),
        ({"Origin": "http://gateway.lan:8080"}, True),
        ({"Origin": "http://gateway.lan:8081"}, False),
        ({"Origin": "https://evil.example"}, False),
        ({"Origin": "null"}, False),
        ({}, False),
    ],
)
def test_only_our_own_pages_may_post(guard: SiteGuard, headers: dict[str, str], ours: bool) -> None:
    request = make_mocked_request("POST", "/", {"Host": "gateway.lan:8080"} | headers)
    assert guard.same_origin(request) is ours


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6, 198.51.100.1, 10.1.2.3"], "198.51.100.1"),
        ("127.0.0.1", ["6.6.6.6", "198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", [], "127.0.0.1"),
    ],
)
def test_only_trusted_proxies_are_believed(
    guard: SiteGuard, peer: str, forwarded: list[str], address: str
) -> None:
    headers = CIMultiDict(("X-Forwarded-For", line) for line in forwarded)
    request = make_mocked_request("POST", "/", headers).clone(remote=peer)
    assert guard.client_address(request) == address


def test_the_cookie_is_bound_to_tls_unless_switched_off(guard: SiteGuard) -> None:
    assert guard.cookie_name == "__Host-petugas"
    open_guard = SiteGuard(guard.people, WebSettings(secure_cookies=False), "petugas")
    assert open_guard.cookie_name == "petugas"
