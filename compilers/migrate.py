"""One platform's export to another's, with a report that says what became of every module and every expression.

    >>> moved = migrate(blueprint, "n8n")
    >>> moved.export.document, moved.report.grades

Nothing stops a migration but a document that can't be read: what the other platform can't express becomes a disabled
step that holds the original, and the report says so. Grades: *native*, a node for that app and operation with its
parameters set; *equivalent*, other nodes with the same effect; *manual*, to be built by a person.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from compilers.errors import CompileError, Finding, shorten
from compilers.export import Export, NeededConnection, NeededWebhook
from compilers.expressions import parse as parse_template
from compilers.expressions.tree import Call, references, walk
from compilers.graph import SpecGraph
from compilers.make.parse import Parsed, parse
from compilers.make.read_modules import Known, look_up, unknown_output, unread
from compilers.make.source import Source
from compilers.n8n.differences import differences_of
from compilers.n8n.emit import emit
from compilers.registry import GENERIC_NODES, Grade, N8nNode, registry
from compilers.secrets import cleaned, without_secrets
from compilers.spec import AnyStep, OperationStep, Spec, strings_in, templates_of

SHOWN = 100
"""Characters of a field that isn't carried over that the report shows."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModuleReport(_Part):
    """What became of one module."""

    id: JsonValue
    module: str
    title: str
    step: str
    grade: Grade
    nodes: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ExpressionReport(_Part):
    """One expression that became more than another notation, or that could not be carried over."""

    where: str
    original: str
    translation: str | None = None
    why: str = ""


class Expressions(_Part):
    """What became of the expressions. `changed` are those that do more than refer to a value."""

    total: int
    translated: int
    untranslated: tuple[ExpressionReport, ...] = ()
    changed: tuple[ExpressionReport, ...] = ()


class Behaviour(_Part):
    """Where the workflow does otherwise than the scenario, and what to do about it."""

    what: str
    what_to_do: str = ""


class Saving(_Part):
    """What a month costs on both platforms, as text with currency, and what the figures rest on."""

    source: str
    target: str
    saved: str
    basis: tuple[str, ...] = ()


class MigrationReport(_Part):
    """Everything there is to say about one migration."""

    name: str
    source: str
    target: str
    modules: tuple[ModuleReport, ...]
    grades: dict[Grade, int]
    expressions: Expressions
    warnings: tuple[str, ...] = ()
    credentials: tuple[NeededConnection, ...] = ()
    webhooks: tuple[NeededWebhook, ...] = ()
    differences: tuple[Behaviour, ...] = ()
    checklist: tuple[str, ...] = ()
    saving: Saving | None = None
    not_carried_over: dict[str, dict[str, str]] = Field(
        default_factory=dict, description="by module: fields that were filled in and have no place on the target"
    )

    @property
    def is_complete(self) -> bool:
        """Whether no module is left to a person."""
        return not self.grades.get("manual", 0)


@dataclass(frozen=True)
class Migration:
    """The neutral spec, the other platform's export, and the report."""

    spec: Spec
    export: Export
    report: MigrationReport


def migrate(
    document: JsonValue, to: str = "n8n", *, slug: str = "", customer: str = "Unnamed client", timezone: str = "UTC"
) -> Migration:
    """A Make blueprint as an n8n workflow. Raises `BlueprintError` for what is no blueprint."""
    if to != "n8n":
        raise CompileError(f"there is no migration to `{shorten(to, 40)}`", hint="migrate to n8n")
    parsed = parse(document, slug=slug, customer=customer, timezone=timezone)
    originals = {step: _original(source) for step, source in parsed.modules.items()}
    export = emit(parsed.spec, by_hand=True, originals=originals)
    return Migration(parsed.spec, export, _Reporter(parsed, export).report())


def _original(source: Source) -> dict[str, JsonValue]:
    kept = ("id", "module", "version", "parameters", "mapper", "filter", "flags", "tools")
    return {key: source.data[key] for key in kept if source.data.get(key) is not None}


class _Reporter:
    def __init__(self, parsed: Parsed, export: Export) -> None:
        self._parsed, self._export = parsed, export
        self._spec = parsed.spec
        self._graph = SpecGraph(parsed.spec)
        self._steps: dict[str, AnyStep] = {step.id: step for step in self._spec.nodes}
        self._types = {
            str(node["name"]): str(node["type"])
            for node in _listed(export.document.get("nodes"))
            if "name" in node and "type" in node
        }
        self._known = {step: look_up(source) for step, source in parsed.modules.items()}
        self._lost = {
            step: {name: _shown(name, value) for name, value in unread(known).items()}
            for step, known in self._known.items()
            if step not in export.manual
        }
        self._notes = self._notes_by_step()

    def report(self) -> MigrationReport:
        """The whole report."""
        modules = tuple(self._modules())
        counted = Counter(module.grade for module in modules)
        listed: tuple[Grade, ...] = ("native", "equivalent", "manual")
        differences = [Behaviour(what=row.what, what_to_do=row.what_to_do) for row in differences_of(self._spec)]
        differences += [
            Behaviour(what=f"{self._place(finding)}: {finding.what}", what_to_do=finding.hint)
            for finding in self._export.findings
            if finding.severity == "info"
        ]
        differences += [
            Behaviour(what=f"module {self._number(step.id)}: {node.notes}")
            for step in self._spec.nodes
            if step.id not in self._export.manual and (node := self._node(step)) and node.notes
        ]
        return MigrationReport(
            name=self._spec.name,
            source="make",
            target="n8n",
            modules=modules,
            grades={grade: counted.get(grade, 0) for grade in listed},
            expressions=self._expressions(),
            warnings=tuple(dict.fromkeys(self._warnings())),
            credentials=self._export.connections,
            webhooks=self._export.webhooks,
            differences=tuple(differences),
            checklist=tuple(self._checklist(counted.get("manual", 0))),
            not_carried_over={self._number(step): fields for step, fields in self._lost.items() if fields},
        )

    # -- modules -----------------------------------------------------------------------------------------------

    def _modules(self) -> Iterator[ModuleReport]:
        for step, source in self._parsed.modules.items():
            grade = self._grade(self._steps[step])
            notes = tuple(dict.fromkeys(self._notes.get(step, ())))
            yield self._row(source, step, grade, self._export.places.get(step, ()), notes)
            directive = self._parsed.directives.get(step)
            if directive:
                yield self._row(
                    directive, step, "native", self._export.places.get(step, ()), ("ends an error handler",)
                )

    @staticmethod
    def _row(source: Source, step: str, grade: Grade, nodes: tuple[str, ...], notes: tuple[str, ...]) -> ModuleReport:
        title = source.label or step.replace("_", " ").capitalize()
        number: JsonValue = source.data.get("id")
        return ModuleReport(
            id=number, module=source.name, title=title, step=step, grade=grade, nodes=nodes, notes=notes
        )

    def _grade(self, step: AnyStep) -> Grade:
        if step.id in self._export.manual:
            return "manual"
        types = [self._types.get(name, "") for name in self._export.places.get(step.id, ())]
        if not isinstance(step, OperationStep):
            return "equivalent" if "n8n-nodes-base.code" in types else "native"
        app, node = registry().app(step.app), self._node(step)
        if node is None:
            return "manual"
        if node.grade:
            return node.grade
        does_anything = node.node in GENERIC_NODES
        by_itself = app.category == "core" and node.node == "n8n-nodes-base.httpRequest"
        return "equivalent" if does_anything and not by_itself else "native"

    def _node(self, step: AnyStep) -> N8nNode | None:
        if not isinstance(step, OperationStep):
            return None
        operation = registry().operation(step.app, step.operation)
        used = self._graph.used_outputs.get(step.id, ())
        return operation.n8n_node(operation.with_defaults(step.inputs), used)

    def _notes_by_step(self) -> dict[str, list[str]]:
        notes: dict[str, list[str]] = {}
        for finding in self._export.findings:
            step = _step_of(finding)
            if step and finding.severity != "info":
                notes.setdefault(step, []).append(_said(finding))
        for step, fields in self._lost.items():
            if fields:
                listed = ", ".join(f"{name} = {value}" for name, value in fields.items())
                notes.setdefault(step, []).append(f"has no place for {listed}")
        unknown: dict[str, list[str]] = {}
        for step, path in self._unknown_outputs():
            unknown.setdefault(step, []).append(f"`{path}`")
        for step, paths in unknown.items():
            listed = ", ".join(dict.fromkeys(paths))
            notes.setdefault(step, []).append(f"check what n8n calls {listed} of its output")
        return notes

    def _unknown_outputs(self) -> Iterator[tuple[str, str]]:
        """What steps refer to that the registry doesn't list: whose, and the path."""
        for _, template in self._templates():
            for reference in references(parse_template(template)):
                known: Known | None = self._known.get(reference.step)
                if known and reference.step not in self._export.manual and unknown_output(known, reference.path):
                    yield reference.step, ".".join(getattr(part, "name", "[]") for part in reference.path)

    # -- expressions -------------------------------------------------------------------------------------------

    def _templates(self) -> Iterator[tuple[str, str]]:
        for step in self._spec.nodes:
            for _, value in templates_of(step):
                yield from ((step.id, text) for _, text in strings_in(value) if "{{" in text)
        for edge in self._spec.edges:
            for group in edge.filter.any_of if edge.filter else ():
                for row in group:
                    for value in (row.left, row.right):
                        yield from ((edge.target, text) for _, text in strings_in(value) if "{{" in text)

    def _expressions(self) -> Expressions:
        texts = self._parsed.texts
        total = sum(not parse_template(text).is_literal for _, text in self._templates())
        lost: dict[tuple[str, str], ExpressionReport] = {}
        changed: dict[tuple[str, str], ExpressionReport] = {}
        for one in self._export.translations:
            original = without_secrets(texts.get(one.source, one.source))
            key = (one.where, original)
            if one.why:
                lost.setdefault(key, ExpressionReport(where=one.where, original=original, why=one.why))
            elif any(isinstance(node, Call) for node in walk(parse_template(one.source))):
                row = ExpressionReport(
                    where=one.where, original=original, translation=without_secrets(one.written or "")
                )
                changed.setdefault(key, row)
        translated = max(0, total - len(lost))
        return Expressions(
            total=total, translated=translated, untranslated=tuple(lost.values()), changed=tuple(changed.values())
        )

    # -- words -------------------------------------------------------------------------------------------------

    def _number(self, step: str) -> str:
        source = self._parsed.modules.get(step)
        return f"{source.data.get('id')} {source.name}" if source else step

    def _place(self, finding: Finding) -> str:
        step = _step_of(finding)
        return f"module {self._number(step)}" if step in self._parsed.modules else finding.where

    def _warnings(self) -> Iterator[str]:
        yield from (without_secrets(f"{finding.where}: {_said(finding)}") for finding in self._parsed.findings)
        for step, notes in self._notes.items():
            yield from (f"module {self._number(step)}: {note}" for note in notes)

    def _checklist(self, manual: int) -> Iterator[str]:
        yield "Import the workflow into n8n (menu of a new workflow, *Import from File*) and leave it inactive."
        for needed in self._export.connections:
            places = ", ".join(needed.places)
            yield f"Create the credential *{needed.label}* ({needed.platform_type}) and choose it in: {places}."
        if manual:
            yield f"Build the {manual} nodes that are marked MANUAL; each holds the original module in its notes."
        if self._lost and any(self._lost.values()):
            yield "Go through the fields that have no place on n8n, and decide for each whether it matters."
        yield "Set the workflow's time zone, and its schedule where it has one, to what the scenario has in Make."
        yield "Run it with test data, and compare with a run of the scenario on the same data, node by node."
        for webhook in self._export.webhooks:
            yield f"Ready the new address for its callers ({webhook.place}): {webhook.what}."
        yield "Pick a quiet hour. Switch the scenario off in Make, then the workflow on in n8n; change the callers."
        yield "Watch the first executions, and the number of records on the other side, for a day."
        yield "Keep the scenario in Make, switched off, for 30 days: to go back, switch n8n off and Make on again."
        yield "After 30 days without trouble delete the scenario, its webhook and its connections in Make."


def _shown(name: str, value: JsonValue) -> str:
    """A field's value in a few words, without what may be a secret."""
    harmless = cleaned({name: value})
    return shorten(str(harmless.get(name) if isinstance(harmless, dict) else harmless), SHOWN)


_WHERE = re.compile(r"steps\.([a-z][a-z0-9_]*)")


def _step_of(finding: Finding) -> str:
    match = _WHERE.match(finding.where)
    return match[1] if match else ""


def _said(finding: Finding) -> str:
    return f"{finding.what}; {finding.hint}" if finding.hint else finding.what


def _listed(value: JsonValue) -> Sequence[Mapping[str, JsonValue]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
