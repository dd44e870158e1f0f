"""Each rule for Make exports: a valid blueprint is broken in just one way, and just that rule sees it."""

from __future__ import annotations

import copy
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compilers.rules import catalogue, validate_export
from tests.compilers.rules.valid_blueprint import Document, module, place, valid_blueprint

BLUEPRINTS = Path(__file__).resolve().parents[4] / "shared" / "blueprints" / "make"

Change = Callable[[Document], None]

# -- ways to break a blueprint -------------------------------------------------------------------------------------


def top(**fields: Any) -> Change:
    return lambda document: document.update(fields)


def meta(**fields: Any) -> Change:
    return lambda document: document["metadata"].update(fields)


def setting(**fields: Any) -> Change:
    return lambda document: document["metadata"]["scenario"].update(fields)


def at(number: int, **fields: Any) -> Change:
    return lambda document: module(document, number).update(fields)


def mapper(number: int, **fields: Any) -> Change:
    return lambda document: module(document, number)["mapper"].update(fields)


def parameters(number: int, **fields: Any) -> Change:
    return lambda document: module(document, number)["parameters"].update(fields)


def designer(number: int, **fields: Any) -> Change:
    return lambda document: module(document, number)["metadata"]["designer"].update(fields)


def condition(number: int, **fields: Any) -> Change:
    return lambda document: module(document, number)["filter"]["conditions"][0][0].update(fields)


def unset(number: int, *keys: str) -> Change:
    def change(document: Document) -> None:
        for key in keys:
            module(document, number).pop(key, None)

    return change


def branch(index: int, **fields: Any) -> Change:
    return lambda document: module(document, 14)["branches"][index].update(fields)


def route(index: int, **fields: Any) -> Change:
    return lambda document: module(document, 18)["routes"][index].update(fields)


def new(number: int, name: str, **fields: Any) -> Document:
    return {
        "id": number, "module": name, "version": 1, "parameters": {}, "mapper": {},
        "metadata": {"designer": {"x": 300 * number, "y": 900}}, **fields,
    }  # fmt: skip


def behind(number: int, item: Document) -> Change:
    """Puts a module right behind another one."""

    def change(document: Document) -> None:
        flow, index = place(document, number)
        flow.insert(index + 1, copy.deepcopy(item))

    return change


def both(*changes: Change) -> Change:
    def change(document: Document) -> None:
        for one in changes:
            one(document)

    return change


def not_an_object(document: Document) -> None:
    """The one document that can't be changed in place: see `broken`."""
    document.clear()


def many_modules(document: Document) -> None:
    for number in range(100, 240):
        behind(1, new(number, "util:FunctionSleep", mapper={"duration": "1"}))(document)


SLEEP = new(30, "util:FunctionSleep", mapper={"duration": "1"})
SETS = {"name": "x", "scope": "roundtrip", "value": "1"}
FILTER = {"name": "some", "conditions": [[{"a": "{{1.id}}", "o": "exist"}]]}

BROKEN: dict[str, Change] = {
    # document and settings
    "root.object": not_an_object,
    "root.keys": top(colour="red"),
    "root.name": top(name="x" * 121),
    "root.flow": both(top(flow=[]), meta(notes=[])),
    "root.metadata": meta(version="1"),
    "root.instant": meta(instant="yes"),
    "root.webhook-instant": meta(instant=False),
    "root.settings": setting(maxErrors="3"),
    "root.known-settings": setting(colour="red"),
    "root.size": many_modules,
    "root.orphans": meta(designer={"orphans": [[SLEEP]]}),
    "root.notes": meta(notes=[{"moduleIds": [99], "content": "x"}]),
    "designer.position": designer(10, x=None),
    "designer.overlap": designer(10, x=300),
    "designer.messages": designer(10, messages=[{"severity": "error", "message": "Value must not be empty."}]),
    # flow
    "flow.modules": lambda document: place(document, 24)[0].append("sleep"),
    "flow.router-last": behind(18, SLEEP),
    "flow.first-filter": at(1, filter={"name": "x", "conditions": [[{"a": "{{now}}", "o": "exist"}]]}),
    "flow.directive-place": behind(24, new(30, "builtin:Ignore")),
    "flow.placeholder": behind(24, {"id": None, "module": "placeholder:Placeholder", "metadata": SLEEP["metadata"]}),
    "flow.merge-place": behind(24, new(30, "builtin:BasicMerge", mapper=None)),
    "router.routes": route(1, flow={}),
    "router.routes-place": at(24, routes=[]),
    "router.one-route": behind(
        24,
        new(
            30,
            "builtin:BasicRouter",
            mapper=None,
            routes=[{"flow": [new(31, "util:FunctionSleep", mapper={"duration": "1"})]}],
        ),
    ),
    "router.else": parameters(18, **{"else": 3}),
    "router.empty-route": route(2, flow=[]),
    "router.route-filter": route(2, filter=FILTER),
    "router.starved-else": unset(21, "filter"),
    "branch.shape": branch(0, type="maybe"),
    "branch.one-else": branch(0, type="else"),
    "branch.conditions": branch(0, conditions=[]),
    "branch.first-filter": at(15, filter=FILTER),
    "branch.merge-values": at(17, filters=[None]),
    "branch.nested": behind(
        15,
        new(
            30,
            "builtin:BasicRouter",
            mapper=None,
            routes=[{"flow": [new(n, "util:FunctionSleep", mapper={"duration": "1"})]} for n in (31, 32)],
        ),
    ),
    # errors and filters
    "onerror.shape": at(24, onerror={"module": "builtin:Ignore"}),
    "onerror.empty": at(24, onerror=[]),
    "onerror.place": at(18, onerror=[new(30, "builtin:Ignore")]),
    "onerror.directive-last": behind(5, SLEEP),
    "onerror.break-kept": setting(dlq=False),
    "onerror.break-values": mapper(6, interval="soon"),
    "onerror.resume-values": at(5, mapper={}),
    "filter.shape": at(24, filter={"name": "x", "conditions": [{"a": "{{1.id}}", "o": "exist"}]}),
    "filter.operator": condition(19, o="number:greaterThan"),
    "filter.operands": condition(19, b=None),
    # modules
    "module.id": at(24, id=0),
    "module.unique-id": at(24, id=23),
    "module.name": at(24, module="Sleep"),
    "module.version": unset(24, "version"),
    "module.known-version": at(3, version=2),
    "module.keys": at(24, colour="red"),
    "module.parameters": at(24, parameters=[]),
    "module.literal-parameters": parameters(19, channelType="{{1.channel}}"),
    "module.mapper": both(at(4, mapper=[])),
    "module.empty-mapper": at(18, mapper={"x": "1"}),
    "module.metadata": at(24, metadata=["x"]),
    "module.iterator": mapper(22, array=""),
    "module.repeater": mapper(9, repeats="10001"),
    "module.sleep": mapper(10, duration="301"),
    "module.variable-scope": at(12, mapper={"name": "total", "value": "1"}),
    "module.variable-name": mapper(21, name=""),
    "module.http-method": mapper(2, method="GET"),
    "module.pairs": mapper(20, headers=[{"name": "X-Source", "value": "make"}]),
    "module.url": mapper(2, url="api.example.com"),
    "module.respond-webhook": both(at(1, module="gateway:CustomMailHook"), mapper(1)),
    "module.respond-status": mapper(20, status="OK"),
    "module.trigger-place": behind(24, new(30, "gateway:CustomWebHook")),
    "aggregator.feeder": at(23, parameters={"fn": "sum"}),
    "aggregator.feeder-place": at(23, feeder=22),
    "aggregator.feeder-upstream": parameters(23, feeder=19),
    "aggregator.flags": parameters(8, stopIfEmpty=True),
    "aggregator.separator": parameters(11, rowSeparator=", "),
    "aggregator.function": parameters(23, fn="median"),
    # credentials
    "credential.numbers": parameters(19, __IMTCONN__="my Slack"),
    "credential.secrets": mapper(24, note="Bearer a1b2c3d4e5f6a7b8c9d0"),
    "credential.fields": mapper(24, apiKey="made-up"),
    # expressions
    "expression.syntax": mapper(19, text="{{upper(1.tier}}"),
    "expression.function": mapper(19, text="{{toNumber(1.total)}}"),
    "expression.arguments": mapper(19, text="{{upper(1.tier; 2)}}"),
    "expression.module": mapper(19, text="{{99.text}}"),
    "expression.upstream": mapper(19, text="{{21.total}}"),
    "expression.collected": mapper(19, text="{{9.i}}"),
    "expression.verbatim": mapper(19, text="{{1.first name}}"),
}
"""For each rule, without its family: what to do to the valid blueprint so that just this rule finds something."""


def broken(name: str) -> Any:
    document = valid_blueprint()
    BROKEN[name](document)
    return document or "not a blueprint"


def rules_that_fire(document: Any) -> set[str]:
    return {finding.rule for finding in validate_export("make", document)}


def test_valid_blueprint_has_no_findings() -> None:
    assert validate_export("make", valid_blueprint()) == ()


@pytest.mark.parametrize("name", BROKEN)
def test_just_this_rule_fires(name: str) -> None:
    assert rules_that_fire(broken(name)) == {f"make.{name}"}


def test_every_rule_has_its_row() -> None:
    assert {f"make.{name}" for name in BROKEN} == {rule.id for rule in catalogue() if rule.id.startswith("make.")}


def test_findings_name_the_place_and_the_remedy() -> None:
    (finding,) = validate_export("make", broken("filter.operator"))
    assert finding.where == "flow[11].routes[0].flow[0].filter.conditions[0][0].o"
    assert finding.what == "there is no operator `number:greaterThan`; Make spells it `number:greater`"
    assert finding.hint


def test_references_into_branches_end_at_their_merge() -> None:
    document = valid_blueprint()
    module(document, 19)["mapper"]["text"] = "{{15.greeting}}"
    assert rules_that_fire(document) == {"make.expression.upstream"}


# -- any JSON ------------------------------------------------------------------------------------------------------

KEYS = [
    "name", "flow", "metadata", "id", "module", "version", "parameters", "mapper", "filter", "filters", "conditions",
    "a", "o", "b", "routes", "branches", "onerror", "flags", "outputs", "mappings", "merge", "type", "feeder",
    "designer", "orphans", "notes", "moduleIds", "scenario", "x", "y", "else", "tools", "headers", "variables",
    "restore",
]  # fmt: skip
NAMES = [
    "builtin:BasicRouter", "builtin:BasicIfElse", "builtin:BasicMerge", "builtin:BasicAggregator", "builtin:Break",
    "util:SetVariables", "util:TextAggregator", "gateway:WebhookRespond", "http:ActionSendData",
    "placeholder:Placeholder",
]  # fmt: skip
LEAVES = (
    st.none() | st.booleans() | st.integers(-2, 30) | st.floats() | st.text(max_size=6) | st.sampled_from(NAMES)
    | st.sampled_from(["{{1.x}}", "{{", "{{sum(2.a; [}}", "condition", "else", "exist", "1" * 40])
)  # fmt: skip
ANY_JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
        | st.dictionaries(st.text(max_size=4), inner, max_size=2)
    ),
    max_leaves=30,
)


@given(ANY_JSON)
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_json_gives_findings_and_no_exception(document: Any) -> None:
    validate_export("make", document)
    validate_export("make", {"name": "Any", "flow": [document], "metadata": {"version": 1}})


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container with each of its keys or positions."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places_in(value[key])


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_blueprints_broken_at_random_never_raise(data: st.DataObject) -> None:
    document = valid_blueprint()
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(list(places_in(document))))
        container[key] = data.draw(ANY_JSON)
    assert validate_export("make", document) == validate_export("make", document)


@pytest.mark.parametrize("depth", [50, 2_000])
def test_depth_is_no_matter(depth: int) -> None:
    value: Any = "{{1.x}}"
    flow: list[Any] = [new(1, "util:FunctionSleep", mapper={"duration": "1"})]
    for number in range(2, depth):
        value = [value]
        flow = [new(number, "builtin:BasicRouter", mapper=None, routes=[{"flow": flow}, {"flow": []}])]
    validate_export("make", {"name": "Deep", "flow": flow, "metadata": {"version": 1}})
    validate_export("make", {"name": "Deep", "flow": [new(1, "a:b", mapper={"x": value})], "metadata": {"version": 1}})


def test_thousands_of_modules_take_seconds_at_most() -> None:
    flow = [new(n, "util:ComposeTransformer", mapper={"value": f"{{{{{n - 1}.value}}}}"}) for n in range(2, 5_000)]
    document = {"name": "Long", "flow": [new(1, "util:BasicTrigger"), *flow], "metadata": {"version": 1}}
    started = time.process_time()
    assert rules_that_fire(document) == {"make.root.size"}
    assert time.process_time() - started < 10


# -- genuine exports -----------------------------------------------------------------------------------------------

KNOWN_BROKEN = {
    ("041", "make.router.else"),  # the fallback is route 1 of a router that has only route 0
    ("274", "make.expression.module"),  # maps a module that was deleted
    ("278", "make.expression.module"),  # a fragment; Make's editor notes the same in `designer.messages`
    ("429", "make.credential.secrets"),  # a token in a header
}
"""Real exports in which something is truly wrong: number of the file, and the error."""
DAMAGED = ("geekalyssa", "6302Mohamed")
"""Owners of files that their authors' clean-up damaged."""
MOST_FILES = {
    "make.credential.numbers": 0.06, "make.module.literal-parameters": 0.05, "make.expression.verbatim": 0.03,
    "make.router.one-route": 0.05,
}  # fmt: skip
"""How many of the genuine exports a rule may find something in, where that is more than one in forty."""


@pytest.fixture(scope="module")
def genuine() -> dict[str, Counter[tuple[str, str]]]:
    if not BLUEPRINTS.is_dir():
        pytest.skip("the real blueprints are not beside this checkout")
    return {
        path.name: Counter(
            (finding.rule, finding.severity)
            for finding in validate_export("make", json.loads(path.read_text(encoding="utf-8")))
        )
        for path in sorted(BLUEPRINTS.glob("*.json"))
        if not any(owner in path.name for owner in DAMAGED)
    }


def test_no_error_in_genuine_exports_that_are_not_broken(genuine: dict[str, Counter[tuple[str, str]]]) -> None:
    errors = {(name[:3], rule) for name, found in genuine.items() for rule, severity in found if severity == "error"}
    assert errors <= KNOWN_BROKEN


def test_warnings_in_genuine_exports_are_rare(genuine: dict[str, Counter[tuple[str, str]]]) -> None:
    files = Counter(rule for found in genuine.values() for rule, _ in found)
    too_many = {rule: n for rule, n in files.items() if n > MOST_FILES.get(rule, 0.025) * len(genuine)}
    assert not too_many
