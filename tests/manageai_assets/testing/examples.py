"""The specs that tests of suites run over: the examples that become builds, and a flow for each construct."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from compilers.spec import Spec
from manageai_assets.intake.reading import read_intake
from manageai_assets.intake.stages import assessment, canonical_spec
from manageai_assets.intake.submitted import intake
from manageai_assets.stages import run_stages
from tests.compilers.flows import FLOWS

INTAKES = Path(__file__).resolve().parents[3] / "examples" / "intakes"


@cache
def example_specs() -> tuple[Spec, ...]:
    """The specs of the example intakes that are ready to be built."""
    specs = (_spec_of(file) for file in sorted(INTAKES.glob("*.yaml")))
    return tuple(spec for spec in specs if spec is not None)


def _spec_of(file: Path) -> Spec | None:
    outcomes = run_stages((intake, assessment, canonical_spec), {"submitted": read_intake(file)}, lambda: 0.0)
    value = outcomes["canonical_spec"].value
    return value if isinstance(value, Spec) else None


@cache
def all_specs() -> tuple[Spec, ...]:
    """The examples' specs and those of the flows."""
    return (*example_specs(), *(flow.spec for flow in FLOWS))
