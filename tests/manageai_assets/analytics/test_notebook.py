"""The notebook in `docs/` runs as it stands: with clients, and before there are any."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine

from manageai_assets.clients.facts import facts_of
from manageai_assets.clients.stored import keep_facts
from manageai_assets.settings import PROJECT_ROOT
from resources.artifacts import BuildKey
from tests.manageai_assets.build import specs
from tests.manageai_assets.clients.estates import deploy, make, ran, scenario
from tools.run_notebook import run

NOTEBOOK = PROJECT_ROOT / "docs" / "clients.ipynb"


def ran_notebook() -> str:
    """What the notebook prints, run by the command."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.run_notebook", str(NOTEBOOK)],
        cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=120, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stderr
    return done.stdout


def test_with_clients(engine: Engine) -> None:
    now = datetime.now(UTC)
    since = now - timedelta(40)
    with engine.begin() as connection:
        keep_facts(connection, BuildKey("orders", 1), facts_of(specs.linear(), tested=True), since)
    deploy(engine, scenario(), since)
    deploy(engine, scenario("mails", "n8n", "Quay $9 [red]"), since)
    ran(engine, scenario(), [since + timedelta(hours=n) for n in range(38 * 24)], operations=30, failed=40)
    make(engine, *[now.date() - timedelta(days) for days in range(1, 30)])
    told = ran_notebook()
    assert "2 clients" in told
    assert "error_handling" in told
    for heading in ("risk_score", "operations", "saving_an_hour"):
        assert heading in told


@pytest.mark.usefixtures("engine")
def test_before_there_is_a_snapshot() -> None:
    assert ran_notebook() == (
        "There is no client snapshot of the last 90 days: materialise the asset client_snapshots first.\n"
    )


def test_a_cell_that_fails_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.ipynb"
    file.write_text('{"cells": [{"cell_type": "code", "source": ["1 + 1"]}, {"cell_type": "code", "source": "1 / 0"}]}')
    assert run(file) == 1
    said = capsys.readouterr()
    assert said.out == "2\n"
    assert "code cell 2 failed" in said.err
