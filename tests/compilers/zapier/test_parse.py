"""Zaps read and written again: nothing is lost, and the spec means what the Zap does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from compilers.migrate import migrate
from compilers.registry import registry
from compilers.rules import validate_export
from compilers.spec import AppStep, NativeStep, RouterStep, StopStep, dump_spec, parse_spec
from compilers.zapier.emit import emit
from compilers.zapier.parse import parse, parse_all
from compilers.zapier.redact import redacted
from compilers.zapier.source import ZapError
from tests.compilers.zapier.zaps import export, guard, node, orders, random_zaps, row


def given_back(document: Any) -> list[Any]:
    """The Zaps of a document, read, stored as JSON, and written again."""
    written = []
    for parsed in parse_all(document):
        spec = parse_spec(json.loads(dump_spec(parsed.spec)))
        written.append(emit(spec).document)
    return written


def test_real_exports_come_back_as_they_were(shared: Path) -> None:
    files = sorted((shared / "blueprints" / "zapier").glob("*.json"))
    assert files
    for file in files:
        clean: Any = redacted(json.loads(file.read_text(encoding="utf-8")))
        assert given_back(clean) == [{**clean, "zaps": [zap]} for zap in clean["zaps"]], file.name


@given(random_zaps())
@settings(max_examples=150, deadline=None)
def test_any_zap_comes_back_as_it_was(document: dict[str, Any]) -> None:
    assert given_back(document) == [redacted(document)]


def test_the_tree_becomes_the_graph() -> None:
    spec = parse(orders()).spec
    edges = {(edge.source, edge.target): edge for edge in spec.edges}
    assert [step.kind for step in spec.steps] == ["native", "router", "app", "stop"]
    trigger, code, paths, slack, end = (step.id for step in spec.nodes)
    assert list(edges) == [(trigger, code), (code, paths), (paths, slack), (paths, end)]
    first = edges[trigger, code].filter
    assert first is not None
    rows = [(one.left, one.operator, one.right, one.ignore_case) for group in first.any_of for one in group]
    assert rows == [
        (f"{{{{ {trigger}.total }}}}", "number:greater", "100", False),
        (f"{{{{ {trigger}.note }}}}", "text:not_contains", "gift", True),
    ]
    assert edges[paths, slack].kind == edges[paths, end].kind == "route"
    sent = next(step for step in spec.steps if step.id == slack)
    assert isinstance(sent, AppStep)
    assert sent.inputs["text"] == f'{{{{ map({trigger}.lines; "name") }}}}: {{{{ {code}.a }}}}'


def test_two_filters_in_a_row_are_two_questions() -> None:
    zap = export(
        node(1, None, "TallyCLIAPI@2.0.5", "response"),
        guard(2, 1, row("1__a", "iexist", "")),
        guard(3, 2, row("1__b", "iexist", "")),
        node(4, 3, "QuipCLIAPI@1.10.0", "document"),
    )
    spec = parse(zap).spec
    assert [type(step) for step in spec.steps] == [RouterStep, NativeStep]
    asked = [str(edge.filter.any_of[0][0].left) for edge in spec.edges if edge.filter]
    assert [one.split(".")[-1] for one in asked] == ["a }}", "b }}"]


def test_a_filter_that_nothing_stands_behind_ends_the_run() -> None:
    zap = export(node(1, None, "TallyCLIAPI@2.0.5", "response"), guard(2, 1, row("1__a", "iexist", "")))
    assert [type(step) for step in parse(zap).spec.steps] == [StopStep]


def test_a_schedule_is_the_specs_schedule() -> None:
    zap = export(node(1, None, "ScheduleAPI", "every_week", params={"dow": "Friday", "hod": "8am"}))
    spec = parse(zap, timezone="Europe/Berlin").spec
    assert (spec.trigger.kind, spec.settings.timezone) == ("trigger", "Europe/Berlin")
    assert spec.schedule is not None
    told = spec.schedule.model_dump(mode="json", include={"kind", "at", "weekdays"})
    assert told == {"kind": "weekly", "at": "08:00:00", "weekdays": [5]}


def test_what_names_no_step_is_kept_and_told() -> None:
    zap = export(
        node(1, None, "TallyCLIAPI@2.0.5", "response"), node(2, 1, "SlackAPI", "x", params={"text": "{{99__name}}"})
    )
    parsed = parse(zap)
    assert any("step 99" in finding.what for finding in parsed.findings)
    sent = parsed.spec.steps[0]
    assert isinstance(sent, NativeStep)
    assert sent.mapper == {"text": '{{ verbatim("99__name"; "zapier") }}'}


def test_an_edited_step_is_written_as_it_is_now() -> None:
    spec = parse(orders()).spec
    slack = spec.steps[2]
    assert isinstance(slack, AppStep)
    edited = slack.model_copy(update={"inputs": {**slack.inputs, "channel": "C02"}})
    changed = spec.model_copy(update={"steps": (*spec.steps[:2], edited, *spec.steps[3:])})
    document: Any = emit(changed).document
    expected = orders()
    expected["zaps"][0]["nodes"]["7"]["params"]["channel"] = "C02"
    assert document == expected


@pytest.mark.parametrize(
    ("document", "what"),
    [
        ([], "has no `zaps`"),
        ({"flow": []}, "has no `zaps`"),
        ({"metadata": {}, "zaps": []}, "has no `zaps`"),
        ({"metadata": {}, "zaps": [{"nodes": {}}]}, "has no steps"),
        ({"metadata": {}, "zaps": [{"nodes": {"1": 3}}]}, "is no step"),
        ({"metadata": {}, "zaps": [{"nodes": {"1": {"parent_id": 2}, "2": {"parent_id": 1}}}]}, "has no trigger"),
    ],
)
def test_what_is_no_export_is_said(document: Any, what: str) -> None:
    with pytest.raises(ZapError, match=what):
        parse(document)


def test_of_several_zaps_one_is_asked_for() -> None:
    document = orders()
    document["zaps"] *= 2
    document["zaps"][1] = {**document["zaps"][1], "id": 77, "title": "Refunds"}
    with pytest.raises(ZapError, match="77 Refunds"):
        parse(document)
    assert parse(document, zap="77").spec.name == parse(document, zap="Refunds").spec.name == "Refunds"


def test_what_the_registry_names_has_a_source() -> None:
    named = [one.zapier for app in registry().apps.values() for one in app.operations.values() if one.zapier]
    assert all(known.source and known.seen for known in named)


SECRETS = {
    "stripe": "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc",
    "slack": "xoxb-" + "123456789012-abcdefABCDEF",
    "google": "AIza" + "SyA1234567890abcdefghijklmnopqrstuv",
    "github": "ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789",
    "aws": "AKIA" + "IOSFODNN7EXAMPLE",
    "openai": "sk-" + "abcdefghijklmnopqrstuvwx",
    "anthropic": "sk-ant-" + "abcdefghijklmnopqrstuvwx",
    "airtable": "patABCDEFGHIJKLMN." + "0123456789abcdef" * 3,
    "sendgrid": "SG." + "abcdefghijklmnopqrst" + ".abcdefghijklmnopqrst",
    "notion": "ntn_" + "a1" * 22,
    "hubspot": "pat-na1-" + "0123abcd-" * 4,
    "jwt": "eyJhbGciOiJIUzI1" + ".eyJzdWIiOiIxMjM0" + ".SflKxwRJSMeKKF2",
    "telegram": "123456789:AA" + "abcdefghijklmnopqrstuvwxyz0123456",
}
PLANTED = [
    *({"text": f"key {secret} end"} for secret in SECRETS.values()),
    {"headers": {"Authorization": "Bearer hunter2-hunter2-hunter2"}},
    {"headers": {"X-API-Key": "hunter2-hunter2"}},
    {"headers": "Accept: text/html\nX-Api-Key: hunter2-hunter2"},
    {"url": "https://ann:hunter2-hunter2@example.com/"},
    {"url": "https://example.com/rows?limit=5&api_key=hunter2-hunter2&page=1"},
    {"code": 'const apiKey = "hunter2-hunter2";'},
    {"data": '{"password": "hunter2-hunter2", "size": 3}'},
    {"code": 'send("{\\"token\\": \\"hunter2-hunter2\\"}")'},
    {"fields": [{"key": "client_secret", "value": "hunter2-hunter2"}]},
    {"password": "hunter2-hunter2"},
]


@pytest.mark.parametrize("params", PLANTED, ids=lambda params: next(iter(params)))
def test_no_credential_gets_in(params: dict[str, Any]) -> None:
    zap = export(
        node(1, None, "TallyCLIAPI@2.0.5", "response"), node(2, 1, "WebHookCLIAPI@1.0.37", "post", params=params)
    )
    parsed = parse(zap)
    everything = dump_spec(parsed.spec) + json.dumps(emit(parsed.spec).document) + repr(parsed)
    assert "(secret removed)" in everything
    for secret in ("hunter2", *SECRETS.values()):
        assert secret not in everything


@pytest.mark.parametrize(
    "params",
    [
        {"url": "https://example.com/rows?limit=500&page=1000"},
        {"headers": {"Authorization": "Bearer {{1__token}}", "Accept": "application/json"}},
        {"code": "const name = 'Ada Lovelace'; const tokens = text.split(' ');"},
        {"data": '{"email": "{{1__email}}", "subject": "your password"}'},
    ],
)
def test_what_is_no_credential_stays(params: dict[str, Any]) -> None:
    assert redacted(params) == params


@pytest.mark.parametrize("target", ["n8n", "make"])
def test_a_zap_is_migrated_with_a_place_for_every_step(target: str) -> None:
    done = migrate(orders(), target)
    assert (done.report.source_title, done.export.platform) == ("Zapier", target)
    assert [module.id for module in done.report.modules] == [1, 2, 3, 4, 5, 6, 7]
    assert sum(done.report.grades.values()) == 7
    assert not [one for one in validate_export(target, done.export.document) if one.severity == "error"]


def test_real_zaps_are_migrated(shared: Path) -> None:
    for file in sorted((shared / "blueprints" / "zapier").glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        for zap in document["zaps"]:
            for target in ("n8n", "make"):
                report = migrate({**document, "zaps": [zap]}, target).report
                assert len(report.modules) == len(zap["nodes"]), file.name
