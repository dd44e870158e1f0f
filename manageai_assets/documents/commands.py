"""`manageai sow`: the documents of a build, made anew from its artifacts with the brand as it is now."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from manageai_assets import console
from manageai_assets.commands import Outcome
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.stages import STAGES
from manageai_assets.pipeline import STAGES as ALL
from manageai_assets.settings import read_settings
from manageai_assets.stages import Stage, Value, run_stages
from manageai_assets.workbench import Workbench
from resources.artifacts import ArtifactStore, BuildKey, parse_key


def sow(options: argparse.Namespace) -> Outcome:
    """`sow`: writes the documents and the package of a build into a folder; the build itself stays as it is."""
    key = parse_key(options.build)
    place = str(options.artifacts.resolve()) if options.artifacts else read_settings().artifacts_uri
    made = _made(key, ArtifactStore(place))
    folder = options.output or Path(f"{key.slug}-v{key.version}")
    files = [_written(folder / item.artifact, item.encode(value)) for item, value in made]
    facts = next(value for _, value in made if isinstance(value, Facts))
    data: JsonValue = {
        "build": str(key),
        "draft": facts.draft,
        "settle": [*facts.settle],
        "texts": facts.texts.made_by,
        "files": [str(file) for file in files],
    }

    def show() -> None:
        console.show_table(("file", "bytes"), [(str(file), file.stat().st_size) for file in files])
        for point in facts.settle:
            print(f"DRAFT. {point}")

    return Outcome(data, show)


def _made(key: BuildKey, store: ArtifactStore) -> list[tuple[Stage, Value]]:
    """The documents' stages with their values, from the artifacts of the build. Raises `UserError`."""
    if not store.exists(key, "canonical_spec.json"):
        hint = "build its intake first, or say where builds are with --artifacts"
        raise UserError("there is no such build", where=str(key), hint=hint)
    bench = Workbench(store, {item.name: item for item in ALL})
    own = {item.name for item in STAGES}
    needed = {name for item in STAGES for name in item.needs} - own
    given = {name: value for name in sorted(needed) if (value := bench.value(name, key)) is not None}
    made: list[tuple[Stage, Value]] = []
    for item in STAGES:
        outcome = run_stages([item], {**given, **{one.name: value for one, value in made}}, time.perf_counter)[
            item.name
        ]
        if outcome.refusal is not None:
            raise outcome.refusal
        if outcome.value is None:
            missing = ", ".join(outcome.missing)
            raise UserError(f"{item.artifact} needs {missing}, which this build doesn't have", where=str(key))
        made.append((item, outcome.value))
    return made


def _written(file: Path, data: bytes) -> Path:
    draft = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_bytes(data)
        draft.replace(file)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UserError(f"can't be written: {error.strerror}", where=str(file)) from None
    return file
