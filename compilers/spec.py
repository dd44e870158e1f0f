"""The canonical spec: the platform-neutral description of one automation, and the only definition of its format.

A spec is a directed acyclic graph: one trigger, steps, and edges between them. Control flow is Make's, since that
is the richest of the platforms, with one meaning for each construct:

* A *bundle* is one record. A step runs once for each bundle that reaches it, and what it gives flows on along its
  `next` edge, depth first: a bundle passes through everything below before the next one starts.
* An edge's *filter* lets a bundle pass or stops it silently.
* A `router` sends the bundle along its `route` edges in their order: along every route whose filter passes
  (`mode: all`) or the first such one (`mode: first`); the `fallback` route runs when no other did. Routes never join.
* An `if_else` takes the first `branch` edge whose filter passes, else the `fallback` branch. Branches may join again
  in one `merge` step, which gives its named outputs from the branch that ran.
* `iterate` gives one bundle for each element of an array: an object's fields, or `value` for anything else, besides
  `_index` (from 1) and `_total`. `repeat` gives a counter `i`. A search gives one bundle for each result.
* `aggregate` collects what reached it from one operation of its `source` step and emits once, or once a group.
* A step that fails runs its `error` edge's steps, if it has one, and then does what its `on_error` says: `ignore`
  drops the bundle, `resume` goes on with substitute outputs, `retry` tries again later, `commit` ends the run as a
  success, `rollback` (the default) ends it as an error. A `directive` step says the same inside a handler's branches.

Strings in `inputs` are templates in the spec's expression notation: `{{ lead.body.email }}` refers to the step `lead`.
Everything else (labels, notes, the client's request) is plain text and never interpreted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path
from typing import Annotated, Literal, Union

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)  # fmt: skip

from compilers.errors import Finding, SpecError, shorten

PlatformName = Literal["make", "n8n", "zapier"]
StepId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$", description="short readable name, unique in the spec")]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$", description="name for files, paths and partitions")]
Label = Annotated[str, Field(max_length=200)]
Text = Annotated[str, Field(max_length=100_000)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
RegistryName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
AggregateMode = Literal["array", "text", "sum", "avg", "count", "min", "max"]


class Model(BaseModel):
    """Base of every part of the spec: frozen, and unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, JsonValue]:
        dumped: dict[str, JsonValue] = handler(self)
        defaults = {name: info.get_default(call_default_factory=True) for name, info in type(self).model_fields.items()}
        return {
            name: value
            for name, value in dumped.items()
            if name in ("kind", "spec_version") or getattr(self, name) != defaults[name]
        }


class Condition(Model):
    """`left operator right`; the operators are the rows of `compilers.operators.OPERATORS`."""

    left: JsonValue = Field(description="template, or a literal")
    operator: str = Field(description="such as `text:equals`, `number:greater`, `exists`", max_length=60)
    right: JsonValue = Field(default=None, description="template or literal; unused by `exists` and `not_exists`")
    ignore_case: bool = Field(default=False, description="text comparisons only")


class Filter(Model):
    """Passes when all conditions of any group hold. No groups: always passes."""

    label: Label = ""
    any_of: tuple[tuple[Condition, ...], ...] = Field(default=(), description="OR of groups, each an AND of conditions")


class Edge(Model):
    """From one step to the next. Edges that leave the same step are ordered as they stand in the spec."""

    source: StepId
    target: StepId
    kind: Literal["next", "route", "branch", "error"] = Field(
        default="next", description="`route` leaves a router, `branch` an if_else, `error` a step that can fail"
    )
    filter: Filter | None = None
    fallback: bool = Field(default=False, description="taken when no other route or branch was")
    label: Label = ""
    disabled: bool = False


class OnError(Model):
    """What happens to the bundle when its step has failed (after the error route's steps, if there are any)."""

    strategy: Literal["ignore", "resume", "retry", "commit", "rollback"]
    substitute: dict[str, JsonValue] = Field(default_factory=dict, description="resume: outputs used instead")
    attempts: int = Field(default=3, ge=1, le=1000, description="retry: how many times")
    interval_minutes: int = Field(default=15, ge=0, le=44_640, description="retry: minutes between attempts")


class OutputField(Model):
    """A field that a step is known to give; documents, tests and mapping checks use it."""

    path: str = Field(max_length=400, description="dotted path in the step's output, such as `body.email`")
    type: Literal["text", "number", "boolean", "date", "array", "object", "file", "any"] = "any"
    label: Label = ""


class StepBase(Model):
    """What every step has."""

    id: StepId
    label: Label = Field(default="", description="what a person calls the step; shown in editors and documents")
    note: Text = ""
    disabled: bool = False
    on_error: OnError | None = None
    outputs: tuple[OutputField, ...] = ()
    sample: JsonValue = Field(default=None, description="one example of this step's output bundle")
    residue: dict[PlatformName, dict[str, JsonValue]] = Field(
        default_factory=dict,
        description="what a parsed export holds beyond the neutral form; used only to emit to that platform again",
    )

    @property
    def title(self) -> str:
        """The label, or the id made readable."""
        return self.label or self.id.replace("_", " ").capitalize()


class OperationStep(StepBase):
    """An operation of an app, in the registry's neutral names."""

    app: RegistryName
    operation: RegistryName
    connection: StepId | None = Field(default=None, description="id of an entry of `connections`")
    inputs: dict[str, JsonValue] = Field(default_factory=dict, description="by the registry's input names; templates")


class TriggerStep(OperationStep):
    """What starts the automation."""

    kind: Literal["trigger"] = "trigger"


class AppStep(OperationStep):
    """One call of an app: an action, a search or a transformation."""

    kind: Literal["app"] = "app"


class NativeStep(StepBase):
    """A module of one platform that the registry doesn't know, carried whole. It compiles back to that platform
    exactly, and elsewhere to a clearly marked manual step with a warning."""

    kind: Literal["native"] = "native"
    platform: PlatformName
    module: str = Field(max_length=200, description="the platform's own name of it")
    version: float | None = None
    parameters: dict[str, JsonValue] = Field(default_factory=dict, description="static settings, verbatim")
    mapper: dict[str, JsonValue] = Field(default_factory=dict, description="values per run, as spec templates")


class RouterStep(StepBase):
    """Ordered `route` edges; see the module's docstring."""

    kind: Literal["router"] = "router"
    mode: Literal["all", "first"] = "all"


class IfElseStep(StepBase):
    """Ordered `branch` edges; the first that passes is taken."""

    kind: Literal["if_else"] = "if_else"


class MergeOutput(Model):
    """One field of a merge: what each joining branch gives for it."""

    name: str = Field(max_length=200)
    values: dict[StepId, JsonValue] = Field(description="by the id of the step that ends the branch; templates")


class MergeStep(StepBase):
    """Where the branches of one if_else join."""

    kind: Literal["merge"] = "merge"
    fields: tuple[MergeOutput, ...] = ()


class IterateStep(StepBase):
    """One bundle for each element of an array."""

    kind: Literal["iterate"] = "iterate"
    array: JsonValue = Field(description="template that gives an array; anything else counts as an array of one")


class RepeatStep(StepBase):
    """Bundles with a counter `i`: `start`, `start + step`, ... `repeats` of them."""

    kind: Literal["repeat"] = "repeat"
    start: JsonValue = 1
    repeats: JsonValue = Field(description="0 to 10000; a number or a template")
    step: JsonValue = 1


class AggregateStep(StepBase):
    """Collects the bundles that come from one operation of `source`; gives `array`, `text` or `result`, and `key`."""

    kind: Literal["aggregate"] = "aggregate"
    source: StepId
    mode: AggregateMode = "array"
    fields: dict[str, JsonValue] = Field(
        default_factory=dict, description="array: the fields of each element; templates"
    )
    value: JsonValue = Field(default=None, description="text and number modes: template for each bundle")
    separator: str = Field(default="\n", max_length=1000, description="text mode: between two values")
    group_by: JsonValue = Field(default=None, description="template; one output for each value of it, with `key`")
    stop_if_empty: bool = Field(default=False, description="emit nothing when nothing was collected")


class SleepStep(StepBase):
    """Waits, then passes the bundle on."""

    kind: Literal["sleep"] = "sleep"
    seconds: JsonValue = Field(description="1 to 300; a number or a template")


class Variable(Model):
    """A named value; templates allowed."""

    name: str = Field(min_length=1, max_length=200)
    value: JsonValue = None


class SetVariablesStep(StepBase):
    """Sets variables; gives them as outputs too."""

    kind: Literal["set_variables"] = "set_variables"
    scope: Literal["cycle", "run"] = Field(default="cycle", description="`cycle`: one pass; `run`: the whole run")
    variables: tuple[Variable, ...]


class GetVariablesStep(StepBase):
    """Gives variables that were set anywhere earlier in the run, on other routes too."""

    kind: Literal["get_variables"] = "get_variables"
    scope: Literal["cycle", "run"] = "cycle"
    names: tuple[str, ...]


class Header(Model):
    """One HTTP header; the value is a template."""

    name: str = Field(min_length=1, max_length=200)
    value: JsonValue


class RespondStep(StepBase):
    """Answers the webhook that started the run; the run goes on behind it."""

    kind: Literal["respond"] = "respond"
    status: JsonValue = 200
    headers: tuple[Header, ...] = ()
    body: JsonValue = ""


class StopStep(StepBase):
    """Ends this branch: quietly, or with an error that carries `message`."""

    kind: Literal["stop"] = "stop"
    outcome: Literal["success", "error"] = "success"
    message: JsonValue = ""


class SubScenarioStep(StepBase):
    """Calls another scenario of the same team."""

    kind: Literal["sub_scenario"] = "sub_scenario"
    scenario: str = Field(max_length=200, description="slug of the scenario, or the platform's id of it")
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    wait: bool = Field(default=True, description="wait for its end and give its outputs")


class DirectiveStep(StepBase):
    """Ends one branch inside an error handler, as `on_error` of the failed step does for a handler without branches."""

    kind: Literal["directive"] = "directive"
    directive: OnError


Step = Annotated[
    Union[
        AppStep, NativeStep, RouterStep, IfElseStep, MergeStep, IterateStep, RepeatStep, AggregateStep, SleepStep,
        SetVariablesStep, GetVariablesStep, RespondStep, StopStep, SubScenarioStep, DirectiveStep,
    ],
    Field(discriminator="kind"),
]  # fmt: skip
Trigger = Annotated[Union[TriggerStep, NativeStep], Field(discriminator="kind")]
AnyStep = Union[
    TriggerStep, AppStep, NativeStep, RouterStep, IfElseStep, MergeStep, IterateStep, RepeatStep, AggregateStep,
    SleepStep, SetVariablesStep, GetVariablesStep, RespondStep, StopStep, SubScenarioStep, DirectiveStep,
]  # fmt: skip


class Connection(Model):
    """An account at an app that somebody must connect on each platform; never a secret."""

    id: StepId
    app: RegistryName
    label: Label = ""
    account: Label = Field(default="", description="whose account, in words, such as `sales team's Slack`")


class Schedule(Model):
    """When a scenario without an instant trigger runs. Times are in `settings.timezone`."""

    kind: Literal["immediately", "every", "daily", "weekly", "monthly", "once", "on_demand"]
    minutes: int | None = Field(default=None, ge=1, le=44_640, description="every: minutes between two runs")
    at: time | None = Field(default=None, description="daily, weekly, monthly: local time")
    weekdays: tuple[Annotated[int, Field(ge=0, le=6)], ...] = Field(default=(), description="weekly: 0 is Sunday")
    month_days: tuple[Annotated[int, Field(ge=1, le=31)], ...] = Field(default=(), description="monthly")
    date: datetime | None = Field(default=None, description="once: when, with its offset")


class Settings(Model):
    """How a run behaves; Make's scenario settings in neutral words."""

    timezone: str = Field(default="UTC", max_length=60, description="tz database name")
    sequential: bool = Field(default=False, description="one run at a time, in order of arrival")
    keep_incomplete: bool = Field(default=False, description="keep failed bundles to be completed later")
    max_cycles: int = Field(default=1, ge=0, le=100, description="passes in one run of a polling trigger")
    max_errors: int = Field(default=3, ge=0, le=100, description="failed runs in a row before it is switched off")
    auto_commit: bool = True
    confidential: bool = Field(default=False, description="keep no data of bundles in the history")


class Assumption(Model):
    """Something taken for granted where the request didn't say."""

    severity: Literal["low", "medium", "high"]
    text: Text
    about: Label = Field(default="", description="field of the intake or step it concerns")


class Customer(Model):
    """Who the automation is for."""

    name: Name
    contact_name: Label = ""
    contact_email: Annotated[str, Field(max_length=320)] = ""


class Spec(Model):
    """One automation. `trigger` and `steps` are the graph's nodes; ids are unique over both."""

    spec_version: Literal["1.0"] = "1.0"
    slug: Slug
    version: int = Field(default=1, ge=1, description="version of this scenario; a changed intake makes the next one")
    name: Name
    description: Text = ""
    customer: Customer
    request: Text = Field(default="", description="the client's request in their own words")
    objective: Text = ""
    created: date | None = Field(default=None, description="date of the intake")
    volume_per_month: int | None = Field(default=None, ge=0, description="expected runs a month")
    targets: tuple[PlatformName, ...] = ("make", "n8n")
    trigger: Trigger
    steps: tuple[Step, ...] = ()
    edges: tuple[Edge, ...] = ()
    connections: tuple[Connection, ...] = ()
    schedule: Schedule | None = None
    settings: Settings = Settings()
    assumptions: tuple[Assumption, ...] = ()
    residue: dict[PlatformName, dict[str, JsonValue]] = Field(
        default_factory=dict, description="what a parsed export holds beyond the neutral form, for the whole document"
    )

    @property
    def nodes(self) -> tuple[AnyStep, ...]:
        """The trigger and all steps."""
        return (self.trigger, *self.steps)

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Spec:
        seen: set[str] = set()
        for step in self.nodes:
            if step.id in seen:
                raise ValueError(f"step id `{step.id}` is used twice; give each step an id of its own")
            seen.add(step.id)
        return self


def templates_of(step: AnyStep) -> Iterator[tuple[str, JsonValue]]:
    """The values of a step that may hold expressions, each with its path within the step, such as `inputs.text`."""
    match step:
        case TriggerStep() | AppStep() | SubScenarioStep():
            yield from ((f"inputs.{name}", value) for name, value in step.inputs.items())
        case NativeStep():
            yield from ((f"mapper.{name}", value) for name, value in step.mapper.items())
        case IterateStep():
            yield "array", step.array
        case RepeatStep():
            yield from (("start", step.start), ("repeats", step.repeats), ("step", step.step))
        case AggregateStep():
            yield from ((f"fields.{name}", value) for name, value in step.fields.items())
            yield from (("value", step.value), ("group_by", step.group_by))
        case SleepStep():
            yield "seconds", step.seconds
        case SetVariablesStep():
            yield from ((f"variables.{variable.name}", variable.value) for variable in step.variables)
        case RespondStep():
            yield from (("status", step.status), ("body", step.body))
            yield from ((f"headers.{header.name}", header.value) for header in step.headers)
        case StopStep():
            yield "message", step.message
        case MergeStep():
            yield from (
                (f"fields.{field.name}.{branch}", value)
                for field in step.fields
                for branch, value in field.values.items()
            )
        case DirectiveStep():
            yield from ((f"directive.substitute.{name}", value) for name, value in step.directive.substitute.items())
        case _:
            pass
    if step.on_error:
        yield from ((f"on_error.substitute.{name}", value) for name, value in step.on_error.substitute.items())


def strings_in(value: JsonValue, path: str = "") -> Iterator[tuple[str, str]]:
    """Every string inside a JSON value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from strings_in(item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from strings_in(item, f"{path}.{key}" if path else key)


def findings_of(error: ValidationError, rule: str = "schema") -> tuple[Finding, ...]:
    """A pydantic error as findings, one for each place."""
    return tuple(
        Finding(
            rule=f"{rule}.{detail['type']}",
            severity="error",
            where=shorten(".".join(str(part) for part in detail["loc"])) or "document",
            what=shorten(detail["msg"]),
        )
        for detail in error.errors(include_url=False, include_context=False, include_input=False)
    )


def parse_spec(document: JsonValue, where: str = "spec") -> Spec:
    """The spec that a decoded JSON document holds. Raises `SpecError` with one finding for each wrong place."""
    try:
        return Spec.model_validate(document)
    except ValidationError as error:
        raise SpecError("not a canonical spec", where=where, findings=findings_of(error)) from None


def read_spec(path: Path) -> Spec:
    """The spec in a JSON file. Raises `SpecError` when the file can't be read or isn't one."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, ValueError, RecursionError) as error:
        what = f"can't be read as JSON: {shorten(str(error))}"
        raise SpecError(what, where=str(path), hint="give a canonical_spec.json that a build has made") from None
    return parse_spec(document, where=str(path))


def dump_spec(spec: Spec) -> str:
    """The spec as JSON text: defaults left out, two spaces of indent, one way to write each spec."""
    return json.dumps(spec.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"


def json_schema() -> dict[str, JsonValue]:
    """JSON Schema of the spec, generated from these models."""
    return Spec.model_json_schema()
