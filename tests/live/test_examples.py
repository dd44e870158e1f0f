"""The suites of the example builds on a real n8n: its own nodes, the apps played by the sandbox."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from compilers.exports import emit
from compilers.spec import Spec
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.n8n_session import N8nSession
from manageai_assets.testing.running import run_suite
from tests.manageai_assets.testing.examples import all_specs

pytestmark = pytest.mark.live


@pytest.mark.parametrize("spec", all_specs(), ids=lambda spec: spec.slug)
def test_every_case_passes(spec: Spec, session: N8nSession) -> None:
    suite = suite_of(spec, moment=datetime.now(UTC))
    report = run_suite(spec, suite, session.engine(spec, emit(spec, "n8n").document))
    failed = [
        (result.case.name, result.problem, result.differences[:2]) for result in report.results if not result.passed
    ]
    assert not failed
    assert report.passed
    covered = report.coverage
    assert (covered.steps_missed, covered.routes_missed, covered.handlers_missed) == ((), (), ())
