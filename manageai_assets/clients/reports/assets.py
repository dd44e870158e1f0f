"""Monthly reports in Dagster: one for each client and month. A report that fails leaves the others alone."""

import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dagster import (
    AllPartitionMapping,
    AssetCheckEvaluation,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetDep,
    AssetExecutionContext,
    AssetKey,
    AssetMaterialization,
    AssetSelection,
    AssetSpec,
    DagsterEvent,
    Failure,
    MetadataValue,
    Output,
    PreviewWarning,
    define_asset_job,
    multi_asset,
)

from compilers.errors import UserError
from manageai_assets.assets import picture, together
from manageai_assets.clients.assets import CLIENTS as SNAPSHOTS
from manageai_assets.monitoring.assets import Watching
from manageai_assets.partitions import REPORT_BATCHES, REPORTS, client_key, report_key, report_parts
from manageai_assets.settings import read_settings
from resources.dagster_internals import REPORTED_ALREADY

if TYPE_CHECKING:
    from manageai_assets.clients.reports.making import MadeReport

GROUP = "reports"
REPORT = "monthly_report"
AGREES = "agrees_with_snapshots"

with warnings.catch_warnings():
    warnings.simplefilter("ignore", PreviewWarning)  # checks by partition are a preview in this, pinned, version
    _CHECK = AssetCheckSpec(
        AGREES,
        asset=REPORT,
        partitions_def=REPORTS,
        description="Operations, runs and costs are those of the month's last client snapshot, added up another way.",
    )


@multi_asset(
    name=REPORT,
    specs=[
        AssetSpec(
            REPORT,
            deps=[AssetDep(SNAPSHOTS, partition_mapping=AllPartitionMapping())],
            group_name=GROUP,
            kinds={"docx", "pdf"},
            partitions_def=REPORTS,
            description="What a client is told of its month: automations, operations and cost, incidents, risks, "
            "recommendations, hours saved, and what comes. Making it again gives the same revision, or, where data "
            "came late, the next one, which says what changed.",
        )
    ],
    check_specs=[_CHECK],
    backfill_policy=REPORT_BATCHES,
    required_resource_keys={"monitoring"},
)
def monthly_report(
    context: AssetExecutionContext,
) -> Iterator[DagsterEvent | AssetCheckEvaluation | Output[None]]:
    """Makes the run's reports. A client without scenarios in the month is passed over."""
    from manageai_assets.clients.reports.checking import disagreements
    from manageai_assets.clients.reports.commands import workshop
    from manageai_assets.clients.reports.making import make_report, prepare
    from manageai_assets.clients.reports.months import parse_month

    watching: Watching = context.resources.monitoring
    engine, now = watching.engine, watching.clock()
    shop = workshop(read_settings())
    made: list[AssetMaterialization] = []
    failed: dict[str, str] = {}
    for name, wanted in _by_month(context).items():
        month = parse_month(name)
        try:
            clients = {client_key(client): client for client in prepare(engine, month, shop, now)}
        except UserError as error:  # a month that isn't over leaves the others alone too
            failed |= {f"{key}, {month}": str(error) for key in wanted}
            continue
        for key in wanted:
            client = clients.get(key)
            if client is None:
                context.log.info(f"{key}: nothing to report on in {month}")
                continue
            try:
                report = make_report(engine, client, month, shop, now)
                wrong = disagreements(engine, report.words.report)
            except Exception as error:  # whatever it is, the other clients get their reports
                failed[f"{key}, {month}"] = str(error) if isinstance(error, UserError) else repr(error)
                context.log.exception(f"{key}: no report on {month}")
                continue
            partition = report_key(client, name)
            made.append(AssetMaterialization(AssetKey(REPORT), partition=partition, metadata=_metadata(report)))
            yield AssetCheckEvaluation(
                AssetKey(REPORT), AGREES, passed=not wrong, severity=AssetCheckSeverity.ERROR, partition=partition,
                description="; ".join(wrong) or "the same figures, added up in two ways",
            )  # fmt: skip
    yield from together(context, made)
    yield Output(None, output_name=REPORT, metadata={REPORTED_ALREADY: True})
    yield Output(None, output_name=_CHECK.get_python_identifier())
    if failed:
        told = MetadataValue.md("\n".join(f"- `{key}`: {why}" for key, why in failed.items()))
        raise Failure(
            f"{len(failed)} reports failed: {'; '.join(failed)}", metadata={"failed": told}, allow_retries=False
        )


def _by_month(context: AssetExecutionContext) -> Mapping[str, list[str]]:
    """The run's clients, by their keys, for each month."""
    found: dict[str, list[str]] = defaultdict(list)
    for key in context.partition_keys:
        client, month = report_parts(str(key))
        found[month].append(client)
    return dict(sorted(found.items()))


def _metadata(made: "MadeReport") -> dict[str, MetadataValue]:
    """What the user interface shows of a report: its figures, what it says, its pictures, and where it is."""
    from manageai_assets.build.markdown import escaped

    words, report, drawn = made.words, made.words.report, made.pictures
    lines = [*words.summary(), *([words.changes_lead(), *words.changes()] if words.changes() else [])]
    shown = [drawn.days, *(one for pair in drawn.trends for one in pair)]
    shown += [one for one in (drawn.timeline, drawn.hours) if one is not None]
    return {
        "revision": MetadataValue.int(words.revision.number),
        "new": MetadataValue.bool(words.revision.new),
        "runs": MetadataValue.int(report.totals.runs),
        "failed": MetadataValue.int(report.totals.failed),
        "hours_saved": MetadataValue.float(float(report.totals.hours)),
        "incidents": MetadataValue.int(len(report.incidents)),
        "preview": MetadataValue.md("\n\n".join(map(escaped, lines))),
        "pictures": MetadataValue.md("\n\n".join(picture(one.svg, "picture") for one in shown)),
        "mail": MetadataValue.text(f"{made.sent}: {', '.join(made.receivers) or 'nobody is named'}"),
        **{
            name.rpartition(".")[2]: MetadataValue.url(url) if "://" in url else MetadataValue.path(url)
            for name, url in made.files.items()
        },
    }


ASSETS = [monthly_report]
MONTHLY_REPORTS = define_asset_job(
    "monthly_reports",
    AssetSelection.assets(REPORT),
    description="The reports of clients on a month, for one client or for many.",
)
