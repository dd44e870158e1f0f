"""Export of Zaps -> canonical specs, without losing anything: what `emit` makes of a spec is its Zap again.

* Steps that the registry knows become steps in its neutral terms, the rest native steps that carry the step whole.
* A filter stands on the edge to the step behind it; a Paths step is a router that lets every path run whose rules hold.
  Where a filter stands behind another, a router with a single route stands between them; where nothing stands behind
  one, a step that ends the run does.
* What a step holds beyond what the compiler writes for it is kept as its residue (`compilers.residue`), and so is what
  the document holds.
* Credentials are taken out before anything is read (`redact`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import JsonValue, ValidationError

from compilers.documents import Object
from compilers.errors import Finding, SpecError, shorten
from compilers.naming import Names, as_slug
from compilers.registry import Module, as_type, read_one
from compilers.spec import (
    AnyStep,
    AppStep,
    Connection,
    Customer,
    Edge,
    Filter,
    NativeStep,
    RouterStep,
    Schedule,
    Settings,
    Spec,
    StopStep,
    TriggerStep,
    findings_of,
)
from compilers.zapier import webhooks
from compilers.zapier.codes import Codes, read_built_in
from compilers.zapier.conditions import read_filter
from compilers.zapier.known import Known, look_up, path_reader
from compilers.zapier.residues import with_residues
from compilers.zapier.source import Node, Zap, criteria_of, pick, zaps_of
from compilers.zapier.tokens import ReadTokens
from compilers.zapier.write import write


@dataclass(frozen=True)
class Parsed:
    """The spec of a Zap, the Zap, and what to know about it. `nodes` is what each step was, `filters` what guarded it,
    `known` what the registry says of it, and `texts` the original of each template."""

    spec: Spec
    zap: Zap
    findings: tuple[Finding, ...]
    nodes: Mapping[str, Node]
    filters: Mapping[str, Node]
    known: Mapping[str, Known]
    texts: Mapping[str, str]


def parse(
    document: JsonValue,
    *,
    zap: str | None = None,
    slug: str = "",
    customer: str = "Unnamed client",
    timezone: str = "UTC",
) -> Parsed:
    """The spec of one Zap of an export; `zap` is its id or title where the export holds several. Raises `ZapError`."""
    return _parsed(pick(zaps_of(document), zap), slug, customer, timezone)


def parse_all(document: JsonValue, *, customer: str = "Unnamed client", timezone: str = "UTC") -> tuple[Parsed, ...]:
    """The specs of all Zaps of an export, in its order. Raises `ZapError` for what is no export."""
    return tuple(_parsed(zap, "", customer, timezone) for zap in zaps_of(document))


def _parsed(zap: Zap, slug: str, customer: str, timezone: str) -> Parsed:
    """The spec of a Zap. Where a Code step of the compiler's would not be written again, since the Zap was changed
    around it, all of them are steps like any other."""
    found = _Parser(zap, slug, customer, timezone, with_codes=True).parsed()
    if {str(node["id"]) for node in write(found.spec).all_nodes} == {*zap.nodes}:
        return found
    return _Parser(zap, slug, customer, timezone, with_codes=False).parsed()


class _Parser:
    def __init__(self, zap: Zap, slug: str, customer: str, timezone: str, with_codes: bool) -> None:
        self._zap, self._customer, self._timezone = zap, customer, timezone
        title = zap.data.get("title")
        self._name = title[:200] if isinstance(title, str) and title.strip() else slug or "Zap"
        self._slug = as_slug(slug) or as_slug(self._name) or "zap"
        self._findings = list(zap.findings)
        self._names = Names()
        self._known = {key: look_up(node, node is zap.trigger) for key, node in zap.nodes.items()}
        self._codes = Codes(zap) if with_codes else Codes(None)
        self._values = ReadTokens({})
        self._before: dict[str, dict[str, Node]] = {"code": {}, "filter_code": {}}
        self._steps: dict[str, AnyStep] = {}
        self._edges: list[Edge] = []
        self._nodes: dict[str, Node] = {}
        self._filters: dict[str, Node] = {}
        self._connections: dict[tuple[str, str], Connection] = {}

    def parsed(self) -> Parsed:
        """The whole Zap."""
        working = [
            node
            for node in self._zap.nodes.values()
            if not self._is_guard(node) and node.key not in self._codes.preparing
        ]
        for node in working:
            one = self._known[node.key]
            said = f"{one.app.app} {one.name}" if one.app else f"{_plain(node.app)} {node.action}"
            label = "" if node is self._zap.trigger else node.label
            node.step = self._names.give(label, said)
        self._values = ReadTokens(
            {node.key: (node.step, path_reader(self._known[node.key])) for node in working if not node.is_paths},
            calculated=lambda key, name: self._codes.text(key, name, self._values),
        )
        trigger = self._step(self._zap.trigger)
        self._below(self._zap.trigger)
        for node in self._zap.loose:
            self._loose(node)
        try:
            spec = self._spec(trigger)
        except ValidationError as error:
            raise SpecError("can't be read", where=shorten(self._name), findings=findings_of(error)) from None
        for key in self._values.missing:
            self._note("expressions", f"step {shorten(key, 40)} isn't in this Zap", "choose the value anew")
        beside = {"node": self._nodes, "filter": self._filters, **self._before}
        spec = with_residues(spec, self._zap.document, beside)
        known = {step: self._known[node.key] for step, node in self._nodes.items()}
        return Parsed(spec, self._zap, tuple(self._findings), self._nodes, self._filters, known, self._values.originals)

    def _is_guard(self, node: Node) -> bool:
        return node.is_filter and node is not self._zap.trigger and node not in self._zap.loose

    # -- the tree --------------------------------------------------------------------------------------------------

    def _below(self, root: Node) -> None:
        """All steps and edges below a step."""
        todo = self._children(root)
        while todo:
            node, code, above, path = todo.pop()
            kind = "route" if path else "next"
            if not self._is_guard(node):
                self._add(node, code)
                self._edge(above, node.step, kind, None)
                todo.extend(self._children(node))
                continue
            self._values.above = node.above
            condition, fallback = self._condition(node, code)
            behind = [*reversed(self._children(node))]
            plain = len(behind) == 1 and not self._is_guard(behind[0][0])
            if plain:
                target = behind[0][0].step
                self._add(*behind[0][:2])
                todo.extend(self._children(behind[0][0]))
            else:
                target = self._between(node, ends=not behind)
                todo.extend((child, own, target, True) for child, own, _, _ in reversed(behind))
            self._filters[target] = node
            if code:
                self._before["filter_code"][target] = code
            self._edge(above, target, kind, condition, fallback)

    def _children(self, node: Node) -> list[tuple[Node, Node | None, str, bool]]:
        """The steps behind a step, the last one first: each with the Code step that prepares it, the id of the step
        before it, and whether it begins a path."""
        found: list[tuple[Node, Node | None, str, bool]] = []
        for child in reversed(node.children):
            code = child if child.key in self._codes.preparing else None
            found.append((child.children[0] if code else child, code, node.step, node.is_paths))
        return found

    def _condition(self, node: Node, code: Node | None) -> tuple[Filter | None, bool]:
        """What a filter lets pass, and whether it does where no other path is taken."""
        way = self._codes.way(node, self._values)
        if way is not None:
            return way
        condition = self._codes.passes(node, code, self._values)
        if condition is None:
            condition = read_filter([*criteria_of(node)], self._values, node.label)
            self._judge(node, condition)
        return condition, False

    def _loose(self, node: Node) -> None:
        self._add(node, None)
        self._below(node)

    def _between(self, node: Node, ends: bool) -> str:
        """The step behind a filter that none stands behind, or that another filter stands behind."""
        name = self._names.give(
            node.label and f"{node.label[:28]} {'end' if ends else 'passed'}", "end" if ends else "passed"
        )
        step: Object = {"id": name, "residue": {"zapier": {"plain": True}}}
        self._steps[name] = StopStep.model_validate(step) if ends else RouterStep.model_validate(step)
        return name

    def _edge(self, above: str, target: str, kind: str, condition: Filter | None, fallback: bool = False) -> None:
        told = condition.model_dump(mode="json") if condition else None
        edge: Object = {"source": above, "target": target, "kind": kind, "filter": told, "fallback": fallback}
        self._edges.append(Edge.model_validate(edge))

    # -- steps -----------------------------------------------------------------------------------------------------

    def _add(self, node: Node, code: Node | None) -> None:
        if code:
            self._before["code"][node.step] = code
        self._steps[node.step] = self._step(node)

    def _step(self, node: Node) -> AnyStep:
        known, starts = self._known[node.key], node is self._zap.trigger
        self._nodes[node.step] = node
        self._values.above = node.above
        common: Object = {"id": node.step, "label": "" if starts else node.label[:200]}
        if node.is_paths and not starts:
            return RouterStep.model_validate({**common, "mode": self._codes.mode(node)})
        built_in = None if starts else read_built_in(node, common, self._values, self._codes)
        if built_in is not None:
            return built_in
        if known.app and known.operation:
            kind = TriggerStep if starts else AppStep
            names: Object = {"app": known.app.app, "operation": known.name, "connection": self._connection(known)}
            return kind.model_validate({**common, **names, "inputs": self._inputs(known)})
        native: Object = {"platform": "zapier", "module": node.name[:200], "mapper": self._values.value(node.params)}
        return NativeStep.model_validate({**common, **native})

    def _inputs(self, known: Known) -> Object:
        if known.node.app == webhooks.APP and known.node is not self._zap.trigger:
            return self._codes.request(known.node, self._values)
        form, operation = (known.operation.zapier if known.operation else None), known.operation
        if form is None or operation is None:
            return {}
        value = self._values.value(known.node.params)
        module = Module(value if isinstance(value, dict) else {}, {})
        inputs: Object = {}
        for name, field in operation.inputs.items():
            found = read_one(form.ways.get(name, ()), module)
            if found not in (None, ""):
                inputs[name] = as_type(field.type, found)
        return inputs

    def _connection(self, known: Known) -> str | None:
        account = known.node.data.get("authentication_id")
        if known.app is None or known.app.connection is None or account is None:
            return None
        key = (known.app.app, str(account))
        if key not in self._connections:
            name = self._names.give(f"{known.app.app} account")
            label = known.app.connection.label
            self._connections[key] = Connection(id=name, app=known.app.app, label=label)
        return self._connections[key].id

    # -- what stands beside ----------------------------------------------------------------------------------------

    def _judge(self, node: Node, condition: Filter) -> None:
        if not condition.any_of and not node.params.get("isAlwaysRun"):
            self._note(node.where, "has no rule that is filled in, so that everything passes", "set its rules")
        if any("verbatim(" in str(row.left) for group in condition.any_of for row in group):
            self._note(node.where, "has a rule that isn't known, or compares what no step gives", "check its rules")

    def _spec(self, trigger: AnyStep) -> Spec:
        document: Object = {
            "slug": self._slug,
            "name": self._name,
            "customer": Customer(name=self._customer).model_dump(mode="json"),
            "settings": Settings(timezone=self._timezone).model_dump(mode="json"),
        }
        spec = Spec.model_validate(
            {**document, "targets": ["zapier"], "trigger": trigger.model_dump(mode="json"), "schedule": None}
        )
        schedule = self._known[self._zap.trigger.key].schedule
        return spec.model_copy(
            update={
                "steps": tuple(step for step in self._steps.values()),
                "edges": tuple(self._edges),
                "connections": tuple(self._connections.values()),
                "schedule": schedule or self._polling(),
            }
        )

    def _polling(self) -> Schedule | None:
        operation = self._known[self._zap.trigger.key].operation
        if operation is not None and operation.instant:
            return Schedule(kind="immediately")
        return None

    def _note(self, where: str, what: str, hint: str) -> None:
        self._findings.append(Finding(rule="zapier.parse", severity="warning", where=where, what=what, hint=hint))


def _plain(app: str) -> str:
    return app.removesuffix("API").removesuffix("CLI")
