"""Blueprints handed in for migration: kept in the artifact store, each change of one as its next version."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.make.parse import parse, unwrap
from compilers.naming import as_slug
from manageai_assets.commands import read_document
from manageai_assets.migration.migrating import stem
from manageai_assets.migration.stages import Blueprint
from resources.artifacts import ArtifactStore, BuildKey

FOLDER = "blueprints"
"""The folder in `INBOX_DIR` whose files are migrated."""
HANDED_IN = "submitted_blueprint.json"


def migration_store(artifacts_uri: str) -> ArtifactStore:
    """Where migrations keep their files: beside the builds, so that names never meet."""
    return ArtifactStore(f"{artifacts_uri.rstrip('/')}/migrations")


def submit_blueprint(store: ArtifactStore, document: JsonValue, name: str) -> tuple[BuildKey, bool]:
    """Keeps a blueprint under its name; gives its key, and whether it is new. The same document again is the version
    that it was. Raises `UserError` for what is no blueprint."""
    parse(document)
    data = (json.dumps(unwrap(document), indent=2, ensure_ascii=False) + "\n").encode("utf-8")
    key = BuildKey(as_slug(name) or "scenario", 1)
    while (known := store.read(key, HANDED_IN)) is not None:
        if known == data:
            return key, False
        key = BuildKey(key.slug, key.version + 1)
    store.write(key, HANDED_IN, data)
    return key, True


def submit_file(store: ArtifactStore, file: Path) -> tuple[BuildKey, bool]:
    """Keeps the blueprint in a file, named after the file."""
    return submit_blueprint(store, read_document(file), stem(file))


def handed_in(store: ArtifactStore, key: BuildKey) -> Blueprint:
    """The blueprint under a key. Raises `UserError` when there is none."""
    data = store.read(key, HANDED_IN)
    if data is None:
        raise UserError(
            "no blueprint was handed in under this key", where=str(key), hint="drop one in INBOX_DIR/blueprints"
        )
    return Blueprint.model_validate_json(data)
