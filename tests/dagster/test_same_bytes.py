"""However an intake comes in, and however often it is built, its artifacts are the same to the byte."""

from __future__ import annotations

from pathlib import Path

from dagster import DagsterInstance, execute_job, reconstructable
from sqlalchemy import Engine

from manageai_assets.intake.reading import read_intake
from manageai_assets.local_builds import build_file, local_store
from manageai_assets.partitions import INTAKES
from manageai_assets.settings import PROJECT_ROOT, read_settings
from manageai_assets.store.documents import search, texts_of
from manageai_assets.submissions import submit
from resources.artifacts import parse_key
from tests.dagster import real_location

EXAMPLES = sorted((PROJECT_ROOT / "examples" / "intakes").glob("*.yaml"))
JOB = reconstructable(real_location.build_job)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder by its path there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_dagster_and_the_command_line_make_the_same_files(
    engine: Engine, instance: DagsterInstance, tmp_path: Path
) -> None:
    keys = [submit(engine, read_intake(file), "examples", file.name).partition_key for file in EXAMPLES]
    instance.add_dynamic_partitions(str(INTAKES.name), keys)
    store = local_store(tmp_path / "local")
    for file, key in zip(EXAMPLES, keys, strict=True):
        assert execute_job(JOB, instance, tags={"dagster/partition": key}).success
        assert build_file(file, store).key == key
    made = files(Path(read_settings().artifacts_uri))
    assert len(made) > 5 * 15
    assert made == files(tmp_path / "local")
    built = [parse_key(key) for key in keys if f"{parse_key(key).folder}/sow_package.zip" in made]
    assert len(built) == 5
    for build_key in built:
        texts = texts_of(engine, build_key)
        assert texts is not None
        assert texts.technical_spec.encode() == made[f"{build_key.folder}/technical_spec.md"]
        assert build_key in search(engine, "brightwater automation")


def test_a_second_build_changes_nothing(engine: Engine, instance: DagsterInstance) -> None:
    key = submit(engine, read_intake(EXAMPLES[0]), "examples").partition_key
    instance.add_dynamic_partitions(str(INTAKES.name), [key])
    made = []
    for _ in range(2):
        assert execute_job(JOB, instance, tags={"dagster/partition": key}).success
        made.append(files(Path(read_settings().artifacts_uri)))
    assert made[0] == made[1]
