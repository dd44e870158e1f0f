"""The flow's picture: well-formed whatever is written in it, nothing on top of anything else, the same bytes again."""

from __future__ import annotations

import time
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compilers.spec import (
    AggregateStep,
    Customer,
    Edge,
    Filter,
    IfElseStep,
    IterateStep,
    MergeStep,
    OnError,
    RouterStep,
    Spec,
    Step,
)
from manageai_assets.build.flow_picture import corners, draw, flow_picture, measure
from manageai_assets.build.flow_text import clean, width, wrap
from tests.manageai_assets.build import specs
from tests.manageai_assets.build.specs import linear, slack

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {"svg", "title", "desc", "defs", "marker", "path", "rect", "g", "text", "line"}


def spec_of(steps: list[Step], edges: list[Edge]) -> Spec:
    """A spec with these steps behind the trigger `lead`."""
    return linear().model_copy(update={"steps": tuple(steps), "edges": tuple(edges), "assumptions": ()})


def chain_of(count: int) -> Spec:
    """A long straight flow."""
    names = [f"step_{index}" for index in range(count)]
    edges = [Edge(source=a, target=b) for a, b in pairwise(["lead", *names])]
    return spec_of([slack(name, f"Number {name}", "x") for name in names], edges)


@st.composite
def flows(draw_: st.DrawFn) -> Spec:
    """Flows that nest as real ones do: routers, decisions that join, loops, error routes, long and short labels."""
    steps: list[Step] = []
    edges: list[Edge] = []
    labels = st.sampled_from(["", "yes", "Budget above ten thousand euros and country is Germany", "W" * 80])

    def add(step: Step, *sources: tuple[str, str]) -> str:
        steps.append(step)
        for source, kind in sources:
            words = draw_(labels)
            flow_filter = Filter(label=words) if words else None
            edges.append(
                Edge.model_validate({"source": source, "target": step.id, "kind": kind, "filter": flow_filter})
            )
        return step.id

    def new() -> str:
        return f"s{len(steps)}"

    def grow(end: str, kind: str, depth: int) -> str | None:
        """Puts a piece of flow behind `end`; gives where the next one goes on, if anywhere."""
        shape = draw_(st.sampled_from(["step", "step", "error", "loop", "router", "decision"] if depth else ["step"]))
        if shape == "router":
            here = add(RouterStep(id=new(), label=draw_(labels)), (end, kind))
            for _ in range(draw_(st.integers(0, 3))):
                path(here, "route", depth - 1)
            return None
        if shape == "decision":
            here = add(IfElseStep(id=new()), (end, kind))
            ends = [path(here, "branch", depth - 1) for _ in range(draw_(st.integers(1, 2)))]
            open_ends = [(one, "next") for one in ends if one]
            empty = [(here, "branch")] if draw_(st.booleans()) or not open_ends else []
            return add(MergeStep(id=new()), *open_ends, *empty)
        if shape == "loop":
            start = add(IterateStep(id=new(), array="{{ lead.body.items }}"), (end, kind))
            last = path(start, "next", depth - 1)
            return add(AggregateStep(id=new(), source=start), (last, "next")) if last else None
        here = add(slack(new(), draw_(labels), "x"), (end, kind))
        if shape == "error":
            steps[-1] = steps[-1].model_copy(update={"on_error": OnError(strategy="retry")})
            path(here, "error", depth - 1)
        return here

    def path(end: str, kind: str, depth: int) -> str | None:
        here: str | None = end
        for index in range(draw_(st.integers(1, 3))):
            if here is None or len(steps) > 40:
                break
            here = grow(here, kind if index == 0 else "next", depth)
        return here if here != end else None

    path("lead", "next", 3)
    return spec_of(steps, edges)


@given(flows())
@settings(max_examples=60, deadline=None)
def test_no_box_lies_on_another(spec: Spec) -> None:
    boxes = measure(spec).boxes
    assert {step.id for step in spec.nodes} <= set(boxes)
    for (name, a), (other, b) in combinations(boxes.items(), 2):
        apart = a.right <= b.left or b.right <= a.left or a.bottom <= b.top or b.bottom <= a.top
        assert apart, (name, other)


@given(flows())
@settings(max_examples=30, deadline=None)
def test_what_follows_stands_below_or_to_the_right(spec: Spec) -> None:
    boxes = measure(spec).boxes
    for edge in spec.edges:
        source, target = boxes[edge.source], boxes[edge.target]
        if edge.kind == "error":
            assert target.left > source.right
        else:
            assert target.top > source.bottom


@given(flows())
@settings(max_examples=60, deadline=None)
def test_no_line_runs_through_a_card(spec: Spec) -> None:
    drawing = measure(spec)
    for edge in spec.edges:
        for (x, y), (u, v) in pairwise(corners(edge, drawing)):
            left, right, top, bottom = min(x, u), max(x, u), min(y, v), max(y, v)
            for step in spec.nodes:
                box = drawing.boxes[step.id]
                clear = right <= box.left or left >= box.right or bottom <= box.y or top >= box.bottom
                assert clear or step.id in (edge.source, edge.target), (edge, step.id)


@st.composite
def tangles(draw_: st.DrawFn) -> Spec:
    """Any graph at all: cycles, loose steps, edges to nowhere, several between the same two."""
    names = [f"s{index}" for index in range(draw_(st.integers(0, 9)))]
    kinds = st.sampled_from(["slack", "router", "merge", "loop", "sum"])
    steps: list[Step] = []
    for name in names:
        match draw_(kinds):
            case "router":
                steps.append(RouterStep(id=name))
            case "merge":
                steps.append(MergeStep(id=name))
            case "loop":
                steps.append(IterateStep(id=name, array="x"))
            case "sum":
                steps.append(AggregateStep(id=name, source=draw_(st.sampled_from(names))))
            case _:
                steps.append(slack(name, "x", "x"))
    ends = st.sampled_from(["lead", "nowhere", *names])
    kind = st.sampled_from(["next", "route", "branch", "error"])
    edges = draw_(st.lists(st.tuples(ends, ends, kind), max_size=20))
    return spec_of(steps, [Edge.model_validate({"source": a, "target": b, "kind": k}) for a, b, k in edges])


@given(tangles())
@settings(max_examples=100, deadline=None)
def test_broken_flows_are_drawn_too(spec: Spec) -> None:
    root = ElementTree.fromstring(draw(spec))
    cards = [group for group in root.iter(f"{SVG}g") if group.get("class") == "step"]
    assert len(cards) == len(spec.nodes)


TEXT = st.text(max_size=200) | st.sampled_from(
    [
        "</text><script>alert(1)</script>",
        "]]>",
        '" onload="x',
        "&#0;&amp;",
        "\x00\x1b\ud800\uffff",
        "\u202eevil",
        "漢" * 90,
    ]
)


@given(TEXT, TEXT, TEXT)
@settings(max_examples=80, deadline=None)
def test_any_label_gives_well_formed_svg_with_nothing_in_it_that_runs(label: str, name: str, way: str) -> None:
    spec = linear()
    steps = (*(step.model_copy(update={"label": label}) for step in spec.steps),)
    edges = (*(edge.model_copy(update={"label": way}) for edge in spec.edges),)
    customer = Customer.model_construct(name=name)
    hostile = spec.model_copy(update={"name": name, "customer": customer, "steps": steps, "edges": edges})
    root = ElementTree.fromstring(draw(hostile).encode("utf-8"))
    assert {element.tag.removeprefix(SVG) for element in root.iter()} <= ALLOWED
    for element in root.iter():
        assert not any(key.startswith("on") or "href" in key for key in element.attrib)


@pytest.mark.parametrize("count", [0, 1, 40, 400])
def test_from_one_step_to_hundreds(count: int) -> None:
    spec = chain_of(count)
    started = time.process_time()
    root = ElementTree.fromstring(draw(spec))
    assert time.process_time() - started < 5
    assert len([path for path in root.iter(f"{SVG}path") if path.get("marker-end")]) == count
    title = root.find(f"{SVG}title")
    assert title is not None
    assert title.text == spec.name
    assert root.find(f"{SVG}desc") is not None


def test_thousands_of_steps_need_no_recursion() -> None:
    assert len(measure(chain_of(3000)).boxes) == 3001


@pytest.mark.parametrize("spec", specs.all_specs(), ids=lambda spec: spec.slug)
def test_the_same_spec_gives_the_same_bytes_within_its_frame(spec: Spec) -> None:
    again = Spec.model_validate_json(spec.model_dump_json())
    assert flow_picture.encode(draw(spec)) == flow_picture.encode(draw(again))
    root = ElementTree.fromstring(draw(spec))
    _, _, wide, high = (float(number) for number in root.attrib["viewBox"].split())
    assert wide == float(root.attrib["width"])
    assert high == float(root.attrib["height"])


def test_what_is_written() -> None:
    texts = {element.text for element in ElementTree.fromstring(draw(specs.router())).iter(f"{SVG}text")}
    assert {
        "Which team?",
        "Router: every match",
        "Big",
        'lead.body.country = "DE"',
        "Otherwise: Everybody else",
    } <= texts
    texts = {element.text for element in ElementTree.fromstring(draw(specs.errors())).iter(f"{SVG}text")}
    assert {"If it fails: try again 3 times, every 15 min", "Only when there were orders"} <= texts


@given(TEXT, st.floats(20, 300), st.integers(1, 3))
def test_wrapped_text_fits(text: str, most: float, lines: int) -> None:
    wrapped = wrap(text, 12, most, lines)
    assert 1 <= len(wrapped) <= lines
    for line in wrapped:
        assert width(line, 12) <= most or len(line) <= 2
    if "…" not in text and not wrapped[-1].endswith("…"):
        assert "".join(wrapped).replace(" ", "") == clean(text).replace(" ", "")
