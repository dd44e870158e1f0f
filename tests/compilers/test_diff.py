from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from compilers.diff import SpecDiff, diff_specs
from compilers.spec import parse_spec
from tests.compilers.rules.valid_spec import Document, edge, step, valid_spec


def diff(after: Document, before: Document | None = None) -> SpecDiff:
    return diff_specs(parse_spec(before or valid_spec()), parse_spec(after))


def changed(document: Document) -> Document:
    """The second version of the valid spec: one step less, one more, one changed; a route, an account and a setting."""
    document["version"] = 2
    document["settings"]["timezone"] = "Europe/Rome"
    step(document, "notify")["inputs"]["channel"] = "orders"
    step(document, "pause")["seconds"] = 9
    document["steps"].remove(step(document, "refuse"))
    document["edges"].remove(edge(document, "fork", "refuse"))
    document["steps"].append({"kind": "sleep", "id": "wait", "label": "Wait *now*", "seconds": 1})
    document["edges"].append({"source": "fork", "target": "wait", "kind": "route", "fallback": True})
    edge(document, "fork", "notify")["filter"]["any_of"][0][0]["right"] = 500
    document["connections"][0]["label"] = "Orders workspace"
    return document


def test_the_same_spec_has_no_differences() -> None:
    same = diff(valid_spec())
    assert same.is_empty
    assert same.text() == "order-intake v1 and order-intake v1 say the same.\n"


def test_text() -> None:
    assert diff(changed(valid_spec())).text() == (
        "order-intake v1 to order-intake v2\n"
        "\n"
        "Scenario\n"
        '~ settings.timezone: "Europe/Paris" to "Europe/Rome"\n'
        "\n"
        "Steps\n"
        "+ wait (Wait *now*)\n"
        "- refuse (Refuse)\n"
        "~ notify (Tell sales)\n"
        '    inputs.channel: "sales" to "orders"\n'
        "~ pause (Pause)\n"
        "    seconds: 5 to 9\n"
        "\n"
        "Edges\n"
        "+ fork -> wait (fallback)\n"
        "- fork -> refuse (fallback)\n"
        "~ fork -> notify\n"
        "    filter.any_of[0][0].right: 1000 to 500\n"
        "\n"
        "Connections\n"
        "~ sales_slack (Orders workspace)\n"
        '    label: "Sales workspace" to "Orders workspace"\n'
    )


def test_markdown_escapes_what_the_specs_say() -> None:
    document = changed(valid_spec())
    step(document, "notify")["label"] = "<img src=x> [a](b) | `c`"
    text = diff(document).markdown()
    assert "Wait \\*now\\*" in text
    assert "<img" not in text
    assert "\\[a\\](b)" in text
    assert "- \\+ wait" in text


def test_the_order_of_routes_is_a_difference() -> None:
    document = valid_spec()
    first, second = edge(document, "fork", "notify"), edge(document, "fork", "recall")
    edges = document["edges"]
    i, j = edges.index(first), edges.index(second)
    edges[i], edges[j] = second, first
    assert [(item.id, item.changes[0].path) for item in diff(document).edges.changed] == [
        ("fork -> recall", "place"),
        ("fork -> notify", "place"),
    ]


def test_types_count() -> None:
    document = valid_spec()
    step(document, "answer")["status"] = "200"
    (change,) = diff(document, before=valid_spec()).steps.changed
    assert [(item.path, item.new) for item in change.changes] == [("status", "200")]


def test_a_new_kind_of_step_is_a_changed_step() -> None:
    document = valid_spec()
    index = document["steps"].index(step(document, "pause"))
    document["steps"][index] = {"kind": "stop", "id": "pause", "label": "Pause"}
    (change,) = diff(document).steps.changed
    assert [(item.path, item.old, item.new) for item in change.changes] == [
        ("kind", "sleep", "stop"),
        ("seconds", 5, None),
    ]


def test_residue_and_the_order_of_steps_say_nothing() -> None:
    document = valid_spec()
    document["steps"].reverse()
    step(document, "pause")["residue"] = {"make": {"id": 7}}
    assert diff(document).is_empty


@given(st.permutations(range(3)), st.booleans(), st.text(max_size=10))
@settings(max_examples=30, deadline=None)
def test_a_diff_there_and_back_mirrors(order: list[int], grow: bool, text: str) -> None:
    before, after = valid_spec(), valid_spec()
    after["connections"] = [{"id": f"c{number}", "app": "slack", "label": text} for number in order]
    if grow:
        changed(after)
    there, back = diff(after, before), diff(before, after)
    assert {item.id for item in there.steps.added} == {item.id for item in back.steps.removed}
    assert {item.id for item in there.connections.removed} == {item.id for item in back.connections.added}
    mirrored = {(item.id, c.path, str(c.new), str(c.old)) for item in back.steps.changed for c in item.changes}
    assert {(item.id, c.path, str(c.old), str(c.new)) for item in there.steps.changed for c in item.changes} == mirrored
    assert there.is_empty == back.is_empty
    assert there.markdown() == diff(after, before).markdown()
