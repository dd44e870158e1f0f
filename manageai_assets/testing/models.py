"""Cases, what they expect, and what an engine did: the words that engines, comparison and reports share.

A *case* is one run of a scenario: the bundles that its trigger gives, and what each app answers. What must come of it
is an *expectation*, made from the spec. A *trace* is what an engine did.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from compilers.spec import StepId

EngineName = Literal["simulate", "n8n", "make"]
CaseGroup = Literal["routes", "edges", "errors", "business"]
RunStatus = Literal["success", "warning", "error"]
"""As Make says it: `warning` is a run that kept a failed bundle for later."""

ErrorType = Literal[
    "AccountValidationError", "BundleValidationError", "ConnectionError", "DataError", "RateLimitError",
    "ModuleTimeoutError", "RuntimeError",
]  # fmt: skip
FailureName = Literal["400", "401", "403", "404", "429", "500", "timeout"]


class TestModel(BaseModel):
    """Base of these models: frozen, and unknown keys are errors."""

    __test__ = False
    model_config = ConfigDict(frozen=True, extra="forbid")


class Failure(TestModel):
    """How a call fails: the HTTP status, or a time-out, and what the app says."""

    name: FailureName
    message: str

    @property
    def status(self) -> int | None:
        """The HTTP status; None for a time-out."""
        return None if self.name == "timeout" else int(self.name)

    @property
    def type(self) -> ErrorType:
        """Make's name for it (facts 2.7)."""
        return _TYPES[self.name]


_TYPES: dict[FailureName, ErrorType] = {
    "400": "BundleValidationError", "401": "AccountValidationError", "403": "AccountValidationError",
    "404": "BundleValidationError", "429": "RateLimitError", "500": "ConnectionError", "timeout": "ModuleTimeoutError",
}  # fmt: skip


class Answer(TestModel):
    """What an app answers to one call of a step: bundles in the registry's neutral shape, or a failure."""

    bundles: tuple[dict[str, JsonValue], ...] = ()
    failure: Failure | None = None


class Case(TestModel):
    """One run: what starts it, and what each app answers."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,119}$", description="unique in its suite")]
    group: CaseGroup
    title: str = Field(description="for people: `Route Emergency is taken`")
    why: str = Field(default="", description="what it proves, and how its data were chosen")
    bundles: tuple[dict[str, JsonValue], ...] = Field(description="what the trigger gives, in neutral shape")
    answers: dict[StepId, tuple[Answer, ...]] = Field(
        default_factory=dict,
        description="what each step's app answers, call by call; the last one stands for all calls that follow",
    )
    stored: dict[str, dict[str, dict[str, JsonValue]]] = Field(
        default_factory=dict, description="what data stores hold at the start: records by key, by the store's name"
    )
    must_reach: tuple[StepId, ...] = Field(default=(), description="steps that must run, by the graph")
    must_not_reach: tuple[StepId, ...] = Field(default=(), description="steps that must not run, by the graph")
    must_end: RunStatus | None = Field(default=None, description="how the run must end, by the spec's error handling")
    source: Literal["rules", "claude"] = "rules"


class Request(TestModel):
    """What an app was asked for, or would have been: an operation with the values of its inputs."""

    step: StepId
    app: str
    operation: str
    inputs: dict[str, JsonValue] = Field(description="by the registry's names, evaluated; what is empty is left out")


class StepError(TestModel):
    """An error that a step ran into."""

    step: StepId
    type: str
    message: str
    status: int | None = None
    retried: bool = Field(default=False, description="the step was tried again after it")


class Response(TestModel):
    """What the webhook that started the run was answered."""

    status: int
    body: JsonValue = None
    headers: dict[str, str] = Field(default_factory=dict)


class StepTrace(TestModel):
    """What one step did in a run."""

    step: StepId
    bundles_in: int = Field(ge=0, description="bundles that reached it and passed its filter")
    bundles_out: int = Field(ge=0)
    outputs: tuple[JsonValue, ...] = Field(default=(), description="the bundles that it gave, in order")
    requests: tuple[Request, ...] = ()
    operations: int = Field(default=0, ge=0, description="operations that Make counts")
    errors: tuple[StepError, ...] = ()
    milliseconds: float = Field(default=0.0, ge=0)


class Trace(TestModel):
    """One run on an engine."""

    engine: EngineName
    status: RunStatus
    steps: dict[StepId, StepTrace] = Field(description="the steps that ran, in the order in which they first did")
    requests: tuple[Request, ...] = Field(default=(), description="all of them in their order")
    response: Response | None = None
    error: StepError | None = Field(default=None, description="the error that ended the run")
    operations: int = 0
    taken: tuple[str, ...] = Field(default=(), description="edges that bundles passed, as `source>target`")
    stopped: tuple[str, ...] = Field(default=(), description="edges whose filter stopped a bundle, as `source>target`")
    stored: dict[str, dict[str, dict[str, JsonValue]]] = Field(
        default_factory=dict, description="what data stores held at the end: records by key, by the store's name"
    )
    started: datetime | None = None
    milliseconds: float = Field(default=0.0, ge=0)
    notes: tuple[str, ...] = Field(default=(), description="what the engine could not see or do, in words")


class Difference(TestModel):
    """One thing that was otherwise than expected."""

    step: str = Field(description="step id; empty for the run as a whole")
    what: str = Field(description="`requests[0].inputs.channel`, `bundles_out`, `response.body`...")
    expected: JsonValue
    actual: JsonValue


class StepResult(TestModel):
    """One module in one case."""

    step: StepId
    title: str
    passed: bool
    expected: StepTrace | None = Field(description="None: must not run")
    actual: StepTrace | None = Field(description="None: did not run")
    differences: tuple[Difference, ...] = ()


class CaseResult(TestModel):
    """One case: passed when nothing is otherwise than expected."""

    case: Case
    passed: bool
    expected: Trace
    actual: Trace | None = Field(default=None, description="None when the engine could not run it")
    steps: tuple[StepResult, ...] = ()
    differences: tuple[Difference, ...] = Field(default=(), description="all, those of steps included")
    problem: str = Field(default="", description="why the engine could not run it")


class Coverage(TestModel):
    """How much of a spec the cases reach: names of what was, and of what wasn't."""

    steps: tuple[str, ...] = ()
    steps_missed: tuple[str, ...] = ()
    routes: tuple[str, ...] = ()
    routes_missed: tuple[str, ...] = ()
    filters: tuple[str, ...] = Field(default=(), description="filters seen both to pass and to stop a bundle")
    filters_missed: tuple[str, ...] = ()
    handlers: tuple[str, ...] = ()
    handlers_missed: tuple[str, ...] = ()


class TestSuite(TestModel):
    """The cases of one spec."""

    slug: str
    version: int
    cases: tuple[Case, ...]
    not_covered: tuple[str, ...] = Field(default=(), description="what no case could be found for, and why")
    notes: tuple[str, ...] = Field(default=(), description="what to know of how the cases came about")


class TestReport(TestModel):
    """What became of a suite on an engine."""

    slug: str
    version: int
    engine: EngineName
    subject: str = Field(description="what was run: `Make export, read back`, `n8n export`...")
    passed: bool
    results: tuple[CaseResult, ...]
    coverage: Coverage
    milliseconds: float = Field(default=0.0, ge=0)
    notes: tuple[str, ...] = ()
