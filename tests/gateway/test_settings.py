"""One file, the environment before it, and errors that tell what to do without the value."""

from pathlib import Path

import pytest

from gateway.errors import Misconfigured
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    LogSettings,
    TopicSettings,
    WebSettings,
    read_config,
)


def written(tmp_path: Path, text: str) -> ConfigFile:
    path = tmp_path / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return read_config(path)


def test_defaults_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GATEWAY_CONFIG", raising=False)
    config = read_config()
    assert config.path is None
    assert config.load(WebSettings).public_port == 8080
    assert config.load(GatewaySettings).data_dir == tmp_path / "data"


def test_environment_wins_over_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = written(tmp_path, "[web]\npublic_port = 1234\ninternal_port = 1235\n")
    monkeypatch.setenv("GATEWAY_WEB_PUBLIC_PORT", "4321")
    web = config.load(WebSettings)
    assert (web.public_port, web.internal_port) == (4321, 1235)


def test_relative_paths_start_at_the_file(tmp_path: Path) -> None:
    config = written(tmp_path, '[gateway]\ndata_dir = "things"\n')
    assert config.load(GatewaySettings).data_dir == tmp_path / "things"


def test_kafka_is_chosen_by_naming_a_server(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("KAFKA_BOOTSTRAP_SERVERS", raising=False)
    config = written(tmp_path, "")
    assert not config.load(LogSettings).uses_kafka
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    settings = config.load(LogSettings)
    assert settings.uses_kafka
    assert settings.bootstrap_servers == "127.0.0.1:9092"


def test_secret_from_a_file_and_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("from-file\n", encoding="utf-8")
    monkeypatch.setenv("SASL_USER", "from-environment")
    config = written(
        tmp_path,
        '[log]\nsasl_password = { file = "password" }\nsasl_username = { env = "SASL_USER" }\n',
    )
    settings = config.load(LogSettings)
    assert settings.sasl_password is not None
    assert settings.sasl_password.get_secret_value() == "from-file"
    assert settings.sasl_username == "from-environment"
    assert "from-file" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[web]\npublic_port = 'seven-secrets'\n", "public_port"),
        ("[web]\npublic_prot = 1\n", "unknown key public_prot; known are: internal_host"),
        ("[log]\nsasl_password = { file = 'nowhere' }\n", "cannot read"),
        ("[log]\nsasl_password = { env = 'NOT_SET_ANYWHERE' }\n", "NOT_SET_ANYWHERE is not set"),
        ("web = 3\n", "[web]: is not a table"),
        ("[web]\npublic_base_url = 'http://x:seven-secrets'\n", "is no address like https://"),
        ("[web]\npublic_base_url = 'aduan.example'\n", "is no address like https://"),
        ("[gateway]\ntime_zone = 'Asia/Ngawi'\n", "is no IANA time zone"),
    ],
)
def test_errors_name_file_and_key(tmp_path: Path, text: str, says: str) -> None:
    config = written(tmp_path, text)
    with pytest.raises(Misconfigured) as caught:
        for section in (WebSettings, LogSettings, GatewaySettings):
            config.load(section)
    assert says in str(caught.value)
    assert "gateway.toml" in str(caught.value)
    assert "seven-secrets" not in str(caught.value)


def test_not_toml(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="is not valid TOML"):
        written(tmp_path, "[web\n")


def test_named_file_missing(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"copy gateway\.toml\.example"):
        read_config(tmp_path / "none.toml")


def test_topics_as_created() -> None:
    accepted, rejected, entered, replied, media, counted, updated = TopicSettings().specs()
    assert (accepted.name, accepted.retention_seconds) == ("complaints.accepted.v1", 30 * 86_400)
    assert rejected.retention_seconds == 90 * 86_400
    assert entered.compacted
    assert entered.retention_seconds is None
    assert (replied.name, media.name) == ("complaints.replied.v1", "complaints.media.v1")
    assert not replied.compacted
    assert not media.compacted
    assert (counted.name, counted.partitions) == ("complaints.counted.v1", 1)
    assert (updated.name, updated.partitions) == ("complaints.updated.v1", accepted.partitions)
