"""Stages as Dagster assets: one asset for each stage, one step for each asset, any number of builds in a run.

Four things follow from how Dagster works (1.13):

* A step says itself which partitions it has materialised, one event each: of fifty builds in a run, three may be
  refused. Its output is only the signal that lets dependents start, so it is marked as having been reported already.
* A step with refused builds gives that signal and fails afterwards. With `require_upstream_step_success` off (see
  `EXECUTOR`), dependents run nevertheless; for each build they leave out what can't be done and do what can be.
* A build that waits for a person is no failure: its later stages are left out and the run succeeds.
* An artifact that nobody asks for, as the export for a platform that isn't a target, is reported as made, with why it
  is empty: a partition without a materialisation would count as failed in a backfill.
"""

import base64
import warnings
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetsDefinition,
    AssetSpec,
    DagsterEvent,
    DynamicPartitionsDefinition,
    Failure,
    MetadataValue,
    Output,
    PreviewWarning,
    TableColumn,
    TableMetadataValue,
    TableRecord,
    TableSchema,
    in_process_executor,
    multi_asset,
)

from manageai_assets.partitions import BATCHES, BLUEPRINTS, INTAKES
from manageai_assets.stages import Preview, Stage, Table
from manageai_assets.workbench import Result, Workbench, describe
from resources.artifacts import parse_key
from resources.dagster_internals import REPORTED_ALREADY, DagsterEventBatchMetadata

EXECUTOR = in_process_executor.configured({"step_dependency_config": {"require_upstream_step_success": False}})

DATA_VERSION = "dagster/data_version"
SHOWN_FINDINGS = 100
Event = DagsterEvent | AssetCheckEvaluation | Output[None]


def stages_of(package: str | None, stages: Sequence[Stage]) -> tuple[Stage, ...]:
    """Those of `stages` whose functions are in this package."""
    return tuple(item for item in stages if item.function.__module__.startswith(f"{package}."))


@dataclass(frozen=True)
class Line:
    """What a row of stages works on: its partitions, and the resource that gives a run its `Workbench`."""

    partitions: DynamicPartitionsDefinition
    resource: str


BUILDS = Line(INTAKES, "builds")
MIGRATIONS = Line(BLUEPRINTS, "migrations")


def stage_assets(stages: Sequence[Stage], among: Sequence[Stage] = (), line: Line = BUILDS) -> list[AssetsDefinition]:
    """One asset for each of `stages`, with its checks and its lineage `among` all of them (themselves if not given)."""
    names = {item.name for item in (*stages, *among)}
    return [_asset(item, names, line) for item in stages]


def _asset(item: Stage, names: Collection[str], line: Line) -> AssetsDefinition:
    spec = AssetSpec(
        item.name,
        deps=[name for name in item.needs if name in names],
        description=item.summary,
        group_name=item.group,
        kinds={item.artifact.rpartition(".")[2]},
        partitions_def=line.partitions,
    )
    checks = _check_specs(item, line)

    @multi_asset(
        name=item.name,
        specs=[spec],
        check_specs=checks,
        backfill_policy=BATCHES,
        required_resource_keys={line.resource},
    )
    def step(context: AssetExecutionContext) -> Iterator[Event]:
        bench: Workbench = getattr(context.resources, line.resource)
        failed: list[Result] = []
        made: list[AssetMaterialization] = []
        for key in map(parse_key, context.partition_keys):
            result = bench.run(item, key)
            if result.outcome.value is not None or result.unasked:
                made.append(_materialization(item, result))
            yield from _evaluations(item, result)
            if result.fault:
                context.log.error(f"{key}: {result.fault}")
            elif result.reason:
                context.log.info(f"{key}: {result.reason}")
            if result.failed:
                failed.append(result)
        yield from together(context, made)
        yield Output(None, output_name=item.name, metadata={REPORTED_ALREADY: True})
        for check in checks:
            yield Output(None, output_name=check.get_python_identifier())
        if failed:
            raise Failure(describe(failed), metadata={"refused": _refusals(failed)}, allow_retries=False)

    return step


def _check_specs(item: Stage, line: Line) -> list[AssetCheckSpec]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PreviewWarning)  # checks by partition are a preview in this, pinned, version
        return [
            AssetCheckSpec(name, asset=item.name, blocking=name in item.blocking_checks, partitions_def=line.partitions)
            for name in item.check_names
        ]


def together(context: AssetExecutionContext, made: Sequence[AssetMaterialization]) -> Iterator[DagsterEvent]:
    """The materialisations as one batch: with `DAGSTER_EVENT_BATCH_SIZE` set they are written at once, which is most of
    what a backfill would cost otherwise."""
    step = context.get_step_execution_context()
    batch = f"{context.run.run_id}.{step.step.key}"
    for place, materialization in enumerate(made, start=1):
        last = DagsterEventBatchMetadata(batch, is_end=place == len(made))
        yield DagsterEvent.asset_materialization(step, materialization, last)


def _materialization(item: Stage, result: Result) -> AssetMaterialization:
    return AssetMaterialization(
        AssetKey(item.name),
        partition=str(result.key),
        metadata={"not_asked_for": MetadataValue.text(result.reason)} if result.unasked else _metadata(item, result),
        tags={DATA_VERSION: "not asked for" if result.unasked else result.digest},
    )


def _evaluations(item: Stage, result: Result) -> Iterator[AssetCheckEvaluation]:
    for check in result.outcome.checks:
        yield AssetCheckEvaluation(
            AssetKey(item.name),
            check.name,
            check.passed,
            metadata={"findings": MetadataValue.md(_bullets(check.findings))} if check.findings else {},
            severity=AssetCheckSeverity.ERROR if check.blocking else AssetCheckSeverity.WARN,
            description=check.summary,
            blocking=check.blocking,
            partition=str(result.key),
        )


def _metadata(item: Stage, result: Result) -> dict[str, MetadataValue]:
    """What the UI shows of an artifact: its numbers first, then text, picture and tables, then where the file is."""
    value = result.outcome.value
    preview = item.preview(value) if item.preview and value is not None else Preview()
    shown: dict[str, MetadataValue] = {name: _number(cell) for name, cell in preview.numbers.items()}
    if preview.markdown:
        shown["preview"] = MetadataValue.md(preview.markdown)
    if isinstance(value, str) and item.artifact.endswith(".svg"):
        shown["picture"] = MetadataValue.md(picture(value, item.name))
    shown |= {name: _table(table) for name, table in preview.tables.items()}
    shown |= {name: MetadataValue.url(url) for name, url in preview.links.items()}
    shown["file"] = MetadataValue.url(result.url) if "://" in result.url else MetadataValue.path(result.url)
    shown["size_bytes"] = MetadataValue.int(result.size)
    shown["milliseconds"] = MetadataValue.float(round(result.outcome.seconds * 1000, 1))
    return shown


def picture(svg: str, name: str) -> str:
    """Markdown that shows an SVG: as an image, so that nothing in it can run."""
    return f"![{name}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def _number(cell: str | int | float | bool | None) -> MetadataValue:
    match cell:
        case bool():
            return MetadataValue.bool(cell)
        case int():
            return MetadataValue.int(cell)
        case float():
            return MetadataValue.float(cell)
        case str():
            return MetadataValue.text(cell)
        case None:
            return MetadataValue.null()


def _table(table: Table) -> TableMetadataValue:
    records = [TableRecord(dict(zip(table.columns, map(_cell, row), strict=True))) for row in table.rows]
    return MetadataValue.table(records, schema=TableSchema([TableColumn(name) for name in table.columns]))


def _cell(cell: str | int | float | bool | None) -> str | int | float | bool:
    return "" if cell is None else cell


def _refusals(failed: Sequence[Result]) -> TableMetadataValue:
    return _table(Table(("build", "reason"), tuple((str(result.key), result.reason) for result in failed)))


def _bullets(findings: Sequence[str]) -> str:
    more = [f"and {len(findings) - SHOWN_FINDINGS} more"] if len(findings) > SHOWN_FINDINGS else []
    return "\n".join(f"- `{finding.replace('`', chr(39))}`" for finding in [*findings[:SHOWN_FINDINGS], *more])
