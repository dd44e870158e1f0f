"""Specs written as Zaps: what each construct becomes, and what stops it."""

from __future__ import annotations

from typing import Any

import pytest

from compilers.errors import CompileError
from compilers.exports import guide
from compilers.rules import validate_export
from compilers.spec import SetVariablesStep, Spec, Variable
from compilers.zapier.code import ACTION
from compilers.zapier.emit import emit
from compilers.zapier.parse import parse
from compilers.zapier.tasks import code_steps
from tests.compilers.zapier.specs import call, edge, spec


def nodes(made: Spec) -> list[dict[str, Any]]:
    """The steps of a spec's Zap, in the order of their ids."""
    document: Any = emit(made).document
    assert not [one for one in validate_export("zapier", document) if one.severity == "error"]
    return sorted(document["zaps"][0]["nodes"].values(), key=lambda node: int(node["id"]))


def kinds(made: Spec) -> list[str]:
    """Of each step its id, the one that it hangs under, and what it does."""
    return [
        f"{node['id']}<{node['parent_id']} {node['selected_api'].partition('@')[0]}/{node['action']}"
        for node in nodes(made)
    ]


def obstacles(made: Spec) -> list[tuple[str, str]]:
    with pytest.raises(CompileError) as refused:
        emit(made)
    return [(one.where, one.what) for one in refused.value.findings]


CODE = f"CodeCLIAPI/{ACTION}"


def test_an_export_goes_by_the_name_of_its_zap() -> None:
    assert emit(spec(call("send"))).document_name == "Leads"


def test_values_that_are_there_are_tokens() -> None:
    made = nodes(spec(call("send"), call("again", body={"value": "{{ lead.body.name }}: {{ send.body.id }}"})))
    assert made[1]["params"]["data"] == {"value": "{{1__name}}"}
    assert made[2]["params"]["data"] == {"value": "{{1__name}}: {{2__id}}"}


def test_a_calculation_is_a_code_step_before() -> None:
    made = spec(call("send", body={"value": "Dear {{ upper(lead.body.name) }}, {{ lead.body.amount * 2 }}!"}))
    assert kinds(made) == ["1<None WebHookCLIAPI/hook_v2", f"2<1 {CODE}", "3<2 WebHookCLIAPI/post"]
    code, sent = nodes(made)[1:]
    assert code["params"]["input"] == {"in1": "{{1__name}}", "in2": "{{1__amount}}"}
    assert sent["params"]["data"] == {"value": "Dear {{2__text1}}, {{2__text2}}!"}


def test_a_filter_that_zapier_has_is_only_that() -> None:
    rows = edge("lead", "send", when=("{{ lead.body.amount }}", "number:greater", 100))
    made = nodes(spec(call("send"), edges=[rows]))
    assert made[1]["params"]["filter_criteria"] == [
        {"key": "1__amount", "value": "100", "match": "igreater", "action": "continue", "group": 1, "id": 1}
    ]


@pytest.mark.parametrize("operator", ["number:at_least", "number:at_most", "text:contains", "text:matches"])
def test_a_filter_that_zapier_has_not_is_asked_of_a_code_step(operator: str) -> None:
    made = spec(call("send"), edges=[edge("lead", "send", when=("{{ lead.body.amount }}", operator, "7"))])
    assert kinds(made)[1:] == [f"2<1 {CODE}", "3<2 FilterAPI/filter", "4<3 WebHookCLIAPI/post"]
    assert nodes(made)[2]["params"]["filter_criteria"] == [
        {"key": "2__passes", "value": "yes", "match": "iexact", "action": "continue", "group": 1, "id": 1}
    ]


def ways(kind: str, **router: Any) -> Spec:
    route = "route" if kind == "router" else "branch"
    rows = ("{{ lead.body.name }}", "text:equals", "Ada")
    return spec(
        {"kind": kind, "id": "split", **router},
        call("one"),
        call("two"),
        edges=[
            edge("lead", "split"),
            edge("split", "one", route, rows),
            edge("split", "two", route, ("{{ lead.body.note }}", "exists")),
        ],
    )


def test_routes_that_all_run_are_paths() -> None:
    assert kinds(ways("router")) == [
        "1<None WebHookCLIAPI/hook_v2",
        "2<1 BranchingAPI/branch",
        "3<2 BranchingAPI/filter",
        "4<3 WebHookCLIAPI/post",
        "5<2 BranchingAPI/filter",
        "6<5 WebHookCLIAPI/post",
    ]


@pytest.mark.parametrize("made", [ways("router", mode="first"), ways("if_else")], ids=["first", "if_else"])
def test_routes_of_which_one_runs_are_asked_of_a_code_step(made: Spec) -> None:
    assert kinds(made)[:4] == [
        "1<None WebHookCLIAPI/hook_v2",
        f"2<1 {CODE}",
        "3<2 BranchingAPI/branch",
        "4<3 BranchingAPI/filter",
    ]
    asked = [node["params"]["filter_criteria"][0]["key"] for node in nodes(made) if node["action"] == "filter"]
    assert asked == ["2__way1", "2__way2"]


def test_a_fallback_runs_where_no_other_way_does() -> None:
    made = spec(
        {"kind": "router", "id": "split"},
        call("one"),
        call("two"),
        edges=[
            edge("lead", "split"),
            edge("split", "one", "route", ("{{ lead.body.note }}", "exists")),
            edge("split", "two", "route", fallback=True),
        ],
    )
    assert kinds(made)[1] == f"2<1 {CODE}"
    read = {one.target: one for one in parse(emit(made).document).spec.edges if one.kind == "route"}
    assert [one.fallback for one in read.values()] == [False, True]
    assert [bool(one.filter) for one in read.values()] == [True, False]


def test_what_was_written_is_read_as_it_was_meant() -> None:
    made = spec(
        {"kind": "sleep", "id": "wait", "seconds": 90},
        {
            "kind": "set_variables",
            "id": "keep",
            "variables": [{"name": "total", "value": "{{ lead.body.amount + 1 }}"}],
        },
        call("send", body={"value": "{{ upper(lead.body.name) }} {{ keep.total }}"}),
        edges=[
            edge("lead", "wait"),
            edge("wait", "keep", when=("{{ lead.body.amount }}", "number:at_least", 3)),
            edge("keep", "send"),
        ],
    )
    document = emit(made).document
    read = parse(document).spec
    assert [step.kind for step in read.steps] == ["sleep", "set_variables", "app"]
    first, wait, keep, send = (step.id for step in read.nodes)
    assert read.steps[0].model_dump()["seconds"] == 90
    kept = read.steps[1]
    assert isinstance(kept, SetVariablesStep)
    assert kept.variables == (Variable(name="total", value=f"{{{{ {first}.body.amount + 1 }}}}"),)
    sent = read.steps[2].model_dump()["inputs"]["body"]
    assert sent == {"value": f"{{{{ upper({first}.body.name) }}}} {{{{ {keep}.total }}}}"}
    row = read.edges[1].filter
    assert row
    assert row.any_of[0][0].model_dump() == {
        "left": f"{{{{ {first}.body.amount }}}}",
        "operator": "number:at_least",
        "right": 3,
    }
    assert emit(read).document == document
    assert (wait, send) == (read.edges[0].target, read.edges[2].target)


def test_code_that_somebody_changed_is_a_step_like_any_other() -> None:
    document: Any = emit(spec(call("send", body={"value": "{{ upper(lead.body.name) }}"}))).document
    node = document["zaps"][0]["nodes"]["2"]
    node["params"]["code"] = node["params"]["code"].replace("toUpperCase", "toLowerCase")
    read = parse(document).spec
    assert [step.kind for step in read.steps] == ["native", "app"]
    assert emit(read).document == document


def test_a_loop_says_that_it_is_unverified() -> None:
    made = spec(
        {"kind": "iterate", "id": "line", "array": "{{ lead.body.lines }}"},
        call("send", body={"value": "{{ line.sku }} {{ line.price }}"}),
    )
    loop, sent = nodes(made)[1:]
    assert loop["params"] == {"values": {"price": "{{1__lines[]price}}", "sku": "{{1__lines[]sku}}"}}
    assert sent["params"]["data"] == {"value": "{{2__sku}} {{2__price}}"}
    assert any("no export has shown" in finding.what for finding in emit(made).findings)
    assert parse(emit(made).document).spec.steps[0].model_dump()["array"].endswith(".body.lines }}")


def test_a_step_whose_name_is_unknown_fails_until_it_is_built() -> None:
    made = spec({"kind": "native", "id": "odd", "platform": "make", "module": "odd-app:Do"}, call("send"))
    export = emit(made)
    assert export.manual == ("odd",)
    left = nodes(made)[1]
    assert left["meta"]["stepTitle"] == "MANUAL: Odd"
    assert 'throw new Error("Build this step by hand: odd-app:Do")' in left["params"]["code"]


def test_a_step_that_a_person_builds_is_told_by_its_values() -> None:
    inputs = {"spreadsheet": "abc", "sheet": "Leads", "values": {"Who": "{{ lead.body.name }}", "Lines": ["a", "b"]}}
    made = spec({"kind": "app", "id": "log", "app": "google_sheets", "operation": "add_row", "inputs": inputs})
    assert emit(made).manual == ("log",)
    given = {"spreadsheet": "abc", "sheet": "Leads", "values: Who": "{{1__name}}"}
    given |= {"values: Lines 1": "a", "values: Lines 2": "b"}
    assert nodes(made)[1]["params"]["input"] == given
    sheet = guide(made, "zapier")
    assert "**Google Sheets** and the event **Create Spreadsheet Row**" in sheet
    assert "| `values: Who` | [1. Lead → `name`] |" in sheet
    assert "throw new Error" not in sheet


def test_steps_that_are_tried_again_are_said_once() -> None:
    retry = {"on_error": {"strategy": "retry"}}
    findings = emit(spec({**call("one"), **retry}, {**call("two"), **retry})).findings
    (said,) = [one for one in findings if "tried again" in one.what]
    assert (said.where, said.severity) == ("steps", "warning")
    assert said.what.startswith("2 of the steps are tried again on failure")
    assert said.what.endswith(": One, Two")


def test_each_obstacle_is_said_with_its_step() -> None:
    made = spec(
        {"kind": "if_else", "id": "split"},
        call("one", url="https://service.example/{{ formatDate(now; 'YYYY') }}"),
        {"kind": "iterate", "id": "each", "array": "{{ lead.body.lines }}"},
        {**call("two"), "on_error": {"strategy": "ignore"}},
        {"kind": "aggregate", "id": "all", "source": "each", "fields": {"a": "{{ two.body.id }}"}},
        {"kind": "merge", "id": "joined"},
        call("fix"),
        edges=[
            edge("lead", "split"),
            edge("split", "one", "branch", ("{{ lead.body.note }}", "exists")),
            edge("split", "each", "branch", fallback=True),
            edge("each", "two"),
            edge("two", "all"),
            edge("two", "fix", "error"),
            edge("one", "joined"),
            edge("all", "joined"),
        ],
    )
    told = obstacles(made)
    assert {where for where, _ in told} == {f"steps.{name}" for name in ("one", "two", "all", "joined")}
    words = " ".join(what for _, what in told)
    for said in ("no calendar", "error handling", "error route", "collects the runs", "never join"):
        assert said in words, said


def test_more_ways_than_paths_allow() -> None:
    steps = [call(f"send{number}") for number in range(11)]
    routes = [edge("split", step["id"], "route", ("{{ lead.body.note }}", "exists")) for step in steps]
    made = spec({"kind": "router", "id": "split"}, *steps, edges=[edge("lead", "split"), *routes])
    assert obstacles(made) == [("steps.split", "has 11 routes; Zapier allows 10 paths")]


def test_what_only_the_trigger_joins_may_be_several_zaps() -> None:
    made = spec(call("one"), call("two"), edges=[edge("lead", "one"), edge("lead", "two")])
    with pytest.raises(CompileError) as refused:
        emit(made)
    assert any("several Zaps" in one.hint for one in refused.value.findings)


def test_the_build_sheet_names_every_step_and_field() -> None:
    made = spec(
        call("send", body={"value": "{{ upper(lead.body.name) }} `x` | <b>"}),
        edges=[edge("lead", "send", when=("{{ lead.body.note }}", "exists"))],
    )
    sheet = guide(made, "zapier")
    assert "### Step 1" in sheet
    assert "**Webhooks by Zapier** and the event **Catch Hook**" in sheet
    assert "| 1 | [1. Lead → `note`] | Exists |  |" in sheet
    assert "### Step 2: before Send" in sheet
    assert "### Step 3: values for Send" in sheet
    assert "| `in1` | [1. Lead → `name`] |" in sheet
    assert "[3. values for Send → `text1`] `` `x` \\| <b>``" in sheet
    assert "What Zapier can't do" not in sheet


def test_there_is_a_build_sheet_where_there_is_no_export() -> None:
    made = spec(call("one"), call("two"), edges=[edge("lead", "one"), edge("one", "two", "error")])
    sheet = guide(made, "zapier")
    assert "What Zapier can't do" in sheet
    assert "no error route" in sheet
    assert "### Step 2: One" in sheet
    assert "## Not in the Zap" in sheet


def test_each_code_step_is_a_task() -> None:
    made = spec(
        call("send", body={"value": "{{ upper(lead.body.name) }}"}),
        {"kind": "set_variables", "id": "keep", "variables": [{"name": "total", "value": "{{ lead.body.amount }}"}]},
        edges=[
            edge("lead", "send", when=("{{ lead.body.amount }}", "number:at_least", 3)),
            edge("send", "keep"),
        ],
    )
    assert code_steps(made) == {"lead": 1, "send": 1, "keep": 1}
