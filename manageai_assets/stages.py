"""Stages: the steps from an intake to its delivery package, as plain functions that say what they need.

    @stage(artifact="confidence.json", group="estimates")
    def confidence(canonical_spec: Spec, validation_report: ValidationReport) -> Confidence: ...

* The name of the function is the name of the asset; the names of its parameters are the stages it needs.
* The return type says how the artifact is written and read: a pydantic model as JSON (two spaces, keys as declared,
  one newline at the end), `str` as UTF-8 text, `bytes` as they are.
* A parameter annotated `X | None` is optional: the stage runs without it when that stage was refused or is missing.
  Any other missing input leaves the stage out.
* A parameter that the decorator's `gathers` names takes the values of several stages, such as those of all platforms,
  as a mapping by stage name, without those that were refused or are missing.
* A stage raises `UserError` to refuse one build, and `Waiting` when a person has to answer first.

Nothing here knows Dagster: the command line runs stages directly (`run_stages`), the assets wrap the same ones.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel
from pydantic_core import to_json

from compilers.errors import UserError

Value = BaseModel | str | bytes
Cell = str | int | float | bool | None


class Waiting(UserError):  # noqa: N818 - not an error, and raised like one
    """The build ends here until a person has answered: not a failure."""


class NotWanted(Waiting):
    """The intake asks for no such artifact, as for a platform that isn't among its targets: not a failure either."""


@dataclass(frozen=True)
class Table:
    """Rows for people: column names, then one tuple a row."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


SHOWN_CHARACTERS = 20_000
"""What a preview shows of a text."""


@dataclass(frozen=True)
class Preview:
    """What a person wants to see of an artifact at a glance; the Dagster UI shows it as the asset's metadata."""

    numbers: Mapping[str, Cell] = field(default_factory=dict)
    markdown: str = ""
    tables: Mapping[str, Table] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One thing that was checked of an artifact; a blocking check that fails stops what depends on it."""

    name: str
    passed: bool
    summary: str
    blocking: bool = False
    findings: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """One step from intake to package. `check_names` are declared beforehand, `checks` gives their results;
    `parameters` are the function's, with the stages that each takes its value from; those in `gathering` take a mapping
    of values, whichever there are."""

    name: str
    function: Callable[..., Value]
    artifact: str
    group: str
    summary: str
    result_type: type[BaseModel] | type[str] | type[bytes]
    parameters: Mapping[str, tuple[str, ...]]
    gathering: frozenset[str]
    optional: frozenset[str]
    preview: Callable[..., Preview] | None
    checks: Callable[..., Sequence[Check]] | None
    check_names: tuple[str, ...]
    blocking_checks: frozenset[str]

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the stages whose values it takes, in the order of its parameters."""
        return tuple(name for names in self.parameters.values() for name in names)

    def run(self, values: Mapping[str, Value | None]) -> Value:
        """What the function gives for the values of the stages it needs."""
        arguments = {
            parameter: {name: values[name] for name in names if values.get(name) is not None}
            if parameter in self.gathering
            else values.get(parameter)
            for parameter, names in self.parameters.items()
        }
        return self.function(**arguments)

    def encode(self, value: Value) -> bytes:
        """The artifact's bytes; the same value always gives the same bytes."""
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return value.encode("utf-8")
        return to_json(value.model_dump(mode="json"), indent=2) + b"\n"

    def decode(self, data: bytes) -> Value:
        """The value that an artifact's bytes hold."""
        if issubclass(self.result_type, BaseModel):
            return self.result_type.model_validate_json(data)
        if issubclass(self.result_type, bytes):
            return data
        return data.decode("utf-8")


def stage(
    *,
    artifact: str,
    group: str,
    preview: Callable[..., Preview] | None = None,
    checks: Callable[..., Sequence[Check]] | None = None,
    check_names: Sequence[str] = (),
    blocking_checks: Sequence[str] = (),
    name: str = "",
    summary: str = "",
    gathers: Mapping[str, Sequence[str]] | None = None,
) -> Callable[[Callable[..., Value]], Stage]:
    """Makes a stage of a function. `preview` and `checks` take the function's result; `name` and `summary` are for a
    function that has none of its own; `gathers` gives the stages of each parameter that takes a mapping of values."""
    gathered = {parameter: tuple(names) for parameter, names in (gathers or {}).items()}

    def decorate(function: Callable[..., Value]) -> Stage:
        hints = typing.get_type_hints(function)
        result_type = hints.pop("return")
        parameters = {one: gathered.get(one, (one,)) for one in inspect.signature(function).parameters}
        return Stage(
            name=name or function.__name__,
            function=function,
            artifact=artifact,
            group=group,
            summary=summary or inspect.getdoc(function) or "",
            result_type=result_type,
            parameters=parameters,
            gathering=frozenset(gathered),
            optional=frozenset(
                needed
                for one, names in parameters.items()
                if one in gathered or _allows_none(hints[one])
                for needed in names
            ),
            preview=preview,
            checks=checks,
            check_names=tuple(check_names),
            blocking_checks=frozenset(blocking_checks),
        )

    return decorate


def _allows_none(hint: object) -> bool:
    return typing.get_origin(hint) in (types.UnionType, typing.Union) and type(None) in typing.get_args(hint)


@dataclass(frozen=True)
class Outcome:
    """What became of one stage of one build: its value, or why there is none."""

    stage: str
    value: Value | None = None
    refusal: UserError | None = None
    waiting: bool = False
    missing: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    seconds: float = 0.0

    @property
    def blocked(self) -> bool:
        """A blocking check failed: what depends on this stage doesn't run."""
        return any(check.blocking and not check.passed for check in self.checks)

    @property
    def usable(self) -> bool:
        """The stage gave a value that others may use."""
        return self.value is not None and not self.blocked


def run_stage(item: Stage, values: Mapping[str, Value | None], clock: Callable[[], float]) -> Outcome:
    """One stage over the values of what it needs. `values` lacks an entry, or has None, for what is not usable."""
    missing = tuple(name for name in item.needs if name not in item.optional and values.get(name) is None)
    if missing:
        return Outcome(item.name, missing=missing)
    started = clock()
    try:
        value = item.run(values)
    except UserError as refusal:
        return Outcome(item.name, refusal=refusal, waiting=isinstance(refusal, Waiting), seconds=clock() - started)
    checks = tuple(item.checks(value)) if item.checks else ()
    return Outcome(item.name, value=value, checks=checks, seconds=clock() - started)


def run_stages(
    stages: Sequence[Stage],
    given: Mapping[str, Value],
    clock: Callable[[], float],
    finished: Callable[[Outcome], None] = lambda outcome: None,
) -> dict[str, Outcome]:
    """All stages in the order given (each behind what it needs), from the `given` values; `finished` hears of each."""
    values: dict[str, Value | None] = dict(given)
    outcomes: dict[str, Outcome] = {}
    for item in stages:
        outcome = run_stage(item, values, clock)
        outcomes[item.name] = outcome
        values[item.name] = outcome.value if outcome.usable else None
        finished(outcome)
    return outcomes
