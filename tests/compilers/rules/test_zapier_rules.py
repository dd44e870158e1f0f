"""Each rule for Zapier exports: a valid export is broken in just one way, and just that rule sees it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compilers.rules import catalogue, validate_export
from tests.compilers.zapier.zaps import export, guard, node, row

Document = dict[str, Any]
Change = Callable[[Document], None]


def valid() -> Document:
    """A schedule, a webhook call, Code, a delay, a filter, and two paths that each do something."""
    call = {"url": "https://example.com/orders", "data": '{"a": 1}', "headers": {"Accept": "application/json"}}
    return export(
        node(1, None, "ScheduleAPI", "every_week", title="Orders", params={"dow": "Friday", "hod": "8am"}),
        node(2, 1, "WebHookCLIAPI@1.0.37", "custom_request", params=call),
        node(3, 2, "CodeCLIAPI@1.0.1", "js", params={"code": "return {a: 1}", "input": {"text": "{{2__name}}"}}),
        node(4, 3, "DelayAPI", "delay_until", params={"delay_until_date": "{{2__due}}"}),
        guard(5, 4, row("2__total", "igreater", "100"), row("2__paid", "boolean", "true")),
        node(6, 5, "BranchingAPI", "branch"),
        guard(7, 6, row("3__a", "iexact", "vip"), path=0),
        guard(8, 6, row("3__b", "iexist", ""), path=1),
        node(9, 7, "SlackAPI", "channel_message", params={"channel": "C01", "text": "New: {{3__a}}"}),
        node(10, 8, "GoogleMailV2CLIAPI@2.4.2", "message", params={"to": ["{{2__email}}"]}),
    )


def nodes(document: Document) -> dict[str, Any]:
    """The steps of the first Zap."""
    found: dict[str, Any] = document["zaps"][0]["nodes"]
    return found


def zap(**fields: Any) -> Change:
    return lambda document: document["zaps"][0].update(fields)


def at(key: int, **fields: Any) -> Change:
    return lambda document: nodes(document)[str(key)].update(fields)


def params(key: int, **fields: Any) -> Change:
    return lambda document: nodes(document)[str(key)]["params"].update(fields)


def rule(step: int, index: int = 0, /, **fields: Any) -> Change:
    return lambda document: nodes(document)[str(step)]["params"]["filter_criteria"][index].update(fields)


def plus(*steps: Document) -> Change:
    return lambda document: nodes(document).update({str(step["id"]): step for step in steps})


def message(key: int, parent: int) -> Document:
    return node(key, parent, "SlackAPI", "channel_message")


def without(key: int, *names: str) -> Change:
    def change(document: Document) -> None:
        for name in names:
            del nodes(document)[str(key)][name]

    return change


def only_trigger(document: Document) -> None:
    document["zaps"][0]["nodes"] = {"1": nodes(document)["1"]}


def twice(document: Document) -> None:
    document["zaps"].append(document["zaps"][0])


def many_paths(document: Document) -> None:
    for index in range(2, 11):
        key = 10 + 2 * index
        plus(guard(key, 6, row("3__b", "iexist", ""), path=index), message(key + 1, key))(document)


def deep_paths(document: Document) -> None:
    above = 9
    for key in (20, 30, 40):
        steps = (node(key, above, "BranchingAPI", "branch"), guard(key + 1, key, row("3__b", "iexist", ""), path=0))
        plus(*steps, message(key + 2, key + 1))(document)
        above = key + 2


def in_a_ring(document: Document) -> None:
    plus(message(20, 21), message(21, 20))(document)


BROKEN: Mapping[str, Change] = {
    "root.zaps": lambda document: document.update(zaps=[]),
    "root.version": lambda document: document.update(metadata={"version": 3}),
    "root.importable": lambda document: document.update(metadata={"version": "gdpr_v1"}),
    "zap.title": zap(title=" "),
    "zap.nodes": zap(nodes=[1]),
    "zap.action": only_trigger,
    "zap.size": plus(*(message(key, key - 1) for key in range(11, 102))),
    "zap.id": zap(id=2),
    "zap.shared-ids": twice,
    "tree.one-trigger": plus(node(20, None, "ScheduleAPI", "every_week", params={"dow": "Friday"})),
    "tree.trigger-reads": at(1, type_of="write"),
    "tree.trigger-first": at(9, type_of="read"),
    "tree.parent": plus(message(20, 99)),
    "tree.ring": in_a_ring,
    "tree.root": at(9, root_id=2),
    "tree.fork": plus(message(20, 3)),
    "paths.heads": plus(message(20, 6)),
    "paths.rules": plus(guard(20, 9, row("3__b", "iexist", ""), path=0), message(21, 20)),
    "paths.number": many_paths,
    "paths.depth": deep_paths,
    "paths.order": params(8, path_eval_index=0),
    "paths.empty": plus(guard(20, 6, row("3__b", "iexist", ""), path=2)),
    "paths.fields": params(6, filter_criteria=[row("3__b", "iexist", "")]),
    "filter.type": at(5, type_of="write"),
    "filter.rules": params(5, filter_criteria=[]),
    "filter.shape": lambda document: nodes(document)["5"]["params"]["filter_criteria"].append(3),
    "filter.match": rule(5, match="contains"),
    "filter.action": rule(5, action="go"),
    "filter.key": rule(5, key="total"),
    "filter.value": rule(5, value=""),
    "filter.number": rule(5, value="many"),
    "filter.boolean": rule(5, 1, value="perhaps"),
    "step.fields": without(9, "triple_stores", "meta"),
    "step.id": at(9, id="9"),
    "step.type": at(9, type_of="action"),
    "step.params": at(9, params=[]),
    "step.app": at(9, selected_api="slack"),
    "step.version": at(10, selected_api="GoogleMailV2CLIAPI"),
    "step.action": at(9, action=""),
    "step.size": params(9, text="x" * (6 * 1024 * 1024)),
    "step.account": at(9, authentication_id=50294643),
    "token.above": params(9, text="{{10__id}}"),
    "token.gives": params(9, text="{{5__id}}"),
    "token.closed": params(9, text="New: {{3__a} today"),
    "code.source": params(3, code=" "),
    "code.input": params(3, input="{{2__name}}"),
    "delay.time": params(4, delay_until_date=""),
    "schedule.hour": params(1, hod="08:00"),
    "schedule.day": params(1, dow="Freitag"),
    "webhook.address": params(2, url="orders"),
    "webhook.encrypted": params(2, url="http://example.com/orders"),
    "webhook.data": params(2, data="{a: 1}"),
    "secret.shape": params(9, text="use AKIA" + "IOSFODNN7EXAMPLE"),
    "secret.name": params(2, headers={"X-Api-Key": "hunter2"}),
}


def broken(name: str) -> Document:
    """The valid export, broken in the way that the rule looks for."""
    document = valid()
    BROKEN[name](document)
    return document


def test_a_valid_export_has_no_findings() -> None:
    assert validate_export("zapier", valid()) == ()


@pytest.mark.parametrize("name", BROKEN)
def test_just_this_rule_fires(name: str) -> None:
    assert {finding.rule for finding in validate_export("zapier", broken(name))} == {f"zapier.{name}"}


def test_every_rule_has_its_row() -> None:
    rules = {rule.id for rule in catalogue() if rule.id.startswith("zapier.")}
    assert {f"zapier.{name}" for name in BROKEN} == rules


def test_findings_name_the_place_and_the_remedy() -> None:
    (finding,) = validate_export("zapier", broken("filter.number"))
    assert finding.where == "zaps[0].nodes.5.params.filter_criteria[0].value"
    assert (finding.what, finding.hint) == ("`many` is no number", "write a number with a point for decimals")


ANY_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=8,
)


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys or positions."""
    if not isinstance(value, dict | list):
        return []
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    return [(value, key) for key in keys] + [place for key in keys for place in places_in(value[key])]


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_exports_broken_at_random_never_raise(data: st.DataObject) -> None:
    document = valid()
    for _ in range(data.draw(st.integers(1, 4))):
        container, key = data.draw(st.sampled_from(places_in(document)))
        container[key] = data.draw(ANY_JSON)
    validate_export("zapier", document)
    validate_export("zapier", data.draw(ANY_JSON))


def test_a_real_exports_findings_are_true(shared: Path) -> None:
    """What is found in real exports: drafts, values that were exported without the step they come from, and headers."""
    found = {
        finding.rule
        for file in sorted((shared / "blueprints" / "zapier").glob("*.json"))
        for finding in validate_export("zapier", json.loads(file.read_text(encoding="utf-8")))
        if finding.severity != "info"
    }
    assert found <= {"zapier.token.above", "zapier.step.action", "zapier.filter.value", "zapier.secret.name"}
