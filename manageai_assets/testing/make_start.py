"""How a test starts a scenario on Make, and what it must fill in before Make takes the blueprint.

A webhook trigger gets a hook of its own. Any other trigger that has a module waits for events of a real account; a
webhook stands in for it, under the same module id, and is sent what the trigger would have given. Schedules have no
module, and scenarios that others call take their inputs with the run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import Finding, UserError
from compilers.export import Export
from compilers.paths import substituted
from compilers.registry import registry
from compilers.registry.loader import plain_name
from compilers.spec import OperationStep, Spec
from manageai_assets.testing.engine import UnplayableError
from manageai_assets.testing.models import Case
from resources.make_models import Connection, InputSpec

WEBHOOK = "gateway:CustomWebHook"
_BRANCHES = ("flow", "routes", "branches", "onerror", "tools")


@dataclass(frozen=True)
class HookCall:
    """A request to a hook."""

    method: str
    query: dict[str, str]
    headers: dict[str, str]
    body: JsonValue


@dataclass(frozen=True)
class Start:
    """What starts a spec's scenario. `module` is the trigger's id in the blueprint; None where it has none."""

    kind: Literal["webhook", "stand_in", "inputs", "run"]
    module: int | None

    @property
    def by_hook(self) -> bool:
        """Whether a hook starts it."""
        return self.kind in ("webhook", "stand_in")


def start_of(spec: Spec, export: Export) -> Start:
    """How the export of a spec is started."""
    number = next((int(place.split()[-1]) for place in export.places.get(spec.trigger.id, ())), None)
    module = next((one for one in modules_of(export.document) if one.get("id") == number), None)
    if module is None:
        return Start("run", None)
    if module.get("module") == WEBHOOK:
        return Start("webhook", number)
    if module.get("module") == "scenario-service:StartSubscenario":
        return Start("inputs", number)
    return Start("run" if module.get("module") == "util:BasicTrigger" else "stand_in", number)


def modules_of(document: Mapping[str, JsonValue]) -> Iterator[Object]:
    """All modules of a blueprint, in no certain order."""
    todo: list[JsonValue] = [document.get("flow")]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if isinstance(item.get("module"), str):
                yield item
            todo.extend(item[key] for key in _BRANCHES if key in item)
        elif isinstance(item, list):
            todo.extend(item)


def prepared(
    document: Mapping[str, JsonValue], start: Start, name: str, hook: int | None, accounts: Sequence[Connection]
) -> Object:
    """A copy of the blueprint that Make takes: with its hook, and with accounts of the team where modules want one.

    Raises `UserError` with a finding for each account that the team lacks."""
    made = deepcopy(dict(document))
    made["name"] = name
    if start.by_hook:
        made["metadata"] = {**members(made.get("metadata")), "instant": True}
    findings: list[Finding] = []
    for module in modules_of(made):
        if hook is not None and module.get("id") == start.module:
            _listen(module, hook)
        else:
            findings += _connect(module, accounts)
    if findings:
        hint = "connect them in the team, then test again"
        raise UserError("the team at Make lacks accounts that the scenario needs", hint=hint, findings=findings)
    return made


def _listen(module: Object, hook: int) -> None:
    """Makes the trigger's module a webhook that listens on that hook."""
    if module.get("module") != WEBHOOK:
        kept = {"designer": members(module.get("metadata")).get("designer")}
        stand_in: Object = {"id": module["id"], "module": WEBHOOK, "version": 1, "mapper": {}, "metadata": {**kept}}
        module.clear()
        module |= {**stand_in, "parameters": {"maxResults": 1}}
    module["parameters"] = {**members(module.get("parameters")), "hook": hook}


def _connect(module: Object, accounts: Sequence[Connection]) -> Iterator[Finding]:
    """Fills in the accounts that the module declares; those of another team's blueprint are replaced."""
    for declared in map(members, items(members(module.get("metadata")).get("parameters"))):
        name, (kind, _, types) = str(declared.get("name")), str(declared.get("type", "")).partition(":")
        if kind not in ("account", "keychain"):
            continue
        wanted = _types(str(module["module"]), types)
        parameters = members(module.get("parameters"))
        fitting = [one.id for one in accounts if kind == "account" and one.account_name in wanted]
        if not fitting:
            lacking = "account of the type" if kind == "account" else "key that a test may choose, of the type"
            what = f"`{module['module']}` has no {lacking} {' or '.join(sorted(wanted))}"
            yield Finding(rule="make.account", severity="error", where=f"module {module.get('id')}", what=what)
        elif parameters.get(name) not in fitting:
            module["parameters"] = {**parameters, name: fitting[0]}


def _types(module: str, declared: str) -> set[str]:
    """The types of account that a module takes: the declared ones, and those that the registry lists beside them."""
    wanted = set(declared.split(","))
    for name in registry().apps.by_module.get(plain_name(module), ()):
        connection = registry().apps[name].connection
        if connection and connection.make and connection.make.type in wanted:
            wanted |= set(connection.make_types)
    return wanted


def check(case: Case, start: Start) -> None:
    """Raises `UnplayableError` for what nobody can make a real team at Make do."""
    where, hint = f"case {case.name}", "run it with TEST_ENGINE=simulate or n8n"
    failing = [step for step, answers in case.answers.items() if any(answer.failure for answer in answers)]
    if failing:
        raise UnplayableError(f"real apps can't be made to fail at {', '.join(failing)}", where=where, hint=hint)
    if case.stored:
        raise UnplayableError("the team's data stores can't be filled for a test", where=where, hint=hint)
    if start.by_hook and len(case.bundles) != 1:
        what = f"a webhook starts one run for each bundle, and the case has {len(case.bundles)}"
        raise UnplayableError(what, where=where, hint=hint)


def call_of(spec: Spec, start: Start, bundle: Mapping[str, JsonValue]) -> HookCall:
    """The request that gives the scenario this bundle of its trigger."""
    trigger = spec.trigger
    if start.kind == "stand_in" or not isinstance(trigger, OperationStep):
        return HookCall("POST", {}, {}, substituted(trigger, bundle, "make"))
    if trigger.operation == "receive_any":
        pairs = [members(one) for one in items(bundle.get("headers"))]
        headers = {str(one.get("name")): str(one.get("value")) for one in pairs}
        return HookCall(str(bundle.get("method") or "POST"), {}, headers, bundle.get("fields"))
    query = {name: str(value) for name, value in members(bundle.get("query")).items()}
    headers = {name: str(value) for name, value in members(bundle.get("headers")).items()}
    return HookCall(str(trigger.inputs.get("method") or "POST"), query, headers, bundle.get("body"))


def inputs_of(case: Case) -> Object:
    """What a scenario that others call is handed."""
    bundle = case.bundles[0] if case.bundles else {}
    return {**members(bundle.get("inputs")), **{name: value for name, value in bundle.items() if name != "inputs"}}


_TYPES: tuple[tuple[type, str], ...] = (
    (bool, "boolean"), (int, "number"), (float, "number"), (list, "array"), (dict, "collection"),
)  # fmt: skip


def specs_of(inputs: Mapping[str, JsonValue]) -> tuple[InputSpec, ...]:
    """The interface that takes these inputs."""
    return tuple(
        InputSpec(name=name, type=next((kind for python, kind in _TYPES if isinstance(value, python)), "text"))
        for name, value in inputs.items()
    )
