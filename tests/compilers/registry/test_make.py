"""The registry's Make side, held against what real blueprints hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import BaseModel, Field, JsonValue

from compilers.registry import MakeModule, bind
from tests.compilers.registry.samples import input_sets, operations

ELSEWHERE = ("account", "keychain", "hook", "datastore")
"""Types of parameters that a person chooses after the import."""

CONDITIONAL: Mapping[str, frozenset[str]] = {
    "email:ActionSendEmail": frozenset({"accountImap", "folder"}),
    "google-sheets:addRow": frozenset({"tableFirstRow"}),
    "google-sheets:updateRow": frozenset({"tableFirstRow"}),
    "openai-gpt-3:CreateCompletion": frozenset({"parseJSONResponse"}),
    "slack:CreateMessage": frozenset({"channelType"}),
}
"""Fields that the editor requires under another setting than the registry's."""


ALIKE: Mapping[str, str] = {"http:ActionSendDataAPIKeyAuth": "http:ActionSendData"}
"""Modules that take the fields of another one too."""


class Declared(BaseModel):
    """One field of a module, as its own declaration in a blueprint says."""

    type: str
    required: bool = False
    options: tuple[str, ...] = ()


class Facts(BaseModel):
    """One module, as real blueprints show it."""

    module: str
    versions: dict[str, int]
    parameters: frozenset[str] = frozenset()
    mapper: frozenset[str] = frozenset()
    declared_parameters: dict[str, Declared] = Field(default_factory=dict)
    declared_mapper: dict[str, Declared] = Field(default_factory=dict)

    @property
    def is_shown(self) -> bool:
        """Whether any blueprint has the module with a field filled in, without which it tells nothing of them."""
        return bool(self.parameters | self.mapper)


class PlainMake:
    """Writes templates as they stand."""

    def value(self, value: JsonValue) -> JsonValue:
        return value

    def text(self, parts: list[str | tuple[JsonValue]]) -> JsonValue:
        return "".join(part if isinstance(part, str) else str(part[0]) for part in parts)

    def as_text(self, value: JsonValue) -> JsonValue:
        return self.text([(value,)])

    def json_text(self, value: JsonValue) -> JsonValue:
        return json.dumps(value)

    def javascript(self, value: JsonValue) -> str:
        raise AssertionError("Make takes no JavaScript")


@pytest.fixture(scope="module")
def facts(shared: Path) -> dict[str, Facts]:
    document = json.loads((shared / "facts" / "make_modules.json").read_text(encoding="utf-8"))
    return {entry["module"]: Facts.model_validate(entry) for entry in document["modules"]}


def sides() -> list[tuple[str, MakeModule, str]]:
    """Every operation with a Make module: its name, that side, and the module."""
    return [
        (name, module, module.module)
        for name, _, operation in operations()
        for module in operation.make_modules
        if module.module
    ]


def bound() -> list[tuple[str, str, dict[str, JsonValue], dict[str, JsonValue]]]:
    """Every operation and set of inputs: which, the module, its parameters and its mapper."""
    found = []
    for name, _, operation in operations():
        for make in operation.make_modules:
            for which, inputs in input_sets(operation).items() if make.module else ():
                parameters = bind(make.parameters, inputs, PlainMake())
                mapper = bind(make.mapper, inputs, PlainMake()) if make.mapper else {}
                found.append((f"{name} {which}", str(make.module), parameters, mapper))
    return found


def test_modules_and_versions_are_real(facts: dict[str, Facts]) -> None:
    unknown = [
        f"{name}: {module} v{make.version}"
        for name, make, module in sides()
        if (str(make.version) not in facts[module].versions if module in facts else make.source == "real exports")
    ]
    assert unknown == []


def test_every_side_says_where_its_names_come_from() -> None:
    assert [name for name, make, _ in sides() if not make.source] == []


def test_every_field_is_one_that_the_module_has(facts: dict[str, Facts]) -> None:
    unknown = {
        f"{module}: {key}"
        for _, module, parameters, mapper in bound()
        if (known := facts.get(module)) and known.is_shown
        for key in [
            *(parameters.keys() - known.parameters - known.declared_parameters.keys()),
            *(mapper.keys() - known.mapper - known.declared_mapper.keys() - facts[ALIKE.get(module, module)].mapper),
        ]
    }
    assert unknown == set()


def test_every_required_field_is_there(facts: dict[str, Facts]) -> None:
    missing = {
        f"{which}: {module} {key}"
        for which, module, parameters, mapper in bound()
        if (known := facts.get(module))
        for declared, given in ((known.declared_parameters, parameters), (known.declared_mapper, mapper))
        for key, field in declared.items()
        if field.required and key not in given and not key.startswith("{{")
        if field.type.split(":")[0] not in ELSEWHERE and key not in CONDITIONAL.get(module, ())
    }
    assert missing == set()


def test_every_fixed_value_is_one_of_the_options(facts: dict[str, Facts]) -> None:
    wrong = {
        f"{which}: {module} {key}={value!r}"
        for which, module, parameters, mapper in bound()
        if (known := facts.get(module))
        for declared, given in ((known.declared_parameters, parameters), (known.declared_mapper, mapper))
        for key, value in given.items()
        if key in declared and declared[key].options and not isinstance(value, list) and "{{" not in str(value)
        if str(value) not in ("", *declared[key].options)
    }
    assert wrong == set()


def test_fields_that_a_person_chooses_are_left_to_them(facts: dict[str, Facts]) -> None:
    given = {
        f"{module}: {key}"
        for _, module, parameters, _ in bound()
        if (known := facts.get(module))
        for key, field in known.declared_parameters.items()
        if field.type.split(":")[0] in ("account", "keychain", "hook") and key in parameters
    }
    assert given == set()


def accounts(type_: str) -> frozenset[str]:
    """What the type of an account's field takes: `account:slack2,slack3` is two; a key is `keychain:apikeyauth`."""
    return frozenset([type_, *type_.removeprefix("account:").split(",")])


def test_webhooks_and_accounts_go_where_the_module_takes_them(facts: dict[str, Facts]) -> None:
    wrong = []
    for name, app, operation in operations():
        make = operation.make
        known = facts.get(make.module) if make and make.module else None
        if make is None or known is None or not known.is_shown:
            continue
        types = {key: field.type for key, field in known.declared_parameters.items()}
        if make.hook and types.get(make.hook) != f"hook:{make.hook_type}":
            wrong.append(f"{name}: {make.hook} is {types.get(make.hook)}")
        account = app.connection.make if app.connection and operation.connection and make.connection else None
        if account and account.type not in accounts(types.get(account.parameter, "")):
            wrong.append(f"{name}: {account.parameter} is {types.get(account.parameter)}")
        if not account and any(type_.split(":")[0] in ("account", "keychain") for type_ in types.values()):
            wrong.append(f"{name}: takes an account")
    assert wrong == []
