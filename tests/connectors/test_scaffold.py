"""What ``make channel`` writes is clean, runs, and its tests fail until there is something."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from connectors.scaffold import scaffold

ROOT = Path(__file__).parents[2]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The files of a new channel beside the packages they build on."""
    scaffold("siaga_desa", tmp_path)
    for package in ("gateway", "normalizer"):
        (tmp_path / package).symlink_to(ROOT / package)
    for package in ("connectors", "tests", "tests/connectors"):
        (tmp_path / package / "__init__.py").write_text('"""A package."""\n')
    return tmp_path


def run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=tree,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_is_clean(tree: Path) -> None:
    options = ("--config", str(ROOT / "pyproject.toml"))
    for command in (("ruff", "check", *options), ("ruff", "format", "--check", *options)):
        done = run(tree, *command, "connectors", "tests")
        assert done.returncode == 0, done.stdout


def test_its_tests_fail_and_say_what_to_do(tree: Path) -> None:
    done = run(tree, "pytest", "-q", "tests/connectors/siaga_desa", "-p", "no:cacheprovider")
    assert done.returncode == 1
    assert "put five anonymous items into tests/payloads/siaga_desa" in done.stdout
    assert "1 failed" not in done.stdout.splitlines()[-1]


def test_can_be_switched_on_and_forges_nothing(tree: Path) -> None:
    program = (
        "from gateway.settings import ConfigFile\n"
        "from connectors.siaga_desa.connector import build\n"
        "account = {'name': 'a', 'secret': 'long-enough'}\n"
        "(connector,) = build(ConfigFile(None, {'siaga_desa': {'accounts': [account]}}))\n"
        "print([route.path for route in connector.routes()])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.strip() == "['/siaga_desa/a']", done.stderr


@pytest.mark.parametrize("name", ["Siaga", "1a", "a-b", "sms", "../x", ""])
def test_bad_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="channel"):
        scaffold(name, tmp_path)
    assert list(tmp_path.iterdir()) == []
