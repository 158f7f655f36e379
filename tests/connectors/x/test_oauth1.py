"""OAuth 1.0a against the examples of RFC 5849 and of X's manual."""

from urllib.parse import parse_qsl

import pytest

from connectors.x.oauth1 import Keys, authorization, base_string, signature


def test_base_string_of_section_3_4_1_1() -> None:
    parameters = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
        *parse_qsl("c2&a3=2+q", keep_blank_values=True),
    ]
    url = "http://EXAMPLE.com:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b"
    assert base_string("post", url, parameters) == (
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D"
        "%25253D%26c%2540%3D%26c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3"
        "e4a%26oauth_signature_method%3DHMAC-SHA1%26oauth_timestamp%3D137131201%26oauth_token%3Dkkk"
        "9d7dh3k39sjv7"
    )


def test_signature_of_section_1_2() -> None:
    parameters = [
        ("oauth_consumer_key", "dpf43f3p2l4k3l03"),
        ("oauth_token", "nnch734d00sl2jdk"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131202"),
        ("oauth_nonce", "chapoH"),
    ]
    url = "http://photos.example.net/photos?file=vacation.jpg&size=original"
    signed = base_string("GET", url, parameters)
    assert signature(signed, "kd94hf93k423kf44", "pfkkdhi9sl3r4s00") == (
        "MdpQcU8iPSUjWoN/UDMsK2sui9I="
    )


#: "Creating a signature" in X's manual; the secrets were made for that page.
KEYS = Keys(
    consumer_key="xvz1evFS4wEEPTGEFPHBog",
    consumer_secret="kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
    token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
    token_secret="LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
)
STATUS = "status=Hello%20Ladies%20%2B%20Gentlemen%2C%20a%20signed%20OAuth%20request%21"


def test_header_of_xs_manual() -> None:
    # Our requests have no form: what the manual posts as one stands in the query here, which is
    # signed in the same way.
    header = authorization(
        KEYS,
        "POST",
        f"https://api.twitter.com/1/statuses/update.json?include_entities=true&{STATUS}",
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp=1318622958,
    )
    assert header == (
        'OAuth oauth_consumer_key="xvz1evFS4wEEPTGEFPHBog", '
        'oauth_nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg", '
        'oauth_signature="tnnArxj06cWHq44gCs1OSKk%2FjLY%3D", '
        'oauth_signature_method="HMAC-SHA1", oauth_timestamp="1318622958", '
        'oauth_token="370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb", oauth_version="1.0"'
    )


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("https://API.example.com", "https%3A%2F%2Fapi.example.com%2F"),
        ("https://api.example.com:443/a", "https%3A%2F%2Fapi.example.com%2Fa"),
        ("http://127.0.0.1:8099/a", "http%3A%2F%2F127.0.0.1%3A8099%2Fa"),
    ],
)
def test_addresses(url: str, address: str) -> None:
    assert base_string("GET", url, []) == f"GET&{address}&"


def test_secrets_are_not_shown() -> None:
    assert "LswwdoUaIvS8" not in repr(KEYS)
    assert "kAcSOqF21" not in repr(KEYS)
