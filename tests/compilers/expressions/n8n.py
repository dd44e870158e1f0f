"""n8n's expression engine for tests: many expressions in one process."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from resources.node import node_program

NOW = datetime(2026, 3, 9, 8, 30, 15, 123_000, tzinfo=UTC)
ZONE = "Europe/Prague"
REFUSED = "<refused>"


@dataclass(frozen=True)
class Results:
    """What n8n made of parameters, and plain JavaScript of bare expressions."""

    parameters: list[Any]
    scripts: list[Any]


def run(folder: Path, data: object, parameters: list[str], scripts: list[str]) -> Results:
    """The values; `REFUSED` for an expression that threw, which n8n shows as nothing."""
    request = {
        "now": int(NOW.timestamp() * 1000), "zone": ZONE, "json": data, "parameters": parameters, "scripts": scripts,
    }  # fmt: skip
    script = Path(__file__).with_name("run_n8n.mjs")
    command = [str(node_program()), str(script), str(folder)]
    done = subprocess.run(command, input=json.dumps(request).encode(), capture_output=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    found = json.loads(done.stdout)
    return Results([_value(row) for row in found["parameters"]], [_value(row) for row in found["scripts"]])


def _value(row: dict[str, Any]) -> Any:
    return row.get("value", REFUSED)
