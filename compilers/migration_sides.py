"""The two sides of a migration: what its report asks of a source platform's document, and of a target platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import JsonValue

from compilers.documents import Object
from compilers.errors import Finding
from compilers.export import Export
from compilers.expressions.tree import Path
from compilers.graph import SpecGraph
from compilers.make.differences import differences_of as differences_on_make
from compilers.make.emit import emit as emit_make
from compilers.make.known import unknown_output, unread
from compilers.make.parse import parse as parse_make
from compilers.make.source import Source as MakeModule
from compilers.n8n.differences import Difference
from compilers.n8n.differences import differences_of as differences_on_n8n
from compilers.n8n.emit import emit as emit_n8n
from compilers.n8n.parse import parse as parse_n8n
from compilers.n8n.read_nodes import left_behind
from compilers.registry import GENERIC_NODES, Grade, N8nNode, registry
from compilers.spec import AnyStep, OperationStep, Spec
from compilers.zapier.differences import differences_of as differences_on_zapier
from compilers.zapier.emit import emit as emit_zapier
from compilers.zapier.parse import parse as parse_zap
from compilers.zapier.source import Node as ZapNode


@dataclass(frozen=True)
class Part:
    """One module or node of the source: its id there, its platform's name for it, what people call it, its step (none:
    the spec has no step for it), and what is to be known of it whatever becomes of it."""

    id: JsonValue
    module: str
    title: str
    step: str
    note: str = ""
    grade: Grade | None = None

    @property
    def place(self) -> str:
        """Its id and name, as messages have them."""
        return f"{self.id} {self.module}"


@dataclass(frozen=True)
class Origin:
    """A document of the source platform, read. `lost` are the fields of each step that say something and that its
    operation has no place for; `unknown` tells a path into a step's output that the registry doesn't list."""

    platform: str
    part: str
    spec: Spec
    findings: tuple[Finding, ...]
    parts: tuple[Part, ...]
    originals: Mapping[str, Object]
    texts: Mapping[str, str]
    lost: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    unknown: Callable[[str, Path], bool] = lambda step, path: False


class Judge(Protocol):
    """Says of each step what it became on the target."""

    def grade(self, step: AnyStep) -> Grade:
        """How well its modules or nodes stand for it."""

    def differs(self, step: AnyStep) -> str:
        """What its modules or nodes do otherwise, in a sentence; nothing where there is nothing to say."""


@dataclass(frozen=True)
class Target:
    """A platform to migrate to."""

    platform: str
    title: str
    emit: Callable[[Origin], Export]
    judge: Callable[[Spec, Export], Judge]
    differences: Callable[[Spec], Sequence[Difference]]
    checklist: Callable[[Export, int, bool], Iterator[str]]


# -- from Make -----------------------------------------------------------------------------------------------------


def from_make(document: JsonValue, slug: str, customer: str, timezone: str) -> Origin:
    """A blueprint. Raises `BlueprintError`."""
    parsed = parse_make(document, slug=slug, customer=customer, timezone=timezone)
    known = parsed.known
    parts: list[Part] = []
    for step, source in parsed.modules.items():
        parts.append(_module(source, step))
        directive = parsed.directives.get(step)
        if directive:
            parts.append(_module(directive, step, "ends an error handler"))
    return Origin(
        platform="make",
        part="module",
        spec=parsed.spec,
        findings=parsed.findings,
        parts=tuple(parts),
        originals={step: _blueprint_part(source) for step, source in parsed.modules.items()},
        texts=parsed.texts,
        lost={step: unread(one) for step, one in known.items()},
        unknown=lambda step, path: step in known and unknown_output(known[step], path),
    )


def _module(source: MakeModule, step: str, note: str = "") -> Part:
    title = source.label or step.replace("_", " ").capitalize()
    grade: Grade | None = "native" if note else None
    return Part(source.data.get("id"), source.name, title, step, note, grade)


def _blueprint_part(source: MakeModule) -> Object:
    kept = ("id", "module", "version", "parameters", "mapper", "filter", "flags", "tools")
    return {key: source.data[key] for key in kept if source.data.get(key) is not None}


# -- from n8n ------------------------------------------------------------------------------------------------------


def from_n8n(document: JsonValue, slug: str, customer: str, timezone: str) -> Origin:
    """A workflow; its own settings hold its time zone. Raises `WorkflowError`."""
    parsed = parse_n8n(document, slug=slug, customer=customer)
    numbers = {source.name: index + 1 for index, source in enumerate(parsed.workflow.nodes.values())}
    parts = [Part(numbers[one.name], one.type, one.name, step) for step, one in parsed.nodes.items()]
    for name, source in parsed.workflow.nodes.items():
        if not source.step and not source.is_note:
            served = parsed.workflow.serves.get(name)
            note = f"serves {served}" if served else "starts the workflow too; make a scenario of its own for it"
            parts.append(Part(numbers[name], source.type, name, "", note, "manual"))
    return Origin(
        platform="n8n",
        part="node",
        spec=parsed.spec,
        findings=parsed.findings,
        parts=tuple(parts),
        originals={
            step: {key: value for key, value in source.data.items() if key != "credentials"}
            for step, source in parsed.nodes.items()
        },
        texts=parsed.texts,
        lost={step: left_behind(known, parsed.nodes[step]) for step, known in parsed.known.items()},
    )


# -- from Zapier ---------------------------------------------------------------------------------------------------


def from_zapier(document: JsonValue, slug: str, customer: str, timezone: str) -> Origin:
    """The one Zap of an export. Raises `ZapError`, also for several of them."""
    parsed = parse_zap(document, slug=slug, customer=customer, timezone=timezone)
    parts: list[Part] = []
    for node in parsed.zap.nodes.values():
        guarded = next((step for step, one in parsed.filters.items() if one is node), "")
        note = "is the filter on the way to the next step" if guarded else ""
        title = node.label or (node.step or guarded).replace("_", " ").capitalize()
        parts.append(
            Part(node.data.get("id"), node.name, title, node.step or guarded, note, "native" if note else None)
        )
    return Origin(
        platform="zapier",
        part="step",
        spec=parsed.spec,
        findings=parsed.findings,
        parts=tuple(parts),
        originals={step: _zap_part(node) for step, node in parsed.nodes.items()},
        texts=parsed.texts,
    )


def _zap_part(node: ZapNode) -> Object:
    kept = ("id", "selected_api", "action", "type_of", "title", "params")
    return {key: node.data[key] for key in kept if node.data.get(key) is not None}


# -- to n8n --------------------------------------------------------------------------------------------------------


class _JudgeOnN8n:
    def __init__(self, spec: Spec, export: Export) -> None:
        self._export, self._graph = export, SpecGraph(spec)
        nodes = _objects(export.document.get("nodes"))
        self._types = {str(node.get("name")): str(node.get("type")) for node in nodes}

    def grade(self, step: AnyStep) -> Grade:
        if step.id in self._export.manual:
            return "manual"
        if not isinstance(step, OperationStep):
            made = [self._types.get(name, "") for name in self._export.places.get(step.id, ())]
            return "equivalent" if "n8n-nodes-base.code" in made else "native"
        app, node = registry().app(step.app), self._node(step)
        if node is None:
            return "manual"
        if node.grade:
            return node.grade
        does_anything = node.node in GENERIC_NODES
        by_itself = app.category == "core" and node.node == "n8n-nodes-base.httpRequest"
        return "equivalent" if does_anything and not by_itself else "native"

    def differs(self, step: AnyStep) -> str:
        node = self._node(step) if step.id not in self._export.manual else None
        return node.notes if node else ""

    def _node(self, step: AnyStep) -> N8nNode | None:
        if not isinstance(step, OperationStep):
            return None
        operation = registry().operation(step.app, step.operation)
        used = self._graph.used_outputs.get(step.id, ())
        return operation.n8n_node(operation.with_defaults(step.inputs), used)


def _objects(value: JsonValue) -> list[Object]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _checklist_for_n8n(export: Export, manual: int, loses: bool) -> Iterator[str]:
    yield "Import the workflow into n8n (menu of a new workflow, *Import from File*) and leave it inactive."
    for needed in export.connections:
        places = ", ".join(needed.places)
        yield f"Create the credential *{needed.label}* ({needed.platform_type}) and choose it in: {places}."
    if manual:
        yield f"Build the {manual} nodes that are marked MANUAL; each holds the original module in its notes."
    if loses:
        yield "Go through the fields that have no place on n8n, and decide for each whether it matters."
    yield "Set the workflow's time zone, and its schedule where it has one, to what the scenario has in Make."
    yield "Run it with test data, and compare with a run of the scenario on the same data, node by node."
    for webhook in export.webhooks:
        yield f"Ready the new address for its callers ({webhook.place}): {webhook.what}."
    yield "Pick a quiet hour. Switch the scenario off in Make, then the workflow on in n8n; change the callers."
    yield "Watch the first executions, and the number of records on the other side, for a day."
    yield "Keep the scenario in Make, switched off, for 30 days: to go back, switch n8n off and Make on again."
    yield "After 30 days without trouble delete the scenario, its webhook and its connections in Make."


# -- to Make -------------------------------------------------------------------------------------------------------


class _JudgeOnMake:
    def __init__(self, spec: Spec, export: Export) -> None:
        self._export = export

    def grade(self, step: AnyStep) -> Grade:
        return "manual" if step.id in self._export.manual else "native"

    def differs(self, step: AnyStep) -> str:
        operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        made = operation.make if operation and step.id not in self._export.manual else None
        return made.notes if made else ""


def _checklist_for_make(export: Export, manual: int, loses: bool) -> Iterator[str]:
    yield "Import the blueprint into Make (scenario editor, menu, *Import Blueprint*) and leave the scenario off."
    for needed in export.connections:
        places = ", ".join(needed.places)
        yield f"Create the connection *{needed.label}* ({needed.platform_type}) and choose it in: {places}."
    if manual:
        yield f"Build the {manual} modules that are marked MANUAL; a note at each holds the original node."
    if loses:
        yield "Go through the fields that have no place on Make, and decide for each whether it matters."
    yield "Set the scenario's schedule to what the workflow has in n8n."
    yield "Run it once with test data, and compare with an execution of the workflow on the same data, step by step."
    for webhook in export.webhooks:
        yield f"Ready the new address for its callers ({webhook.place}): {webhook.what}."
    yield "Pick a quiet hour. Switch the workflow off in n8n, then the scenario on in Make; change the callers."
    yield "Watch the first runs, the operations that they use, and the records on the other side, for a day."
    yield "Keep the workflow in n8n, inactive, for 30 days: to go back, switch Make off and n8n on again."
    yield "After 30 days without trouble delete the workflow and its credentials in n8n."


# -- to Zapier -----------------------------------------------------------------------------------------------------


class _JudgeOnZapier:
    def __init__(self, spec: Spec, export: Export) -> None:
        self._export = export

    def grade(self, step: AnyStep) -> Grade:
        if step.id in self._export.manual:
            return "manual"
        return "equivalent" if len(self._export.places.get(step.id, ())) > 1 else "native"

    def differs(self, step: AnyStep) -> str:
        return ""


def _checklist_for_zapier(export: Export, manual: int, loses: bool) -> Iterator[str]:
    yield "On a Team or Enterprise plan import the file (Zaps, menu, *Import*); else build the Zap by its build sheet."
    for needed in export.connections:
        places = ", ".join(needed.places)
        yield f"Connect the account *{needed.label}* and choose it in: {places}."
    if manual:
        yield f"Build the {manual} steps that are marked MANUAL; the code in each holds the original and fails."
    if loses:
        yield "Go through the fields that have no place on Zapier, and decide for each whether it matters."
    yield "Open every step once: Zapier asks there for what a file can't tell it, such as lists to choose from."
    yield "Test every step with real data, and compare with a run of the original on the same data."
    for webhook in export.webhooks:
        yield f"Ready the new address for its callers ({webhook.place}): {webhook.what}."
    yield "Pick a quiet hour. Switch the original off, then the Zap on; change the callers."
    yield "Watch the first runs in Zap history, the tasks that they use, and the records on the other side, for a day."
    yield "Keep the original, switched off, for 30 days: to go back, switch the Zap off and the original on again."


ORIGINS: Mapping[str, Callable[[JsonValue, str, str, str], Origin]] = {
    "make": from_make,
    "n8n": from_n8n,
    "zapier": from_zapier,
}
"""How to read each platform's documents: document, slug, customer, time zone."""
TARGETS: Mapping[str, Target] = {
    "n8n": Target(
        platform="n8n",
        title="n8n",
        emit=lambda origin: emit_n8n(origin.spec, by_hand=True, originals=origin.originals),
        judge=_JudgeOnN8n,
        differences=differences_on_n8n,
        checklist=_checklist_for_n8n,
    ),
    "make": Target(
        platform="make",
        title="Make",
        emit=lambda origin: emit_make(origin.spec, by_hand=True, originals=origin.originals),
        judge=_JudgeOnMake,
        differences=differences_on_make,
        checklist=_checklist_for_make,
    ),
    "zapier": Target(
        platform="zapier",
        title="Zapier",
        emit=lambda origin: emit_zapier(origin.spec, by_hand=True, originals=origin.originals),
        judge=_JudgeOnZapier,
        differences=differences_on_zapier,
        checklist=_checklist_for_zapier,
    ),
}
