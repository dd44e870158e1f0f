"""The stages from intake to canonical spec."""

from __future__ import annotations

from compilers.errors import Finding
from compilers.registry import registry
from compilers.spec import OperationStep, Spec
from manageai_assets.build.markdown import escaped
from manageai_assets.intake.assessment import Assessment, Limits, PlanReader, assess
from manageai_assets.intake.builder import build_spec
from manageai_assets.intake.models import Intake
from manageai_assets.intake.repairing import repaired
from manageai_assets.stages import Cell, Check, Preview, Table, Waiting, stage

SHOWN_ROWS = 100


def _assessment_preview(result: Assessment) -> Preview:
    cost = result.usage.cost if result.usage else None
    numbers: dict[str, Cell] = {
        "ready": result.ready,
        "made_by": f"{result.made_by} ({result.model})" if result.model else result.made_by,
        "questions": len(result.questions),
        "blocking_questions": len(result.blocking),
        "assumptions": len(result.assumptions),
        "rounds": len(result.rounds),
        "confidence": max((one.confidence for one in result.rounds if one.kept), default=0.0),
    }
    tables = {
        "questions": Table(
            ("blocking", "question", "why", "example", "about"),
            tuple((one.blocking, one.what, one.why, one.example, one.about) for one in result.questions[:SHOWN_ROWS]),
        ),
        "assumptions": Table(
            ("severity", "assumption", "about"),
            tuple((one.severity, one.text, one.about) for one in result.assumptions[:SHOWN_ROWS]),
        ),
        "rounds": Table(
            ("round", "by", "confidence", "errors", "warnings", "repairs", "tokens", "stands"),
            tuple(
                (
                    one.number,
                    one.by,
                    one.confidence,
                    _count(one.findings, "error"),
                    _count(one.findings, "warning"),
                    len(one.repairs),
                    one.usage.input_tokens + one.usage.output_tokens if one.usage else None,
                    one.kept,
                )
                for one in result.rounds
            ),
        ),
    }
    if result.usage:
        numbers["tokens"] = result.usage.input_tokens + result.usage.output_tokens
        numbers["cost"] = f"{cost} {result.usage.currency}" if cost is not None else "unknown"
    return Preview(numbers=numbers, markdown=assessment_markdown(result), tables=tables)


def _count(findings: tuple[Finding, ...], severity: str) -> int:
    return sum(finding.severity == severity for finding in findings)


def assessment_markdown(result: Assessment) -> str:
    """The assessment for people: whether it is ready, the questions, the assumptions."""
    lines = [f"**{'Ready to build' if result.ready else 'Waiting for answers'}**, read by {result.made_by}."]
    if result.note:
        lines += ["", escaped(result.note)]
    for title, questions in (
        ("Questions that must be answered first", result.blocking),
        ("Other questions", tuple(one for one in result.questions if not one.blocking)),
    ):
        if questions:
            lines += ["", f"### {title}", ""]
        for number, question in enumerate(questions, 1):
            example = f" Example: {escaped(question.example)}" if question.example else ""
            lines.append(f"{number}. **{escaped(question.what)}** {escaped(question.why)}{example}")
    if result.assumptions:
        lines += ["", "### Assumptions", ""]
        lines += [f"- *{one.severity}*: {escaped(one.text)}" for one in result.assumptions]
    return "\n".join(lines) + "\n"


def _assessment_checks(result: Assessment) -> tuple[Check, ...]:
    waiting = len(result.blocking)
    return (
        Check(
            name="ready",
            passed=result.ready,
            summary="ready to build" if result.ready else f"waits for {waiting} answer{'s' if waiting != 1 else ''}",
            findings=tuple(question.what for question in result.blocking),
        ),
    )


@stage(
    artifact="assessment.json",
    group="intake",
    preview=_assessment_preview,
    checks=_assessment_checks,
    check_names=("ready",),
)
def assessment(intake: Intake) -> Assessment:
    """Whether the intake can be built: what it is understood to say, what was assumed, and what must be asked.

    Structured steps and requests in common shapes are read by deterministic rules. Free text is read by Claude
    instead where `ANTHROPIC_API_KEY` is set; the result says which of the two it was, and what it cost.
    """
    from manageai_assets.settings import read_settings

    settings = read_settings()
    reader: PlanReader | None = None
    key = settings.anthropic_api_key.get_secret_value().strip() if settings.anthropic_api_key else ""
    if key:
        from manageai_assets.intake.claude_reader import reader_of

        reader = reader_of(key, settings.auto_iter_model)
    return assess(intake, reader, Limits(settings.auto_iter_max, settings.auto_iter_min_conf))


def _spec_preview(spec: Spec) -> Preview:
    rows = []
    for step in spec.nodes:
        known = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        what = f"{registry().app(step.app).name}: {known.summary}" if known and isinstance(step, OperationStep) else ""
        rows.append((step.id, step.title, what or step.kind.replace("_", " "), bool(step.on_error)))
    apps = sorted({step.app for step in spec.nodes if isinstance(step, OperationStep)})
    lines = [f"**{escaped(spec.name)}** for {escaped(spec.customer.name)}", ""]
    lines += [f"{number}. {escaped(title)} — {escaped(what)}" for number, (_, title, what, _) in enumerate(rows, 1)]
    return Preview(
        numbers={
            "steps": len(spec.nodes),
            "edges": len(spec.edges),
            "apps": ", ".join(apps),
            "connections": len(spec.connections),
            "assumptions": len(spec.assumptions),
            "targets": ", ".join(spec.targets),
        },
        markdown="\n".join(lines[: SHOWN_ROWS + 2]) + "\n",
        tables={"steps": Table(("id", "step", "what", "handles errors"), tuple(rows[:SHOWN_ROWS]))},
    )


@stage(artifact="canonical_spec.json", group="intake", preview=_spec_preview)
def canonical_spec(intake: Intake, assessment: Assessment) -> Spec:
    """The automation, platform-neutral: one trigger, steps and edges. The same intake and assessment give the same.

    An intake that isn't ready ends here with its questions.
    """
    built = build_spec(intake, assessment.plan, assessment.assumptions) if assessment.plan else None
    if not assessment.ready or built is None or built.spec is None:
        asked = assessment.blocking
        raise Waiting(
            f"the intake waits for {len(asked)} answer{'s' if len(asked) != 1 else ''}",
            where=intake.key,
            hint="answer the questions in the intake and submit it again",
            findings=(
                Finding(rule="intake.question", severity="info", where=one.about, what=one.what, hint=one.example)
                for one in asked
            ),
        )
    return repaired(built.spec)[0] if assessment.repairs else built.spec
