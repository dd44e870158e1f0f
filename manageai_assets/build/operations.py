"""How often each step runs, and what the platforms count for it.

The expected number of bundles flows down the graph from one bundle at the trigger: loops and searches multiply it,
aggregates bring it back to one a result, routes and filters share it, error routes get the small share that fails.
Where neither the spec nor its samples say a number, `data/workload.yaml` does, and the result lists what it took.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from compilers.errors import UserError
from compilers.expressions.parser import parse
from compilers.expressions.tree import Field as PathField
from compilers.expressions.tree import First, Index, Reference
from compilers.graph import SpecGraph
from compilers.registry import Operation, registry
from compilers.spec import AggregateStep, AnyStep, Edge, IterateStep, MergeStep, OperationStep, RepeatStep, Spec
from compilers.zapier.tasks import code_steps
from manageai_assets.data import DataModel, read_data

CENT = Decimal("0.01")
MOST_ITEMS = 100_000
"""More elements than this in one loop are counted as this many."""
NAMED_LOOPS = 10
"""Loops that the reason for a number names, the innermost ones."""
MOST_BUNDLES = 10**9
"""More bundles than this at one step, as loops in loops give, are counted as this many: no engine runs them."""


class Assumed(DataModel):
    """One number that is taken where nothing says it, and the reason."""

    value: Decimal = Field(ge=0)
    why: str


class Workload(DataModel):
    """`data/workload.yaml`."""

    items_per_loop: Assumed
    results_per_search: Assumed
    groups_per_aggregate: Assumed
    filter_pass_share: Assumed
    failure_share: Assumed
    runs_per_month: Assumed
    polling_minutes: Assumed
    days_per_month: Assumed
    headroom_share: Assumed


class Counting(DataModel):
    """What one platform counts for each kind of step, each time a bundle reaches it."""

    unit: str
    source: str
    notes: tuple[str, ...]
    operations: dict[str, int]
    free_of_charge: tuple[str, ...] = Field(description="kinds whose operations cost nothing")
    cannot: dict[str, str] = Field(description="kinds of steps that the platform has no way for, in words")


class Countings(DataModel):
    """`data/counting.yaml`."""

    make: Counting
    zapier: Counting


class Basis(BaseModel):
    """A number that an estimate rests on, and where it comes from."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    what: str
    value: Decimal
    source: str


class StepOperations(BaseModel):
    """One step in one run, in expected numbers with two decimals."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    step: str
    title: str
    app: str
    times: Decimal = Field(description="bundles that reach it")
    operations: Decimal = Field(description="operations on Make")
    credits: Decimal = Field(description="credits on Make")
    tasks: Decimal = Field(description="tasks on Zapier")
    why: str


class Operations(BaseModel):
    """What one run takes, by step and in all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    steps: tuple[StepOperations, ...]
    operations: Decimal
    credits: Decimal
    tasks: Decimal
    most_credits: Decimal = Field(description="credits on Make when every route and filter lets everything through")
    trigger_credits: Decimal = Field(description="credits of the trigger alone; a polling one takes them at each check")
    basis: tuple[Basis, ...]


def workload() -> Workload:
    """The assumptions in `data/workload.yaml`."""
    data: Workload = read_data(Workload, "workload")
    return data


def countings() -> Countings:
    """The counting rules in `data/counting.yaml`."""
    data: Countings = read_data(Countings, "counting")
    return data


def operations_per_run(spec: Spec) -> Operations:
    """Expected operations, credits and tasks of one run, by step. Disabled steps and edges count nothing."""
    codes = code_steps(spec)
    flow = _Flow(spec, codes)
    rows = tuple(flow.row(step) for step in flow.graph.topological())
    counts = [flow.counts(step) for step in flow.graph.topological()]
    most = _Flow(spec, codes, every_route=True)
    return Operations(
        steps=rows,
        operations=rounded(sum((count.operations for count in counts), Fraction(0))),
        credits=rounded(sum((count.charged for count in counts), Fraction(0))),
        tasks=rounded(sum((count.tasks for count in counts), Fraction(0))),
        most_credits=rounded(sum((most.counts(step).charged for step in most.graph.topological()), Fraction(0))),
        trigger_credits=rounded(flow.counts(spec.trigger).charged),
        basis=tuple(flow.basis.values()),
    )


def operation_of(step: AnyStep) -> Operation | None:
    """The registry's operation behind a step, if it has one."""
    return registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None


def is_clock(operation: Operation | None) -> bool:
    """Whether it is a trigger for which Make needs no module, such as a schedule alone."""
    return operation is not None and operation.make is not None and operation.make.module is None


@dataclass(frozen=True)
class _Counts:
    times: Fraction
    operations: Fraction
    charged: Fraction
    tasks: Fraction


class _Flow:
    """Expected bundles through one spec's graph, as exact fractions; `codes` are the Code steps that Zapier needs
    beside its steps. `every_route` gives the upper bound instead."""

    def __init__(self, spec: Spec, codes: Mapping[str, int], every_route: bool = False) -> None:
        self.spec = spec
        self.every_route = every_route
        self.graph = SpecGraph(spec)
        self.assumed = workload()
        self.rules = countings()
        self.basis: dict[str, Basis] = {}
        self._codes = codes
        self._into: dict[str, Fraction] = {step.id: Fraction(0) for step in self.graph}
        self._into[spec.trigger.id] = Fraction(1)
        self._why: dict[str, str] = {spec.trigger.id: "once a run"}
        for step in self.graph.topological():
            self._pass_on(step)

    def counts(self, step: AnyStep) -> _Counts:
        """How often the step runs, and what that counts."""
        times = self._results(step) if isinstance(step, AggregateStep) else self._into[step.id]
        counted = Fraction(0) if step.disabled else times
        kind = self._kind(step)
        make, zapier = self.rules.make, self.rules.zapier
        operations = counted * make.operations[kind]
        charged = Fraction(0) if kind in make.free_of_charge else operations
        tasks = counted * (zapier.operations[kind] + self._codes.get(step.id, 0))
        return _Counts(times, operations, charged, tasks)

    def row(self, step: AnyStep) -> StepOperations:
        """The counts of one step, for people."""
        counts = self.counts(step)
        why = self._why.get(step.id, "no edge leads to it")
        if isinstance(step, AggregateStep):
            why = f"one result for each call of `{step.source}`"
        return StepOperations(
            step=step.id,
            title=step.title,
            app=step.app if isinstance(step, OperationStep) else step.kind,
            times=rounded(counts.times),
            operations=rounded(counts.operations),
            credits=rounded(counts.charged),
            tasks=rounded(counts.tasks),
            why="switched off" if step.disabled else why,
        )

    def _kind(self, step: AnyStep) -> str:
        known = operation_of(step)
        if step is self.spec.trigger:
            return "clock" if is_clock(known) else "trigger"
        if isinstance(step, OperationStep):
            return known.kind if known and known.kind != "trigger" else "action"
        return step.kind

    def _pass_on(self, step: AnyStep) -> None:
        out = self._results(step) if isinstance(step, AggregateStep) else self._into[step.id] * self._gives(step)
        why = self._reason(step)
        edges = [edge for edge in self.graph.outgoing(step.id) if not edge.disabled]
        filtered = sum(1 for edge in edges if edge.kind in ("route", "branch") and (edge.filter or edge.fallback))
        for edge in edges:
            share = self._share(step, edge, filtered, edges)
            amount = self._into[step.id] * share if edge.kind == "error" else out * share
            self._into[edge.target] = min(self._met(edge.target, amount), Fraction(MOST_BUNDLES))
            self._why.setdefault(edge.target, self._said(edge, share, why))

    def _met(self, target: str, amount: Fraction) -> Fraction:
        """The bundles at a step with `amount` more. Of the branches that a merge joins, a bundle takes only one."""
        before = self._into[target]
        joined = self.every_route and isinstance(self.graph.step(target), MergeStep)
        return max(before, amount) if joined else before + amount

    def _share(self, step: AnyStep, edge: Edge, filtered: int, edges: list[Edge]) -> Fraction:
        if edge.kind == "error":
            return self._take("calls that fail", self.assumed.failure_share)
        if self.every_route:
            return Fraction(1)
        if step.kind == "if_else" or (step.kind == "router" and step.mode == "first"):
            return Fraction(1, len(edges))
        if edge.kind in ("route", "branch") and (edge.filter or edge.fallback):
            return Fraction(1, filtered)
        if edge.filter is not None and edge.filter.any_of:
            return self._take("bundles that pass a filter", self.assumed.filter_pass_share)
        return Fraction(1)

    def _said(self, edge: Edge, share: Fraction, why: str) -> str:
        if edge.kind == "error":
            return f"when `{edge.source}` fails: {share * 100} % of its calls"
        if edge.kind in ("route", "branch") and share != 1:
            return f"{why}; routes of `{edge.source}` taken as equally likely"
        return why

    def _reason(self, step: AnyStep) -> str:
        if isinstance(step, AggregateStep):
            source = self.graph.source_of(step)
            several = (*(self.graph.multiplying(source.id) if source else ()), *((step,) if step.group_by else ()))
        else:
            several = (*self.graph.multiplying(step.id), *((step,) if self._gives(step) != 1 else ()))
            if not several:
                return self._why.get(step.id, "once a run")
        if not several:
            return "once a run"
        named = [f"`{item.id}`" for item in several[-NAMED_LOOPS:]]
        return "once for each bundle of " + ", ".join(["...", *named] if len(several) > NAMED_LOOPS else named)

    def _gives(self, step: AnyStep) -> Fraction:
        """Bundles out for one bundle in."""
        if step.disabled:
            return Fraction(1)
        match step:
            case IterateStep():
                items = self._elements(step)
                if items is None:
                    return self._take("elements of a list without a sample", self.assumed.items_per_loop)
                self._note(f"elements that `{step.id}` goes through", Fraction(len(items)), "the sample")
                return Fraction(min(len(items), MOST_ITEMS))
            case RepeatStep():
                number = _number(step.repeats)
                if number is None:
                    return self._take("repeats that are computed in the run", self.assumed.items_per_loop)
                return Fraction(min(number, 10_000))
            case _ if self._kind(step) == "search":
                limit = _number(step.inputs.get("limit")) if isinstance(step, OperationStep) else None
                usual = self._take("results of one search", self.assumed.results_per_search)
                return usual if limit is None else min(usual, Fraction(limit))
            case _:
                return Fraction(1)

    def _results(self, step: AggregateStep) -> Fraction:
        """What an aggregate emits: one result, or one a group, for each operation of its source."""
        source = self.graph.source_of(step)
        operations = self._into[source.id] if source else self._into[step.id]
        if step.group_by is None:
            return operations
        return operations * self._take("groups of an aggregate", self.assumed.groups_per_aggregate)

    def _take(self, what: str, number: Assumed) -> Fraction:
        value = Fraction(number.value)
        self._note(what, value, f"assumed: {number.why}")
        return value

    def _note(self, what: str, value: Fraction, source: str) -> None:
        self.basis.setdefault(what, basis_of(what, value, source))

    def _elements(self, step: IterateStep) -> list[JsonValue] | None:
        """The elements of the sample that the step goes through, if there is one."""
        if isinstance(step.array, list):
            return step.array
        reference = _reference(step.array)
        if reference is None:
            return None
        value = self._sample(reference.step)
        for segment in reference.path:
            value = _at(value, segment)
        return value if isinstance(value, list) else None

    def _sample(self, identifier: str) -> JsonValue:
        step = self.graph.get(identifier)
        if step is None or step.sample is not None:
            return step.sample if step else None
        above = self.graph.leads_to
        if isinstance(step, IterateStep):
            reference = _reference(step.array)
            if reference is not None and above(reference.step, identifier):
                elements = self._elements(step)
                return elements[0] if elements else None
        return None


def _at(value: JsonValue, segment: object) -> JsonValue:
    match segment:
        case PathField(name=name) if isinstance(value, dict):
            return value.get(name)
        case First() if isinstance(value, list):
            return value[0] if value else None
        case Index(n=n) if isinstance(value, list) and 1 <= n <= len(value):
            return value[n - 1]
        case _:
            return None


def _reference(value: JsonValue) -> Reference | None:
    """The reference that a template consists of, if it is just one."""
    if not isinstance(value, str):
        return None
    try:
        whole = parse(value).whole
    except UserError:
        return None
    return whole if isinstance(whole, Reference) else None


def _number(value: JsonValue) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return max(int(min(value, MOST_ITEMS)), 0) if value == value else None
    if isinstance(value, str) and value.strip().isascii() and value.strip().isdigit():
        return min(int(value.strip()[:9]), MOST_ITEMS)
    return None


def basis_of(what: str, value: Fraction, source: str) -> Basis:
    """A number that an estimate rests on."""
    return Basis(what=what, value=rounded(value), source=source)


def rounded(value: Fraction) -> Decimal:
    """The fraction with two decimals."""
    return (Decimal(value.numerator) / Decimal(value.denominator)).quantize(CENT)
