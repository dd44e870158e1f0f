"""Stages: the steps from an intake to its delivery package, as plain functions that say what they need.

    @stage(artifact="confidence.json", group="estimates")
    def confidence(canonical_spec: Spec, validation_report: ValidationReport) -> Confidence: ...

* The name of the function is the name of the asset; the names of its parameters are the stages it needs.
* The return type says how the artifact is written and read: a pydantic model as JSON (two spaces, keys as declared,
  one newline at the end), `str` as UTF-8 text.
* A parameter annotated `X | None` is optional: the stage runs without it when that stage was refused or is missing.
  Any other missing input leaves the stage out.
* A stage raises `UserError` to refuse one build, and `Waiting` when a person has to answer first.

Nothing here knows Dagster: the command line runs stages directly (`run_stages`), the assets wrap the same ones.
"""

from __future__ import annotations

import inspect
import json
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import BaseModel, JsonValue

from compilers.errors import UserError

Value = BaseModel | str
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
    """One step from intake to package. `check_names` are declared beforehand, `checks` gives their results."""

    name: str
    function: Callable[..., Value]
    artifact: str
    group: str
    summary: str
    result_type: type[BaseModel] | type[str]
    needs: tuple[str, ...]
    optional: frozenset[str]
    preview: Callable[..., Preview] | None
    checks: Callable[..., Sequence[Check]] | None
    check_names: tuple[str, ...]
    blocking_checks: frozenset[str]

    def encode(self, value: Value) -> bytes:
        """The artifact's bytes; the same value always gives the same bytes."""
        text = (
            value
            if isinstance(value, str)
            else json.dumps(value.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
        )
        return text.encode("utf-8")

    def decode(self, data: bytes) -> Value:
        """The value that an artifact's bytes hold."""
        if issubclass(self.result_type, BaseModel):
            return self.result_type.model_validate_json(data)
        return data.decode("utf-8")


def stage(
    *,
    artifact: str,
    group: str,
    preview: Callable[..., Preview] | None = None,
    checks: Callable[..., Sequence[Check]] | None = None,
    check_names: Sequence[str] = (),
    blocking_checks: Sequence[str] = (),
) -> Callable[[Callable[..., Value]], Stage]:
    """Makes a stage of a function. `preview` and `checks` take the function's result."""

    def decorate(function: Callable[..., Value]) -> Stage:
        hints = typing.get_type_hints(function)
        result_type = hints.pop("return")
        needs = tuple(inspect.signature(function).parameters)
        optional = frozenset(name for name in needs if _allows_none(hints[name]))
        return Stage(
            name=function.__name__,
            function=function,
            artifact=artifact,
            group=group,
            summary=inspect.getdoc(function) or "",
            result_type=result_type,
            needs=needs,
            optional=optional,
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
        value = item.function(**{name: values.get(name) for name in item.needs})
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


def json_of(value: BaseModel) -> JsonValue:
    """The value as plain JSON."""
    decoded: JsonValue = value.model_dump(mode="json")
    return decoded
