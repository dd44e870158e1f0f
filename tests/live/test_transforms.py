"""What reaches no service gives the same in Python as on a real n8n.

A chain of calls is compiled behind a webhook, each call followed by an aggregate of all that it gave, and answered as
JSON; the same inputs go to Python's functions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from pydantic import JsonValue

from compilers.expressions import Context, Value, evaluate, parse
from compilers.expressions.values import jsonable
from compilers.n8n.emit import emit
from compilers.registry import registry
from compilers.spec import Spec, parse_spec
from manageai_assets.testing.transforms import Bundle, State, StepFailure, transform
from resources.n8n_server import N8nServer
from tests.live.transform_chains import CHAINS, COLUMNS, FAILING, STORE, TABLE, Call, Chain, Json

pytestmark = pytest.mark.live

CALL = "call"
READ_DIRECTLY = frozenset({"markdown_text.to_html"})
"""Gives one bundle, and passes on what its item had: an aggregate right behind it takes that for its own mark."""


# -- both sides ------------------------------------------------------------------------------------------------------


def evaluated(value: JsonValue, payload: Json) -> Value:
    """The value of an input."""
    if isinstance(value, str):
        scope: dict[str, Value] = {CALL: {"body": _value(payload)}}
        return evaluate(parse(value), scope, Context())
    if isinstance(value, list):
        return [evaluated(item, payload) for item in value]
    if isinstance(value, dict):
        return {key: evaluated(item, payload) for key, item in value.items()}
    return value


def _value(value: JsonValue) -> Value:
    if isinstance(value, list):
        return [_value(item) for item in value]
    return {key: _value(item) for key, item in value.items()} if isinstance(value, dict) else value


def in_python(one: Call, payload: Json, state: State) -> list[Bundle]:
    """What Python gives for a call."""
    operation = registry().operation(one.app, one.operation)
    function = transform(one.app, one.operation)
    assert function is not None, one.name
    fixed = {name for name, field in operation.inputs.items() if not field.template}
    inputs: dict[str, Value] = {
        name: _value(value) if name in fixed else evaluated(value, payload)
        for name, value in operation.with_defaults(one.inputs).items()
    }
    return function(inputs, Context(), state)


def expected(chain: Chain) -> Iterator[list[list[Bundle]]]:
    """What Python gives for each payload, call by call."""
    state = State()
    for payload in chain.payloads:
        state.begin_run()
        given: list[list[Bundle]] = []
        for number, one in enumerate(chain.calls):
            state.step = str(number)
            given.append(in_python(one, payload, state))
        yield given


def spec_of(name: str, calls: Sequence[Call], fields: Sequence[Sequence[str]]) -> Spec:
    """The calls behind a webhook, which is answered with the fields of each."""
    steps: list[JsonValue] = []
    value: Json = {}
    for number, one in enumerate(calls):
        step = f"step_{number}"
        collected: Json = {field: f"{{{{ {step}.`{field}` }}}}" for field in fields[number]}
        steps.append({"kind": "app", "id": step, "app": one.app, "operation": one.operation, "inputs": one.inputs})
        if one.name in READ_DIRECTLY:
            value[str(number)] = [collected]
        else:
            steps.append({"kind": "aggregate", "id": f"all_{number}", "source": step, "fields": collected})
            value[str(number)] = f"{{{{ all_{number}.array }}}}"
    steps += [
        {"kind": "app", "id": "answer", "app": "json", "operation": "create", "inputs": {"value": value}},
        {"kind": "respond", "id": "respond", "body": "{{ answer.json }}"},
    ]
    ids = [CALL, *(str(step["id"]) for step in steps if isinstance(step, dict))]
    return parse_spec(
        {
            "slug": f"transform-{name}",
            "name": f"Transform {name}",
            "customer": {"name": "Example GmbH"},
            "trigger": {
                "kind": "trigger",
                "id": CALL,
                "app": "webhook",
                "operation": "receive",
                "inputs": {"path": f"transform-{name}"},
            },
            "steps": steps,
            "edges": [{"source": one, "target": other} for one, other in pairwise(ids)],
        }
    )


def plain(bundles: Sequence[Bundle]) -> JsonValue:
    """Bundles as JSON, without what is null."""
    return [{name: jsonable(value) for name, value in bundle.items() if value is not None} for bundle in bundles]


def without_null(value: JsonValue) -> JsonValue:
    """Elements of an array without their null fields."""
    assert isinstance(value, list)
    return [{key: item for key, item in one.items() if item is not None} for one in value if isinstance(one, dict)]


@pytest.mark.parametrize("chain", CHAINS, ids=lambda chain: chain.name)
def test_python_gives_what_n8n_gives(chain: Chain, n8n: N8nServer) -> None:
    n8n.empty_data_table(f"data-store-{STORE}", {"key": "string", "data": "string"})
    n8n.empty_data_table(TABLE, dict.fromkeys(("key", *COLUMNS), "string"))
    wanted = list(expected(chain))
    fields = [
        sorted({name for given in wanted for bundle in given[number] for name in bundle})
        for number in range(len(chain.calls))
    ]
    workflow = n8n.create(emit(spec_of(chain.name, chain.calls, fields)).document)
    try:
        n8n.activate(workflow)
        answers = [n8n.call(f"transform-{chain.name}", payload).body for payload in chain.payloads]
    finally:
        n8n.delete(workflow)
    differences: list[str] = []
    for given, answer in zip(wanted, answers, strict=True):
        body = answer if isinstance(answer, dict) else {}
        for number, bundles in enumerate(given):
            n8n_side, python = body.get(str(number)), plain(bundles)
            if not isinstance(n8n_side, list) or _shown(chain.calls[number], n8n_side) != python:
                differences.append(f"{chain.calls[number]}\n  n8n:    {n8n_side}\n  Python: {python}")
    assert not differences, "\n".join(differences)


def _shown(one: Call, bundles: JsonValue) -> JsonValue:
    """What n8n gave; of a table's row only the columns that are the record's."""
    shown = without_null(bundles)
    if one.inputs.get("store") != TABLE or not isinstance(shown, list):
        return shown
    return [
        {
            name: {key: item for key, item in value.items() if key in COLUMNS and item is not None}
            if name == "record" and isinstance(value, dict)
            else value
            for name, value in bundle.items()
        }
        for bundle in shown
        if isinstance(bundle, dict)
    ]


@pytest.mark.parametrize("number", range(len(FAILING)))
def test_what_fails_in_python_fails_on_n8n(number: int, n8n: N8nServer) -> None:
    one, name = FAILING[number], f"failing-{number}"
    with pytest.raises(StepFailure):
        in_python(one, {"text": "{"}, State())
    n8n.empty_data_table(f"data-store-{STORE}", {"key": "string", "data": "string"})
    workflow = n8n.create(emit(spec_of(name, [one], [[]])).document)
    try:
        n8n.activate(workflow)
        assert n8n.call(f"transform-{name}", {"text": "{"}).status == 500
    finally:
        n8n.delete(workflow)
