"""Cases with data at the edges: what a form, a person or another system will send one day."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from pydantic import JsonValue

from compilers.registry import registry
from compilers.spec import OperationStep
from manageai_assets.testing.goals import Goal
from manageai_assets.testing.making import CaseMaker, leaves, replaced, without
from manageai_assets.testing.models import Answer, Case
from manageai_assets.testing.origins import Origins
from manageai_assets.testing.reads import read_paths
from manageai_assets.testing.solver import boundaries

Change = Callable[[JsonValue], JsonValue]
Place = tuple[str | int, ...]

UNICODE = "Zoë Ünal 山田太郎 مريم שלום 👩🏽‍🚀 e\u0301 \u200b“quotes” <b>&amp;</b> {{ 1 }} = \\ ' \" #"
"""Letters of several scripts, one of two characters, an emoji of four, and marks that mean something to somebody."""
LONG_TEXT = 10_000
LONG_LIST = 100
MOST_FIELDS = 30
"""Fields for which cases of their own are made."""
MOST_BOUNDARIES = 60


def edge_cases(maker: CaseMaker) -> Iterator[Case]:
    """All of them for a spec."""
    yield from _payloads(maker)
    yield from _fields(maker)
    yield from _lists(maker)
    yield from _searches(maker)
    yield from _boundaries(maker)


def _payloads(maker: CaseMaker) -> Iterator[Case]:
    if not maker.payload:
        return
    yield _edge(maker, _emptied(maker.payload), "empty payload", "Nothing is filled in")
    for name, title, change in (
        ("unicode", "Text of many scripts, emoji and marks", lambda text: f"{text} {UNICODE}"),
        (
            "long-text",
            f"Texts of {LONG_TEXT:,} characters",
            lambda text: (text + " lorem ipsum" * LONG_TEXT)[:LONG_TEXT],
        ),
    ):
        changed: JsonValue = maker.payload
        for path, value in _free_texts(maker):
            changed = replaced(changed, path, change(value))
        if changed != maker.payload:
            yield _edge(maker, changed, name, title)


def _free_texts(maker: CaseMaker) -> Iterator[tuple[Place, str]]:
    """The texts of the payload that may hold anything: no addresses, dates or numbers."""
    for path, value in leaves(maker.payload):
        name = str(path[-1]).lower() if path else ""
        special = any(part in name for part in ("mail", "url", "date", "time", "id", "phone"))
        if isinstance(value, str) and value and not special and not value.replace(".", "").isdigit():
            yield path, value


def _fields(maker: CaseMaker) -> Iterator[Case]:
    for place in _read(maker)[:MOST_FIELDS]:
        name = ".".join(str(part) for part in place)
        value = dict(leaves(maker.payload)).get(place)
        yield _edge(maker, without(maker.payload, place), f"missing {name}", f"`{name}` is missing")
        wrong = _wrong(value)
        if wrong is not None:
            kind = "text" if isinstance(wrong, str) else "an object" if isinstance(wrong, dict) else "a number"
            title = f"`{name}` is {kind} instead"
            yield _edge(maker, replaced(maker.payload, place, wrong), f"wrong type {name}", title)


def _read(maker: CaseMaker) -> list[Place]:
    """The places in the payload that steps read, and that hold something."""
    held = {path for path, value in leaves(maker.payload)}
    return [place for place in read_paths(maker.graph, maker.spec.trigger.id) if place in held]


def _wrong(value: JsonValue) -> JsonValue:
    match value:
        case bool():
            return "perhaps"
        case int() | float():
            return "not a number"
        case str():
            return 12345
        case list():
            return "not a list"
        case _:
            return None


def _lists(maker: CaseMaker) -> Iterator[Case]:
    for place, found in _arrays(maker.payload):
        name = ".".join(str(part) for part in place)
        yield _edge(maker, replaced(maker.payload, place, []), f"empty {name}", f"`{name}` is an empty list")
        if found:
            many: list[JsonValue] = [found[index % len(found)] for index in range(LONG_LIST)]
            title = f"`{name}` has {LONG_LIST} elements"
            yield _edge(maker, replaced(maker.payload, place, many), f"long {name}", title)


def _arrays(value: JsonValue, path: Place = ()) -> Iterator[tuple[Place, list[JsonValue]]]:
    """The outermost lists."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _arrays(item, (*path, name))


def _searches(maker: CaseMaker) -> Iterator[Case]:
    for step in maker.called:
        operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        if operation is None or operation.kind != "search":
            continue
        found = maker.answers[step.id][0].bundles
        many = tuple(found[index % len(found)] for index in range(LONG_LIST)) if found else ()
        for name, title, bundles in (
            ("nothing", f"{step.title} finds nothing", ()),
            ("many", f"{step.title} finds {LONG_LIST} results", many),
        ):
            made = maker.usual
            answers = {**made.answers, step.id: (Answer(bundles=bundles),)}
            made = made.model_copy(update={"answers": answers})
            yield maker.case(made, name=f"finds {name} {step.id}", group="edges", title=title)


def _boundaries(maker: CaseMaker) -> Iterator[Case]:
    origins = Origins(maker.graph)
    count = 0
    for goal in maker.goals.stops():
        condition = origins.filter(goal.edge.filter, {edge.source for edge in goal.way} | {goal.edge.source})
        if condition is None:
            continue
        reached = _beside(maker, goal) or maker.reaching(maker.goals.of(goal.edge)) or maker.usual
        for one in boundaries(condition, maker.scope_of(reached, goal.failing), maker.context):
            count += 1
            if count > MOST_BOUNDARIES:
                return
            title = f"{maker.graph.step(goal.edge.target).title}: {one.description}"
            made = maker.failing(maker.of_scope(one.scope), goal)
            yield maker.case(made, name=f"boundary {title}", group="edges", title=title)


def _beside(maker: CaseMaker, goal: Goal) -> Case | None:
    """Where a router has a fallback: a case that takes it, since only there the edges of a route are the fallback's."""
    ways = maker.graph.outgoing(goal.edge.source)
    fallback = next((one for one in ways if one.fallback and not one.disabled), None)
    return maker.reaching(maker.goals.of(fallback)) if fallback else None


def _edge(maker: CaseMaker, payload: JsonValue, name: str, title: str) -> Case:
    made = maker.with_payload(payload if isinstance(payload, dict) else {})
    return maker.case(made, name=name, group="edges", title=title)


def _emptied(value: JsonValue) -> JsonValue:
    """The same objects without anything in them: a webhook still has a body."""
    if isinstance(value, dict):
        return {name: {} for name, item in value.items() if isinstance(item, dict)}
    return value
