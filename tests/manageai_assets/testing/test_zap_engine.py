"""Zaps read back do what their specs do."""

from __future__ import annotations

from typing import Any

import pytest

from compilers.errors import UserError
from compilers.exports import emit
from manageai_assets.testing.models import Case, CaseResult
from manageai_assets.testing.reference import Reference
from manageai_assets.testing.running import run_case
from manageai_assets.testing.simulator import context_of
from manageai_assets.testing.zap_engine import ZapEngine
from tests.compilers.zapier.specs import call, edge, spec
from tests.live.random_specs import Sample
from tests.manageai_assets.testing.random_zaps import random_sample


def results(sample: Sample) -> list[CaseResult] | None:
    """What becomes of a sample's cases; None where it is no Zap."""
    try:
        export = emit(sample.spec, "zapier")
    except UserError:
        return None
    engine, reference = ZapEngine(sample.spec, export.document, export.places), Reference(sample.spec)
    return [run_case(sample.spec, case, engine, reference, context_of(sample.spec, case.name)) for case in sample.cases]


def compared(wanted: int) -> None:
    zaps = seed = 0
    while zaps < wanted:
        found = results(random_sample(seed))
        assert found is None or all(one.passed for one in found), f"seed {seed}: {found}"
        zaps += found is not None
        seed += 1


def test_random_lines_and_paths_do_the_same() -> None:
    compared(40)


@pytest.mark.slow
def test_five_hundred_random_lines_and_paths_do_the_same() -> None:
    compared(500)


def test_a_fault_in_a_zap_is_seen() -> None:
    made = spec(call("send"), edges=[edge("lead", "send", when=("{{ lead.body.amount }}", "number:greater", 10))])
    export = emit(made, "zapier")
    document: Any = export.document
    document["zaps"][0]["nodes"]["2"]["params"]["filter_criteria"][0]["match"] = "iless"
    case = Case(name="a", group="business", title="A", bundles=({"body": {"amount": 20}},))
    engine = ZapEngine(made, document, export.places)
    assert not run_case(made, case, engine, Reference(made), context_of(made, "a")).passed
