"""`make up`: what it says when something is in the way, and that it is done twice as it is done once."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from compilers.errors import UserError
from manageai_assets.monitoring.models import Scenario, ScenarioKey
from manageai_assets.monitoring.registry import register
from manageai_assets.settings import PROJECT_ROOT
from manageai_assets.up import alone, check_port, check_space, main, submit_examples


def free_port() -> int:
    """A port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("PORT", str(port))
        assert main(["--once"]) == 1
    told = capsys.readouterr().err
    assert f"port {port}" in told
    assert f"PORT={port + 1}" in told
    check_port(free_port())


def test_another_one_is_running(tmp_path: Path) -> None:
    with alone(tmp_path), pytest.raises(UserError, match="another `make up`"), alone(tmp_path):
        pass
    with alone(tmp_path):
        pass


def test_no_space_left(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="MB left"):
        check_space([tmp_path / "new"], needed=10**18)
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be used"):
        check_space([tmp_path / "file" / "folder"])


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATABASE_URL", "postgresql://anna:hunter2@127.0.0.1:1/shop", "doesn't answer"),
        ("DATABASE_URL", "mysql://127.0.0.1/shop", "not a PostgreSQL URL"),
        ("PORT", "many", "PORT"),
        ("AUTO_ITER_MIN_CONF", "7", "AUTO_ITER_MIN_CONF"),
    ],
)
def test_wrong_settings(
    name: str,
    value: str,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> None:
    monkeypatch.setenv("PORT", str(free_port()))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv(name, value)
    assert main(["--once"]) == 1
    captured = capsys.readouterr()
    assert told in captured.err
    assert "hunter2" not in captured.err + captured.out


def test_an_example_that_cannot_be_read_is_told_and_left_out(
    engine: Engine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.yaml").write_text("customer: Acme\nrequest: do it\nslug: acme\n")
    (tmp_path / "b.yaml").write_text("customer: [")
    (tmp_path / "c.json").write_text('{"customer": "Acme", "request": "do it", "slug": "acme"}')
    (tmp_path / ".hidden.yaml").write_text("")
    keys, unreadable = submit_examples(engine, tmp_path)
    assert ([str(key) for key in keys], unreadable) == (["acme@v1"], 1)
    assert "b.yaml is left out" in capsys.readouterr().err


@pytest.mark.slow
def test_everything_twice(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DATA_DIR": str(tmp_path / "data"),
        "ARTIFACTS_URI": str(tmp_path / "artifacts"),
        "PORT": str(free_port()),
    }
    os.chmod(tmp_path, 0o755)
    command = [sys.executable, "-m", "manageai_assets.up", "--once"]
    shown = []
    for _ in range(2):
        done = subprocess.run(
            command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=300, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        shown.append(re.findall(r"v1 (built|waiting)", done.stdout))
    assert shown[0] == shown[1]
    assert sorted(shown[0]) == ["built"] * 5 + ["waiting"]
    assert not any((tmp_path / "data" / "postgres" / name).exists() for name in ("postmaster.pid",))


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "it holds 1 scenarios"),
        ({"N8N_API_URL": "http://127.0.0.1:1/", "N8N_API_KEY": "key"}, "runs on n8n"),
        ({"SLACK_WEBHOOK_URL": "http://127.0.0.1:1/"}, "people would be alarmed"),
    ],
)
def test_the_demo_refuses_to_stand_where_anything_is_real(
    given: dict[str, str],
    told: str,
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    register(engine, Scenario(ScenarioKey("make", "4711"), "Real work"), datetime.now(UTC))
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", engine.url.render_as_string(hide_password=False))
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("PORT", str(free_port()))
    assert main(["--demo", "--once"]) == 1
    assert told in capsys.readouterr().err


@pytest.mark.slow
def test_the_demo_twice(tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
        "DATA_DIR": str(tmp_path / "data"),
        "ARTIFACTS_URI": str(tmp_path / "artifacts"),
        "PORT": str(free_port()),
    }
    os.chmod(tmp_path, 0o755)
    command = [sys.executable, "-m", "manageai_assets.up", "--once", "--demo"]
    for added in (r"600 scenarios, [1-9]\d{2},\d{3} executions", r"600 scenarios, [\d,]+ executions"):
        done = subprocess.run(
            command, env=environment, cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=900, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(added, done.stdout)
        assert re.search(r"\d+ clients on \d{4}-\d{2}-\d{2}; risks", done.stdout)
        assert re.search(r"[1-9]\d* incidents are open", done.stdout)
        assert re.search(r"what .+ is told of \d{4}-\d{2}, as Word and PDF", done.stdout)
