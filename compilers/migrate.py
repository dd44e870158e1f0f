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
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from compilers.documents import members, unwrapped
from compilers.errors import CompileError, Finding, shorten
from compilers.export import Export, NeededConnection, NeededWebhook
from compilers.exports import describe
from compilers.expressions import parse as parse_template
from compilers.expressions.tree import Call, references, walk
from compilers.migration_sides import ORIGINS, TARGETS, Origin, Part, Target
from compilers.registry import Grade
from compilers.secrets import cleaned, without_secrets
from compilers.spec import AnyStep, Spec, strings_in, templates_of
from compilers.zapier.source import is_export

SHOWN = 100
"""Characters of a field that isn't carried over that the report shows."""


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModuleReport(_Model):
    """What became of one module."""

    id: JsonValue
    module: str
    title: str
    step: str
    grade: Grade
    nodes: tuple[str, ...]
    notes: tuple[str, ...] = ()


class ExpressionReport(_Model):
    """One expression that became more than another notation, or that could not be carried over.

    `why` tells what could not be, or what gives nothing on either platform."""

    where: str
    original: str
    translation: str | None = None
    why: str = ""


class Expressions(_Model):
    """What became of the expressions. `changed` are those that do more than refer to a value, and those in which
    something refers to nothing."""

    total: int
    translated: int
    untranslated: tuple[ExpressionReport, ...] = ()
    changed: tuple[ExpressionReport, ...] = ()


class Behaviour(_Model):
    """Where the workflow does otherwise than the scenario, and what to do about it."""

    what: str
    what_to_do: str = ""


class Saving(_Model):
    """What a month costs on both platforms, as text with currency, and what the figures rest on."""

    source: str
    target: str
    saved: str
    basis: tuple[str, ...] = ()


class MigrationReport(_Model):
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
    def source_title(self) -> str:
        """What people call the platform that it came from."""
        return describe(self.source).title

    @property
    def target_title(self) -> str:
        """What people call the platform that it went to."""
        return TARGETS[self.target].title

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
    """A blueprint, workflow or Zap for another platform. Raises `BlueprintError`, `WorkflowError` or `ZapError` for
    what is none of them, and `CompileError` for a platform that there is no way to."""
    target = TARGETS.get(to)
    if target is None:
        raise CompileError(
            f"there is no migration to `{shorten(to, 40)}`", hint=f"migrate to {' or '.join(sorted(TARGETS))}"
        )
    source = platform_of(document) or next(name for name in ORIGINS if name != to)
    if source == to:
        raise CompileError(f"is a document of {target.title} already", hint="migrate it to another platform")
    origin = ORIGINS[source](document, slug, customer, timezone)
    export = target.emit(origin)
    return Migration(origin.spec, export, _Reporter(origin, target, export).report())


def platform_of(document: JsonValue) -> str | None:
    """`make`, `n8n` or `zapier`, by what a document holds inside the wrappings of exports; None for none of them."""
    if is_export(document):
        return "zapier"
    found = members(unwrapped(document))
    return "make" if "flow" in found else "n8n" if "nodes" in found else None


class _Reporter:
    def __init__(self, origin: Origin, target: Target, export: Export) -> None:
        self._origin, self._target, self._export = origin, target, export
        self._spec = origin.spec
        self._steps: dict[str, AnyStep] = {step.id: step for step in self._spec.nodes}
        self._parts: dict[str, Part] = {}
        for part in origin.parts:
            if part.step:
                self._parts.setdefault(part.step, part)
        self._judge = target.judge(origin.spec, export)
        self._lost = {
            step: {name: _shown(name, value) for name, value in fields.items()}
            for step, fields in origin.lost.items()
            if step not in export.manual
        }
        self._notes = self._notes_by_step()

    def report(self) -> MigrationReport:
        """The whole report."""
        modules = tuple(map(self._module, self._origin.parts))
        counted = Counter(module.grade for module in modules)
        listed: tuple[Grade, ...] = ("native", "equivalent", "manual")
        rows = self._target.differences(self._spec)
        differences = [Behaviour(what=row.what, what_to_do=row.what_to_do) for row in rows]
        differences += [
            Behaviour(what=f"{self._place(finding)}: {finding.what}", what_to_do=finding.hint)
            for finding in self._export.findings
            if finding.severity == "info"
        ]
        differences += [
            Behaviour(what=f"{self._origin.part} {self._number(step.id)}: {what}")
            for step in self._spec.nodes
            if step.id in self._parts and (what := self._judge.differs(step))
        ]
        loses = any(self._lost.values())
        return MigrationReport(
            name=self._spec.name,
            source=self._origin.platform,
            target=self._target.platform,
            modules=modules,
            grades={grade: counted.get(grade, 0) for grade in listed},
            expressions=self._expressions(),
            warnings=tuple(dict.fromkeys(self._warnings())),
            credentials=self._export.connections,
            webhooks=self._export.webhooks,
            differences=tuple(differences),
            checklist=tuple(self._target.checklist(self._export, counted.get("manual", 0), loses)),
            not_carried_over={self._number(step): fields for step, fields in self._lost.items() if fields},
        )

    # -- modules -----------------------------------------------------------------------------------------------

    def _module(self, part: Part) -> ModuleReport:
        grade = part.grade or self._judge.grade(self._steps[part.step])
        notes = (part.note,) if part.note else tuple(dict.fromkeys(self._notes.get(part.step, ())))
        return ModuleReport(
            id=part.id,
            module=part.module,
            title=part.title,
            step=part.step,
            grade=grade,
            nodes=self._export.places.get(part.step, ()),
            notes=notes,
        )

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
            notes.setdefault(step, []).append(f"check what {self._target.title} calls {listed} of its output")
        return notes

    def _unknown_outputs(self) -> Iterator[tuple[str, str]]:
        """What steps refer to that the registry doesn't list: whose, and the path."""
        for _, template in self._templates():
            for reference in references(parse_template(template)):
                by_hand = reference.step in self._export.manual
                if not by_hand and self._origin.unknown(reference.step, reference.path):
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
        texts = self._origin.texts
        total = sum(not parse_template(text).is_literal for _, text in self._templates())
        lost: dict[tuple[str, str], ExpressionReport] = {}
        changed: dict[tuple[str, str], ExpressionReport] = {}
        for one in self._export.translations:
            original = without_secrets(texts.get(one.source, one.source))
            key = (one.where, original)
            if one.why:
                lost.setdefault(key, ExpressionReport(where=one.where, original=original, why=one.why))
            elif one.gone or any(isinstance(node, Call) for node in walk(parse_template(one.source))):
                translation = without_secrets(one.written or "")
                changed.setdefault(
                    key, ExpressionReport(where=one.where, original=original, translation=translation, why=one.gone)
                )
        translated = max(0, total - len(lost))
        return Expressions(
            total=total, translated=translated, untranslated=tuple(lost.values()), changed=tuple(changed.values())
        )

    # -- words -------------------------------------------------------------------------------------------------

    def _number(self, step: str) -> str:
        part = self._parts.get(step)
        return part.place if part else step

    def _place(self, finding: Finding) -> str:
        step = _step_of(finding)
        return f"{self._origin.part} {self._number(step)}" if step in self._parts else finding.where

    def _warnings(self) -> Iterator[str]:
        told = (finding for finding in self._origin.findings if finding.severity != "info")
        yield from (without_secrets(f"{finding.where}: {_said(finding)}") for finding in told)
        for step, notes in self._notes.items():
            yield from (f"{self._origin.part} {self._number(step)}: {note}" for note in notes)


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
