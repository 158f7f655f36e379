"""compose.yml and what it names fit together: images, commands, files, variables, secrets."""

import importlib.util
import json
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from compose.lapor_sandbox.settings import SandboxSettings
from connectors.sms.settings import SmsSettings
from deliver.console.settings import ConsoleSettings
from deliver.settings import DeliverSettings, LaporSettings, LedgerSettings
from gateway.settings import (
    ConfigFile,
    GatewaySettings,
    LogSettings,
    NormalizerSettings,
    RepliesSettings,
    SealingSettings,
    Section,
    TopicSettings,
    WebSettings,
)

ROOT = Path(__file__).parents[2]
HERE = ROOT / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((HERE / "compose.yml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
DOCKERFILE = (HERE / "Dockerfile").read_text("utf-8")
SECTIONS: tuple[type[Section], ...] = (
    GatewaySettings,
    WebSettings,
    LogSettings,
    TopicSettings,
    SealingSettings,
    NormalizerSettings,
    LedgerSettings,
    DeliverSettings,
    LaporSettings,
    ConsoleSettings,
    SmsSettings,
    RepliesSettings,
)


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory of secrets as a new installation makes it."""
    directory = tmp_path_factory.mktemp("installation") / "secrets"
    subprocess.run([HERE / "new-secrets", directory], check=True, capture_output=True, timeout=20)
    return directory


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned(name: str) -> None:
    _, _, tag = SERVICES[name]["image"].rpartition(":")
    assert tag == "${GATEWAY_VERSION}" or re.match(r"v?\d+\.\d+", tag), tag


def test_base_images_are_pinned() -> None:
    images = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(images) == 2
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim", image) for image in images)


@pytest.mark.parametrize("name", sorted(OURS))
def test_commands_exist(name: str) -> None:
    command = OURS[name]["command"]
    if command[0] == "python":
        assert command[1] == "-m"
        found = importlib.util.find_spec(command[2])
        assert found is not None
        if found.submodule_search_locations:
            assert importlib.util.find_spec(f"{command[2]}.__main__") is not None
    else:
        assert command[0] == "gateway"
        asked = [sys.executable, "-m", "gateway", *command[1:], "--help"]
        done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, timeout=60)
        assert done.returncode == 0, done.stderr


def test_the_sandbox_takes_the_options_it_is_given() -> None:
    module, *options = OURS["lapor-sandbox"]["command"][2:]
    asked = [sys.executable, "-m", module, *options, "--help"]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_containers_can_do_no_more_than_they_must(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("read_only", False) is (name != "kafka")
    assert "privileged" not in service
    assert service["restart"] in {"unless-stopped", "on-failure:5", "no"}
    published = service.get("ports", [])
    assert all(port.startswith("127.0.0.1:${") for port in published)


def test_services_that_stay_are_watched() -> None:
    staying = {name for name, service in SERVICES.items() if service["restart"] == "unless-stopped"}
    assert {name for name in SERVICES if "healthcheck" in SERVICES[name]} == staying
    for name, port in (("connectors", 8081), ("deliver", 8082), ("replies", 8083)):
        test = SERVICES[name]["healthcheck"]["test"]
        assert [f"http://127.0.0.1:{port}/{path}" for path in ("healthz", "readyz")] == test[4:]


def test_what_is_waited_for_can_be_reached() -> None:
    for service in SERVICES.values():
        waited_for = service.get("depends_on", {})
        assert set(waited_for) <= set(SERVICES)
        for other, rule in waited_for.items() if isinstance(waited_for, dict) else ():
            if rule["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[other]
            else:
                assert SERVICES[other]["restart"] == "on-failure:5"
            # A service of a profile may not be there.
            assert rule.get("required", True) is ("profiles" not in SERVICES[other])


def test_mounted_paths_exist() -> None:
    volumes = [volume for service in SERVICES.values() for volume in service.get("volumes", [])]
    binds = [volume["source"] for volume in volumes if isinstance(volume, dict)]
    named = {volume.split(":")[0] for volume in volumes if isinstance(volume, str)}
    assert binds
    assert [source for source in binds if not (HERE / source).exists()] == []
    assert named == set(COMPOSE["volumes"])


def test_networks_are_declared_and_used() -> None:
    used = {network for service in SERVICES.values() for network in service.get("networks", [])}
    assert used == set(COMPOSE["networks"])


def test_dockerfile_copies_what_there_is_and_what_is_let_in() -> None:
    sources = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in line.split()[:-1]
    }
    ignored = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    let_in = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored
    assert sources == let_in
    assert [source for source in sources if not (ROOT / source).exists()] == []
    packages = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    wheel = packages["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(wheel) <= sources


def test_every_variable_is_explained_and_every_explained_one_is_used() -> None:
    text = (HERE / "compose.yml").read_text("utf-8")
    used = set(re.findall(r"\$\{(\w+)", text))
    lines = (HERE / ".env.example").read_text("utf-8").splitlines()
    explained = [line.split("=")[0] for line in lines if line and not line.startswith("#")]
    assert sorted(used) == sorted(explained)
    for number, line in enumerate(lines):
        if line and not line.startswith("#"):
            assert lines[number - 1].startswith("# "), line


def test_secrets_are_files_and_each_is_made(secrets: Path) -> None:
    declared = {name: Path(secret["file"]) for name, secret in COMPOSE["secrets"].items()}
    used = {
        secret["source"] if isinstance(secret, dict) else secret
        for service in SERVICES.values()
        for secret in service.get("secrets", [])
    }
    made = {path.name for path in secrets.iterdir()}
    assert used == set(declared) == made
    assert {path.parent for path in declared.values()} == {Path("secrets")}
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o700
    assert all(len((secrets / name).read_text().strip()) >= 32 for name in made)


def test_secrets_are_never_made_twice(secrets: Path) -> None:
    before = {path.name: path.read_text() for path in secrets.iterdir()}
    subprocess.run([HERE / "new-secrets", secrets], check=True, timeout=20)
    assert {path.name: path.read_text() for path in secrets.iterdir()} == before
    assert before["postgres_password"].strip() in before["ledger_url"]


def test_no_secret_stands_in_the_open() -> None:
    telling = re.compile(r"PASSWORD|TOKEN|SECRET|BEARER", re.IGNORECASE)
    for service in SERVICES.values():
        for key, value in (service.get("environment") or {}).items():
            if telling.search(key):
                assert key.endswith("_FILE")
                assert str(value).startswith("/run/secrets/")
    for line in (HERE / ".env.example").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            assert not telling.search(line.split("=")[0])


@pytest.mark.parametrize("name", ["lapor_bearer", "lapor_token"])
def test_the_sandbox_and_deliver_share_their_credentials(name: str) -> None:
    sandbox = {secret["source"]: secret["target"] for secret in OURS["lapor-sandbox"]["secrets"]}
    field = sandbox[name].removeprefix("lapor_sandbox_")
    assert field in SandboxSettings.model_fields
    assert name in OURS["deliver"]["secrets"]


def test_the_sandbox_reads_its_secrets_from_files(secrets: Path, tmp_path: Path) -> None:
    for name in ("bearer", "token"):
        text = (secrets / f"lapor_{name}").read_text()
        (tmp_path / f"lapor_sandbox_{name}").write_text(text)
    settings = SandboxSettings(_secrets_dir=tmp_path)
    token = settings.token.get_secret_value()
    assert re.fullmatch(r"\{[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\}", token)


def test_the_settings_file_is_understood(secrets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (HERE / "gateway.toml").read_text("utf-8").replace("/run/secrets", str(secrets))
    config = ConfigFile(HERE / "gateway.toml", tomllib.loads(text))
    known = {section.table for section in SECTIONS}
    assert {table.split(".")[0] for table in config.tables} <= known
    for section in SECTIONS:
        config.load(section)
    monkeypatch.setenv("GATEWAY_LAPOR_BASE_URL", "http://lapor-sandbox:8090")
    config.load(LaporSettings).require_complete()
    assert config.load(LogSettings).uses_kafka
    assert "@postgres:5432/" in config.load(LedgerSettings).address(Path())


def test_keys_are_where_the_settings_look() -> None:
    tables = tomllib.loads((HERE / "gateway.toml").read_text("utf-8"))
    public = Path(tables["sealing"]["public_key_file"]).parent
    private = tables["sealing"]["private_key_dir"]
    assert f"public-keys:{public}:ro" in OURS["connectors"]["volumes"]
    assert f"private-keys:{private}:ro" in OURS["deliver"]["volumes"]
    holders = {name for name, item in OURS.items() if "private-keys" in str(item.get("volumes"))}
    assert holders == {"keys", "deliver"}
    answering = {name for name, item in OURS.items() if "reply-keys" in str(item.get("volumes"))}
    assert (
        f"reply-keys:{tables['sealing']['reply_private_key_dir']}:ro"
        in (OURS["replies"]["volumes"])
    )
    assert answering == {"keys", "replies"}


def test_prometheus_asks_the_internal_ports() -> None:
    scraped = yaml.safe_load((HERE / "prometheus.yml").read_text("utf-8"))["scrape_configs"]
    targets = {
        target for job in scraped for part in job["static_configs"] for target in part["targets"]
    }
    tables = tomllib.loads((HERE / "gateway.toml").read_text("utf-8"))
    assert targets == {
        f"connectors:{tables['web']['internal_port']}",
        f"deliver:{tables['deliver']['internal_port']}",
        f"replies:{tables['replies']['internal_port']}",
    }
    for target in targets:
        assert set(SERVICES[target.split(":")[0]]["networks"]) & set(
            SERVICES["prometheus"]["networks"]
        )


def test_the_dashboard_shows_metrics_that_exist() -> None:
    dashboard = json.loads((HERE / "grafana/dashboards/gateway.json").read_text("utf-8"))
    provisioned = yaml.safe_load(
        (HERE / "grafana/provisioning/datasources/prometheus.yml").read_text("utf-8")
    )
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {
        provisioned["datasources"][0]["uid"]
    }
    expressions = [target["expr"] for panel in panels for target in panel["targets"]]
    shown = set(re.findall(r"\b(?:intake|deliver|ledger)_\w+", " ".join(expressions)))
    assert shown <= _exposed_names()
    assert len(shown) >= 8


def _exposed_names() -> set[str]:
    from prometheus_client import REGISTRY

    import gateway.metrics  # noqa: F401 - fills the registry

    names: set[str] = set()
    for family in REGISTRY.collect():
        endings = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}
        names |= {family.name + ending for ending in endings.get(family.type, ("",))}
    return names
