"""What the rules for Make look at: any JSON document, with the modules that can be found in it.

Nothing about the document is taken for granted: rules that judge its shape look at the raw values, and the others
pass over whatever hasn't the shape they need. The walk keeps its own stack, so that depth is no matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from pydantic import JsonValue

from compilers.errors import ExpressionError, Finding
from compilers.expressions import Notation, Reference, Template, parse, references
from compilers.rules.engine import RuleBook

ROUTER, IF_ELSE, MERGE = "builtin:BasicRouter", "builtin:BasicIfElse", "builtin:BasicMerge"
FEEDER, REPEATER = "builtin:BasicFeeder", "builtin:BasicRepeater"
BREAK, RESUME = "builtin:Break", "builtin:Resume"
DIRECTIVES = frozenset({BREAK, RESUME, "builtin:Ignore", "builtin:Commit", "builtin:Rollback"})
AGGREGATORS = frozenset(
    {"builtin:BasicAggregator", "util:TextAggregator", "util:FunctionAggregator2", "util:AggregateAggregator"}
)
PLACEHOLDER = "placeholder:Placeholder"

FlowKind = Literal["main", "route", "branch", "onerror", "tool", "orphan"]
Object = dict[str, JsonValue]


def members(value: JsonValue) -> Object:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def is_int(value: JsonValue) -> bool:
    """Whether the value is a whole number; `true` is none."""
    return isinstance(value, int) and not isinstance(value, bool)


@dataclass(frozen=True, eq=False)
class Flow:
    """A list of modules: the scenario's own, or one inside a module (its `owner`)."""

    where: str
    kind: FlowKind
    modules: list[JsonValue]
    owner: Module | None = None
    live: bool = True
    """Whether it is connected to the scenario's start."""


@dataclass(frozen=True, eq=False)
class Module:
    """One module: its place, its JSON, and what it stands behind (in its flow, or else the owner of the flow)."""

    where: str
    data: Object
    flow: Flow
    index: int
    behind: Module | None

    @property
    def id(self) -> int | None:
        """Its number, if it has one."""
        value = self.data.get("id")
        return value if isinstance(value, int) and not isinstance(value, bool) else None

    @property
    def name(self) -> str:
        """Its `app:Module` name, or nothing."""
        value = self.data.get("module")
        return value if isinstance(value, str) else ""

    @property
    def parameters(self) -> Object:
        """Its static settings, or none."""
        return members(self.data.get("parameters"))

    @property
    def mapper(self) -> Object:
        """Its values per run, or none."""
        return members(self.data.get("mapper"))

    @property
    def following(self) -> Object:
        """The module behind it in the same flow, or nothing."""
        return members(self.flow.modules[self.index + 1]) if self.index + 1 < len(self.flow.modules) else {}


@dataclass(frozen=True)
class Text:
    """One text that may hold expressions, with the module it belongs to, and its template if it can be read."""

    where: str
    module: Module
    text: str
    template: Template | None
    error: ExpressionError | None = None


def texts(value: JsonValue, where: str) -> Iterator[tuple[str, str]]:
    """Every text inside a JSON value with its place, without recursion."""
    stack = [(where, value)]
    while stack:
        place, item = stack.pop()
        if isinstance(item, str):
            yield place, item
        elif isinstance(item, list):
            stack.extend((f"{place}[{index}]", inner) for index, inner in reversed(list(enumerate(item))))
        elif isinstance(item, dict):
            stack.extend((f"{place}.{key}", inner) for key, inner in reversed(item.items()))


@dataclass(frozen=True)
class MakeSubject:
    """One Make blueprint, as its rules see it."""

    document: JsonValue

    @property
    def root(self) -> Object:
        """The document, if it is an object."""
        return members(self.document)

    @cached_property
    def metadata(self) -> Object:
        """The document's metadata."""
        return members(self.root.get("metadata"))

    @cached_property
    def settings(self) -> Object:
        """The scenario's settings."""
        return members(self.metadata.get("scenario"))

    @cached_property
    def flows(self) -> tuple[Flow, ...]:
        """Every flow of the document, outer ones first."""
        return self._walked[0]

    @cached_property
    def modules(self) -> tuple[Module, ...]:
        """Every module of the document that is an object, in the order it is read."""
        return self._walked[1]

    @cached_property
    def _walked(self) -> tuple[tuple[Flow, ...], tuple[Module, ...]]:
        flows: list[Flow] = []
        modules: list[Module] = []
        orphans = items(members(self.metadata.get("designer")).get("orphans"))
        stack = [
            Flow(f"metadata.designer.orphans[{index}]", "orphan", items(flow), live=False)
            for index, flow in enumerate(orphans)
        ][::-1]
        stack.append(Flow("flow", "main", items(self.root.get("flow"))))
        while stack:
            flow = stack.pop()
            flows.append(flow)
            behind, inner = flow.owner, list[Flow]()
            for index, data in enumerate(flow.modules):
                if isinstance(data, dict):
                    module = Module(f"{flow.where}[{index}]", data, flow, index, behind)
                    modules.append(module)
                    inner.extend(_flows_in(module))
                    behind = module
            stack.extend(reversed(inner))
        return tuple(flows), tuple(modules)

    def named(self, *names: str) -> Iterator[Module]:
        """The modules with one of those names."""
        return (module for module in self.modules if module.name in names)

    @cached_property
    def ids(self) -> Mapping[int, tuple[Module, ...]]:
        """The modules by their numbers."""
        found: dict[int, tuple[Module, ...]] = {}
        for module in self.modules:
            if module.id is not None:
                found[module.id] = (*found.get(module.id, ()), module)
        return found

    @cached_property
    def aggregators(self) -> tuple[tuple[Module, Module], ...]:
        """The aggregators, each with the one module that it names as its source."""
        found = []
        for module in self.named(*AGGREGATORS):
            source = module.parameters.get("feeder")
            feeders = self.ids.get(source, ()) if isinstance(source, int) else ()
            if len(feeders) == 1:
                found.append((module, feeders[0]))
        return tuple(found)

    @property
    def first(self) -> Module | None:
        """The module that starts the scenario."""
        return next((module for module in self.modules if module.flow.kind == "main" and module.index == 0), None)

    @cached_property
    def _intervals(self) -> Mapping[Module, tuple[int, int]]:
        """The first and last number of each module's descendants (by `behind`), counted in preorder."""
        below: dict[Module | None, list[Module]] = {}
        for module in self.modules:
            below.setdefault(module.behind, []).append(module)
        opened: dict[Module, int] = {}
        closed: dict[Module, int] = {}
        stack: list[tuple[Module, bool]] = [(module, False) for module in reversed(below.get(None, []))]
        while stack:
            module, done = stack.pop()
            if done:
                closed[module] = len(opened) - 1
                continue
            opened[module] = len(opened)
            stack.append((module, True))
            stack.extend((inner, False) for inner in reversed(below.get(module, [])))
        return {module: (number, closed[module]) for module, number in opened.items()}

    def is_behind(self, module: Module, other: Module) -> bool:
        """Whether `module` runs behind `other`: further on in its flow, or in a flow inside or behind it."""
        number, last = self._intervals[other]
        return number < self._intervals[module][0] <= last

    def sees(self, module: Module, identifier: int) -> bool:
        """Whether a module of that number runs before `module`; for a merge, in the branches that it joins too."""
        for other in self.ids.get(identifier, ()):
            if self.is_behind(module, other):
                return True
            joined = module.behind if module.name == MERGE else None
            if joined is not None and self.is_behind(other, joined):
                return True
        return False

    @cached_property
    def texts(self) -> tuple[Text, ...]:
        """Every text that Make reads as a template, in the modules that run."""
        return tuple(
            _text(where, module, text)
            for module in self.modules
            if module.flow.live
            for place, value in _mapped(module)
            for where, text in texts(value, place)
        )

    @cached_property
    def references(self) -> tuple[tuple[Text, Reference, int], ...]:
        """Every reference to a module by its number, with the text it stands in."""
        return tuple(
            (text, reference, int(reference.step))
            for text in self.texts
            if text.template and not text.template.is_literal
            for reference in references(text.template)
            if reference.step.isascii() and reference.step.isdigit() and len(reference.step) < 10
        )


def _flows_in(module: Module) -> Iterator[Flow]:
    """The flows inside one module, in the order they run."""
    data = module.data
    kinds: tuple[tuple[str, FlowKind], ...] = (("routes", "route"), ("branches", "branch"), ("tools", "tool"))
    for key, kind in kinds:
        for index, entry in enumerate(items(data.get(key))):
            if isinstance(entry, dict) and isinstance(entry.get("flow"), list):
                where = f"{module.where}.{key}[{index}].flow"
                yield Flow(where, kind, items(entry["flow"]), module, module.flow.live)
    if isinstance(data.get("onerror"), list):
        yield Flow(f"{module.where}.onerror", "onerror", items(data["onerror"]), module, module.flow.live)


def _mapped(module: Module) -> Iterator[tuple[str, JsonValue]]:
    """The parts of a module in which Make evaluates expressions."""
    data, where = module.data, module.where
    yield from ((f"{where}.{part}", data.get(part)) for part in ("mapper", "flags", "outputs"))
    yield f"{where}.filter.conditions", members(data.get("filter")).get("conditions")
    for key in ("filters", "branches"):
        for index, entry in enumerate(items(data.get(key))):
            yield f"{where}.{key}[{index}].conditions", members(entry).get("conditions")


def _text(where: str, module: Module, text: str) -> Text:
    if "{{" not in text:
        return Text(where, module, text, Template((text,) if text else ()))
    try:
        return Text(where, module, text, parse(text, Notation.MAKE))
    except ExpressionError as error:
        return Text(where, module, text, None, error)


BOOK: RuleBook[MakeSubject] = RuleBook("make")


def validate_make(document: JsonValue) -> tuple[Finding, ...]:
    """What the rules for Make find in a blueprint; any JSON is allowed."""
    return BOOK.findings(MakeSubject(document))
