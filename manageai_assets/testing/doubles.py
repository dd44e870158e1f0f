"""What apps answer in a test where nothing was recorded: made-up data of the right shape, the same every time.

A step's own sample comes first; what later steps use and it lacks is added. Searches find two results, so that what
follows them is seen to run for each. Values are realistic by the name of their field, and never those of a real person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pydantic import JsonValue

from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import AnyStep, OperationStep
from manageai_assets.testing.models import Answer
from manageai_assets.testing.shapes import Kind, Shape, shapes_of

RESULTS = 2
"""Results that a search finds."""
ELEMENTS = 2
"""Elements of a made-up array."""
_MADE_BY_RUN = ("_index", "_total")

_PEOPLE = ("Ada Sorensen", "Bruno Keller", "Chidi Okafor", "Dana Petrov", "Emre Aydin")
_BY_NAME: tuple[tuple[str, Kind, tuple[JsonValue, ...]], ...] = (
    (r"e_?mail", "text", ("ada@sorensen.example", "bruno@keller.example", "chidi@okafor.example")),
    (r"phone|mobile|tel(efon)?$", "text", ("+44 20 7946 0101", "+44 20 7946 0102", "+44 20 7946 0103")),
    (r"first_?name|given", "text", ("Ada", "Bruno", "Chidi")),
    (r"last_?name|surname|family", "text", ("Sorensen", "Keller", "Okafor")),
    (r"company|organi[sz]ation|account", "text", ("Northlight Ltd", "Keller GmbH", "Okafor & Sons")),
    (r"url|link|website|href", "text", ("https://example.com/one", "https://example.com/two")),
    (r"(^|_)(date|day|due|created|updated|start|end|deadline|time|at|on)$", "date",
     ("2026-01-14T09:30:00.000Z", "2026-01-15T16:45:00.000Z")),
    (r"^status(_?code)?$", "number", (200, 201)),
    (r"amount|total|price|sum|cost|budget|value", "number", (120.5, 80, 1999.99)),
    (r"quantity|qty|count|number|size|score|age|length|(^|_)n$", "number", (3, 7, 12)),
    (r"(^|_)id$|key|reference|ref$", "text", ("id-1001", "id-1002", "id-1003")),
    (r"city|town", "text", ("Leeds", "Graz", "Turku")),
    (r"country", "text", ("United Kingdom", "Austria", "Finland")),
    (r"currency", "text", ("EUR", "GBP")),
    (r"status|state|stage", "text", ("open", "closed")),
    (r"subject|title|headline|topic", "text", ("Order for next week", "A question about the offer")),
    (r"text|message|body|description|comment|note|content|summary", "text",
     ("Could you send us the offer by Friday?", "Thank you, that works for us.")),
    (r"name", "text", _PEOPLE),
)  # fmt: skip
_BY_KIND: Mapping[Kind, tuple[JsonValue, ...]] = {
    "text": ("Sample text", "Another text"),
    "any": ("Sample text", "Another text"),
    "number": (42, 7),
    "boolean": (True, False),
    "date": ("2026-01-14T09:30:00.000Z", "2026-01-15T16:45:00.000Z"),
    "file": ("Content of a file", "Content of another file"),
}


class Doubles:
    """The made-up data of one spec."""

    def __init__(self, graph: SpecGraph) -> None:
        self._graph = graph
        self._shapes = shapes_of(graph)
        self._answers: dict[str, Answer] = {}

    def answer(self, step: str) -> Answer:
        """What the app of a step answers."""
        if step not in self._answers:
            bundles = tuple(self.bundle(step, index) for index in range(self._results(step)))
            self._answers[step] = Answer(bundles=bundles)
        return self._answers[step]

    def _results(self, step: str) -> int:
        found = self._graph.step(step)
        operation = registry().find(found.app, found.operation) if isinstance(found, OperationStep) else None
        return RESULTS if operation is not None and operation.kind == "search" else 1

    def bundle(self, step: str, index: int = 0) -> dict[str, JsonValue]:
        """One bundle that a step gives: its sample, completed. `index` makes one that is told from the others."""
        found = self._graph.step(step)
        made = made_up(self._shapes[step], "", index)
        if isinstance(made, dict):
            made = {name: value for name, value in made.items() if name not in self._unused_twins(found)}
        sample = _of_step(found, found.sample)
        completed = _completed(sample, made) if isinstance(sample, dict) and index == 0 else made
        return completed if isinstance(completed, dict) else {}

    def _unused_twins(self, step: AnyStep) -> frozenset[str]:
        """Outputs that stand for the same thing as another one, such as an answer as JSON and as text, and that nobody
        asks for: an app gives one of them."""
        operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        used = self._graph.used_outputs.get(step.id, frozenset())
        sample = step.sample if isinstance(step.sample, dict) else {}
        places: dict[str, list[str]] = {}
        for name, output in (operation.outputs if operation else {}).items():
            if isinstance(output.make, str) and output.make:
                places.setdefault(output.make, []).append(name)
        unused: set[str] = set()
        for names in places.values():
            kept = next((name for name in names if name in sample), None)
            kept = kept or next((name for name in names if name in used), names[0])
            unused |= set(names) - {kept}
        return frozenset(unused)


def _of_step(step: AnyStep, sample: JsonValue) -> JsonValue:
    """A sample may show all results of a search: the first one."""
    return sample[0] if isinstance(sample, list) and sample else sample


def made_up(shape: Shape, name: str, index: int = 0) -> JsonValue:
    """A value of a shape, by the name of its field."""
    if shape.holds is not None:
        return json.dumps(made_up(shape.holds, name, index), ensure_ascii=False)
    if shape.parts:
        return "\n".join(dict.fromkeys(shape.parts))
    if shape.items is not None or shape.kind == "array":
        elements = shape.items or Shape("text")
        return [made_up(elements, _singular(name), index + at) for at in range(ELEMENTS)]
    named = {field: one for field, one in shape.fields.items() if field not in _MADE_BY_RUN}
    if set(named) == {"value"} and shape.kind == "any":
        return made_up(named["value"], name, index)
    if named or shape.kind == "object":
        return {field: made_up(one, field, index) for field, one in named.items()}
    return _leaf(shape.kind, name, index)


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") else name


def _leaf(kind: Kind, name: str, index: int) -> JsonValue:
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[\s.-]+", "_", name).lower()
    for pattern, of_name, values in _BY_NAME:
        if (kind == of_name or kind in ("any", "text")) and re.search(pattern, snake):
            value = values[index % len(values)]
            return str(value) if kind == "text" else value
    values = _BY_KIND.get(kind, _BY_KIND["text"])
    return values[index % len(values)]


def _completed(sample: JsonValue, made: JsonValue) -> JsonValue:
    """The sample, with what it lacks of the made-up value."""
    if isinstance(sample, dict) and isinstance(made, dict):
        return {**sample, **{name: _completed(sample.get(name), value) for name, value in made.items()}}
    if isinstance(sample, list) and isinstance(made, list) and made and sample:
        return [_completed(item, made[0]) for item in sample]
    return made if sample is None else sample
