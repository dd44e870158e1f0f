"""The README's commands work as they stand, and it tells of every setting."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from manageai_assets.settings import PROJECT_ROOT, Settings

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
MADE_BY_CI = ("make up", "make test")
NEEDS_N8N = ("tools.n8n_facts", "tools.check_app")
NEEDS_A_SERVER = ("--on n8n", "manageai pilot", "n8n start")
"""Run by `tests/live/test_commands.py`."""
NEEDS_A_PLATFORM = ("manageai deploy", "scenarios --discover")
"""Run by `tests/manageai_assets/monitoring/test_deploying.py`."""
NEEDS_A_DATABASE = ("manageai data export", "import analytics", "tools.run_notebook")
"""Run by `tests/manageai_assets/analytics`."""

NEEDS_CLIENTS = ("manageai report",)
"""Run by `tests/manageai_assets/clients/reports/test_commands.py`."""


def commands() -> list[str]:
    """The command lines of the README, without those that `.ci/run` itself calls."""
    lines = [line.split("  #")[0].strip() for block in BLOCKS for line in block.splitlines()]
    return [line for line in lines if line and not line.startswith(MADE_BY_CI)]


def test_every_command_runs(tmp_path: Path) -> None:
    program = PROJECT_ROOT / ".venv" / "bin" / "manageai"
    if not program.exists():
        pytest.skip("no .venv at the top of the project: `make install` makes it")
    lines = [line.replace("/tmp/packages", str(tmp_path)) for line in commands()]
    elsewhere = (*NEEDS_N8N, *NEEDS_A_SERVER, *NEEDS_A_PLATFORM, *NEEDS_CLIENTS, *NEEDS_A_DATABASE)
    lines = [line for line in lines if not any(tool in line for tool in elsewhere)]
    script = "\n".join(["set -e", *lines])
    ran = subprocess.run(
        ["bash", "-c", script], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=400, env={**os.environ}
    )
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    assert "Traceback" not in ran.stderr


def test_the_settings_table_has_every_variable_and_nothing_else() -> None:
    table = re.search(r"^## Settings\n(.*?)^## ", README, re.MULTILINE | re.DOTALL)
    assert table
    first_cells = re.findall(r"^\|([^|]+)\|", table.group(1), re.MULTILINE)
    told = {name for cell in first_cells for name in re.findall(r"`([A-Z0-9_]+)`", cell)}
    assert told == {name.upper() for name in Settings.model_fields}


def test_the_example_file_lists_every_variable() -> None:
    lines = (PROJECT_ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    listed = {match.group(1) for line in lines if (match := re.match(r"#? ?([A-Z][A-Z0-9_]+)=", line))}
    assert listed == {name.upper() for name in Settings.model_fields}


def test_the_ways_in_that_only_ci_calls_are_called_there() -> None:
    ci = (PROJECT_ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in MADE_BY_CI:
        assert command in ci


@pytest.mark.parametrize("path", re.findall(r"\]\(((?!https?:)[^)#]+)\)", README))
def test_linked_files_are_there(path: str) -> None:
    assert (PROJECT_ROOT / path).exists()
