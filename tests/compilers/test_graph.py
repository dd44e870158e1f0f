from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compilers.errors import SpecError
from compilers.graph import SpecGraph
from compilers.spec import parse_spec
from tests.compilers.rules.valid_spec import valid_spec


def graph_of(edges: str, **steps: dict[str, Any]) -> SpecGraph:
    """A graph from edges such as `t a, a b error`; steps that aren't described sleep. `t` is the trigger."""
    links: list[Any] = []
    for text in filter(None, (part.strip() for part in edges.split(","))):
        source, target, *rest = text.split()
        links.append({"source": source, "target": target, "kind": rest[0] if rest else "next"})
    names = dict.fromkeys([*(name for link in links for name in (link["source"], link["target"])), *steps])
    return SpecGraph(
        parse_spec(
            {
                "slug": "graph",
                "name": "Graph",
                "customer": {"name": "Acme Example"},
                "trigger": {"kind": "trigger", "id": "t", "app": "webhook", "operation": "receive"},
                "steps": [
                    {"id": name, **steps.get(name, {"kind": "sleep", "seconds": 1})}
                    for name in names
                    if name not in ("t", "ghost")
                ],
                "edges": links,
            }
        )
    )


def ids(graph: SpecGraph) -> str:
    return " ".join(step.id for step in graph.topological())


ITERATE = {"kind": "iterate", "array": "{{ t.body }}"}
SEARCH = {"kind": "app", "app": "google_sheets", "operation": "search_rows"}
MERGE = {"kind": "merge"}


def collects(source: str, **fields: Any) -> dict[str, Any]:
    return {"kind": "aggregate", "source": source, **fields}


@pytest.mark.parametrize(
    ("edges", "order"),
    [
        ("t a, a b, b c", "t a b c"),
        ("t r, r a route, r b route, a c, b d", "t r a c b d"),
        ("t i, i a branch, i b branch, a m, b m, m z", "t i a b m z"),
        ("t a, a h error, a b", "t a h b"),
        ("b c, t a", "t a b c"),
        ("u b, t a, a b", "t a u b"),
    ],
)
def test_topological_order_is_depth_first_and_stable(edges: str, order: str) -> None:
    assert ids(graph_of(edges)) == order


def test_steps_and_edges() -> None:
    graph = graph_of("t a, a b, a h error")
    assert [edge.target for edge in graph.outgoing("a")] == ["b", "h"]
    assert [edge.source for edge in graph.incoming("b")] == ["a"]
    assert [step.id for step in graph.children("a")] == ["b", "h"]
    assert graph.next("a") == graph.step("b")
    assert graph.handler("a") == graph.step("h")
    assert graph.handler("b") is None
    assert graph.get("nobody") is None
    assert [step.id for step in graph.below("a")] == ["b", "h"]
    assert graph.until("t", None) == {"t", "a", "b", "h"}
    assert graph.until("t", "a") == {"t", "a"}
    with pytest.raises(SpecError, match="no step `nobody`"):
        graph.step("nobody")


def test_cycle_names_its_steps_in_order() -> None:
    assert graph_of("t a, a b, b c, c a").cycle() == ("a", "b", "c")
    assert graph_of("t a, a a").cycle() == ("a",)
    assert graph_of("t a, x y, y x").cycle() == ("x", "y")
    assert graph_of("t i, i a branch, i b branch, a m, b m").cycle() is None


def test_unreachable_and_dangling() -> None:
    graph = graph_of("t a, x y, a ghost")
    assert [step.id for step in graph.unreachable()] == ["x", "y"]
    assert [(index, edge.target) for index, edge in graph.dangling] == [(2, "ghost")]
    assert graph.outgoing("a") == ()


def test_ancestors_go_through_edges_of_all_kinds() -> None:
    graph = graph_of("t a, a h error, h r, r x route, a b")
    assert graph.ancestors("x") == {"t", "a", "h", "r"}
    assert graph.ancestors("b") == {"t", "a"}
    assert graph.leads_to("a", "x")
    assert not graph.leads_to("b", "x")


@pytest.mark.parametrize(
    ("edges", "steps", "at", "seen"),
    [
        ("t a, a b, b c", {}, "c", "a b t"),
        # another route is out of sight
        ("t r, r a route, r b route", {}, "b", "r t"),
        # behind an aggregate, so are its source and what it collected; inside, nothing is
        ("t a, a i, i x, x g, g z", {"i": ITERATE, "g": collects("i")}, "z", "a g t"),
        ("t a, a i, i x, x g, g z", {"i": ITERATE, "g": collects("i")}, "g", "a i t x"),
        # one aggregate inside another
        (
            "t i, i j, j x, x g, g y, y h, h z",
            {"i": ITERATE, "j": ITERATE, "g": collects("j"), "h": collects("i")},
            "z",
            "h t",
        ),
        (
            "t i, i j, j x, x g, g y, y h, h z",
            {"i": ITERATE, "j": ITERATE, "g": collects("j"), "h": collects("i")},
            "y",
            "g i t",
        ),
        # behind a merge, the branches are out of sight
        ("t i, i a branch, i b branch, a m, b m, m z", {"i": {"kind": "if_else"}, "m": MERGE}, "z", "i m t"),
        # an error handler sees the failed step
        ("t a, a h error, h x", {}, "x", "a h t"),
        # an aggregate whose source isn't above it hides nothing
        ("t a, a g, g z", {"g": collects("nobody")}, "z", "a g t"),
    ],
)
def test_visible(edges: str, steps: dict[str, Any], at: str, seen: str) -> None:
    graph = graph_of(edges, **steps)
    assert " ".join(sorted(graph.visible(at))) == seen
    assert all(graph.sees(at, name) == (name in seen.split()) for name in graph.ancestors(at) | {at})


def test_filters_see_what_is_behind_the_edge_s_source() -> None:
    graph = graph_of("t i, i g, g z", i=ITERATE, g=collects("i"))
    assert graph.behind("i") == {"t", "i"}
    assert graph.behind("g") == {"t", "g"}
    assert graph.sees_behind("g", "g")
    assert not graph.sees_behind("g", "i")


def multiplying(graph: SpecGraph, identifier: str) -> list[str]:
    return [step.id for step in graph.multiplying(identifier)]


def test_multiplying_counts_loops_and_searches_that_no_aggregate_closed() -> None:
    graph = graph_of(
        "t s, s i, i x, x g, g y, y h, h z",
        s=SEARCH, i=ITERATE, g=collects("i"), h=collects("s", group_by="{{ s.row }}"),
    )  # fmt: skip
    assert multiplying(graph, "x") == ["s", "i"]
    assert multiplying(graph, "y") == ["s"]
    assert multiplying(graph, "z") == ["h"]
    assert multiplying(graph, "s") == []


def test_error_steps_name_the_innermost_failed_step() -> None:
    graph = graph_of("t a, a h error, h x, x k error, x y, a b")
    assert graph.error_steps == {"h": "a", "x": "a", "k": "x", "y": "a"}
    assert graph.failed("k") == ("x", "a")
    assert graph.failed("b") == ()


def test_route_path() -> None:
    graph = graph_of(
        "t r, r a route, r i route, i x branch, i y branch, x m, y m, m z, a e error",
        i={"kind": "if_else"}, m=MERGE, r={"kind": "router"},
    )  # fmt: skip
    assert [edge.target for edge in graph.route_path("y")] == ["i", "y"]
    assert [edge.target for edge in graph.route_path("z")] == ["i"]
    assert [edge.kind for edge in graph.route_path("e")] == ["route", "error"]
    assert graph.route_path("t") == ()


def test_thousands_of_steps_need_neither_stack_nor_patience() -> None:
    count = 5_000
    chain = ", ".join(["t s0", *(f"s{n} s{n + 1}" for n in range(count))])
    graph = graph_of(chain)
    started = time.process_time()
    assert graph.cycle() is None
    assert graph.sees(f"s{count}", "s0")
    assert len(graph.ancestors(f"s{count}")) == count + 1
    assert sum(1 for step in graph if graph.leads_to("t", step.id)) == count + 1
    assert time.process_time() - started < 5


NAMES = [step["id"] for step in valid_spec()["steps"]]


@given(
    st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from([*NAMES, "order"]), st.sampled_from(["next", "error"])))
)
@settings(max_examples=100, deadline=None)
def test_any_edges_can_be_asked_about(edges: list[tuple[str, str, str]]) -> None:
    document = valid_spec()
    document["edges"] += [{"source": source, "target": target, "kind": kind} for source, target, kind in edges]
    graph = SpecGraph(parse_spec(document))
    assert len(graph.topological()) == len(NAMES) + 1
    rank = {step.id: index for index, step in enumerate(graph.topological())}
    for step in graph:
        assert graph.visible(step.id) <= graph.ancestors(step.id)
        assert set(graph.line(step.id)) <= graph.ancestors(step.id)
        assert all(rank[above] < rank[step.id] for above in graph.ancestors(step.id))
        assert {s.id for s in graph.multiplying(step.id)} <= graph.ancestors(step.id)
        assert len(graph.failed(step.id)) == len(set(graph.failed(step.id)))
    cycle = graph.cycle()
    if cycle:
        pairs = {(edge.source, edge.target) for edge in graph.spec.edges}
        assert all(pair in pairs for pair in zip(cycle, [*cycle[1:], cycle[0]], strict=True))
