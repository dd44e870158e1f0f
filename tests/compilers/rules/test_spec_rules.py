"""Each rule for specs: a valid spec is broken in just one way, and just that rule sees it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compilers.errors import SpecError
from compilers.rules import catalogue, validate_spec
from compilers.spec import parse_spec
from tests.compilers.rules.valid_spec import Document, edge, step, valid_spec

Change = Callable[[Document], None]

# -- ways to break a spec ------------------------------------------------------------------------------------------


def top(**fields: Any) -> Change:
    return lambda document: document.update(fields)


def at(identifier: str, **fields: Any) -> Change:
    return lambda document: step(document, identifier).update(fields)


def inputs(identifier: str, **fields: Any) -> Change:
    return lambda document: step(document, identifier)["inputs"].update(fields)


def link(source: str, target: str, **fields: Any) -> Change:
    return lambda document: edge(document, source, target).update(fields)


def at_filter(source: str, target: str, **fields: Any) -> Change:
    return link(source, target, filter={"any_of": [[{"left": "{{ lines.sku }}", **fields}]]})


def connect(source: str, target: str, **fields: Any) -> Change:
    return lambda document: document["edges"].append({"source": source, "target": target, **fields})


def plus(after: str, identifier: str, kind: str = "sleep", /, *, by: Document | None = None, **fields: Any) -> Change:
    """Adds a step behind another one; `by` is what the edge says."""

    def change(document: Document) -> None:
        body = fields or ({"seconds": 1} if kind == "sleep" else {})
        document["steps"].append({"kind": kind, "id": identifier, "label": f"Added {identifier}", **body})
        document["edges"].append({"source": after, "target": identifier, **(by or {})})

    return change


def becomes(identifier: str, kind: str, **fields: Any) -> Change:
    """Makes another step of one, with the same id and label."""

    def change(document: Document) -> None:
        old = step(document, identifier)
        label = old["label"]
        old.clear()
        old.update({"kind": kind, "id": identifier, "label": label, **fields})

    return change


def drop(identifier: str) -> Change:
    def change(document: Document) -> None:
        document["steps"].remove(step(document, identifier))
        document["edges"] = [e for e in document["edges"] if identifier not in (e["source"], e["target"])]

    return change


def account(**fields: Any) -> Change:
    return lambda document: document["connections"].append(fields)


def says(text: str) -> Change:
    return inputs("notify", text=text)


def both(*changes: Change) -> Change:
    def change(document: Document) -> None:
        for one in changes:
            one(document)

    return change


def polled(schedule: Document | None) -> Change:
    """Starts the spec with a trigger that isn't instant."""
    change = both(at("order", app="schedule", operation="tick", inputs={}), drop("answer"))
    return both(change, top(schedule=schedule)) if schedule else change


def fallback_first(document: Document) -> None:
    fallback = edge(document, "fork", "refuse")
    document["edges"].remove(fallback)
    document["edges"].insert(0, fallback)


def many_steps(document: Document) -> None:
    for number in range(140):
        plus(f"more{number - 1}" if number else "archive", f"more{number}")(document)


CONDITION = {"any_of": [[{"left": "{{ order.body.total }}", "operator": "number:greater", "right": 1}]]}
ERROR_CONDITION = {"any_of": [[{"left": "{{ fetch.error.type }}", "operator": "text:equals", "right": "X"}]]}
MAIL = {"from": "shop@example.com", "subject": "Hi", "body": "Hi"}

BROKEN: dict[str, Change] = {
    # schema
    "schema.targets": top(targets=[]),
    "schema.purpose": top(description="", objective=" "),
    "schema.request": top(request=""),
    "schema.name-length": top(name="x" * 121),
    "schema.name-text": top(name="Order\tintake"),
    "schema.labels": at("pause", label=""),
    "schema.label-length": at("pause", label="x" * 129),
    "schema.unique-labels": at("pause", label="log it"),
    "schema.contact-email": top(customer={"name": "Acme Example", "contact_email": "anna at example.com"}),
    "schema.volume": top(volume_per_month=0),
    "schema.assumptions": top(assumptions=[{"severity": "low", "text": " "}]),
    "schema.residue": at("pause", residue={"zapier": {}}),
    "schema.samples": at("pause", sample="five seconds"),
    "schema.declared-outputs": at("pause", outputs=[{"path": "seconds"}, {"path": "seconds"}]),
    # module
    "module.app": at("fetch", app="nowhere"),
    "module.operation": at("fetch", operation="dance"),
    "module.trigger-kind": both(at("order", app="tools", operation="compose", inputs={"value": "x"}), drop("answer")),
    "module.step-kind": becomes("pause", "app", app="schedule", operation="tick"),
    "module.required-inputs": inputs("notify", channel=" "),
    "module.known-inputs": inputs("notify", colour="red"),
    "module.input-options": inputs("fetch", method="FETCH"),
    "module.input-types": inputs("fetch", query="page=1"),
    "module.fixed-inputs": inputs("fetch", method="{{ order.body.tier }}"),
    "module.addresses": both(
        becomes("pause", "app", app="email", operation="send", connection="mail", inputs={**MAIL, "to": "anna at x"}),
        account(id="mail", app="email", label="Shop mail"),
    ),
    "module.platforms": becomes(
        "pause", "app", app="data_store", operation="exists", inputs={"store": "seen", "key": "{{ order.body.email }}"}
    ),
    "module.native-platforms": becomes("pause", "native", platform="make", module="xml:ParseXML", version=1),
    "module.native-name": both(becomes("pause", "native", platform="make", module="parse it"), top(targets=["make"])),
    "module.iterate-array": at("lines", array="many"),
    "module.repeat-limits": at("copies", repeats=10_001),
    "module.sleep-limits": at("pause", seconds=301),
    "module.aggregate-values": at("basket", fields={}),
    "module.aggregate-unused": at("basket", separator=", "),
    "module.aggregate-several": at("written", source="recall"),
    "module.respond-status": at("answer", status="OK"),
    "module.respond-headers": at("answer", headers=[{"name": "X-A", "value": 1}, {"name": "x-a", "value": 2}]),
    "module.stop-message": at("refuse", outcome="error", message=""),
    "module.sub-scenario": at("archive", scenario=" "),
    "module.variable-names": at("plain", variables=[{"name": "greeting"}, {"name": "{{ x }}"}]),
    # connections, credentials, schedule
    "connection.exists": at("notify", connection="unknown"),
    "connection.needed": at("notify", connection=None),
    "connection.app": at("notify", connection="office_google"),
    "connection.not-needed": both(at("fetch", connection="api"), account(id="api", app="http", label="API")),
    "connection.used": account(id="spare", app="slack", label="Spare"),
    "connection.unique": account(id="sales_slack", app="slack", label="Another"),
    "connection.same-account": both(
        at("notify", connection="second"), account(id="second", app="slack", label="sales workspace")
    ),
    "credential.secrets": says("Use sk-" + "a1b2" * 8),
    "credential.fields": inputs("fetch", headers={"X-Api-Key": "made-up"}),
    "schedule.needed": polled(None),
    "schedule.instant": top(schedule={"kind": "every", "minutes": 15}),
    "schedule.immediately": polled({"kind": "immediately"}),
    "schedule.times": polled({"kind": "weekly", "at": "09:00:00"}),
    "schedule.unused-times": polled({"kind": "every", "minutes": 15, "at": "09:00:00"}),
    "schedule.short-months": polled({"kind": "monthly", "at": "09:00:00", "month_days": [31]}),
    "schedule.offset": polled({"kind": "once", "date": "2030-01-31T09:00:00"}),
    "schedule.timezone": top(settings={"timezone": "Mars/Olympus", "keep_incomplete": True}),
    # errors
    "error.can-fail": at("fork", on_error={"strategy": "ignore"}),
    "error.one-handler": plus("fetch", "second", by={"kind": "error"}),
    "error.no-return": both(becomes("skip", "sleep", seconds=1), plus("archive", "end"), connect("skip", "end")),
    "error.resume-substitute": at("notify", on_error={"strategy": "resume"}),
    "error.substitute-unused": at("notify", on_error={"strategy": "ignore", "substitute": {"ts": "none"}}),
    "error.substitute-outputs": at("notify", on_error={"strategy": "resume", "substitute": {"colour": "red"}}),
    "error.retry-kept": top(settings={"timezone": "UTC"}),
    "error.retry-limits": at("later", directive={"strategy": "retry", "attempts": 6}),
    "error.retry-interval": at("later", directive={"strategy": "retry", "interval_minutes": 0}),
    "error.directive-place": becomes("refuse", "directive", directive={"strategy": "ignore"}),
    "error.directive-twice": both(
        at("fetch", on_error={"strategy": "ignore"}),
        drop("later"),
        link("judge", "skip", filter=None),
        plus("judge", "third", "directive", directive={"strategy": "commit"}, by={"kind": "route", "filter": None}),
        at("judge", mode="all"),
    ),
    # mapping
    "mapping.syntax": says("{{ order.body.email"),
    "mapping.function": says("{{ shout(order.body.email) }}"),
    "mapping.arguments": says("{{ upper(order.body.email; 2) }}"),
    "mapping.step": says("{{ nobody.name }}"),
    "mapping.itself": says("{{ notify.ts }}"),
    "mapping.later-step": inputs("fetch", url="https://example.com/{{ notify.ts }}"),
    "mapping.other-route": inputs("log", values={"Total": "{{ notify.ts }}"}),
    "mapping.collected": says("{{ lines.sku }}"),
    "mapping.merged": says("{{ vip.greeting }}"),
    "mapping.only-error": inputs("warn", text="{{ fetch.body.reason }}"),
    "mapping.output": says("{{ basket.text }}"),
    "mapping.declared-path": says("{{ order.body.colour }}"),
    "mapping.verbatim": says('{{ verbatim("Order No") }}'),
    "mapping.variables-set": at("recall", names=["total", "colour"]),
    "mapping.variable-scope": at("recall", scope="cycle"),
    # routers, if-else, filters
    "router.routes": plus("archive", "empty", "router"),
    "router.one-route": both(
        plus("archive", "single", "router"), plus("single", "way", by={"kind": "route", "filter": CONDITION})
    ),
    "router.one-fallback": link("fork", "recall", fallback=True, filter=None),
    "router.fallback-last": fallback_first,
    "router.fallback-filter": link("fork", "refuse", filter=CONDITION),
    "router.covered-route": both(
        link("judge", "skip", filter=None), link("judge", "later", fallback=False, filter=ERROR_CONDITION)
    ),
    "router.starved-fallback": link("fork", "notify", filter=None),
    "router.if-else-branches": both(
        plus("archive", "ask", "if_else"), plus("ask", "way", by={"kind": "branch", "fallback": True})
    ),
    "router.open-branch": link("tier", "vip", filter=None),
    "router.merge-branches": plus("archive", "join", "merge"),
    "router.merge-fields": at("text", fields=[{"name": "greeting", "values": {"vip": "x"}}]),
    "router.merge-names": at(
        "text", fields=[{"name": "greeting", "values": {"vip": "x", "plain": "y"}} for _ in range(2)]
    ),
    "filter.conditions": link("lines", "basket", filter={"label": "wanted"}),
    "filter.left": link("lines", "basket", filter={"any_of": [[{"left": " ", "operator": "exists"}]]}),
    "filter.operator": at_filter("lines", "basket", operator="text:equal", right="x"),
    "filter.right": at_filter("lines", "basket", operator="text:equals"),
    "filter.unused-right": at_filter("lines", "basket", operator="not_exists", right="x"),
    "filter.ignore-case": at_filter("lines", "basket", operator="number:equals", right=1, ignore_case=True),
    "filter.constant": link("lines", "basket", filter={"any_of": [[{"left": "sku", "operator": "exists"}]]}),
    # structure
    "structure.steps": top(steps=[], edges=[], connections=[]),
    "structure.size": many_steps,
    "structure.trigger": at("order", disabled=True),
    "structure.edge-ends": connect("pause", "nowhere"),
    "structure.cycle": connect("archive", "recall"),
    "structure.reachable": both(plus("archive", "lost"), lambda document: document["edges"].pop()),
    "structure.one-next": plus("notify", "second"),
    "structure.one-way-in": both(plus("archive", "end"), connect("answer", "end")),
    "structure.after-end": plus("refuse", "behind"),
    "structure.route-source": link("notify", "answer", kind="route"),
    "structure.branch-source": link("notify", "answer", kind="branch"),
    "structure.router-edges": link("fork", "notify", kind="next"),
    "structure.if-else-edges": link("tier", "vip", kind="next"),
    "structure.fallback-kind": link("notify", "answer", fallback=True),
    "structure.aggregate-source": at("written", source="notify"),
    "structure.aggregate-open": plus("archive", "again", "aggregate", source="copies", mode="count"),
    "structure.respond-once": plus("answer", "again", "respond"),
    "structure.respond-loop": becomes("pause", "respond"),
    "structure.respond-webhook": both(
        at("order", app="schedule", operation="tick", inputs={}), top(schedule={"kind": "every", "minutes": 15})
    ),
    "structure.sub-scenario-self": at("archive", scenario="order-intake"),
    "structure.disabled-path": both(link("judge", "skip", disabled=True), link("judge", "later", disabled=True)),
    "structure.same-edge": connect("notify", "answer"),
}
"""For each rule, without its family: what to do to the valid spec so that just this rule finds something."""


def rules_that_fire(document: Document) -> set[str]:
    return {finding.rule for finding in validate_spec(parse_spec(document))}


def test_valid_spec_has_no_findings() -> None:
    assert validate_spec(parse_spec(valid_spec())) == ()


@pytest.mark.parametrize("name", BROKEN)
def test_just_this_rule_fires(name: str) -> None:
    document = valid_spec()
    BROKEN[name](document)
    assert rules_that_fire(document) == {f"spec.{name}"}


def test_every_rule_has_its_row() -> None:
    assert {f"spec.{name}" for name in BROKEN} == {rule.id for rule in catalogue() if rule.id.startswith("spec.")}


def test_every_rule_says_what_and_what_to_do() -> None:
    for rule in catalogue():
        assert rule.sentence.endswith("."), rule.id
        assert rule.hint, rule.id
        assert rule.hint != rule.sentence, rule.id


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 400) | st.text(max_size=8) | st.just("{{ order.body.x }}"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_specs_broken_at_random_never_raise(data: st.DataObject) -> None:
    document = valid_spec()
    for _ in range(data.draw(st.integers(1, 4))):
        choice = data.draw(st.integers(0, 3))
        if choice == 0:
            a_step = data.draw(st.sampled_from(document["steps"]))
            a_step[data.draw(st.sampled_from(sorted(a_step)))] = data.draw(JSON)
        elif choice == 1:
            an_edge = data.draw(st.sampled_from(document["edges"]))
            an_edge[data.draw(st.sampled_from(["source", "target"]))] = data.draw(
                st.sampled_from([item["id"] for item in document["steps"]] + ["nowhere"])
            )
        elif choice == 2:
            an_edge = data.draw(st.sampled_from(document["edges"]))
            an_edge["kind"] = data.draw(st.sampled_from(["next", "route", "branch", "error"]))
        else:
            document["steps"].remove(data.draw(st.sampled_from(document["steps"])))
    try:
        spec = parse_spec(document)
    except SpecError:
        return
    assert validate_spec(spec) == validate_spec(spec)


def test_thousands_of_steps_take_seconds_at_most() -> None:
    count = 5_000
    document = {
        **valid_spec(),
        "steps": [
            {"kind": "set_variables", "id": f"s{n}", "label": f"S {n}",
             "variables": [{"name": "v", "value": f"{{{{ s{n - 1}.v }}}}" if n else "{{ order.body.id }}"}]}
            for n in range(count)
        ],
        "edges": [{"source": f"s{n - 1}" if n else "order", "target": f"s{n}"} for n in range(count)],
        "connections": [],
    }  # fmt: skip
    spec = parse_spec(document)
    started = time.process_time()
    assert {finding.rule for finding in validate_spec(spec)} == {"spec.structure.size"}
    assert time.process_time() - started < 15
