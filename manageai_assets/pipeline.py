"""The whole way from an intake to its delivery package: the stages in the order in which they run.

    >>> outcomes = build(intake)
    >>> outcomes["delivery_pack"].value

Dagster makes an asset of each stage; the command line and the tests run them here, in one process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from manageai_assets.build.confidence import confidence
from manageai_assets.build.cost import cost_estimate
from manageai_assets.build.delivery import delivery_pack
from manageai_assets.build.documents import build_blueprint, build_log, customer_delivery_summary
from manageai_assets.build.exports import EXPORTS, GUIDES, export_validation_report, validation_report
from manageai_assets.build.flow_picture import flow_picture
from manageai_assets.build.timeline import timeline
from manageai_assets.documents.stages import STAGES as DOCUMENT_STAGES
from manageai_assets.intake.models import Intake
from manageai_assets.intake.stages import assessment, canonical_spec
from manageai_assets.intake.submitted import intake
from manageai_assets.stages import Outcome, Stage, Value, run_stages
from manageai_assets.testing.stages import test_page, test_report, test_suite, test_summary

BUILD_STAGES: tuple[Stage, ...] = (
    assessment,
    canonical_spec,
    validation_report,
    *EXPORTS.values(),
    *GUIDES.values(),
    export_validation_report,
    test_suite,
    test_report,
    test_summary,
    test_page,
    flow_picture,
    confidence,
    timeline,
    cost_estimate,
    build_blueprint,
    customer_delivery_summary,
    build_log,
    *DOCUMENT_STAGES,
    delivery_pack,
)
"""The stages behind the submitted intake, each behind what it needs."""

STAGES: tuple[Stage, ...] = (intake, *BUILD_STAGES)
"""All stages, the intake itself first."""


def build(
    submitted: Intake,
    given: dict[str, Value] | None = None,
    clock: Callable[[], float] = time.perf_counter,
    finished: Callable[[Outcome], None] = lambda outcome: None,
) -> dict[str, Outcome]:
    """What became of every stage of one intake, by stage name. Refusals are outcomes, not exceptions. `given` are
    further inputs by parameter name; `finished` hears of each stage as it ends."""
    return run_stages(STAGES, {**(given or {}), "submitted": submitted}, clock, finished)
