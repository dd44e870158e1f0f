"""Specs that need no account, one for each construct of the control flow, with what they must answer.

Each starts at a webhook and answers it, so that any engine can be asked: `payload` in, `status` and `answer` out.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import JsonValue

from compilers.spec import Spec, parse_spec


@dataclass(frozen=True)
class Case:
    """One call of a flow's webhook, and what must come back."""

    payload: dict[str, JsonValue]
    answer: JsonValue
    status: int = 200


@dataclass(frozen=True)
class Flow:
    """A spec with its cases."""

    name: str
    spec: Spec
    cases: tuple[Case, ...]


def _flow(name: str, steps: list[JsonValue], edges: list[JsonValue], *cases: Case) -> Flow:
    spec = parse_spec(
        {
            "slug": f"flow-{name}",
            "name": f"Flow {name}",
            "customer": {"name": "Example GmbH"},
            "trigger": {"kind": "trigger", "id": "call", "label": "Call", "app": "webhook", "operation": "receive"},
            "steps": steps,
            "edges": edges,
        }
    )
    return Flow(name, spec, cases)


def _next(source: str, target: str, **more: JsonValue) -> JsonValue:
    return {"source": source, "target": target, **more}


def _when(left: JsonValue, operator: str, right: JsonValue = None, **more: JsonValue) -> JsonValue:
    return {"any_of": [[{"left": left, "operator": operator, "right": right, **more}]]}


def _respond(identifier: str, body: JsonValue, status: JsonValue = 200) -> JsonValue:
    return {"id": identifier, "kind": "respond", "body": body, "status": status}


LINEAR = _flow(
    "linear",
    [
        {
            "id": "facts",
            "kind": "set_variables",
            "variables": [
                {"name": "greeting", "value": "Hello {{ call.body.name }}!"},
                {"name": "total", "value": "{{ call.body.price * call.body.count }}"},
                {"name": "missing", "value": "{{ call.body.nothing.at.all }}"},
            ],
        },
        _respond(
            "answer",
            {
                "greeting": "{{ facts.greeting }}",
                "total": "{{ facts.total }}",
                "missing": "{{ ifempty(facts.missing; 'none') }}",
                "upper": "{{ upper(call.body.name) }}",
            },
            201,
        ),
    ],
    [_next("call", "facts"), _next("facts", "answer")],
    Case(
        {"name": 'Ann "Q" \\ <b>', "price": 2.5, "count": 4},
        {"greeting": 'Hello Ann "Q" \\ <b>!', "total": 10, "missing": "none", "upper": 'ANN "Q" \\ <B>'},
        201,
    ),
)

FILTER = _flow(
    "filter",
    [_respond("answer", "passed")],
    [
        _next(
            "call",
            "answer",
            filter={
                "label": "big or urgent",
                "any_of": [
                    [
                        {"left": "{{ call.body.total }}", "operator": "number:at_least", "right": 100},
                        {"left": "{{ call.body.land }}", "operator": "text:equals", "right": "DE"},
                    ],
                    [
                        {
                            "left": "{{ call.body.tag }}",
                            "operator": "text:contains",
                            "right": "urgent",
                            "ignore_case": True,
                        }
                    ],
                ],
            },
        )
    ],
    Case({"total": "150", "land": "DE"}, "passed"),
    Case({"total": 1, "land": "DE", "tag": "very URGENT"}, "passed"),
    Case({"total": 150, "land": "FR"}, ""),
    Case({}, ""),
)

ROUTER_ALL = _flow(
    "router-all",
    [
        {"id": "routes", "kind": "router", "mode": "all"},
        {"id": "first", "kind": "set_variables", "variables": [{"name": "a", "value": "A"}]},
        {"id": "second", "kind": "set_variables", "variables": [{"name": "b", "value": "B"}]},
        _respond("other", "other"),
        {"id": "read", "kind": "get_variables", "names": ["a", "b"]},
        _respond("answer", {"a": "{{ read.a }}", "b": "{{ read.b }}"}),
    ],
    [
        _next("call", "routes"),
        _next("routes", "first", kind="route", filter=_when("{{ call.body.x }}", "number:greater", 0)),
        _next("routes", "second", kind="route", filter=_when("{{ call.body.x }}", "number:greater", 10)),
        _next("routes", "other", kind="route", fallback=True),
        _next("second", "read"),
        _next("read", "answer"),
    ],
    Case({"x": 20}, {"a": "A", "b": "B"}),
    Case({"x": 5}, ""),
    Case({"x": -1}, "other"),
)

ROUTER_FIRST = _flow(
    "router-first",
    [
        {"id": "routes", "kind": "router", "mode": "first"},
        _respond("gold", "gold"),
        _respond("silver", "silver"),
        _respond("rest", "rest"),
    ],
    [
        _next("call", "routes"),
        _next("routes", "gold", kind="route", filter=_when("{{ call.body.points }}", "number:at_least", 100)),
        _next("routes", "silver", kind="route", filter=_when("{{ call.body.points }}", "number:at_least", 50)),
        _next("routes", "rest", kind="route", fallback=True),
    ],
    Case({"points": 100}, "gold"),
    Case({"points": 99}, "silver"),
    Case({"points": 0}, "rest"),
)

IF_MERGE = _flow(
    "if-merge",
    [
        {"id": "vip", "kind": "if_else"},
        {"id": "high", "kind": "set_variables", "variables": [{"name": "rate", "value": 20}]},
        {"id": "low", "kind": "set_variables", "variables": [{"name": "rate", "value": 5}]},
        {
            "id": "joined",
            "kind": "merge",
            "fields": [{"name": "rate", "values": {"high": "{{ high.rate }}", "low": "{{ low.rate }}"}}],
        },
        _respond("answer", {"rate": "{{ joined.rate }}", "name": "{{ call.body.name }}"}),
    ],
    [
        _next("call", "vip"),
        _next(
            "vip", "high", kind="branch", filter=_when("{{ call.body.tier }}", "text:equals", "VIP", ignore_case=True)
        ),
        _next("vip", "low", kind="branch", fallback=True),
        _next("high", "joined"),
        _next("low", "joined"),
        _next("joined", "answer"),
    ],
    Case({"tier": "vip", "name": "Z"}, {"rate": 20, "name": "Z"}),
    Case({"tier": "x", "name": "Y"}, {"rate": 5, "name": "Y"}),
)

LOOP = _flow(
    "loop",
    [
        {"id": "line", "kind": "iterate", "array": "{{ call.body.lines }}"},
        {
            "id": "rows",
            "kind": "aggregate",
            "source": "line",
            "fields": {
                "label": "{{ line._index }}/{{ line._total }} {{ line.sku }}",
                "sum": "{{ line.qty * line.price }}",
            },
        },
        _respond("answer", {"rows": "{{ rows.array }}", "who": "{{ call.body.who }}"}),
    ],
    [
        _next("call", "line"),
        _next("line", "rows", filter=_when("{{ line.qty }}", "number:greater", 0)),
        _next("rows", "answer"),
    ],
    Case(
        {
            "who": "me",
            "lines": [
                {"sku": "a", "qty": 2, "price": 3},
                {"sku": "b", "qty": 0, "price": 1},
                {"sku": "c", "qty": 1, "price": 7},
            ],
        },
        {"who": "me", "rows": [{"label": "1/3 a", "sum": 6}, {"label": "3/3 c", "sum": 7}]},
    ),
    Case({"who": "me", "lines": [{"sku": "b", "qty": 0, "price": 1}]}, {"who": "me", "rows": []}),
    Case({"who": "me", "lines": []}, {"who": "me", "rows": []}),
)

NESTED_LOOP = _flow(
    "nested-loop",
    [
        {"id": "order", "kind": "iterate", "array": "{{ call.body.orders }}"},
        {"id": "line", "kind": "iterate", "array": "{{ order.lines }}"},
        {"id": "sums", "kind": "aggregate", "source": "line", "mode": "sum", "value": "{{ line.qty }}"},
        {
            "id": "list",
            "kind": "aggregate",
            "source": "order",
            "mode": "text",
            "value": "{{ order.name }}={{ sums.result }}",
            "separator": "; ",
        },
        _respond("answer", {"text": "{{ list.text }}"}),
    ],
    [
        _next("call", "order"),
        _next("order", "line"),
        _next("line", "sums"),
        _next("sums", "list"),
        _next("list", "answer"),
    ],
    Case(
        {
            "orders": [
                {"name": "A", "lines": [{"qty": 1}, {"qty": 2}]},
                {"name": "B", "lines": []},
                {"name": "C", "lines": [{"qty": 5}]},
            ]
        },
        {"text": "A=3; B=0; C=5"},
    ),
)

GROUPS = _flow(
    "groups",
    [
        {"id": "line", "kind": "iterate", "array": "{{ call.body.lines }}"},
        {
            "id": "sums",
            "kind": "aggregate",
            "source": "line",
            "mode": "sum",
            "value": "{{ line.qty }}",
            "group_by": "{{ line.sku }}",
        },
        {
            "id": "list",
            "kind": "aggregate",
            "source": "sums",
            "mode": "text",
            "value": "{{ sums.key }}:{{ sums.result }}",
            "separator": ",",
        },
        _respond("answer", "{{ list.text }}"),
    ],
    [_next("call", "line"), _next("line", "sums"), _next("sums", "list"), _next("list", "answer")],
    Case({"lines": [{"sku": "x", "qty": 1}, {"sku": "y", "qty": 5}, {"sku": "x", "qty": 2}]}, "x:3,y:5"),
)

REPEAT = _flow(
    "repeat",
    [
        {"id": "count", "kind": "repeat", "start": 5, "repeats": "{{ call.body.n }}", "step": 2},
        {
            "id": "list",
            "kind": "aggregate",
            "source": "count",
            "mode": "text",
            "value": "{{ count.i }}",
            "separator": " ",
        },
        _respond("answer", "{{ list.text }}"),
    ],
    [_next("call", "count"), _next("count", "list"), _next("list", "answer")],
    Case({"n": 3}, "5 7 9"),
    Case({"n": 0}, ""),
)

SLEEP = _flow(
    "sleep",
    [{"id": "pause", "kind": "sleep", "seconds": 1}, _respond("answer", "{{ call.body.x }}")],
    [_next("call", "pause"), _next("pause", "answer")],
    Case({"x": "later"}, "later"),
)


def _failing(name: str, on_error: JsonValue, handler: list[JsonValue], edges: list[JsonValue], *cases: Case) -> Flow:
    parse: JsonValue = {
        "id": "parse",
        "kind": "app",
        "app": "json",
        "operation": "parse",
        "inputs": {"text": "{{ call.body.text }}"},
        **({"on_error": on_error} if on_error else {}),
    }
    return _flow(
        name,
        [parse, _respond("answer", {"a": "{{ parse.a }}"}), *handler],
        [_next("call", "parse"), _next("parse", "answer"), *edges],
        *cases,
    )


IGNORE = _failing(
    "ignore", {"strategy": "ignore"}, [], [], Case({"text": '{"a": 1}'}, {"a": 1}), Case({"text": "{"}, "")
)
RESUME = _failing(
    "resume",
    {"strategy": "resume", "substitute": {"a": "instead of {{ call.body.text }}"}},
    [],
    [],
    Case({"text": '{"a": 1}'}, {"a": 1}),
    Case({"text": "{"}, {"a": "instead of {"}),
)
HANDLER = _failing(
    "handler",
    {"strategy": "ignore"},
    [_respond("sorry", {"failed": "{{ length(parse.error.message) > 0 }}", "text": "{{ call.body.text }}"}, 422)],
    [_next("parse", "sorry", kind="error")],
    Case({"text": '{"a": 1}'}, {"a": 1}),
    Case({"text": "{"}, {"failed": True, "text": "{"}, 422),
)

RESUME_HANDLER = _failing(
    "resume-handler",
    {"strategy": "resume", "substitute": {"a": "{{ noted.note }}: {{ length(parse.error.message) > 0 }}"}},
    [{"id": "noted", "kind": "set_variables", "variables": [{"name": "note", "value": "noted {{ call.body.text }}"}]}],
    [_next("parse", "noted", kind="error")],
    Case({"text": '{"a": 1}'}, {"a": 1}),
    Case({"text": "{"}, {"a": "noted {: true"}),
)
HANDLER_BRANCHES = _failing(
    "handler-branches",
    None,
    [
        {"id": "kind_of", "kind": "router", "mode": "first"},
        {
            "id": "instead",
            "kind": "directive",
            "directive": {"strategy": "resume", "substitute": {"a": "short {{ call.body.text }}"}},
        },
        _respond("sorry", "too long", 400),
        {"id": "drop", "kind": "directive", "directive": {"strategy": "ignore"}},
    ],
    [
        _next("parse", "kind_of", kind="error"),
        _next("kind_of", "instead", kind="route", filter=_when("{{ length(call.body.text) }}", "number:less", 3)),
        _next("kind_of", "sorry", kind="route", fallback=True),
        _next("sorry", "drop"),
    ],
    Case({"text": '{"a": 1}'}, {"a": 1}),
    Case({"text": "{"}, {"a": "short {"}),
    Case({"text": "{{{{"}, "too long", 400),
)
ROLLBACK_HANDLER = _failing(
    "rollback-handler",
    {"strategy": "rollback"},
    [_respond("sorry", "failed", 500)],
    [_next("parse", "sorry", kind="error")],
    Case({"text": '{"a": 1}'}, {"a": 1}),
    Case({"text": "{"}, "failed", 500),
)

FLOWS = (
    LINEAR, FILTER, ROUTER_ALL, ROUTER_FIRST, IF_MERGE, LOOP, NESTED_LOOP, GROUPS, REPEAT, SLEEP, IGNORE, RESUME,
    HANDLER, RESUME_HANDLER, HANDLER_BRANCHES, ROLLBACK_HANDLER,
)  # fmt: skip
