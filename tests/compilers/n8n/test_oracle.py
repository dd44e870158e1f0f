"""n8n's own code finds nothing in what the compiler emits but credentials that nobody has connected yet."""

from __future__ import annotations

from pathlib import Path

from compilers.n8n.emit import emit
from compilers.spec import Spec
from manageai_assets.intake.reading import read_intake
from manageai_assets.pipeline import build
from resources.n8n_oracle import Issue, Oracle
from tests.compilers.flows import FLOWS

EXAMPLES = Path(__file__).parents[3] / "examples" / "intakes"


def grave(issues: list[Issue]) -> list[str]:
    """Everything but missing credentials."""
    return [str(issue) for issue in issues if issue.severity == "error" and issue.layer != "credentials"]


def test_every_construct_is_accepted(n8n_oracle: Oracle) -> None:
    found = n8n_oracle.check_workflows([emit(flow.spec).document for flow in FLOWS])
    assert {flow.name: grave(issues) for flow, issues in zip(FLOWS, found, strict=True) if grave(issues)} == {}


def test_every_example_is_accepted(n8n_oracle: Oracle) -> None:
    specs: list[Spec] = []
    for file in sorted(EXAMPLES.glob("*.yaml")):
        spec = build(read_intake(file))["canonical_spec"].value
        if isinstance(spec, Spec):
            specs.append(spec)
    assert len(specs) == 5
    found = n8n_oracle.check_workflows([emit(spec).document for spec in specs])
    assert {spec.slug: grave(issues) for spec, issues in zip(specs, found, strict=True) if grave(issues)} == {}


def test_the_oracle_does_see_what_is_wrong(n8n_oracle: Oracle) -> None:
    broken = emit(FLOWS[0].spec).document
    assert isinstance(broken["nodes"], list)
    for node in broken["nodes"]:
        assert isinstance(node, dict)
        node["typeVersion"] = 99
    assert grave(n8n_oracle.check_workflows([broken])[0])
