"""From plan to canonical spec, deterministically: ids, edges, filters, connections, error handling, schedule.

What the plan leaves open and can be defaulted becomes an assumption; what can't becomes a finding of severity
`error`, said so that it can be put to the client as a question. Nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from pydantic import JsonValue, ValidationError

from compilers.errors import Finding, UserError, shorten
from compilers.spec import (
    AggregateStep,
    AnyStep,
    AppStep,
    Assumption,
    Customer,
    Edge,
    Filter,
    GetVariablesStep,
    IfElseStep,
    IterateStep,
    MergeOutput,
    MergeStep,
    RepeatStep,
    RespondStep,
    RouterStep,
    Schedule,
    Settings,
    SetVariablesStep,
    SleepStep,
    Spec,
    StopStep,
    SubScenarioStep,
    TriggerStep,
    Variable,
    findings_of,
)
from manageai_assets.intake.conditions import both, parse_when
from manageai_assets.intake.ledger import Ledger, Question
from manageai_assets.intake.models import Intake
from manageai_assets.intake.naming import name_steps
from manageai_assets.intake.operations import (
    Accounts,
    complete_inputs,
    error_handling,
    find_operation,
    outputs_of,
)
from manageai_assets.intake.plan import (
    ActionPlan,
    AnyStepPlan,
    Collect,
    CollectPlan,
    ErrorPlan,
    ForEachPlan,
    GetPlan,
    IfPlan,
    Plan,
    RepeatPlan,
    RespondPlan,
    RoutesPlan,
    SentencePlan,
    SetPlan,
    StopPlan,
    SubScenarioPlan,
    WaitPlan,
    When,
)
from manageai_assets.intake.starting import start_of


@dataclass(frozen=True)
class Build:
    """The spec of a plan, or why there is none; what was taken for granted on the way."""

    spec: Spec | None
    findings: tuple[Finding, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True)
class _Exit:
    """Where a chain goes on: the edge to its next step, still without a target."""

    source: str
    kind: Literal["next", "route", "branch", "error"] = "next"
    filter: Filter | None = None
    fallback: bool = False
    label: str = ""


def build_spec(intake: Intake, plan: Plan, assumptions: Sequence[Assumption] = ()) -> Build:
    """The canonical spec of `plan`, with what was assumed before carried over. Never raises for what a plan says."""
    return _Builder(intake, plan, Ledger(assumptions=list(assumptions)), Accounts(intake.customer.name)).build()


@dataclass
class _Builder:
    intake: Intake
    plan: Plan
    ledger: Ledger
    accounts: Accounts
    steps: list[AnyStep] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    ids: Mapping[str, str] = field(default_factory=dict)
    several: list[str] = field(default_factory=list)
    """Ids of the searches and loops above, innermost last: what a `collect` without a source collects."""

    def build(self) -> Build:
        self.ids, twice = name_steps(self.plan)
        self.ledger.findings.extend(twice)
        start = start_of(self.plan.trigger, self.ids["trigger"], self.intake, self.ledger, self.accounts)
        trigger, schedule = (start.trigger, start.schedule) if start else (None, None)
        if start and start.polls:
            self.several.append(self.ids["trigger"])
        self._chain(self.plan.steps, "steps", (_Exit(self.ids["trigger"]),), goes_on=False)
        known = set(self.ids.values())
        for name in self.intake.samples:
            if name not in known:
                self.ledger.warn("sample.unused", f"samples.{shorten(name, 60)}", "no step has this id")
        spec = self._spec(trigger, schedule) if trigger and not self.ledger.failed else None
        return Build(spec, tuple(self.ledger.findings), tuple(self.ledger.assumptions), tuple(self.ledger.questions))

    def _spec(self, trigger: TriggerStep, schedule: Schedule | None) -> Spec | None:
        intake = self.intake
        contact = intake.contact
        retries = any(step.on_error and step.on_error.strategy == "retry" for step in self.steps)
        try:
            return Spec(
                slug=intake.key,
                version=intake.version,
                name=intake.name,
                description=intake.notes,
                customer=Customer(name=intake.customer.name, contact_name=contact.name, contact_email=contact.email),
                request=intake.request,
                objective=intake.objective,
                created=intake.received,
                volume_per_month=intake.volume_per_month,
                targets=intake.targets,
                trigger=trigger,
                steps=tuple(step for step in self.steps if not isinstance(step, TriggerStep)),
                edges=tuple(self.edges),
                connections=tuple(self.accounts.connections.values()),
                schedule=schedule,
                settings=Settings(timezone=intake.timezone, keep_incomplete=retries),
                assumptions=tuple(self.ledger.assumptions),
            )
        except ValidationError as error:
            self.ledger.findings.extend(findings_of(error, "intake.spec"))
            return None

    def _sample(self, own: JsonValue, place: str) -> JsonValue:
        return own if own is not None else self.intake.samples.get(self.ids[place])

    # -- chains ----------------------------------------------------------------------------------------------

    def _chain(
        self, steps: Sequence[AnyStepPlan], path: str, exits: tuple[_Exit, ...], goes_on: bool
    ) -> tuple[_Exit, ...]:
        """Steps one behind the other; gives where they end. `goes_on`: something follows behind the chain."""
        depth = len(self.several)
        for index, step in enumerate(steps):
            place = f"{path}.{index}"
            if not exits:
                before = f"{path}.{index - 1}"
                what = f"can't be reached: nothing follows `{before}`"
                self.ledger.fail("step.unreachable", place, what, "put it inside a route, or before that step")
                break
            exits = self._step(step, place, exits, goes_on or index + 1 < len(steps))
        if not goes_on:
            del self.several[depth:]
        return exits

    def _step(self, plan: AnyStepPlan, place: str, exits: tuple[_Exit, ...], goes_on: bool) -> tuple[_Exit, ...]:
        if plan.when is not None:
            exits = self._narrowed(exits, plan.when, place)
        match plan:
            case ActionPlan():
                return self._action(plan, place, exits)
            case RoutesPlan():
                return self._routes(plan, place, exits)
            case IfPlan():
                return self._if(plan, place, exits, goes_on)
            case ForEachPlan() | RepeatPlan():
                return self._loop(plan, place, exits, goes_on)
            case CollectPlan():
                return self._collect(plan, place, exits)
            case SentencePlan():
                what = f"`{shorten(plan.say, 120)}` is not understood"
                self.ledger.fail("step.unread", place, what, "say which app does what, such as `tell sales in Slack`")
                return exits
            case _:
                return self._plain(plan, place, exits)

    def _plain(self, plan: AnyStepPlan, place: str, exits: tuple[_Exit, ...]) -> tuple[_Exit, ...]:
        """Steps without anything inside them."""
        identifier, label, note = self.ids[place], plan.label, plan.note
        sample = self._sample(plan.sample, place)
        step: AnyStep
        match plan:
            case WaitPlan(wait=seconds):
                step = SleepStep(id=identifier, label=label, note=note, seconds=seconds)
            case SetPlan(values=values, scope=scope):
                variables = tuple(Variable(name=name, value=value) for name, value in values.items())
                step = SetVariablesStep(id=identifier, label=label, note=note, scope=scope, variables=variables)
            case GetPlan(names=names, scope=scope):
                step = GetVariablesStep(id=identifier, label=label, note=note, scope=scope, names=names)
            case RespondPlan(respond=answer):
                step = RespondStep(
                    id=identifier,
                    label=label,
                    note=note,
                    status=answer.status,
                    headers=answer.headers,
                    body=answer.body,
                )
            case SubScenarioPlan():
                step = SubScenarioStep(
                    id=identifier, label=label, note=note, scenario=plan.run_scenario, inputs=plan.inputs,
                    wait=plan.wait_for_end, sample=sample,
                )  # fmt: skip
            case StopPlan():
                if plan.stop == "error" and "make" in self.intake.targets:
                    what = "Make can't end a run with an error of your own, so it gets no export"
                    self.ledger.warn(
                        "stop.error", place, what, "answer or notify instead, or leave Make out of `targets`"
                    )
                step = StopStep(id=identifier, label=label, note=note, outcome=plan.stop, message=plan.message)
                self._add(step, exits)
                return ()
            case _:
                raise TypeError(f"no such step: {type(plan).__name__}")
        return self._add(step, exits)

    def _add(self, step: AnyStep, exits: tuple[_Exit, ...]) -> tuple[_Exit, ...]:
        """Adds the step behind all exits; gives its own."""
        for way in exits:
            self.edges.append(
                Edge(
                    source=way.source,
                    target=step.id,
                    kind=way.kind,
                    filter=way.filter,
                    fallback=way.fallback,
                    label=way.label,
                )
            )
        self.steps.append(step)
        return (_Exit(step.id),)

    def _filter(self, when: When, where: str) -> Filter | None:
        if isinstance(when, Filter):
            return when
        try:
            return parse_when(when, set(self.ids.values()), self.ids["trigger"])
        except UserError as error:
            self.ledger.fail("condition.unread", where, error.what, error.hint)
            return None

    def _narrowed(self, exits: tuple[_Exit, ...], when: When, place: str) -> tuple[_Exit, ...]:
        """The exits with a further condition."""
        condition = self._filter(when, f"{place}.when")
        narrowed = []
        for way in exits:
            if way.fallback or way.kind == "error":
                what = "the first step of a fallback or of an error handler can't have a condition"
                self.ledger.fail("condition.place", f"{place}.when", what, "put it on the step behind")
                return exits
            try:
                narrowed.append(_Exit(way.source, way.kind, both(way.filter, condition), False, way.label))
            except UserError as error:
                self.ledger.fail("condition.long", f"{place}.when", error.what, error.hint)
                return exits
        return tuple(narrowed)

    # -- steps with something inside -------------------------------------------------------------------------

    def _action(self, plan: ActionPlan, place: str, exits: tuple[_Exit, ...]) -> tuple[_Exit, ...]:
        found = find_operation(plan.app, plan.operation, False, self.ledger, place)
        if found is None:
            return exits
        sample = self._sample(plan.sample, place)
        step = AppStep(
            id=self.ids[place],
            label=plan.label,
            note=plan.note,
            app=found.app_name,
            operation=found.name,
            connection=self.accounts.connect(found, plan.account),
            inputs=complete_inputs(found, plan.inputs, self.ledger, place),
            outputs=outputs_of(plan, found, sample),
            on_error=error_handling(plan, found, self.intake),
            sample=sample,
        )
        after = self._add(step, exits)
        if found.operation.kind == "search":
            self.several.append(step.id)
        if isinstance(plan.on_error, ErrorPlan) and plan.on_error.do:
            handler = (_Exit(step.id, kind="error", label="On error"),)
            self._chain(plan.on_error.do, f"{place}.on_error.do", handler, goes_on=False)
        return after

    def _routes(self, plan: RoutesPlan, place: str, exits: tuple[_Exit, ...]) -> tuple[_Exit, ...]:
        router = RouterStep(id=self.ids[place], label=plan.label, note=plan.note, mode=plan.take)
        self._add(router, exits)
        for index, route in enumerate(plan.routes):
            where = f"{place}.routes.{index}"
            condition = self._filter(route.when, f"{where}.when") if route.when is not None else None
            way = _Exit(router.id, kind="route", filter=condition, label=route.label)
            self._chain(route.do, f"{where}.do", (way,), goes_on=False)
        if plan.otherwise:
            way = _Exit(router.id, kind="route", fallback=True, label="Otherwise")
            self._chain(plan.otherwise, f"{place}.otherwise", (way,), goes_on=False)
        return ()

    def _if(self, plan: IfPlan, place: str, exits: tuple[_Exit, ...], goes_on: bool) -> tuple[_Exit, ...]:
        check = IfElseStep(id=self.ids[place], label=plan.label, note=plan.note)
        self._add(check, exits)
        condition = self._filter(plan.condition, f"{place}.if")
        if_so = _Exit(check.id, kind="branch", filter=condition, label="Yes")
        if_not = _Exit(check.id, kind="branch", fallback=True, label="No")
        yes = self._chain(plan.then, f"{place}.then", (if_so,), goes_on)
        no = self._chain(plan.otherwise, f"{place}.otherwise", (if_not,), goes_on)
        if not goes_on:
            return ()
        if not plan.otherwise:
            nothing = Variable(name="skipped", value=True)
            passing = SetVariablesStep(id=self.ids[f"{place}.pass"], label="Nothing to do", variables=(nothing,))
            no = self._add(passing, no)
        ends = (*yes, *no)
        if not ends:
            return ()
        fields = tuple(
            MergeOutput(
                name=name,
                values={way.source: value for way, value in _by_branch(yes, no, values)},
            )
            for name, values in plan.gives.items()
        )
        return self._add(MergeStep(id=self.ids[f"{place}.merge"], fields=fields), ends)

    def _loop(
        self, plan: ForEachPlan | RepeatPlan, place: str, exits: tuple[_Exit, ...], goes_on: bool
    ) -> tuple[_Exit, ...]:
        identifier, depth = self.ids[place], len(self.several)
        loop: IterateStep | RepeatStep
        if isinstance(plan, ForEachPlan):
            loop = IterateStep(
                id=identifier, label=plan.label, note=plan.note, array=plan.for_each,
                sample=self._sample(plan.sample, place),
            )  # fmt: skip
        else:
            loop = RepeatStep(id=identifier, label=plan.label, note=plan.note, repeats=plan.repeat)
        if goes_on and plan.collect is None:
            what = "what follows would run once for each element"
            self.ledger.fail("loop.open", place, what, "put those steps into `do`, or add `collect`")
        inside = self._chain(plan.do, f"{place}.do", self._add(loop, exits), plan.collect is not None)
        if plan.collect is None:
            return inside
        if not inside:
            self.ledger.fail(
                "loop.ends", f"{place}.collect", "nothing comes out of `do` to collect", "end `do` earlier"
            )
            return ()
        del self.several[depth:]
        return self._aggregate(plan.collect, f"{place}.collect", identifier, plan.collect.label, "", inside)

    def _collect(self, plan: CollectPlan, place: str, exits: tuple[_Exit, ...]) -> tuple[_Exit, ...]:
        source = plan.source or (self.several[-1] if self.several else None)
        if source is None:
            what = "there is no search, loop or polling trigger before it to collect from"
            self.ledger.fail("collect.source", place, what, "name the step whose results it collects in `from`")
            return exits
        if plan.source is None:
            self.several.pop()
        return self._aggregate(plan.collect, place, source, plan.label or plan.collect.label, plan.note, exits)

    def _aggregate(
        self, collect: Collect, place: str, source: str, label: str, note: str, exits: tuple[_Exit, ...]
    ) -> tuple[_Exit, ...]:
        step = AggregateStep(
            id=self.ids[place],
            label=label,
            note=note,
            source=source,
            mode=collect.mode,
            fields=collect.fields,
            value=collect.value,
            separator=collect.separator,
            group_by=collect.group_by,
            stop_if_empty=collect.stop_if_empty,
            sample=self.intake.samples.get(self.ids[place]),
        )
        return self._add(step, exits)


def _by_branch(
    yes: tuple[_Exit, ...], no: tuple[_Exit, ...], values: tuple[JsonValue, ...]
) -> Iterator[tuple[_Exit, JsonValue]]:
    """Each end of a branch with the value that the branch gives."""
    yield from ((way, values[0]) for way in yes)
    yield from ((way, values[1]) for way in no)
