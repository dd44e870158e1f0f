"""The pilot of a migration: a scenario's cases on both sides, and whether it can be cut over.

What Make does is the blueprint as it is read, run by the simulator; a team at Make can run the cases as well. The other
side is the migrated workflow on an engine. A module that is left to a person on n8n is switched off on both sides, so
that all the others are compared: behind it both get what came before it.

The verdict is `not yet` where the sides differ or nothing could be compared, `ready with care` where they agree but
something is left to a person, was not compared, or is known to behave otherwise, and `ready` where nothing of that is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from compilers.export import Export, NeededWebhook
from compilers.migrate import Behaviour, Migration, ModuleReport
from compilers.n8n.differences import differences_of
from compilers.registry import Grade
from compilers.spec import OperationStep, Spec
from manageai_assets.build import markdown
from manageai_assets.build.flow_words import plural
from manageai_assets.migration.migrating import migrated
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.engine import Engine
from manageai_assets.testing.models import Case, CaseGroup, CaseResult, Difference, StepResult, TestModel
from manageai_assets.testing.report import ENGINES, fenced, meaning, title_of
from manageai_assets.testing.running import LeftOut, outcomes
from manageai_assets.testing.stored import LONGEST_TEXT_OF_FAULT, cut

if TYPE_CHECKING:
    from manageai_assets.testing.n8n_session import N8nSession, StandInSession

TEMPLATE = "pilot_report.md.j2"
MOST_DIFFERENCES = 5
"""Differences of one case that the report keeps; it counts the others."""
MOST_NAMES = 6
"""Names that a sentence lists."""
SETTLED = frozenset({
    "webhook-answer", "queue", "switched-off-after-errors", "first-poll", "schedule", "timezone",
})  # fmt: skip
"""Known differences that every cut-over settles by its own steps, or that need no decision."""

BY_HAND = "what starts the scenario must be built by hand on n8n first"
NO_ENGINE = "no n8n was asked for: set `TEST_ENGINE=n8n`, or run `manageai pilot` with the blueprint"
"""Why no case of a pilot was run."""

Verdict = Literal["ready", "ready with care", "not yet"]
Outcome = Literal["agrees", "differs", "failed", "left out"]
EngineOf = Callable[[Spec, Export], AbstractContextManager[Engine]]
"""Gives the engine for a spec and its workflow, not opened yet, with the servers that it needs around it."""
Heard = Callable[[int, int, str], None]
"""Hears of each case as it ends: its number, of how many, and its title."""


class PilotDifference(Difference):
    """One thing that a side did otherwise than the blueprint says."""

    side: str = Field(description="`n8n` or `Make`: who did it")
    case: str = Field(description="the case's title")
    title: str = Field(description="the module's")
    means: str
    look: str = Field(description="where to look")


class PilotCase(TestModel):
    """One case on both sides."""

    name: str
    title: str
    group: CaseGroup
    outcome: Outcome
    differences: tuple[PilotDifference, ...] = ()
    more: int = Field(default=0, description="differences that are not listed")
    why: str = Field(default="", description="why it was left out, or could not be run")


class PilotModule(TestModel):
    """One module of the scenario over all cases."""

    id: JsonValue
    module: str
    title: str
    step: str
    grade: Grade
    cases: int = Field(description="in which it ran on both sides")
    agreeing: int = Field(description="of these, in which it did the same")
    differing: int = Field(description="cases in which it did otherwise on n8n, or ran on one side only")
    make_requests: int = Field(description="that its app would have got from Make, over all cases")
    n8n_requests: int | None = Field(description="from n8n; None where the engine doesn't show requests")
    first: PilotDifference | None = None
    note: str = Field(default="", description="why there is nothing to compare")


class PilotReport(TestModel):
    """What decides on a cut-over."""

    name: str
    slug: str
    customer: str
    make_side: str
    n8n_side: str
    verdict: Verdict
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]
    cases: tuple[PilotCase, ...]
    modules: tuple[PilotModule, ...]
    behaviours: tuple[Behaviour, ...] = Field(default=(), description="what is known to be otherwise on n8n")
    not_covered: tuple[str, ...] = Field(default=(), description="what no case could be found for")
    webhooks: tuple[NeededWebhook, ...] = ()

    @property
    def counts(self) -> Mapping[Outcome, int]:
        """Cases by what became of them."""
        kinds: tuple[Outcome, ...] = ("agrees", "differs", "failed", "left out")
        return {kind: sum(case.outcome == kind for case in self.cases) for kind in kinds}

    @property
    def manual(self) -> tuple[PilotModule, ...]:
        """The modules that a person must build on n8n."""
        return tuple(module for module in self.modules if module.grade == "manual")


def pilot(
    document: JsonValue,
    engine_of: EngineOf | None,
    *,
    on_make: EngineOf | None = None,
    slug: str = "",
    customer: str = "Unnamed client",
    timezone: str = "UTC",
    heard: Heard = lambda number, total, title: None,
) -> PilotReport:
    """The pilot of a blueprint: its workflow on the engine that `engine_of` gives, and with `on_make` the scenario at
    Make too. Without an engine every case is left out, and the report says how to run them. Raises `UserError` for what
    is no blueprint, and when an engine can't be had."""
    done = migrated(document, "n8n", slug=slug, customer=customer, timezone=timezone)
    spec = comparable(done.spec, done.export)
    why = BY_HAND if spec.trigger.id in done.export.manual else NO_ENGINE if engine_of is None else ""
    if why or engine_of is None:
        suite = suite_of(spec)
        n8n = _Side("n8n", "n8n", False, tuple(LeftOut(case, why) for case in suite.cases))
    else:
        with engine_of(spec, done.export) as engine:
            suite = suite_of(spec, moment=datetime.now(UTC) if engine.name == "n8n" else None)
            n8n = _side("n8n", spec, suite.cases, engine, heard)
    make: _Side | None = None
    if on_make is not None:
        with on_make(spec, done.export) as engine:
            make = _side("Make", spec, suite.cases, engine, heard)
    return _Piloted(done, spec, n8n, make).report(suite.not_covered)


def on_session(session: N8nSession | StandInSession) -> EngineOf:
    """The engines of workflows on a running n8n."""
    return lambda spec, export: nullcontext(session.engine(spec, export.document))


def comparable(spec: Spec, export: Export) -> Spec:
    """The spec with the steps switched off that a person must build on n8n."""
    steps = tuple(
        step.model_copy(update={"disabled": True}) if step.id in export.manual else step for step in spec.steps
    )
    return spec.model_copy(update={"steps": steps})


def headline(report: PilotReport) -> str:
    """`Not yet: 2 of 39 cases differ`."""
    return f"{report.verdict[0].upper()}{report.verdict[1:]}: {report.reasons[0]}"


def to_markdown(report: PilotReport) -> str:
    """The report as Markdown. Raises `UserError` for a template that is wrong."""
    return markdown.render(TEMPLATE, report=report, headline=headline(report), fenced=fenced, plural=plural)


@dataclass(frozen=True)
class _Side:
    """What one platform did with all cases."""

    title: str
    subject: str
    shows_requests: bool
    outcomes: Sequence[CaseResult | LeftOut]


def _side(title: str, spec: Spec, cases: Sequence[Case], engine: Engine, heard: Heard) -> _Side:
    found: list[CaseResult | LeftOut] = []
    for number, outcome in enumerate(outcomes(spec, cases, engine), start=1):
        found.append(outcome)
        heard(number, len(cases), outcome.case.title)
    return _Side(title, f"{engine.subject} on {ENGINES[engine.name]}", engine.sees.requests, found)


class _Piloted:
    """A migration and what its cases have shown."""

    def __init__(self, done: Migration, spec: Spec, n8n: _Side, make: _Side | None) -> None:
        self._done, self._spec, self._n8n, self._make = done, spec, n8n, make
        self._by_hand = frozenset(done.export.manual)
        self._cases = tuple(self._case(at) for at in range(len(n8n.outcomes)))
        self._modules = tuple(self._module(one) for one in _one_for_each_step(done.report.modules))

    def report(self, not_covered: tuple[str, ...]) -> PilotReport:
        """The whole report."""
        faults, cares = [*self._faults()], [*self._cares()]
        verdict: Verdict = "not yet" if faults else "ready with care" if cares else "ready"
        agreed = f"all {plural(len(self._cases), 'case')} agree, and nothing is left to a person"
        return PilotReport(
            name=self._spec.name,
            slug=self._spec.slug,
            customer=self._spec.customer.name,
            make_side=self._make.subject if self._make else "the blueprint as it is read, on the simulator",
            n8n_side=self._n8n.subject,
            verdict=verdict,
            reasons=(*faults, *cares) or (agreed,),
            next_steps=tuple(self._to_mend() if faults else self._to_cut_over(bool(cares))),
            cases=self._cases,
            modules=self._modules,
            behaviours=self._done.report.differences,
            not_covered=not_covered,
            webhooks=self._done.export.webhooks,
        )

    # -- cases ---------------------------------------------------------------------------------------------------

    def _case(self, at: int) -> PilotCase:
        sides = [self._n8n, *([self._make] if self._make else [])]
        case = self._n8n.outcomes[at].case
        found = [
            self._difference(side.title, outcome, one)
            for side in sides
            if isinstance(outcome := side.outcomes[at], CaseResult)
            for one in self._counted(outcome)
        ]
        problems = [
            f"{side.title}: {outcome.problem}"
            for side in sides
            if isinstance(outcome := side.outcomes[at], CaseResult) and outcome.problem
        ]
        left = [f"{side.title}: {one.why}" for side in sides if isinstance(one := side.outcomes[at], LeftOut)]
        outcome_: Outcome = "differs" if found else "failed" if problems else "left out" if left else "agrees"
        return PilotCase(
            name=case.name,
            title=case.title,
            group=case.group,
            outcome=outcome_,
            differences=tuple(found[:MOST_DIFFERENCES]),
            more=max(0, len(found) - MOST_DIFFERENCES),
            why="; ".join([*problems, *left]),
        )

    def _counted(self, result: CaseResult) -> Iterator[Difference]:
        """The differences that count: not those of a module that a person must build."""
        yield from (one for one in result.differences if one.step not in self._by_hand)

    def _difference(self, side: str, result: CaseResult, one: Difference) -> PilotDifference:
        means, look = meaning(one)
        return PilotDifference(
            side=side,
            case=result.case.title,
            step=one.step,
            title=title_of(result, one.step),
            what=one.what,
            expected=cut(one.expected, LONGEST_TEXT_OF_FAULT),
            actual=cut(one.actual, LONGEST_TEXT_OF_FAULT),
            means=means,
            look=look,
        )

    # -- modules -------------------------------------------------------------------------------------------------

    def _module(self, module: ModuleReport) -> PilotModule:
        seen = [(result, step) for result in self._compared() for step in result.steps if step.step == module.step]
        both = [step for _, step in seen if step.expected and step.actual]
        by_hand = module.step in self._by_hand
        differing = [] if by_hand else [(result, step) for result, step in seen if step.differences]
        first = next((self._difference("n8n", result, step.differences[0]) for result, step in differing), None)
        return PilotModule(
            id=module.id,
            module=module.module,
            title=module.title,
            step=module.step,
            grade=module.grade,
            cases=0 if by_hand else len(both),
            agreeing=0 if by_hand else sum(not step.differences for step in both),
            differing=len(differing),
            make_requests=sum(len(step.expected.requests) for _, step in seen if step.expected),
            n8n_requests=sum(len(step.actual.requests) for _, step in seen if step.actual)
            if self._n8n.shows_requests
            else None,
            first=first,
            note=self._why_not(module, [step for _, step in seen]) if by_hand or not (both or differing) else "",
        )

    def _compared(self) -> Iterator[CaseResult]:
        yield from (one for one in self._n8n.outcomes if isinstance(one, CaseResult) and one.actual is not None)

    def _why_not(self, module: ModuleReport, seen: Sequence[StepResult]) -> str:
        if module.step in self._by_hand:
            return "to be built by a person; was switched off on both sides"
        step = next((one for one in self._spec.nodes if one.id == module.step), None)
        if step is not None and step.disabled:
            return "is switched off"
        return "is no node of its own on n8n" if any(one.expected for one in seen) else "no case reaches it"

    # -- the verdict ---------------------------------------------------------------------------------------------

    def _faults(self) -> Iterator[str]:
        differing = [case for case in self._cases if case.outcome == "differs"]
        failed = [case for case in self._cases if case.outcome == "failed"]
        if differing:
            modules = [module.title for module in self._modules if module.first]
            where = f"; look at {_listed(modules)}" if modules else f", the first of them `{differing[0].title}`"
            verb = "differs" if len(differing) == 1 else "differ"
            yield f"{len(differing)} of {plural(len(self._cases), 'case')} {verb}{where}"
        if failed:
            yield f"{plural(len(failed), 'case')} could not be run: {failed[0].why}"
        if self._spec.trigger.id in self._by_hand:
            yield f"`{self._spec.trigger.title}`, which starts the scenario, must be built by hand on n8n first"
        elif not any(True for _ in self._compared()):
            yield "no case could be compared, so that nothing is proven"

    def _cares(self) -> Iterator[str]:
        report = self._done.report
        by_hand = [module.title for module in self._modules if module.grade == "manual"]
        unseen = [one.title for one in self._modules if one.note == "no case reaches it" and one.grade != "manual"]
        left = [case for case in self._cases if case.outcome == "left out"]
        untranslated, lost = len(report.expressions.untranslated), len(report.not_carried_over)
        if by_hand:
            count = plural(len(by_hand), "module")
            yield f"{count} must be built by hand and could not be compared: {_listed(by_hand)}"
        if not self._n8n.shows_requests and len(left) < len(self._cases):
            yield "n8n's side shows no requests, so that what apps are told was not compared"
        if unseen and len(left) < len(self._cases):
            yield f"no case reached {plural(len(unseen), 'module')}: {_listed(unseen)}"
        if left:
            yield f"{plural(len(left), 'case')} could not be played: {left[0].why}"
        if untranslated:
            yield f"{plural(untranslated, 'expression')} could not be carried over and stand empty"
        if lost:
            yield f"fields of {plural(lost, 'module')} have no place on n8n"
        if report.warnings:
            yield f"the migration's report names {plural(len(report.warnings), 'thing')} to look at"
        yield from (row.what.rstrip(".") for row in differences_of(self._done.spec) if row.name not in SETTLED)

    # -- what to do ----------------------------------------------------------------------------------------------

    def _to_mend(self) -> Iterator[str]:
        yield "Leave the scenario on in Make, and the workflow off in n8n."
        yield from self._to_build()
        named = [module.first for module in self._modules if module.first]
        for first in (named or [one for case in self._cases for one in case.differences])[:1]:
            yield f"Mend what differs, beginning with `{first.title}`. {first.look}"
        yield "Run the pilot again. Cut over only when no case differs."

    def _to_build(self) -> Iterator[str]:
        titles = [module.title for module in self._modules if module.grade == "manual"]
        if titles:
            yield (
                f"Build by hand on n8n: {_listed(titles)}. Each node holds the original in its notes. Try each with "
                "data of a real run in Make, since the pilot can't compare it."
            )

    def _to_cut_over(self, with_care: bool) -> Iterator[str]:
        export, trigger = self._done.export, self._spec.trigger
        if with_care:
            yield "Go through the reasons above with the client, and decide each."
        yield from self._to_build()
        yield "Import the workflow into n8n, and leave it inactive."
        if export.connections:
            yield f"Create its {plural(len(export.connections), 'credential')}, and run it once with test data."
        yield (
            "Pick a quiet hour. Switch the scenario off in Make and the workflow on in n8n in the same minute, so that "
            "nothing is handled twice or not at all."
        )
        for webhook in export.webhooks:
            yield (
                f"Hand out the new address of `{webhook.place}` to its callers at once. What still comes to the old "
                "one waits in Make's queue; once all have changed, switch Make on until the queue is empty."
            )
        if not export.webhooks and isinstance(trigger, OperationStep) and trigger.app != "schedule":
            yield "Check that n8n's first run takes up where Make's last one ended."
        yield "Watch the first runs, and for a day whether as many records arrive on the other side as the day before."
        callers = ", and give the callers the old address" if export.webhooks else ""
        yield (
            f"To go back: switch the workflow off in n8n and the scenario on in Make in the same minute{callers}. Keep "
            "the scenario in Make, switched off, for 30 days."
        )


def _one_for_each_step(modules: Sequence[ModuleReport]) -> Iterator[ModuleReport]:
    """The modules without those that end an error handler, which are a rule of the step before."""
    seen: set[str] = set()
    for module in modules:
        if module.step and module.step not in seen:
            seen.add(module.step)
            yield module


def _listed(titles: Sequence[str]) -> str:
    names = [f"`{title}`" for title in dict.fromkeys(titles)]
    left = len(names) - MOST_NAMES
    return ", ".join(names[:MOST_NAMES]) + (f" and {left} more" if left > 0 else "")
