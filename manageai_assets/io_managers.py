"""How assets reach the artifacts and the rows of their builds: one resource, set up once for each run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dagster import InitResourceContext, ResourceDefinition

from manageai_assets.settings import Settings, read_settings
from manageai_assets.stages import Stage
from manageai_assets.workbench import Workbench
from resources.artifacts import ArtifactStore, BuildKey

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.intake.models import Intake


def builds_resource(stages: Sequence[Stage]) -> ResourceDefinition:
    """Gives a run the `Workbench` for builds that consist of `stages`: artifacts from `ARTIFACTS_URI`, intakes from
    the database. When the run ends, however it ends, what became of each build is written down."""

    def open_bench(context: InitResourceContext) -> Iterator[Workbench]:
        from manageai_assets.documents.reading import made_texts
        from manageai_assets.records import result_of
        from manageai_assets.store.builds import record
        from manageai_assets.store.documents import keep_texts

        settings = read_settings()
        engine = project_engine(settings)

        def submitted(key: BuildKey) -> Intake:
            return _intake(engine, key)

        by_name = {item.name: item for item in stages}
        bench = Workbench(ArtifactStore(settings.artifacts_uri), by_name, given={"submitted": submitted})
        try:
            yield bench
        finally:
            record(engine, [result_of(bench, key) for key in bench.results], context.run.run_id if context.run else "")
            keep_texts(engine, {key: texts for key in bench.results if (texts := made_texts(bench, key))})
            engine.dispose()

    return ResourceDefinition(open_bench, description="Artifacts and rows of the builds that a run works on")


def project_engine(settings: Settings) -> Engine:
    """An engine on the project's database; the embedded server is started where no `DATABASE_URL` is set."""
    from resources.database import database_url, engine_for

    configured = settings.database_url.get_secret_value() if settings.database_url else None
    return engine_for(database_url(configured, settings.data_dir))


def _intake(engine: Engine, key: BuildKey) -> Intake:
    from compilers.errors import UserError
    from manageai_assets.intake.reading import intake_of
    from manageai_assets.store.builds import intake_document

    document = intake_document(engine, key)
    if document is None:
        raise UserError(
            "no intake was submitted under this key",
            where=str(key),
            hint="submit one: the submit_intake job, a file in INBOX_DIR, or `make up`; keys are not made by hand",
        )
    return intake_of(document, where=str(key))
