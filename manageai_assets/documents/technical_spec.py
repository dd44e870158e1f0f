"""The technical specification, as Markdown: what a delivery engineer must know of every step, platform and test.

The template `templates/technical_spec.md.j2` lays it out. Client text stands literally, values as code.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.errors import ExpressionError, Finding
from compilers.expressions import parse, references
from compilers.expressions.tree import Field as FieldName
from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import AnyStep, NativeStep, OperationStep, Spec, strings_in, templates_of
from manageai_assets.build.exports import EXPORTS, ExportValidationReport
from manageai_assets.build.flow_words import app_name
from manageai_assets.build.markdown import render
from manageai_assets.documents import words
from manageai_assets.documents.facts import Facts, Line
from manageai_assets.documents.messages import Messages, messages
from manageai_assets.testing.models import TestReport

SHOWN_CASES, SHOWN_FIELDS = 40, 30


@dataclass(frozen=True)
class Value:
    """What a step is given in one field."""

    name: str
    value: JsonValue
    required: bool = False


@dataclass(frozen=True)
class Detail:
    """One step: its line in the facts, what leads to it, and what it is given and gives."""

    line: Line
    step: AnyStep
    ways: tuple[str, ...]
    values: tuple[Value, ...]
    outputs: tuple[str, ...]


@dataclass
class Touched:
    """What an app's data are used for."""

    app: str
    account: str
    reads: list[str] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Note:
    """Something worth knowing, and everywhere it is so."""

    finding: Finding
    where: tuple[str, ...]


@dataclass(frozen=True)
class Group:
    """The cases of one kind, and what became of them."""

    name: str
    cases: int
    passed: int


@dataclass(frozen=True)
class Reached:
    """What of one kind the tests reached."""

    name: str
    done: int
    total: int
    missed: tuple[str, ...]


def technical_spec(facts: Facts, spec: Spec, exports: ExportValidationReport, tests: TestReport | None = None) -> str:
    """The specification. Raises `UserError` for a template that is wrong."""
    say, graph = messages(facts.brand.language), SpecGraph(spec)
    used = _used(spec)
    return render(
        "technical_spec.md.j2",
        say=say,
        facts=facts,
        spec=spec,
        graph=graph,
        details=list(_details(facts, graph, used, say)),
        touched=list(_touched(spec, used)),
        connections=[connection for connection in spec.connections if _steps_with(spec, connection.id)],
        steps_with=lambda identifier: _steps_with(spec, identifier),
        app_name=app_name,
        reports=exports.wanted,
        notes={report.platform: notes_of(report.notes) for report in exports.wanted},
        files={name: export.artifact for name, export in EXPORTS.items()},
        groups=_groups(tests, say) if tests else [],
        reached=_reached(tests, say) if tests else [],
        tests=tests,
        failed=[result for result in tests.results if not result.passed][:SHOWN_CASES] if tests else [],
    )


def notes_of(findings: Sequence[Finding]) -> list[Note]:
    """The findings, those that say the same put together."""
    same: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        same.setdefault((finding.what, finding.hint), []).append(finding)
    return [Note(found[0], tuple(dict.fromkeys(one.where for one in found))) for found in same.values()]


def _details(facts: Facts, graph: SpecGraph, used: dict[str, list[str]], say: Messages) -> Iterator[Detail]:
    numbers = {line.step: line.number for line in facts.lines if line.step}
    for line in facts.lines:
        if not line.step:
            continue
        step = graph.step(line.step)
        known = [output.path for output in step.outputs]
        yield Detail(
            line=line,
            step=step,
            ways=tuple(_ways(step, graph, numbers, say)),
            values=tuple(_values(step)),
            outputs=tuple(dict.fromkeys([*known, *used.get(step.id, [])]))[:SHOWN_FIELDS],
        )


def _ways(step: AnyStep, graph: SpecGraph, numbers: dict[str, int], say: Messages) -> Iterator[str]:
    for edge in graph.incoming(step.id):
        key = "technical.after_failure" if edge.kind == "error" else "technical.after"
        after = say(key, number=numbers.get(edge.source, 0), step=graph.step(edge.source).title)
        way = words.way(edge, say)
        asked = words.conditions(edge.filter, say) if edge.filter else ""
        way = f"{way} ({asked})" if asked and asked not in way else way
        off = say("technical.switched_off") if edge.disabled else ""
        yield f"{after}: {way}{off}" if way else f"{after}{off}"


def _values(step: AnyStep) -> Iterator[Value]:
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    if isinstance(step, NativeStep):
        yield from (Value(name, value) for name, value in step.parameters.items())
    for name, value in templates_of(step):
        if value not in (None, "", {}, []):
            name = name.removeprefix("inputs.")
            known = operation.inputs.get(name) if operation else None
            parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
            yield from (Value(part, of, known is not None and known.required) for part, of in parts.items())


def _used(spec: Spec) -> dict[str, list[str]]:
    """The fields of each step that other steps or filters read, in the order in which they are first read."""
    found: dict[str, dict[str, None]] = {}
    values: list[JsonValue] = [value for step in spec.nodes for _, value in templates_of(step)]
    for edge in spec.edges:
        for group in edge.filter.any_of if edge.filter else ():
            values += [side for condition in group for side in (condition.left, condition.right)]
    for value in values:
        for _, text in strings_in(value):
            if "{{" not in text:
                continue
            try:
                read = references(parse(text))
            except ExpressionError:
                continue
            for reference in read:
                path = ".".join(part.name for part in reference.path if isinstance(part, FieldName))
                found.setdefault(reference.step, {})[path or "*"] = None
    return {step: list(paths) for step, paths in found.items()}


def _touched(spec: Spec, used: dict[str, list[str]]) -> Iterator[Touched]:
    """The apps whose data are read or written, in the order of the flow."""
    rows: dict[tuple[str, str], Touched] = {}
    accounts = {connection.id: connection for connection in spec.connections}
    for step in spec.nodes:
        if not isinstance(step, OperationStep):
            continue
        operation = registry().find(step.app, step.operation)
        if operation is not None and operation.kind == "transform":
            continue
        account = accounts.get(step.connection or "")
        label = (account.account or account.label) if account else ""
        row = rows.setdefault((step.app, step.connection or ""), Touched(app_name(step.app), label))
        writes = operation is None or (operation.side_effect and operation.kind == "action")
        if writes:
            row.writes += [name for name in _fields(step) if name not in row.writes]
        row.reads += [path for path in used.get(step.id, []) if path not in row.reads]
    for row in rows.values():
        row.reads, row.writes = row.reads[:SHOWN_FIELDS], row.writes[:SHOWN_FIELDS]
        yield row


def _fields(step: OperationStep) -> Iterator[str]:
    """What a step writes: its inputs, those that hold named fields by these."""
    for name, value in step.inputs.items():
        if isinstance(value, dict):
            yield from (f"{name}.{key}" for key in value)
        else:
            yield name


def _steps_with(spec: Spec, connection: str) -> list[str]:
    return [step.title for step in spec.nodes if isinstance(step, OperationStep) and step.connection == connection]


def _groups(tests: TestReport, say: Messages) -> list[Group]:
    groups = dict.fromkeys(result.case.group for result in tests.results)
    return [
        Group(
            say(f"technical.group.{group}"),
            sum(result.case.group == group for result in tests.results),
            sum(result.case.group == group and result.passed for result in tests.results),
        )
        for group in groups
    ]


def _reached(tests: TestReport, say: Messages) -> list[Reached]:
    found = tests.coverage
    kinds: Sequence[tuple[str, tuple[str, ...], tuple[str, ...]]] = (
        ("steps", found.steps, found.steps_missed),
        ("routes", found.routes, found.routes_missed),
        ("filters", found.filters, found.filters_missed),
        ("handlers", found.handlers, found.handlers_missed),
    )
    return [
        Reached(say(f"technical.reached.{name}"), len(done), len(done) + len(missed), missed[:SHOWN_FIELDS])
        for name, done, missed in kinds
        if done or missed
    ]
