"""Blueprints whose behaviour on Make is known from its documentation, with what must come of them.

Each starts at a webhook. `answer` is what the webhook answers, `seen` what a service is asked for, in order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import JsonValue

Json = dict[str, JsonValue]
SERVICE = "http://service.example"
"""Stands for the address of the recording service."""


@dataclass(frozen=True)
class Case:
    """One call: what is sent, and what must come of it."""

    payload: JsonValue
    answer: JsonValue = None
    status: int = 200
    seen: tuple[JsonValue, ...] | None = None


@dataclass(frozen=True)
class Scenario:
    """A blueprint with its cases; `why` names what of Make's behaviour it shows."""

    name: str
    why: str
    flow: list[JsonValue]
    cases: tuple[Case, ...]
    settings: Json = field(default_factory=dict)

    @property
    def blueprint(self) -> Json:
        """The whole document."""
        metadata: Json = {"version": 1, "instant": True, "scenario": self.settings, "designer": {"orphans": []}}
        return {"name": f"Live {self.name}", "flow": self.flow, "metadata": metadata}


# -- modules -------------------------------------------------------------------------------------------------------


def module(number: int, name: str, mapper: JsonValue = None, version: int = 1, **more: Any) -> Json:
    """A module; `when` is its filter."""
    made: Json = {"id": number, "module": name, "version": version, "parameters": {}, "mapper": mapper}
    condition = more.pop("when", None)
    if condition is not None:
        made["filter"] = {"name": "", "conditions": condition}
    return {**made, **more}


def hook() -> Json:
    """The webhook, module 1."""
    return module(1, "gateway:CustomWebHook", {}, parameters={"hook": 1, "maxResults": 1})


def respond(number: int, body: str, status: str = "200", **more: Any) -> Json:
    """Answers the webhook."""
    mapper: Json = {"status": status, "body": body, "headers": [{"key": "content-type", "value": "application/json"}]}
    return module(number, "gateway:WebhookRespond", mapper, **more)


def tell(number: int, text: str, path: str = "/echo", **more: Any) -> Json:
    """Sends a text to the service."""
    mapper: Json = {
        "url": f"{SERVICE}{path}", "method": "post", "bodyType": "raw", "contentType": "application/json",
        "data": f'"{text}"', "headers": [], "qs": [], "parseResponse": True, "serializeUrl": False,
    }  # fmt: skip
    return module(number, "http:ActionSendData", mapper, 3, parameters={"handleErrors": True}, **more)


def iterate(number: int, array: str, **more: Any) -> Json:
    """One bundle for each element."""
    return module(number, "builtin:BasicFeeder", {"array": array}, **more)


def collect_text(number: int, feeder: int, value: str, separator: str = ",", **more: Any) -> Json:
    """A text aggregator."""
    parameters: Json = {"feeder": feeder, "rowSeparator": "other", "otherRowSeparator": separator}
    return module(number, "util:TextAggregator", {"value": value}, parameters=parameters, **more)


def collect(number: int, feeder: int, fields: Json, **more: Any) -> Json:
    """An array aggregator."""
    return module(number, "builtin:BasicAggregator", fields, parameters={"feeder": feeder}, **more)


def set_variable(number: int, name: str, value: str, scope: str = "roundtrip", **more: Any) -> Json:
    """Sets a variable."""
    return module(number, "util:SetVariable2", {"name": name, "scope": scope, "value": value}, **more)


def get_variable(number: int, name: str, **more: Any) -> Json:
    """Reads a variable."""
    return module(number, "util:GetVariable2", {"name": name}, **more)


def router(number: int, *routes: list[JsonValue], otherwise: int | None = None, **more: Any) -> Json:
    """A router."""
    parameters: Json = {} if otherwise is None else {"else": otherwise}
    listed: list[JsonValue] = [{"flow": flow} for flow in routes]
    return module(number, "builtin:BasicRouter", None, parameters=parameters, routes=listed, **more)


def directive(number: int, name: str, mapper: JsonValue = None) -> Json:
    """The directive that ends an error handler."""
    return module(number, f"builtin:{name}", mapper or {})


def when(a: str, o: str, b: str | None = None) -> JsonValue:
    """A filter of one condition."""
    row: Json = {"a": a, "o": o}
    return [[row if b is None else {**row, "b": b}]]


# -- scenarios -----------------------------------------------------------------------------------------------------

XY: JsonValue = {"items": [{"n": "x", "subs": [1, 2]}, {"n": "y", "subs": [3]}]}
ONE_TO_FOUR: JsonValue = {"items": [1, 2, 3, 4]}

ORDER = (
    Scenario(
        "order",
        "a bundle passes through everything before the next one starts",
        [hook(), iterate(2, "{{1.items}}"), tell(3, "a{{2.value}}"), tell(4, "b{{2.value}}")],
        (Case({"items": [1, 2]}, seen=("a1", "b1", "a2", "b2")), Case({"items": []}, seen=())),
    ),
    Scenario(
        "nested",
        "so it does in a loop inside a loop",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "start {{2.n}}"),
            iterate(4, "{{2.subs}}"),
            tell(5, "{{2.n}}{{4.value}}"),
        ],
        (Case(XY, seen=("start x", "x1", "x2", "start y", "y3")),),
    ),
    Scenario(
        "routes",
        "routes run in their order, every one that matches; the fallback when none did",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            router(
                3,
                [tell(4, "big {{2.value}}", when=when("{{2.value}}", "number:greater", "2"))],
                [tell(5, "none {{2.value}}")],
                [tell(6, "even {{2.value}}", when=when("{{2.value % 2}}", "number:equal", "0"))],
                otherwise=1,
            ),
        ],
        (Case(ONE_TO_FOUR, seen=("none 1", "even 2", "big 3", "big 4", "even 4")),),
    ),
    Scenario(
        "sleep",
        "a wait holds each bundle",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "a{{2.value}}"),
            module(4, "util:FunctionSleep", {"duration": "1"}),
            tell(5, "b{{2.value}}"),
        ],
        (Case({"items": [1, 2]}, seen=("a1", "b1", "a2", "b2")),),
    ),
    Scenario(
        "repeat",
        "a repeater counts",
        [
            hook(),
            module(2, "builtin:BasicRepeater", {"start": "5", "repeats": "3", "step": "10"}),
            tell(3, "{{2.i}}"),
            tell(4, "then {{2.i}}"),
        ],
        (Case({}, seen=("5", "then 5", "15", "then 15", "25", "then 25")),),
    ),
    Scenario(
        "positions",
        "an iterator numbers its bundles from 1 and says how many there are",
        [hook(), iterate(2, "{{1.items}}"), tell(3, "{{2.`__IMTINDEX__`}}/{{2.`__IMTLENGTH__`}} {{2.n}}")],
        (Case(XY, seen=("1/2 x", "2/2 y")),),
    ),
    Scenario(
        "branches-meet",
        "the branches of an if-else meet in a merge, for each bundle of a loop",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            module(
                3,
                "builtin:BasicIfElse",
                branches=[
                    {
                        "type": "condition",
                        "label": "Big",
                        "merge": True,
                        "conditions": when("{{2.value}}", "number:greater", "2"),
                        "flow": [set_variable(4, "size", "big")],
                    },
                    {"type": "else", "label": "Rest", "merge": True, "flow": [set_variable(5, "size", "small")]},
                ],
            ),
            module(
                6,
                "builtin:BasicMerge",
                outputs=[{"name": "said", "mappings": ["{{4.size}}", "{{5.size}}"]}],
                filters=[None, None],
            ),
            tell(7, "{{6.said}} {{2.value}}"),
            tell(8, "done {{2.value}}"),
        ],
        (Case({"items": [1, 3]}, seen=("small 1", "done 1", "big 3", "done 3")),),
    ),
)

COLLECTING = (
    Scenario(
        "text-in-loop",
        "an aggregator emits once for each operation of its source",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.n}}"),
            iterate(4, "{{2.subs}}"),
            tell(5, "{{4.value}}"),
            collect_text(6, 4, "{{4.value}}"),
            tell(7, "{{2.n}}:{{6.text}}"),
        ],
        (
            Case(XY, seen=("x", "1", "2", "x:1,2", "y", "3", "y:3")),
            Case({"items": [{"n": "x", "subs": []}, {"n": "y", "subs": [3]}]}, seen=("x", "x:", "y", "3", "y:3")),
        ),
    ),
    Scenario(
        "loops-closed",
        "an aggregator whose source is the outer loop closes both",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            iterate(4, "{{2.subs}}"),
            tell(5, "{{4.value}}"),
            tell(6, "{{2.n}}"),
            collect_text(7, 2, "{{2.n}}{{4.value}}"),
            respond(8, '"{{7.text}}"'),
        ],
        (Case(XY, "x1,x2,y3", seen=("1", "x", "2", "x", "3", "y")),),
    ),
    Scenario(
        "nothing-through",
        "an aggregator emits when nothing reached it, unless it is told not to",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.value}}", when=when("{{2.value}}", "number:greater", "5")),
            tell(4, "again {{2.value}}"),
            collect(5, 2, {"v": "{{2.value}}"}),
            respond(6, '{"n": {{length(5.array)}} }'),
        ],
        (
            Case({"items": [1, 2]}, {"n": 0}, seen=()),
            Case({"items": [1, 7]}, {"n": 1}, seen=("7", "again 7")),
            Case({"items": []}, {"n": 0}, seen=()),
        ),
    ),
    Scenario(
        "stops-when-empty",
        "an aggregator that is told to emits nothing then",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.value}}", when=when("{{2.value}}", "number:greater", "5")),
            tell(4, "again {{2.value}}"),
            collect(5, 2, {"v": "{{2.value}}"}, flags={"stopIfEmpty": True}),
            tell(6, "got {{length(5.array)}}"),
        ],
        (Case({"items": [1, 2]}, seen=()), Case({"items": [7]}, seen=("7", "again 7", "got 1"))),
    ),
    Scenario(
        "groups",
        "an aggregator with groups emits once for each",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.n}}"),
            tell(4, "{{2.kind}}"),
            collect(5, 2, {"n": "{{2.n}}"}, flags={"groupBy": "{{2.kind}}"}),
            tell(6, "{{5.`__IMTKEY__`}}:{{length(5.array)}}:{{5.array[1].n}}"),
        ],
        (
            Case(
                {"items": [{"n": 1, "kind": "a"}, {"n": 2, "kind": "b"}, {"n": 3, "kind": "a"}]},
                seen=("1", "a", "2", "b", "3", "a", "a:2:1", "b:1:2"),
            ),
        ),
    ),
    Scenario(
        "sum",
        "a numeric aggregator adds up; the loop changes nothing outside, so that n8n keeps its own order",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            module(3, "util:FunctionAggregator2", {"value": "{{2.value}}"}, parameters={"feeder": 2, "fn": "sum"}),
            respond(4, '{"sum": {{3.result}} }'),
        ],
        (Case(ONE_TO_FOUR, {"sum": 10}),),
    ),
    Scenario(
        "collected-in-a-route",
        "an aggregator inside a route collects what came down that route",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            router(
                3,
                [
                    tell(4, "even {{2.value}}", when=when("{{2.value % 2}}", "number:equal", "0")),
                    collect_text(5, 2, "{{2.value}}"),
                    tell(6, "evens {{5.text}}"),
                ],
                [tell(7, "any {{2.value}}")],
            ),
        ],
        (Case({"items": [1, 2, 4]}, seen=("any 1", "even 2", "any 2", "even 4", "any 4", "evens 2,4")),),
    ),
)

ERRORS = (
    Scenario(
        "ignore",
        "a bundle that fails is dropped, the next ones go on",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.value}}", '/{{if(2.value = 2; "status/500"; "echo")}}', onerror=[directive(9, "Ignore")]),
            tell(4, "after {{2.value}}"),
        ],
        (Case({"items": [1, 2, 3]}, seen=("1", "after 1", "2", "3", "after 3")),),
    ),
    Scenario(
        "rollback",
        "without a handler an error ends the run",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.value}}", '/{{if(2.value = 2; "status/500"; "echo")}}'),
            tell(4, "after {{2.value}}"),
        ],
        (Case({"items": [1, 2, 3]}, seen=("1", "after 1", "2")),),
    ),
    Scenario(
        "retry",
        "a bundle that fails is tried again, alone",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(
                3,
                "{{2.value}}",
                "/fail/1",
                onerror=[directive(9, "Break", {"retry": True, "count": "2", "interval": "1"})],
            ),
            tell(4, "after {{2.value}}"),
        ],
        (Case({"items": [1, 2]}, seen=("1", "1", "after 1", "2", "2", "after 2")),),
        {"dlq": True},
    ),
    Scenario(
        "handler",
        "the handler's modules run, and know the error",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(
                3,
                "{{2.value}}",
                '/{{if(2.value = 2; "status/500"; "echo")}}',
                onerror=[
                    tell(8, "failed {{2.value}} {{length(3.error.message) > 0}}"),
                    directive(9, "Ignore"),
                ],
            ),
            tell(4, "after {{2.value}}"),
        ],
        (Case({"items": [1, 2, 3]}, seen=("1", "after 1", "2", "failed 2 true", "3", "after 3")),),
    ),
    Scenario(
        "resume",
        "a substitute takes the place of what a failed module would have given",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(
                3,
                "{{2.value}}",
                '/{{if(2.value = 2; "status/500"; "echo")}}',
                onerror=[directive(9, "Resume", {"data": {"sent": "instead"}})],
            ),
            tell(4, "after {{3.data.sent}}"),
            collect_text(5, 2, "{{3.data.sent}}"),
            respond(6, '"{{5.text}}"'),
        ],
        (
            Case(
                {"items": [1, 2, 3]},
                "1,instead,3",
                seen=("1", "after 1", "2", "after instead", "3", "after 3"),
            ),
        ),
    ),
)

STATE = (
    Scenario(
        "across-routes",
        "a variable set on one route is read on a later one",
        [
            hook(),
            router(2, [set_variable(3, "x", "{{1.a}}!")], [get_variable(4, "x"), respond(5, '"{{4.x}}"')]),
        ],
        (Case({"a": "hi"}, "hi!"),),
    ),
    Scenario(
        "running-total",
        "a variable carries a value from one bundle to the next",
        [
            hook(),
            set_variable(2, "sum", "0", "execution"),
            iterate(3, "{{1.items}}"),
            get_variable(4, "sum"),
            set_variable(5, "sum", "{{parseNumber(4.sum) + 3.value}}", "execution"),
            collect(6, 3, {"n": "{{5.sum}}"}),
            get_variable(7, "sum"),
            respond(8, '{"sum": {{7.sum}}, "steps": "{{join(map(6.array; "n"); ",")}}"}'),
        ],
        (Case(ONE_TO_FOUR, {"sum": 10, "steps": "1,3,6,10"}),),
    ),
    Scenario(
        "answer-first",
        "a webhook is answered where the response stands; what follows runs all the same",
        [hook(), respond(2, '{"ok": true}', "202"), tell(3, "later {{1.a}}")],
        (Case({"a": 1}, {"ok": True}, 202, seen=("later 1",)),),
    ),
)

STORE = 7
"""The number of the data store of the scenarios; the tests make its data table."""


def store(number: int, what: str, mapper: Json | None = None, **more: Any) -> Json:
    """A module of the data store."""
    parameters: Json = {"datastore": STORE, **more.pop("parameters", {})}
    return module(number, f"datastore:{what}", mapper or {}, parameters=parameters, **more)


STORED = (
    Scenario(
        "store-keeps",
        "a record is there for the next run, under its key; a key that isn't there gives nothing",
        [
            hook(),
            router(
                2,
                [
                    iterate(3, "{{1.add}}"),
                    store(4, "AddRecord", {"key": "{{3.id}}", "data": {"n": "{{3.n}}"}, "overwrite": True}),
                ],
                [
                    store(5, "GetRecord", {"key": "{{1.get}}", "returnWrapped": False}),
                    store(6, "ExistRecord", {"key": "{{1.get}}"}),
                    store(7, "CountRecords"),
                    respond(8, '"{{5.n}} {{6.exist}} {{7.count}}"'),
                ],
            ),
        ],
        (
            Case({"add": [{"id": "a", "n": 1}, {"id": "b", "n": 22}], "get": "b"}, "22 true 2"),
            Case({"add": [], "get": "a"}, "1 true 2"),
            Case({"add": [{"id": "a", "n": 5}], "get": "a"}, "5 true 2"),
            Case({"add": [], "get": "nobody"}, " false 2"),
        ),
    ),
    Scenario(
        "store-searches",
        "a search gives one bundle for each record that its conditions take, in its order, and none when none is",
        [
            hook(),
            iterate(2, "{{1.add}}"),
            store(3, "AddRecord", {"key": "{{2.id}}", "data": {"n": "{{2.n}}"}, "overwrite": True}),
            collect(4, 2, {}),
            store(
                5,
                "SearchRecord",
                {
                    "filter": [[{"a": "n", "b": "{{1.least}}", "o": "number:greaterorequal"}]],
                    "sort": [{"key": "n", "order": -1}],
                    "mappAbleLimit": "2",
                },
                parameters={"continueWhenNoRes": False},
            ),
            collect_text(6, 5, "{{5.key}}={{5.data.n}}"),
            respond(7, '"{{6.text}}"'),
        ],
        (
            Case({"add": [{"id": "a", "n": 1}, {"id": "b", "n": 3}, {"id": "c", "n": 2}], "least": 2}, "b=3,c=2"),
            Case({"add": [{"id": "d", "n": 9}], "least": 0}, "d=9,b=3"),
            Case({"add": [{"id": "d", "n": 9}], "least": 10}, ""),
        ),
    ),
    Scenario(
        "store-changes",
        "an update keeps the other fields; what is deleted is gone",
        [
            hook(),
            store(2, "AddRecord", {"key": "a", "data": {"n": "1", "m": "2"}, "overwrite": True}),
            store(3, "UpdateRecord", {"key": "a", "data": {"n": "{{1.n}}"}, "upsert": False, "overwriteArrays": False}),
            store(4, "GetRecord", {"key": "a", "returnWrapped": False}),
            store(5, "DeleteRecord", {"key": "a"}),
            store(6, "ExistRecord", {"key": "a"}),
            respond(7, '"{{4.n}} {{4.m}} {{6.exist}}"'),
        ],
        (Case({"n": 8}, "8 2 false"),),
    ),
)

VALUES = (
    Scenario(
        "line-filter",
        "a filter on a line stops the bundles that don't pass it, and only those",
        [
            hook(),
            iterate(2, "{{1.items}}"),
            tell(3, "{{2.value}}", when=when("{{2.value}}", "number:greater", "2")),
        ],
        (Case(ONE_TO_FOUR, seen=("3", "4")), Case({"items": [1]}, seen=())),
    ),
    Scenario(
        "routers-in-routers",
        "an inner fallback is asked only where its own router was reached",
        [
            hook(),
            router(
                2,
                [
                    router(
                        3,
                        [tell(4, "both", when=when("{{1.b}}", "text:equal", "y"))],
                        [tell(5, "a only")],
                        otherwise=1,
                        when=when("{{1.a}}", "text:equal", "y"),
                    )
                ],
                [tell(6, "no a")],
                otherwise=1,
            ),
        ],
        (
            Case({"a": "y", "b": "y"}, seen=("both",)),
            Case({"a": "y"}, seen=("a only",)),
            Case({"b": "y"}, seen=("no a",)),
        ),
    ),
    Scenario(
        "comparisons",
        "operands are taken as the operator's type",
        [
            hook(),
            router(
                2,
                [respond(3, '"number"', when=when("{{1.a}}", "number:greater", "9"))],
                [respond(4, '"text"', when=when("{{1.a}}", "text:equal:ci", "HELLO"))],
                [respond(5, '"none"')],
                otherwise=2,
            ),
        ],
        (Case({"a": "10"}, "number"), Case({"a": "hello"}, "text"), Case({"a": "1"}, "none"), Case({}, "none")),
    ),
    Scenario(
        "missing",
        "what isn't there is empty text, and a missing object gives nothing further in",
        [hook(), respond(2, "[{{1.a.b.c}}][{{ifempty(1.a.c; 0)}}][{{1.list[1].name}}]")],
        (
            Case({}, "[][0][]"),
            Case({"a": {"b": {"c": 5}}, "list": [{"name": "first"}, {"name": "second"}]}, "[5][0][first]"),
        ),
    ),
)

CALLED: list[JsonValue] = [
    module(1, "scenario-service:StartSubscenario", {}, 2),
    tell(2, "called with {{var.input.name}}"),
    module(3, "scenario-service:ReturnData", {"greeting": "Hello {{var.input.name}}"}, 2),
]
"""A scenario that others call."""

CALLER: list[JsonValue] = [
    hook(),
    iterate(2, "{{1.names}}"),
    module(
        3,
        "scenario-service:CallSubscenario",
        {"data": {"name": "{{2.value}}"}},
        2,
        parameters={"scenario": "SCN_1", "shouldWaitForExecutionEnd": True},
    ),
    collect_text(4, 2, "{{3.greeting}}"),
    respond(5, '"{{4.text}}"'),
]
"""A scenario that calls it for each name."""

SCENARIOS: tuple[Scenario, ...] = (*ORDER, *COLLECTING, *ERRORS, *STATE, *STORED, *VALUES)
