"""Runs a canonical spec as Make runs a scenario, without accounts or network.

    >>> simulator = Simulator(spec)
    >>> trace = simulator.run(case)

The semantics are those of the spec's own definition (`compilers.spec`): bundles go depth first, each through everything
below before the next one starts; aggregates emit once for each operation of their source; what a failing step's
rule says happens to its bundle. Apps answer what the case says, else what their `doubles` would; transforms, data
stores and variables work for real. A trace tells what each step was given and gave, what each app was asked for, the
operations that Make counts, and simulated time: waits and the minutes between tries.

A run has no state outside itself: the same case gives the same trace. A spec is prepared once (`plan`), so that a
scenario of ten steps runs a thousand times a second.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time
from zlib import crc32

from pydantic import JsonValue

from compilers.errors import ExpressionError, SpecError
from compilers.expressions.context import Context
from compilers.expressions.values import Scope, Value, number, text
from compilers.spec import (
    AggregateStep,
    DirectiveStep,
    GetVariablesStep,
    IfElseStep,
    IterateStep,
    MergeStep,
    NativeStep,
    OperationStep,
    RepeatStep,
    RespondStep,
    RouterStep,
    SetVariablesStep,
    SleepStep,
    Spec,
    StopStep,
    SubScenarioStep,
)
from manageai_assets.testing.aggregation import combined, key_of
from manageai_assets.testing.binding import Bound, plain, says_nothing
from manageai_assets.testing.demands import Demands
from manageai_assets.testing.dialects import AS_SPECIFIED, Dialect
from manageai_assets.testing.doubles import Doubles
from manageai_assets.testing.models import (
    Answer,
    Case,
    Request,
    Response,
    RunStatus,
    StepError,
    StepTrace,
    Trace,
)
from manageai_assets.testing.plan import IGNORED, Node, Plan, Rule, Way, plan_of
from manageai_assets.testing.requests import told
from manageai_assets.testing.transforms import State, StepFailure, transform

MOST_BUNDLES = 100_000
"""Bundles that one run may send through its steps before it is taken for endless work."""
MOST_REPEATS = 10_000
"""Of one repeater, as Make allows (facts 1.6)."""
NOT_CALCULATED = "an expression can't be calculated"
"""The note of a trace in which one gave nothing, as the dialect has it."""
Bundle = dict[str, Value]


class Simulator:
    """A spec ready to run. `called` are the scenarios that it calls, by the name under which it does; one that isn't
    there answers as the case says. `demands` are what native steps demand of their fields. `apps` answers the
    requests of steps that a case says nothing of, in place of made-up data. Raises `SpecError` for a spec that can't
    run."""

    def __init__(
        self,
        spec: Spec,
        dialect: Dialect = AS_SPECIFIED,
        called: Mapping[str, Spec] | None = None,
        demands: Mapping[str, Demands] | None = None,
        apps: Callable[[Request], Answer] | None = None,
    ) -> None:
        self.spec = spec
        self.plan: Plan = plan_of(spec, demands or {})
        self.dialect = dialect
        self.doubles = Doubles(self.plan.graph)
        self.apps = apps
        self.called = {name: Simulator(one, dialect, apps=apps) for name, one in (called or {}).items()}

    def run(self, case: Case, context: Context | None = None) -> Trace:
        """What comes of a case. Raises `SpecError` when it does more work than a run may."""
        return _Run(self, case, context or context_of(self.spec, case.name)).trace()


def context_of(spec: Spec, name: str, moment: datetime | None = None) -> Context:
    """Clock, zone and chance of a run: noon of the day of the intake unless a moment is given, the same every time."""
    day = datetime.combine(spec.created, time(12), UTC) if spec.created else datetime(2026, 1, 15, 12, tzinfo=UTC)
    seed = crc32(f"{spec.slug} {name}".encode())
    return Context.fixed(moment or day, timezone=spec.settings.timezone, seed=seed, execution_id=f"run-{seed:08x}")


@dataclass(slots=True)
class _Record:
    """What one step has done so far."""

    bundles_in: int = 0
    outputs: list[Value] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    operations: int = 0
    errors: list[StepError] = field(default_factory=list)
    milliseconds: float = 0.0


@dataclass(slots=True)
class _Collected:
    """What has reached an aggregate from one operation of its source: rows by group."""

    groups: dict[str, tuple[Value, list[Value]]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Failed:
    """An error that ends the run once all bundles are through the steps before it; `place` is the step where it does,
    which nothing need have reached, and `calls` how often that had called its app."""

    place: str
    error: StepError
    calls: int


class _Ended(Exception):  # noqa: N818 - how a run ends, not a fault
    """The run is over: with the error of a step, or well."""

    def __init__(self, error: StepError | None = None) -> None:
        self.error = error


class _Run:
    def __init__(self, simulator: Simulator, case: Case, context: Context) -> None:
        self.simulator, self.case, self.context = simulator, case, context
        self.dialect = simulator.dialect
        self.records: dict[str, _Record] = {}
        self.requests: list[Request] = []
        self.response: Response | None = None
        self.answered = ""
        self.variables: Bundle = {}
        self.state = State.of(case.stored)
        self.calls: dict[str, int] = {}
        self.open: dict[str, list[_Collected]] = {}
        self.ends: dict[str, list[tuple[Rule, Scope, str]]] = {}
        self.failures: list[_Failed] = []
        self.taken: dict[str, None] = {}
        self.stopped: dict[str, None] = {}
        self.bundles = 0
        self.notes: dict[str, None] = {}
        self.kept = False
        self.returned: Bundle = {}

    # -- the whole run -------------------------------------------------------------------------------------------

    def trace(self) -> Trace:
        error: StepError | None = None
        try:
            self._start()
        except _Ended as ended:
            error = ended.error
        except RecursionError:
            raise SpecError("the loops and routers are nested too deeply to be simulated") from None
        error = self._first_failure(error)
        status: RunStatus = "error" if error else "warning" if self.kept else "success"
        operations = sum(record.operations for record in self.records.values())
        return Trace.model_construct(
            engine="simulate",
            status=status,
            steps={name: _step_trace(name, record) for name, record in self.records.items()},
            requests=tuple(self.requests),
            response=self.response,
            error=error,
            operations=operations,
            taken=tuple(self.taken),
            stopped=tuple(self.stopped),
            stored=_stored(self.state),
            started=self.context.now(),
            milliseconds=sum(record.milliseconds for record in self.records.values()),
            notes=tuple(self.notes),
        )

    def _first_failure(self, error: StepError | None) -> StepError | None:
        """Of the errors in steps that all bundles go through at once, the one that the engine meets first; nothing
        behind it has run."""
        if not self.failures:
            return error
        rank = self.simulator.plan.rank
        first = min(self.failures, key=lambda failure: rank[failure.place])
        if error is not None and rank[error.step] < rank[first.place]:
            return error
        self.records = {name: record for name, record in self.records.items() if rank[name] <= rank[first.place]}
        if first.place == first.error.step:
            record = self.records[first.place]
            record.outputs.clear()
            record.errors[:] = [first.error]
            if first.place not in self.dialect.all_sent:
                del record.requests[first.calls :]
        self.requests = [request for one in self.records.values() for request in one.requests]
        if self.answered and self.answered not in self.records:
            self.response = None
        return first.error

    def _start(self) -> None:
        node = self.simulator.plan.start
        record = self._record(node)
        record.operations += node.counted
        record.bundles_in = len(self.case.bundles)
        bundles: list[Bundle] = [_values(bundle) for bundle in self.case.bundles]
        self._spread(node, bundles, {})

    def _record(self, node: Node) -> _Record:
        record = self.records.get(node.step.id)
        if record is None:
            record = self.records[node.step.id] = _Record()
        return record

    # -- the way of bundles --------------------------------------------------------------------------------------

    def _spread(self, node: Node, outputs: Sequence[Bundle], scope: Scope) -> None:
        """Sends what a step gave on, bundle after bundle, and then what aggregates have collected of it."""
        name = node.step.id
        self._record(node).outputs.extend(outputs)
        above = self.open.get(name)
        if node.collected:
            self.open[name] = [_Collected() for _ in node.collected]
        for output in outputs:
            self._onward(node, {**scope, name: output})
        if node.collected:
            collected = self.open.pop(name)
            if above is not None:
                self.open[name] = above
            for aggregate, rows in zip(node.collected, collected, strict=True):
                self._emit(aggregate, rows, scope)

    def _onward(self, node: Node, scope: Scope) -> None:
        if isinstance(node.step, RouterStep):
            self._route(node, scope, first=node.step.mode == "first")
        elif isinstance(node.step, IfElseStep):
            self._route(node, scope, first=True)
        else:
            for way in node.ways:
                self._go(way, scope)
            if not node.ways:
                self._end(node, scope)

    def _route(self, node: Node, scope: Scope, first: bool) -> None:
        passed = False
        for way in node.ways:
            if self._passes(way, scope):
                passed = True
                self._along(way, scope)
                if first:
                    return
            else:
                self.stopped[way.name] = None
        for way in () if passed else node.fallbacks:
            self._go(way, scope)

    def _go(self, way: Way, scope: Scope) -> None:
        if self._passes(way, scope):
            self._along(way, scope)
        else:
            self.stopped[way.name] = None

    def _passes(self, way: Way, scope: Scope) -> bool:
        """Whether a bundle passes an edge. A condition that can't be judged lets nothing through."""
        if way.passes is None:
            return True
        try:
            return way.passes(scope, self.context)
        except ExpressionError:
            self.notes[NOT_CALCULATED] = None
            return False

    def _along(self, way: Way, scope: Scope) -> None:
        """Along an edge, and on from there for as long as there is one bundle and one way."""
        while True:
            self.taken[way.name] = None
            self.bundles += 1
            if self.bundles > MOST_BUNDLES:
                raise SpecError(
                    f"a run sent more than {MOST_BUNDLES} bundles through its steps",
                    where=f"steps.{way.edge.target}",
                    hint="the case's data multiply in nested loops; use shorter arrays",
                )
            node = way.target
            outputs = self._pass_through(node, scope, way)
            if outputs is None:
                return
            plain_way = len(outputs) == 1 and len(node.ways) == 1 and not (node.collected or node.fallbacks)
            if not plain_way or isinstance(node.step, (RouterStep, IfElseStep)):
                self._spread(node, outputs, scope)
                return
            self._record(node).outputs.append(outputs[0])
            scope = {**scope, node.step.id: outputs[0]}
            way = node.ways[0]
            if not self._passes(way, scope):
                self.stopped[way.name] = None
                return

    def _pass_through(self, node: Node, scope: Scope, way: Way) -> Sequence[Bundle] | None:
        """What a step gives for a bundle; None where the bundle ends."""
        record = self._record(node)
        record.bundles_in += 1
        step = node.step
        if step.disabled:
            return [dict(_last(scope))]
        if not isinstance(step, AggregateStep):  # it counts what it gives
            record.operations += node.counted
        try:
            return self._given(node, scope, way)
        except StepFailure as failure:
            return self._failed(node, scope, StepError(step=step.id, type=failure.type, message=failure.message))
        except ExpressionError as error:
            instead = self._failed(
                node, scope, StepError(step=step.id, type="BundleValidationError", message=str(error))
            )
            return None if isinstance(step, AggregateStep) else instead

    def _given(self, node: Node, scope: Scope, way: Way) -> Sequence[Bundle] | None:
        """What a step that works gives for a bundle. An aggregate keeps it, until its source has given all."""
        if isinstance(node.step, AggregateStep):
            self._collect(node, scope)
            return None
        if isinstance(node.step, MergeStep):
            fields = node.branches.get(way.edge.source, {})
            return [{name: _kept(self._value(value, scope)) for name, value in fields.items()}]
        return _RUN[type(node.step)](self, node, scope)

    def _value(self, value: Bound, scope: Scope) -> Value:
        if not self.dialect.null_on_fault:
            return value(scope, self.context)
        try:
            return value(scope, self.context)
        except ExpressionError:
            self.notes[NOT_CALCULATED] = None
            return None

    def _values(self, node: Node, scope: Scope) -> Bundle:
        return {name: self._value(value, scope) for name, value in node.values.items()}

    # -- aggregates ----------------------------------------------------------------------------------------------

    def _collect(self, node: Node, scope: Scope) -> None:
        step = node.step
        assert isinstance(step, AggregateStep)
        source = self.simulator.plan.nodes.get(step.source)
        rows = self.open.get(step.source)
        if source is None or rows is None:
            raise SpecError(f"its source `{step.source}` doesn't lead here", where=f"steps.{step.id}.source")
        values = {name: _kept(value) for name, value in self._values(node, scope).items()}
        row: Value = values if step.mode == "array" else values["value"]
        key = self._value(node.branches["group"]["key"], scope) if "group" in node.branches else None
        groups = rows[next(index for index, one in enumerate(source.collected) if one is node)].groups
        groups.setdefault(key_of(key), (key, []))[1].append(row)

    def _emit(self, node: Node, collected: _Collected, scope: Scope) -> None:
        step = node.step
        assert isinstance(step, AggregateStep)
        groups = list(collected.groups.values())
        grouped = step.group_by is not None
        if not groups and not grouped and not step.stop_if_empty:
            groups = [(None, [])]
        outputs: list[Bundle] = []
        for key, rows in groups:
            result = combined(step.mode, rows, step.separator)
            outputs.append({**result, "key": key} if grouped else result)
        record = self._record(node)
        record.operations += node.counted * len(outputs)
        self._spread(node, outputs, scope)

    # -- calls of apps -------------------------------------------------------------------------------------------

    def _operation(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        step = node.step
        assert isinstance(step, OperationStep)
        values = self._values(node, scope)
        local = transform(step.app, step.operation)
        if local is not None:
            if (step.app, step.operation) == ("scenarios", "return_data"):
                fields = values.get("fields")
                self.returned = fields if isinstance(fields, dict) else {}
            self.state.step = step.id
            found = local(values, self.context, self.state)
            if len(found) != 1 and step.id in self.dialect.gives_one:
                raise StepFailure("DataError", "there is not just one bundle to give")
            return found
        request = Request.model_construct(
            step=step.id,
            app=step.app,
            operation=step.operation,
            inputs=told(step, values, self.context.in_text),
        )
        return self._called(node, scope, request, values)

    def _called(self, node: Node, scope: Scope, request: Request, values: Bundle) -> Sequence[Bundle] | None:
        """The app's answer, after as many tries as the step's rule allows. `values` are what demands are made of."""
        record, left = self._record(node), self._tries(node)
        while isinstance(found := self._try(node, request, values), StepError):
            left -= 1
            if not left:
                return self._failed(node, scope, found)
            record.errors.append(found.model_copy(update={"retried": True}))
            record.milliseconds += (node.rule.what.interval_minutes if node.rule else 0) * 60_000
        return self._results(node, found)

    def _try(self, node: Node, request: Request, values: Bundle) -> Answer | StepError:
        """What one call gives, or why it fails."""
        name = node.step.id
        if (no_address := node.demands.no_address(values)) is not None:
            message = f"Invalid email address in `{no_address}`."
            return StepError(step=name, type="BundleValidationError", message=message)
        self._record(node).requests.append(request)
        self.requests.append(request)
        answer = self._answer(request)
        if (missing := node.demands.missing(values)) is not None:
            return StepError(step=name, type="BundleValidationError", message=f"Missing value of `{missing}`.")
        if (failure := answer.failure) is not None:
            return StepError(step=name, type=failure.type, message=failure.message, status=failure.status)
        return answer

    def _results(self, node: Node, answer: Answer) -> Sequence[Bundle]:
        step = node.step
        if not node.finds:
            return [_values(bundle) for bundle in answer.bundles]
        total = len(answer.bundles)
        if not total and isinstance(step, OperationStep) and step.inputs.get("always") is True:
            return [{"_total": 0}]
        return [
            {**_values(bundle), "_index": index, "_total": total}
            for index, bundle in enumerate(answer.bundles, start=1)
        ]

    def _tries(self, node: Node) -> int:
        if node.rule is None or node.rule.what.strategy != "retry":
            return 1
        return self.dialect.tries.get(node.step.id, node.rule.what.attempts + 1)

    def _answer(self, request: Request) -> Answer:
        step = request.step
        answers = self.case.answers.get(step)
        if not answers:
            apps = self.simulator.apps
            return apps(request) if apps else self.simulator.doubles.answer(step)
        count = self.calls.get(step, 0)
        self.calls[step] = count + 1
        return answers[min(count, len(answers) - 1)]

    def _native(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        step = node.step
        assert isinstance(step, NativeStep)
        values = {name: plain(value) for name, value in self._values(node, scope).items() if not says_nothing(value)}
        request = Request.model_construct(step=step.id, app=step.platform, operation=step.module, inputs=values)
        return self._called(node, scope, request, _values(values))

    def _sub_scenario(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        step = node.step
        assert isinstance(step, SubScenarioStep)
        inputs = self._values(node, scope)
        called = self.simulator.called.get(step.scenario)
        if called is None:
            values = {name: plain(value) for name, value in inputs.items()}
            request = Request.model_construct(
                step=step.id, app="scenarios", operation="call", inputs={"scenario": step.scenario, **values}
            )
            return self._called(node, scope, request, {})
        handed: dict[str, JsonValue] = {name: plain(value) for name, value in inputs.items()}
        bundle: dict[str, JsonValue] = {"inputs": handed} if _starts_when_called(called.spec) else handed
        case = self.case.model_copy(update={"bundles": (bundle,), "answers": {}})
        inner = _Run(called, case, replace(self.context, variables={"input": inputs}))
        inner.state = self.state
        trace = inner.trace()
        self.requests.extend(trace.requests)
        if trace.error is not None and step.wait:
            raise StepFailure("RuntimeError", trace.error.message)
        return [inner.returned if step.wait else {}]

    # -- steps without an app ------------------------------------------------------------------------------------

    def _nothing(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        return [{}]

    def _iterate(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        found = self._value(node.values["array"], scope)
        elements = found if isinstance(found, list) else [] if found is None else [found]
        return [
            {**(one if isinstance(one, dict) else {"value": one}), "_index": index, "_total": len(elements)}
            for index, one in enumerate(elements, start=1)
        ]

    def _repeat(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        start, repeats, step = (number(self._value(node.values[name], scope)) for name in ("start", "repeats", "step"))
        count = max(0, min(MOST_REPEATS, int(repeats))) if math.isfinite(repeats) else 0
        return [{"i": start + at * step, "_index": at + 1, "_total": repeats} for at in range(count)]

    def _sleep(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        seconds = number(self._value(node.values["seconds"], scope))
        if math.isfinite(seconds):
            self._record(node).milliseconds += max(0.0, float(seconds)) * 1000
        return [{}]

    def _set_variables(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        values: Bundle = {name: _kept(value) for name, value in self._values(node, scope).items()}
        self.variables |= values
        return [values]

    def _get_variables(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        step = node.step
        assert isinstance(step, GetVariablesStep)
        return [{name: self.variables.get(name) for name in step.names}]

    def _respond(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        values = self._values(node, scope)
        status = number(values["status"])
        headers = {name: text(self._value(value, scope)) for name, value in node.headers}
        if isinstance(values["body"], (dict, list)) and "content-type" not in map(str.lower, headers):
            headers["Content-Type"] = "application/json"
        if self.response is None:
            self.answered = node.step.id
            self.response = Response(
                status=int(status) if math.isfinite(status) else 200, body=plain(values["body"]), headers=headers
            )
        return [{}]

    def _stop(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        step = node.step
        assert isinstance(step, StopStep)
        if step.outcome == "success":
            self._end(node, scope)
            return None
        message = text(self._value(node.values["message"], scope)) or step.title
        return self._failed(node, scope, StepError(step=step.id, type="RuntimeError", message=message))

    def _directive(self, node: Node, scope: Scope) -> Sequence[Bundle] | None:
        failed = self.simulator.plan.failing.get(node.step.id)
        if failed is not None and node.rule is not None:
            self.ends.setdefault(failed, []).append((node.rule, scope, node.step.id))
        return None

    # -- errors --------------------------------------------------------------------------------------------------

    def _failed(self, node: Node, scope: Scope, error: StepError) -> Sequence[Bundle] | None:
        """What a failed step's rule makes of its bundle: outputs to go on with, or None. Raises `_Ended`."""
        self._record(node).errors.append(error)
        name = node.step.id
        found: Bundle = {"message": error.message, "type": error.type, "status": error.status}
        inside: Scope = {**scope, name: {"error": found}}
        rule, end, place = self._handled(node, inside)
        if rule is None:
            self._ended(place, error)
            return None
        match rule.what.strategy:
            case "resume":
                return [{field: self._value(value, end) for field, value in rule.substitute.items()}]
            case "retry":
                handled = bool(node.handlers)
                if self.dialect.kept_bundle_fails and not handled:
                    self._ended(place, error)
                    return None
                self.kept = self.kept or not self.dialect.kept_bundle_fails
                return None
            case "rollback":
                self._ended(place, error)
                return None
            case "commit" if not self.dialect.commit_goes_on:
                raise _Ended
            case _:
                return None

    def _ended(self, place: str, error: StepError) -> None:
        """Ends the run, or where bundles go together, notes that it will end at that step. Raises `_Ended`."""
        if place not in self.dialect.at_once:
            raise _Ended(error)
        record = self.records.get(place)
        self.failures.append(_Failed(place, error, len(record.requests) if record else 0))

    def _handled(self, node: Node, scope: Scope) -> tuple[Rule | None, Scope, str]:
        """The rule that decides, after the error route has run, the bundle where it stood, and the step there. A route
        that no end of which was reached drops the bundle; one whose filter didn't pass is as if it weren't there."""
        if not node.handlers:
            return node.rule, scope, node.step.id
        way = node.handlers[0]
        if not self._passes(way, scope):
            self.stopped[way.name] = None
            plan = self.simulator.plan
            inside = [step for step, failed in plan.failing.items() if failed == node.step.id]
            return None, scope, max(inside, key=lambda step: plan.rank[step])
        name = node.step.id
        above = self.ends.pop(name, None)
        self.ends[name] = []
        self._along(way, scope)
        ends = self.ends.pop(name)
        if above is not None:
            self.ends[name] = above
        return ends[0] if ends else (_DROPPED, scope, name)

    def _end(self, node: Node, scope: Scope) -> None:
        """A way has ended: inside an error route the failed step's own rule holds there."""
        failed = self.simulator.plan.failing.get(node.step.id)
        if failed is None or isinstance(node.step, DirectiveStep):
            return
        rule = self.simulator.plan.nodes[failed].rule
        if rule is not None and failed in self.ends:
            self.ends[failed].append((rule, scope, node.step.id))


_DROPPED = Rule(IGNORED, {})
_RUN: Mapping[type, Callable[[_Run, Node, Scope], Sequence[Bundle] | None]] = dict(
    (
        *((kind, _Run._operation) for kind in OperationStep.__subclasses__()),
        (NativeStep, _Run._native),
        (SubScenarioStep, _Run._sub_scenario),
        (RouterStep, _Run._nothing),
        (IfElseStep, _Run._nothing),
        (IterateStep, _Run._iterate),
        (RepeatStep, _Run._repeat),
        (SleepStep, _Run._sleep),
        (SetVariablesStep, _Run._set_variables),
        (GetVariablesStep, _Run._get_variables),
        (RespondStep, _Run._respond),
        (StopStep, _Run._stop),
        (DirectiveStep, _Run._directive),
    )
)
"""What each kind of step does with a bundle. Aggregates and merges, which need more, stand in `_pass_through`."""


def _values(bundle: Mapping[str, JsonValue]) -> Bundle:
    """A bundle of JSON as values; nothing is copied, since nothing changes a bundle."""
    return bundle  # type: ignore[return-value]  # a JSON value is a value; `list` isn't covariant


def _starts_when_called(spec: Spec) -> bool:
    trigger = spec.trigger
    return isinstance(trigger, OperationStep) and (trigger.app, trigger.operation) == ("scenarios", "start")


def _stored(state: State) -> dict[str, dict[str, dict[str, JsonValue]]]:
    return {
        name: {key: {field: plain(value) for field, value in record.items()} for key, record in records.items()}
        for name, records in state.stores.items()
    }


def _kept(value: Value) -> Value:
    """The value as a variable, a merge or an aggregate keeps it: nothing for what is no number."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _last(scope: Scope) -> Bundle:
    """What the step before gave: a step that is switched off passes it on."""
    last = next(reversed([*scope.values()]), None)
    return last if isinstance(last, dict) else {}


def _step_trace(name: str, record: _Record) -> StepTrace:
    return StepTrace.model_construct(
        step=name,
        bundles_in=record.bundles_in,
        bundles_out=len(record.outputs),
        outputs=tuple(plain(output) for output in record.outputs),
        requests=tuple(record.requests),
        operations=record.operations,
        errors=tuple(record.errors),
        milliseconds=record.milliseconds,
    )
