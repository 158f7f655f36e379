"""What cannot start says so in one clear line and ends with its own code."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.stack import ROOT
from tests.servers import free_ports

ACCOUNT = '[[sms.accounts]]\nname = "1708"\ndialect = "kannel"\ntoken = "a-long-token"\n'


def prepared(directory: Path, settings: str = "") -> Path:
    """A directory that would start: settings, keys and topics."""
    public, internal = free_ports(2)
    path = directory / "gateway.toml"
    path.write_text(
        f"[web]\npublic_port = {public}\ninternal_port = {internal}\n{ACCOUNT}{settings}",
        encoding="utf-8",
    )
    for command in (["keys", "new"], ["topics", "create"]):
        done = gateway(path, *command)
        assert done.returncode == 0, done.stderr
    return path


def run(config: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("GATEWAY_", "KAFKA_"))}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=ROOT,
        env={**environment, "GATEWAY_CONFIG": str(config)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def gateway(config: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return run(config, "gateway", *command)


def line_of(done: subprocess.CompletedProcess[str]) -> str:
    """The one line for a person; the others are JSON for machines."""
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert len(lines) == 1, done.stderr
    assert "Traceback" not in done.stderr
    return lines[0]


def test_wrong_setting(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    path.write_text(path.read_text() + "[log]\nkind = 'kafak'\n")
    done = run(path, "connectors")
    assert done.returncode == 78
    assert "[log]: kind" in line_of(done)


def test_no_channel(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    path.write_text(path.read_text().replace(ACCOUNT, ""))
    done = run(path, "connectors")
    assert done.returncode == 78
    assert "no channel is switched on" in line_of(done)


def test_account_without_proof(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    path.write_text(path.read_text().replace('token = "a-long-token"\n', ""))
    done = run(path, "connectors")
    assert done.returncode == 78
    assert "anybody may send" in line_of(done)


def test_port_taken(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        text = path.read_text().split("\n")
        text[1] = f"public_port = {port}"
        path.write_text("\n".join(text))
        done = run(path, "connectors")
    assert done.returncode == 71
    assert f"127.0.0.1:{port}" in line_of(done)


@pytest.mark.parametrize("module", ["connectors", "deliver"])
def test_key_missing(tmp_path: Path, module: str) -> None:
    path = prepared(tmp_path)
    for key in (tmp_path / "keys").rglob("*.json"):
        key.unlink()
    done = run(path, module)
    assert done.returncode == 79
    assert "gateway keys new" in line_of(done)


@pytest.mark.parametrize("module", ["connectors", "deliver"])
def test_topics_missing(tmp_path: Path, module: str) -> None:
    path = prepared(tmp_path)
    for file in (tmp_path / "data").glob("log.db*"):
        file.unlink()
    done = run(path, module)
    assert done.returncode == 74
    assert "gateway topics create" in line_of(done)


@pytest.mark.parametrize("module", ["connectors", "deliver"])
def test_log_not_usable(tmp_path: Path, module: str) -> None:
    path = prepared(tmp_path)
    for file in (tmp_path / "data").glob("log.db*"):
        file.unlink()
    (tmp_path / "data" / "log.db").mkdir()
    done = run(path, module)
    assert done.returncode == 73
    assert "log.db" in line_of(done)


def test_kafka_away(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    (port,) = free_ports(1)
    path.write_text(path.read_text() + f'[log]\nbootstrap_servers = "127.0.0.1:{port}"\n')
    done = run(path, "connectors")
    assert done.returncode == 73
    assert "check [log] bootstrap_servers" in line_of(done)


def test_up_ends_with_the_childs_code(tmp_path: Path) -> None:
    path = prepared(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        text = path.read_text().split("\n")
        text[1] = f"public_port = {taken.getsockname()[1]}"
        path.write_text("\n".join(text))
        done = gateway(path, "up")
    assert done.returncode == 71
    assert "connectors: cannot listen on" in done.stderr
    assert "gateway: connectors could not start" in done.stderr


def test_named_settings_file_missing(tmp_path: Path) -> None:
    done = run(tmp_path / "none.toml", "connectors")
    assert done.returncode == 78
    assert "gateway.toml.example" in line_of(done)
