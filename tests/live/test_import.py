"""A real n8n takes every migrated workflow as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compilers.errors import UserError
from compilers.migrate import migrate
from resources.n8n_server import N8nServer

pytestmark = pytest.mark.live


def test_every_real_blueprint_can_be_imported(shared: Path, n8n: N8nServer) -> None:
    refused = {}
    files = sorted((shared / "blueprints" / "make").glob("*.json"))
    for file in files:
        document = migrate(json.loads(file.read_text(encoding="utf-8"))).export.document
        try:
            n8n.delete(n8n.create(document))
        except UserError as error:
            refused[file.name] = str(error)
    assert len(files) == 265
    assert refused == {}
