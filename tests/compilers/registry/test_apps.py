"""What every app of the registry keeps to."""

from __future__ import annotations

from collections import Counter

from pydantic import JsonValue

from compilers.registry import Columns, InputField, inputs_of, registry
from tests.compilers.registry.samples import operations, sample

PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "text": (str,),
    "number": (int, float),
    "boolean": (bool,),
    "date": (str,),
    "array": (list,),
    "object": (dict,),
}


def fits(field: InputField, value: JsonValue) -> bool:
    """Whether a value can stand in an input: a template anywhere but where only fixed values may, else its type."""
    if field.template and isinstance(value, str):
        return True
    return isinstance(value, PYTHON_TYPES.get(field.type, (object,)))


def test_the_apps_of_the_first_delivery_are_there() -> None:
    names = "webhook schedule http json text slack gmail email google_sheets airtable notion hubspot telegram openai"
    assert {*names.split(), "anthropic", "data_store"} <= registry().apps.keys()


def test_everything_has_a_side() -> None:
    assert [name for name, _, operation in operations() if operation.make is None and operation.n8n is None] == []


def test_every_input_is_used() -> None:
    used: dict[str, set[str]] = {name: set() for name in registry().apps}
    for _, app, operation in operations():
        used[app.app] |= {"always", *(name for name, field in operation.inputs.items() if "file" in field.type)}
        for module in operation.make_modules:
            used[app.app] |= inputs_of(module.parameters) | inputs_of(module.mapper) | set(module.reads)
        for node in operation.n8n_nodes:
            used[app.app] |= inputs_of(node.parameters) | inputs_of({"$js": node.result})
        for output in operation.outputs.values():
            used[app.app] |= {side.columns for side in (output.make, output.n8n) if isinstance(side, Columns)}
    unused = [
        f"{name}.{key}" for name, app, operation in operations() for key in operation.inputs.keys() - used[app.app]
    ]
    assert unused == []


def test_samples_and_defaults_fit_their_types() -> None:
    wrong = [
        f"{name}.{key}: {value!r}"
        for name, _, operation in operations()
        for key, field in operation.inputs.items()
        for value in (sample(field), field.default)
        if value is not None and not fits(field, value) and str(value) not in field.options
    ]
    assert wrong == []


def test_people_can_read_what_each_thing_is() -> None:
    silent = [
        f"{name}.{key}"
        for name, _, operation in operations()
        for key, field in operation.inputs.items()
        if not field.description
    ]
    assert silent == []
    assert [name for name, _, operation in operations() if not operation.summary[:1].isupper()] == []


def test_what_starts_a_run_takes_no_values_of_a_run() -> None:
    wrong = [
        f"{name}.{key}"
        for name, _, operation in operations()
        if operation.kind == "trigger"
        for key, field in operation.inputs.items()
        if field.template
    ]
    assert wrong == []


def test_makes_static_settings_take_fixed_values_only() -> None:
    wrong = [
        f"{name}.{key}"
        for name, _, operation in operations()
        if operation.make
        for key in inputs_of(operation.make.parameters)
        if operation.inputs[key].template
    ]
    assert wrong == []


def test_triggers_say_how_they_are_started() -> None:
    for name, _, operation in operations():
        if operation.kind != "trigger":
            assert not operation.instant, name
            continue
        assert not operation.side_effect, name
        if operation.make and operation.make.module:
            assert bool(operation.make.hook) == operation.instant, name
        if operation.n8n:
            assert operation.n8n.webhook == operation.instant, name


def test_an_operation_without_an_account_has_none_anywhere() -> None:
    for name, app, operation in operations():
        if app.connection is None or operation.n8n is None:
            continue
        assert operation.connection == (operation.n8n.credential is not False), name


def test_accounts_say_what_a_person_has_to_give() -> None:
    for app in registry().apps.values():
        assert app.connection is None or (app.connection.grants and app.connection.setup_minutes), app.app
        assert app.documentation.startswith("https://"), app.app


def test_a_word_of_a_client_means_one_app() -> None:
    words = Counter(word for app in registry().apps.values() for word in {*app.aliases, app.app.replace("_", " ")})
    assert [word for word, count in words.items() if count > 1] == []
    assert [word for word in words if word != word.lower()] == []
