"""What Make's API gives, typed. Fields that Make adds are ignored; those that a projection leaves out have defaults."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic.alias_generators import to_camel

from compilers.spec import findings_of
from resources.make_errors import MakeAnswerError

Outcome = Literal["pending", "success", "warning", "error"]
_OUTCOMES: tuple[Outcome, ...] = ("pending", "success", "warning", "error")


class MakeModel(BaseModel):
    """Base of these models: frozen, named as Make names things in camel case."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Scheduling(MakeModel):
    """When a scenario runs by itself; sent to Make as a JSON text."""

    model_config = ConfigDict(alias_generator=None)

    type: str = Field(description="immediately, indefinitely, once, daily, weekly, monthly, yearly or on-demand")
    interval: int | None = Field(default=None, description="indefinitely: seconds")
    date: str | None = None
    days: tuple[int, ...] | None = None
    months: tuple[int, ...] | None = None
    time: str | None = Field(default=None, description="HH:mm, in the organisation's time zone")
    between: tuple[str, ...] | None = None
    restrict: tuple[dict[str, JsonValue], ...] | None = None
    maximum_runs_per_minute: int | None = None

    def text(self) -> str:
        """The JSON text that Make takes."""
        return self.model_dump_json(exclude_none=True)


class Scenario(MakeModel):
    """A scenario as lists and details give it."""

    id: int
    name: str = ""
    team_id: int = 0
    hook_id: int | None = None
    folder_id: int | None = None
    description: str | None = ""
    type: str = "scenario"
    is_active: bool = Field(default=False, validation_alias=AliasChoices("isActive", "islinked", "is_active"))
    is_invalid: bool = Field(default=False, validation_alias=AliasChoices("isinvalid", "is_invalid"))
    is_locked: bool = Field(default=False, validation_alias=AliasChoices("islocked", "is_locked"))
    is_waiting: bool = Field(default=False, validation_alias=AliasChoices("iswaiting", "is_waiting"))
    is_paused: bool = False
    dlq_count: int = Field(default=0, description="incomplete executions that wait")
    used_packages: tuple[str, ...] = ()
    scheduling: Scheduling | None = None
    next_exec: datetime | None = None
    last_edit: datetime | None = None
    created: datetime | None = None


class InputSpec(MakeModel):
    """One input or output of a scenario."""

    name: str
    type: str = "text"
    required: bool = False
    default: JsonValue = None
    multiline: bool = False
    help: str = ""


class Interface(MakeModel):
    """A scenario's inputs and outputs."""

    input: tuple[InputSpec, ...] = ()
    output: tuple[InputSpec, ...] | None = None


class Specs(MakeModel):
    """The interface beside a blueprint, in the older words of the blueprint's call."""

    model_config = ConfigDict(alias_generator=None)

    input_spec: tuple[InputSpec, ...] | None = None
    output_spec: tuple[InputSpec, ...] | None = None


class Blueprint(MakeModel):
    """A stored blueprint and what is kept beside it."""

    blueprint: dict[str, JsonValue]
    scheduling: Scheduling | None = None
    id_sequence: int | None = Field(default=None, description="next free module id")
    created: datetime | None = None
    last_edit: datetime | None = Field(default=None, validation_alias=AliasChoices("last_edit", "lastEdit"))
    metadata: Specs = Specs()


class BlueprintVersion(MakeModel):
    """One version in a scenario's history."""

    version: int
    scenario_id: int = 0
    created: datetime | None = None
    draft: bool = False


class StartedRun(MakeModel):
    """A run that was started; `status` (1 success, 2 warning, 3 error) and `outputs` only when it was waited for."""

    execution_id: str
    status: int | None = None
    outputs: dict[str, JsonValue] | None = None


class CauseModule(MakeModel):
    """The module that ended a run."""

    name: str = ""
    app_name: str = ""


class RunError(MakeModel):
    """Why a run failed."""

    name: str = ""
    message: str = ""
    cause_module: CauseModule | None = None


class Execution(MakeModel):
    """State of one run."""

    status: Literal["RUNNING", "SUCCESS", "WARNING", "ERROR"]
    outputs: dict[str, JsonValue] | None = None
    error: RunError | None = None


class LogEntry(MakeModel):
    """One run in a scenario's history."""

    imt_id: str = Field(description="`<ms>_scenario.<id>.<auto|manual>.<hex32>`; the cursor of the next page")
    id: str = Field(description="the execution's id")
    status: int = Field(default=0, description="0 pending, 1 success, 2 warning, 3 error")
    timestamp: datetime
    duration: int = Field(default=0, description="milliseconds")
    operations: int = 0
    centicredits: int = Field(default=0, description="hundredths of a credit")
    transfer: int = Field(default=0, description="bytes")
    organization_id: int = 0
    team_id: int = 0
    type: str = "auto"
    author_id: int | None = None
    instant: bool = False

    @property
    def outcome(self) -> Outcome:
        """The status in words."""
        return _OUTCOMES[self.status] if 0 <= self.status < len(_OUTCOMES) else "error"


class IncompleteExecution(MakeModel):
    """A run that was kept to be completed later. What names the scenario comes with a single one only."""

    id: str
    reason: str = ""
    created: datetime | None = None
    size: int = 0
    resolved: bool = False
    retry: bool = Field(default=False, description="Make will try again by itself")
    attempts: int = 0
    scenario_id: int | None = None
    scenario_name: str | None = None
    execution_id: str | None = None
    index: int | None = None
    deleted: bool = False


class Hook(MakeModel):
    """A webhook or mailhook."""

    id: int
    name: str = ""
    team_id: int = 0
    udid: str = ""
    type: str = ""
    type_name: str = ""
    package_name: str | None = None
    queue_count: int = 0
    queue_limit: int = 0
    enabled: bool = True
    gone: bool = False
    scenario_id: int | None = None
    url: str = ""


class HookPing(MakeModel):
    """Whether a hook is attached to a scenario, and whether it learns."""

    address: str = ""
    attached: bool = False
    learning: bool = False
    gone: bool = False


class Connection(MakeModel):
    """An account of a team at an app; never its secrets."""

    id: int
    name: str = ""
    account_name: str = Field(default="", description="its type, such as `slack3`")
    account_label: str = ""
    account_type: str = ""
    team_id: int = 0
    expire: datetime | None = None
    scoped: bool = False
    upgradeable: bool = False


class Team(MakeModel):
    """A team."""

    id: int
    name: str = ""
    organization_id: int | None = None


class License(MakeModel):
    """What an organisation's plan allows; what it doesn't say is None."""

    api_limit: int | None = Field(default=None, description="requests of the API in a minute")
    operations: int | None = None
    transfer: int | None = Field(default=None, description="bytes")
    interval: int | None = Field(default=None, description="shortest interval of a schedule, in minutes")
    users: int | None = None


class Organization(MakeModel):
    """An organisation: its plan, and what of it is used. Lists give the first three fields only."""

    id: int
    name: str = ""
    timezone_id: int | None = None
    zone: str | None = None
    is_paused: bool = False
    license: License = License()
    teams: tuple[Team, ...] = ()
    operations: int | None = Field(default=None, description="used since the last reset")
    transfer: int | None = None
    unused_operations: int | None = None
    unused_transfer: int | None = None
    next_reset: datetime | None = None


class UsageDay(MakeModel):
    """What one day took."""

    date: str
    operations: int = 0
    data_transfer: int = 0
    centicredits: int = 0


class Consumption(MakeModel):
    """What one scenario took since the last reset."""

    scenario_id: int
    operations: int = 0
    transfer: int = 0
    centicredits: int = 0


class Consumptions(MakeModel):
    """What all scenarios took since the last reset."""

    scenario_consumptions: tuple[Consumption, ...] = ()
    last_reset: datetime | None = None


Given = TypeVar("Given", bound=MakeModel)


def read(model: type[Given], value: JsonValue, where: str) -> Given:
    """The value as that model. Raises `MakeAnswerError` that names each wrong place."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        what = f"Make's answer is no {model.__name__.lower()} as its API describes it"
        findings = findings_of(error, "make.api")
        raise MakeAnswerError(what, where=where, hint="Make's API may have changed", findings=findings) from None


def read_all(model: type[Given], answer: Mapping[str, JsonValue], key: str, where: str) -> tuple[Given, ...]:
    """The list under a key of an answer. Raises `MakeAnswerError`: an answer without it is no empty list."""
    rows = answer.get(key)
    if not isinstance(rows, list):
        raise MakeAnswerError(f"Make's answer has no list `{key}`", where=where, hint="Make's API may have changed")
    return tuple(read(model, row, where) for row in rows)
