"""The plan of an automation as a person writes it: what starts it and what happens then.

Steps nest where the flow nests (`routes`, `for_each`, `if`), so that nobody has to draw edges; `builder` makes the
canonical spec of a plan. A step is known by the key it has: `app`, `routes`, `if`, `for_each`, `repeat`, `collect`,
`wait`, `set`, `get`, `respond`, `stop`, `run_scenario`, or it is a plain sentence, read by the rules of
`request_rules`. Values are templates in the spec's notation: `{{ lead.body.email }}` is a field of the step `lead`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import time
from typing import Annotated, ClassVar, Literal, Union

from pydantic import BeforeValidator, Discriminator, Field, JsonValue, Tag, model_validator

from compilers.spec import Filter, Header, Label, Model, Name, RegistryName, StepId, Text

When = Annotated[
    Union[Annotated[str, Field(max_length=2000)], Filter],
    Field(description="`score.value >= 70 and lead.body.country is DE`, or a filter in the spec's own form"),
]
Strategy = Literal["ignore", "resume", "retry", "commit", "rollback"]
MAX_STEPS = 500
FieldType = Literal["text", "number", "boolean", "date", "array", "object", "file", "any"]


class PlanModel(Model):
    """Base of the plan's models. `SPELLINGS` are friendlier spellings of some keys, for people who write YAML."""

    SPELLINGS: ClassVar[Mapping[str, str]] = {}

    @model_validator(mode="before")
    @classmethod
    def _respell(cls, value: object) -> object:
        if not cls.SPELLINGS or not isinstance(value, dict):
            return value
        for friendly, name in cls.SPELLINGS.items():
            if friendly in value and name in value:
                raise ValueError(f"`{friendly}` and `{name}` mean the same; keep one")
        return {cls.SPELLINGS.get(key, key) if isinstance(key, str) else key: item for key, item in value.items()}


class SchedulePlan(PlanModel):
    """When a scheduled automation runs, in local time of the intake's time zone."""

    every: Literal["minutes", "hour", "day", "weekday", "week", "month"]
    minutes: int | None = Field(default=None, ge=1, le=44_640, description="every minutes: how many between two runs")
    at: time | None = Field(default=None, description="such as `07:30`; 08:00 when it isn't said")
    on: tuple[Annotated[int, Field(ge=0, le=31)], ...] = Field(
        default=(), description="week: 0 (Sunday) to 6; month: days of the month"
    )

    @model_validator(mode="after")
    def _days_fit(self) -> SchedulePlan:
        if self.every == "minutes" and self.minutes is None:
            raise ValueError("`every: minutes` needs `minutes`, the number of minutes between two runs")
        if self.every == "week" and any(day > 6 for day in self.on):
            raise ValueError("days of the week go from 0 (Sunday) to 6")
        if self.every == "month" and 0 in self.on:
            raise ValueError("days of the month go from 1 to 31")
        return self


class ErrorPlan(PlanModel):
    """What happens when a step fails: `do` runs first (tell somebody), then the strategy."""

    strategy: Strategy
    attempts: int = Field(default=3, ge=1, le=1000)
    minutes: int = Field(default=15, ge=0, le=44_640, description="between two attempts")
    substitute: dict[str, JsonValue] = Field(default_factory=dict, description="resume: outputs used instead")
    do: tuple[StepPlan, ...] = Field(default=(), description="steps that run on failure, before the strategy")


class TriggerPlan(PlanModel):
    """What starts the automation: an app's trigger, or a schedule alone."""

    app: RegistryName | None = Field(
        default=None, description="registry name; `schedule` when only a schedule is given"
    )
    operation: RegistryName | None = Field(default=None, description="the app's only trigger when it isn't said")
    id: StepId | None = Field(default=None, description="name that expressions use; `trigger` when it isn't said")
    label: Label = ""
    note: Text = ""
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    schedule: SchedulePlan | Annotated[str, Field(max_length=300)] | None = Field(
        default=None, description="of a scheduled or polling trigger; text such as `every weekday at 07:30` works too"
    )
    fields: dict[str, FieldType] = Field(default_factory=dict, description="what it is known to give, by dotted path")
    account: Label = Field(default="", description="whose account, in words")
    sample: JsonValue = Field(default=None, description="one example of what it gives")


class StepPlanBase(PlanModel):
    """What every step of a plan may have."""

    id: StepId | None = Field(
        default=None, description="name that expressions use; made from the label or app if unset"
    )
    label: Label = ""
    note: Text = ""
    when: When | None = Field(default=None, description="the step and what follows run only when this holds")
    sample: JsonValue = Field(default=None, description="one example of what the step gives")


class ActionPlan(StepPlanBase):
    """One call of an app."""

    app: RegistryName
    operation: RegistryName | None = Field(default=None, description="the app's only action when it isn't said")
    inputs: dict[str, JsonValue] = Field(default_factory=dict, description="by the registry's input names")
    account: Label = Field(default="", description="whose account, in words; another account is another connection")
    fields: dict[str, FieldType] = Field(default_factory=dict, description="what it is known to give, by dotted path")
    on_error: Strategy | ErrorPlan | None = None


class RoutePlan(PlanModel):
    """One way out of a router."""

    label: Label = ""
    when: When | None = Field(default=None, description="none: always")
    do: tuple[StepPlan, ...] = Field(min_length=1)


class RoutesPlan(StepPlanBase):
    """Several ways that never join again; nothing follows this step."""

    routes: tuple[RoutePlan, ...] = Field(min_length=1, max_length=100)
    take: Literal["all", "first"] = Field(
        default="all", description="every route whose `when` holds, or only the first"
    )
    otherwise: tuple[StepPlan, ...] = Field(default=(), description="when no route was taken")


class IfPlan(StepPlanBase):
    """One of two ways; the steps behind it run after either."""

    SPELLINGS: ClassVar[Mapping[str, str]] = {"if": "condition", "else": "otherwise"}

    condition: When
    then: tuple[StepPlan, ...] = Field(min_length=1)
    otherwise: tuple[StepPlan, ...] = Field(default=(), description="`else` in YAML")
    gives: dict[Name, Annotated[tuple[JsonValue, ...], Field(min_length=2, max_length=2)]] = Field(
        default_factory=dict, description="name: [value after `then`, value after `otherwise`], for the steps behind"
    )


class Collect(PlanModel):
    """Puts what came one by one together again."""

    SPELLINGS: ClassVar[Mapping[str, str]] = {"as": "mode"}

    mode: Literal["array", "text", "sum", "avg", "count", "min", "max"] = "array"
    value: JsonValue = Field(default=None, description="text and number modes: template for each one")
    fields: dict[str, JsonValue] = Field(default_factory=dict, description="array: the fields of each element")
    separator: Annotated[str, Field(max_length=1000)] = "\n"
    group_by: JsonValue = None
    stop_if_empty: bool = False
    id: StepId | None = None
    label: Label = ""


class ForEachPlan(StepPlanBase):
    """Steps for each element of an array; with `collect`, what follows runs once for all of them."""

    for_each: Annotated[str, Field(min_length=1, max_length=10_000)] = Field(description="template that gives an array")
    do: tuple[StepPlan, ...] = ()
    collect: Collect | None = None


class RepeatPlan(StepPlanBase):
    """Steps a number of times; with `collect`, what follows runs once."""

    repeat: int | Annotated[str, Field(max_length=10_000)]
    do: tuple[StepPlan, ...] = ()
    collect: Collect | None = None


class CollectPlan(StepPlanBase):
    """Collects the bundles of an earlier search, for_each or trigger; what follows runs once."""

    SPELLINGS: ClassVar[Mapping[str, str]] = {"from": "source"}

    collect: Collect
    source: StepId | None = Field(
        default=None, description="the step whose results are collected; the nearest search before it if unset"
    )


class WaitPlan(StepPlanBase):
    """Waits 1 to 300 seconds."""

    wait: int | Annotated[str, Field(max_length=10_000)]


class SetPlan(StepPlanBase):
    """Sets variables."""

    SPELLINGS: ClassVar[Mapping[str, str]] = {"set": "values"}

    values: dict[Name, JsonValue] = Field(min_length=1, description="`set` in YAML: name: value")
    scope: Literal["cycle", "run"] = "cycle"


class GetPlan(StepPlanBase):
    """Gets variables that were set earlier in the run."""

    SPELLINGS: ClassVar[Mapping[str, str]] = {"get": "names"}

    names: tuple[Name, ...] = Field(min_length=1, description="`get` in YAML")
    scope: Literal["cycle", "run"] = "cycle"


class Answer(PlanModel):
    """Answer to the caller of the webhook."""

    status: int | Annotated[str, Field(max_length=1000)] = 200
    headers: tuple[Header, ...] = ()
    body: JsonValue = ""


class RespondPlan(StepPlanBase):
    """Answers the webhook that started the run."""

    respond: Answer


class StopPlan(StepPlanBase):
    """Ends this branch, quietly or with an error."""

    stop: Literal["success", "error"]
    message: JsonValue = ""


class SubScenarioPlan(StepPlanBase):
    """Runs another scenario."""

    run_scenario: Name
    inputs: dict[str, JsonValue] = Field(default_factory=dict)
    wait_for_end: bool = True


class SentencePlan(StepPlanBase):
    """A step in plain words, such as `tell sales in Slack`; the rules read it."""

    say: Annotated[str, Field(min_length=1, max_length=2000)]


_KINDS = {
    "app": "action", "routes": "routes", "if": "if", "condition": "if", "for_each": "for_each", "repeat": "repeat",
    "collect": "collect", "wait": "wait", "set": "set", "values": "set", "get": "get", "names": "get",
    "respond": "respond", "stop": "stop", "run_scenario": "run_scenario", "say": "say",
}  # fmt: skip


def _kind_of(value: object) -> str:
    """The tag of a step: by its first telling key, or by its class. No key of a step looks like a tag."""
    if isinstance(value, StepPlanBase):
        keys: tuple[str, ...] = tuple(type(value).model_fields)
    else:
        keys = tuple(value) if isinstance(value, dict) else ()
    return "step:" + next((tag for key, tag in _KINDS.items() if key in keys), "action")


def _sentence(value: object) -> object:
    return {"say": value} if isinstance(value, str) else value


StepPlan = Annotated[
    Union[
        Annotated[ActionPlan, Tag("step:action")],
        Annotated[RoutesPlan, Tag("step:routes")],
        Annotated[IfPlan, Tag("step:if")],
        Annotated[ForEachPlan, Tag("step:for_each")],
        Annotated[RepeatPlan, Tag("step:repeat")],
        Annotated[CollectPlan, Tag("step:collect")],
        Annotated[WaitPlan, Tag("step:wait")],
        Annotated[SetPlan, Tag("step:set")],
        Annotated[GetPlan, Tag("step:get")],
        Annotated[RespondPlan, Tag("step:respond")],
        Annotated[StopPlan, Tag("step:stop")],
        Annotated[SubScenarioPlan, Tag("step:run_scenario")],
        Annotated[SentencePlan, Tag("step:say")],
    ],
    Discriminator(_kind_of),
    BeforeValidator(_sentence),
]
AnyStepPlan = Union[
    ActionPlan, RoutesPlan, IfPlan, ForEachPlan, RepeatPlan, CollectPlan, WaitPlan, SetPlan, GetPlan, RespondPlan,
    StopPlan, SubScenarioPlan, SentencePlan,
]  # fmt: skip


class Plan(PlanModel):
    """A trigger and steps, ready to be made a canonical spec. The order of `steps` is the order of the run."""

    trigger: TriggerPlan
    steps: tuple[StepPlan, ...] = Field(min_length=1, max_length=MAX_STEPS)


def children(step: AnyStepPlan) -> Iterator[tuple[str, tuple[AnyStepPlan, ...]]]:
    """The chains of steps inside a step, each with its path, such as `routes.0.do`."""
    match step:
        case RoutesPlan():
            yield from ((f"routes.{index}.do", route.do) for index, route in enumerate(step.routes))
            yield "otherwise", step.otherwise
        case IfPlan():
            yield from (("then", step.then), ("otherwise", step.otherwise))
        case ForEachPlan() | RepeatPlan():
            yield "do", step.do
        case ActionPlan(on_error=ErrorPlan(do=handler)):
            yield "on_error.do", handler
        case _:
            return


def walk(steps: tuple[AnyStepPlan, ...], path: str = "steps") -> Iterator[tuple[str, AnyStepPlan]]:
    """Every step with its place, such as `steps.2.routes.0.do.1`, each before those inside it."""
    for index, step in enumerate(steps):
        place = f"{path}.{index}"
        yield place, step
        for name, chain in children(step):
            yield from walk(chain, f"{place}.{name}")
