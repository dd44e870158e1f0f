"""Operations of a plan made steps of a spec: which operation, its inputs, its account, its error handling."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.errors import RegistryError, shorten
from compilers.registry import App, Operation, registry
from compilers.spec import Connection, OnError, OutputField
from manageai_assets.intake.ledger import Ledger, Question
from manageai_assets.intake.models import Intake
from manageai_assets.intake.naming import id_of
from manageai_assets.intake.plan import ActionPlan, ErrorPlan, FieldType, TriggerPlan
from manageai_assets.intake.vocabulary import placeholder_of

MAX_OUTPUTS = 60
"""Fields taken from a sample; documents don't show more."""


@dataclass(frozen=True)
class Found:
    """An operation of the registry, by its names."""

    app_name: str
    name: str
    app: App
    operation: Operation


@dataclass
class Accounts:
    """The connections that the steps need, one for each app and account."""

    customer: str
    connections: dict[str, Connection] = field(default_factory=dict)

    def connect(self, found: Found, account: str) -> str | None:
        """The id of the connection for an operation, or None when it needs none."""
        name, app = found.app_name, found.app
        if app.connection is None or not found.operation.connection:
            return None
        identifier = id_of(f"{name} {account}") if account else id_of(name)
        label = f"{app.connection.label}: {account}" if account else app.connection.label
        owner = shorten(account or self.customer, 190)
        self.connections.setdefault(
            identifier, Connection(id=identifier, app=name, label=shorten(label), account=owner)
        )
        return identifier


def find_operation(app_name: str, name: str | None, trigger: bool, ledger: Ledger, where: str) -> Found | None:
    """The operation; without a name, the app's only one of that kind. What can't be found is noted as a failure."""
    try:
        app = registry().app(app_name)
    except RegistryError as error:
        ledger.fail("app.unknown", f"{where}.app", f"the app `{app_name}` is not in the registry", error.hint)
        return None
    fitting = {key: item for key, item in app.operations.items() if (item.kind == "trigger") == trigger}
    offered = {key: item for key, item in fitting.items() if key in app.offered} or fitting
    wanted = "trigger" if trigger else "action"
    if name is None:
        if len(offered) == 1:
            only, operation = next(iter(offered.items()))
            return Found(app_name, only, app, operation)
        what = f"{app.name} has {len(offered)} {wanted}s; which one is meant is not said"
        ledger.fail("operation.unsaid", f"{where}.operation", what, _choices(offered))
        return None
    known = app.operations.get(name)
    if known is None:
        ledger.fail("operation.unknown", f"{where}.operation", f"{app.name} has no `{name}`", _choices(offered))
        return None
    if name not in fitting:
        what = f"`{name}` of {app.name} is no {wanted}"
        ledger.fail("operation.kind", f"{where}.operation", what, _choices(offered))
        return None
    return Found(app_name, name, app, known)


def _choices(operations: Mapping[str, Operation]) -> str:
    return f"there are {', '.join(f'`{name}`' for name in operations)}" if operations else "the registry knows none"


def complete_inputs(found: Found, inputs: Mapping[str, JsonValue], ledger: Ledger, where: str) -> dict[str, JsonValue]:
    """The inputs, with placeholders for what a person fills in at set-up; what else is missing is a failure."""
    completed = dict(inputs)
    for name, spec in found.operation.inputs.items():
        if not spec.required or spec.default is not None or completed.get(name) not in (None, ""):
            continue
        placeholder = placeholder_of(name)
        if placeholder is None:
            what = f"{found.app.name} · {found.operation.summary} needs `{name}`, which is not given"
            ledger.fail("input.missing", f"{where}.inputs.{name}", what, spec.description or "say what it should be")
            continue
        completed[name] = placeholder.value
        if placeholder.question:
            why = "Until it is known, the place is marked and filled in at set-up."
            what = placeholder.question.format(app=found.app.name)
            ledger.ask(Question(what=what, why=why, about=f"{where}.inputs.{name}", blocking=False))
        ledger.assume(placeholder.severity, placeholder.text.format(app=found.app.name), f"{where}.inputs.{name}")
    return completed


def error_handling(plan: ActionPlan, found: Found, intake: Intake) -> OnError | None:
    """What the step says, or what the client prefers for steps that reach a service."""
    said = plan.on_error
    if isinstance(said, ErrorPlan):
        return OnError(
            strategy=said.strategy, substitute=said.substitute, attempts=said.attempts, interval_minutes=said.minutes
        )
    if said is not None:
        return OnError(strategy=said)
    preference = intake.errors
    if preference is None or found.operation.kind == "transform" or preference.strategy == "stop":
        return None
    if preference.strategy == "retry":
        return OnError(strategy="retry", attempts=preference.attempts, interval_minutes=preference.minutes)
    return OnError(strategy="ignore")


def outputs_of(plan: TriggerPlan | ActionPlan, found: Found, sample: JsonValue) -> tuple[OutputField, ...]:
    """The fields that the plan names, or, of an operation with open outputs, those that its sample shows."""
    if plan.fields:
        return tuple(OutputField(path=path[:400], type=kind) for path, kind in plan.fields.items())
    operation = found.operation
    grows = operation.open_outputs or any(output.type in ("object", "any") for output in operation.outputs.values())
    if not grows or not isinstance(sample, dict):
        return ()
    fields = [OutputField(path=path, type=kind) for path, kind in _leaves(sample, "") if len(path) <= 400]
    return tuple(fields[:MAX_OUTPUTS])


def _leaves(value: Mapping[str, JsonValue], prefix: str) -> Iterator[tuple[str, FieldType]]:
    for key, item in value.items():
        path = f"{prefix}{key}"
        match item:
            case dict() if item:
                yield from _leaves(item, f"{path}.")
            case bool():
                yield path, "boolean"
            case int() | float():
                yield path, "number"
            case list():
                yield path, "array"
            case str():
                yield path, "text"
            case _:
                yield path, "any"
