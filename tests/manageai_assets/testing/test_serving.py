"""What `manageai n8n start` keeps, and what it refuses before anything is started."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import stat
from pathlib import Path

import pytest

from compilers.errors import UserError
from manageai_assets.testing.serving import home_in, serving, until_stopped


def test_a_home_stays_the_same_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    first, again = home_in(tmp_path), home_in(tmp_path)
    assert first == again
    assert first.password != first.encryption_key
    assert stat.S_IMODE((tmp_path / "secrets.json").stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


@pytest.mark.parametrize("text", ["", "[]", '{"password": "x"}'])
def test_broken_secrets_are_never_replaced(tmp_path: Path, text: str) -> None:
    (tmp_path / "secrets.json").write_text(text)
    with pytest.raises(UserError, match="can't be read"):
        home_in(tmp_path)
    assert (tmp_path / "secrets.json").read_text() == text


def test_data_without_their_secrets_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".n8n").mkdir()
    with pytest.raises(UserError, match="are gone"):
        home_in(tmp_path)


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(UserError, match=f"port {port}") as raised, serving(tmp_path, port, sandbox=False):
            pass
    assert "--port" in raised.value.hint


@pytest.mark.parametrize("port", [0, -1, 65_536])
def test_what_is_no_port(tmp_path: Path, port: int) -> None:
    with pytest.raises(UserError, match="is no port"), serving(tmp_path, port, sandbox=False):
        pass


def test_one_that_runs_already_is_said_with_its_address(tmp_path: Path) -> None:
    with (tmp_path / "lock").open("w") as lock:
        lock.write("http://127.0.0.1:5678")
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(UserError, match="running already") as raised, serving(tmp_path, 5679, sandbox=False):
            pass
    assert "http://127.0.0.1:5678" in raised.value.what
    assert (tmp_path / "lock").read_text() == "http://127.0.0.1:5678"


def test_a_signal_ends_it_after_all_inside_is_stopped() -> None:
    stopped: list[str] = []
    before = signal.getsignal(signal.SIGTERM)
    with until_stopped():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause()
        finally:
            stopped.append("server")
    assert stopped == ["server"]
    assert signal.getsignal(signal.SIGTERM) == before
