"""Confidence: how far a build can be trusted before a person has looked at it.

It starts at 1.0 and loses a fixed amount for each thing that is less than perfect, each with a cap. Tests that all
passed give a little back, never above 1.0. A build that fails tests is flagged, whatever its score. All arithmetic is
in whole hundredths, so that 1.0 less five times 0.02 is 0.90 and an A.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from compilers.errors import Finding, Severity
from compilers.spec import Spec
from manageai_assets.build.exports import ExportValidationReport, ValidationReport
from manageai_assets.intake.assessment import Assessment
from manageai_assets.stages import Check, Preview, Table, stage
from manageai_assets.testing.models import TestReport
from manageai_assets.testing.report import headline

Grade = Literal["A", "B", "C", "D", "F"]

GRADES: tuple[tuple[int, Grade], ...] = ((90, "A"), (80, "B"), (70, "C"), (50, "D"), (0, "F"))
"""The least score, in hundredths, of each grade."""

WARNING, ASSUMPTION, RETRY, ERROR = (2, 10), (2, 10), (10, 20), (50, 50)
"""Hundredths deducted for each one, and at most."""

TESTED = 5
"""Hundredths that passed tests give back."""

SHOWN = 20

ENOUGH = 80
"""Hundredths below which a build is worth another round, and a person's look before it goes out."""


class Factor(BaseModel):
    """One thing that lowers the score."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Literal["warnings", "assumptions", "retries", "errors"]
    meaning: str
    count: int = Field(ge=0)
    each: float = Field(description="deducted for each one; for errors, for any number of them")
    at_most: float
    deducted: float
    what: tuple[str, ...] = Field(default=(), description=f"the first {SHOWN} of them")


class Confidence(BaseModel):
    """The score, its grade, and every factor that went into it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: float = Field(ge=0, le=1, description="two decimals")
    grade: Grade
    factors: tuple[Factor, ...]
    tests: str = Field(default="", description="what the tests came to; empty when none ran")
    gained: float = Field(default=0.0, description="given back for tests that all passed")
    flagged: bool = Field(default=False, description="tests failed: not fit to go out, whatever the score")
    summary: str

    @property
    def hundredths(self) -> int:
        """The score as a whole number, fit for exact comparisons."""
        return round(self.score * 100)


def grade_of(hundredths: int) -> Grade:
    """The grade of a score in hundredths."""
    return next(grade for least, grade in GRADES if hundredths >= least)


def score(
    warnings: tuple[str, ...] = (),
    assumptions: tuple[str, ...] = (),
    retries: tuple[str, ...] = (),
    errors: tuple[str, ...] = (),
    tests: TestReport | None = None,
) -> Confidence:
    """The confidence of a build with these warnings, assumptions, repair rounds and errors, each said in words, and
    with what became of its tests."""
    factors = (
        _factor("warnings", "findings of the rules that are worth a look", warnings, WARNING),
        _factor("assumptions", "what was taken for granted where the request did not say", assumptions, ASSUMPTION),
        _factor("retries", "rounds of repair that the spec needed", retries, RETRY),
        _factor("errors", "findings that stop something from working; any number weighs the same", errors, ERROR),
    )
    structural = 100 - sum(round(factor.deducted * 100) for factor in factors)
    gained = min(TESTED, 100 - structural) if tests is not None and tests.passed else 0
    hundredths = structural + gained
    grade = grade_of(hundredths)
    lost = [f"{factor.deducted:.2f} for {_named(factor)}" for factor in factors if factor.deducted]
    said = f"1.00 less {', '.join(lost)}" if lost else "nothing amiss"
    if gained:
        said += f", and {gained / 100:.2f} given back for tests that all passed"
    flagged = tests is not None and not tests.passed
    told = headline(tests) if tests is not None else ""
    return Confidence(
        score=hundredths / 100,
        grade=grade,
        factors=factors,
        tests=told,
        gained=gained / 100,
        flagged=flagged,
        summary=f"{hundredths / 100:.2f} ({grade}): {said}" + (f". FLAGGED: {told}" if flagged else ""),
    )


def _named(factor: Factor) -> str:
    singular = "retry" if factor.name == "retries" else factor.name.removesuffix("s")
    return f"{factor.count} {singular if factor.count == 1 else factor.name}"


def _preview(value: Confidence) -> Preview:
    rows = tuple(
        (factor.name, factor.count, factor.each, factor.at_most, factor.deducted, "; ".join(factor.what[:5]))
        for factor in value.factors
    )
    columns = ("factor", "count", "each", "at most", "deducted", "what")
    return Preview(
        numbers={"score": value.score, "grade": value.grade, "flagged": value.flagged, "tests": value.tests},
        markdown=value.summary,
        tables={"factors": Table(columns, rows)},
    )


def _checks(value: Confidence) -> tuple[Check, ...]:
    return (
        Check("confidence_is_enough", value.hundredths >= ENOUGH, value.summary),
        Check("tests_have_passed", bool(value.tests) and not value.flagged, value.tests or "no test has run"),
    )


@stage(
    artifact="confidence.json",
    group="estimates",
    preview=_preview,
    checks=_checks,
    check_names=("confidence_is_enough", "tests_have_passed"),
)
def confidence(
    canonical_spec: Spec,
    assessment: Assessment,
    validation_report: ValidationReport,
    export_validation_report: ExportValidationReport,
    test_report: TestReport | None,
) -> Confidence:
    """How far the build can be trusted: 1.0 less what each warning, assumption, repair round and error takes, and a
    little more again when its tests pass."""
    found = (
        *(finding for finding in assessment.findings if finding.rule.startswith("intake.")),
        *validation_report.findings,
        *export_validation_report.findings,
    )
    return score(
        warnings=_said(found, "warning"),
        assumptions=tuple(assumption.text for assumption in canonical_spec.assumptions),
        retries=assessment.retries,
        errors=_said(found, "error"),
        tests=test_report,
    )


def _said(found: tuple[Finding, ...], severity: Severity) -> tuple[str, ...]:
    return tuple(str(finding) for finding in dict.fromkeys(found) if finding.severity == severity)


def _factor(
    name: Literal["warnings", "assumptions", "retries", "errors"],
    meaning: str,
    what: tuple[str, ...],
    weight: tuple[int, int],
) -> Factor:
    each, at_most = weight
    return Factor(
        name=name,
        meaning=meaning,
        count=len(what),
        each=each / 100,
        at_most=at_most / 100,
        deducted=min(each * len(what), at_most) / 100,
        what=what[:SHOWN],
    )
