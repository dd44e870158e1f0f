"""The README's commands that need a real n8n."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from manageai_assets.settings import PROJECT_ROOT
from manageai_assets.testing.n8n_session import N8nSession
from tests.test_readme import NEEDS_A_SERVER, commands

pytestmark = pytest.mark.live

PROGRAM = PROJECT_ROOT / ".venv" / "bin" / "manageai"
START_SECONDS = 120


def lines(folder: Path) -> list[str]:
    """The README's commands, with files in a folder of the test."""
    return [line.replace("/tmp/packages", str(folder)) for line in commands()]


def test_tests_and_pilot_run(tmp_path: Path, session: N8nSession) -> None:
    if not PROGRAM.exists():
        pytest.skip("no .venv at the top of the project: `make install` makes it")
    build = next(line for line in lines(tmp_path) if "manageai build" in line)
    wanted = [line for line in lines(tmp_path) if any(one in line for one in NEEDS_A_SERVER) and "start" not in line]
    assert len(wanted) == 2
    script = "\n".join(["set -e", build, *wanted])
    ran = subprocess.run(["bash", "-c", script], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=500)
    assert ran.returncode == 0, ran.stdout[-3000:] + ran.stderr[-2000:]
    assert "Traceback" not in ran.stderr


def test_a_server_of_ones_own_starts_and_stops(tmp_path: Path, session: N8nSession) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "data"), "PYTHONUNBUFFERED": "1"}
    command = [str(PROGRAM), "n8n", "start", "--sandbox", "--port", "5699"]
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(command, cwd=PROJECT_ROOT, env=environment, stdout=output, stderr=output)
        try:
            deadline = time.monotonic() + START_SECONDS
            while "N8N_API_URL" not in log.read_text(encoding="utf-8"):
                assert process.poll() is None, log.read_text(encoding="utf-8")
                assert time.monotonic() < deadline
                time.sleep(0.2)
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(30) == 0
