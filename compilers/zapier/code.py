"""Code steps that work out what no field, filter or path of Zapier can, and what they say when they are read back.

Zapier hands a Code step its inputs as texts (https://zapier.com/help/create/code-webhooks/use-javascript-code-in-zaps),
so numbers and truth values are made of the texts that can only be such, and all results are texts again. The first line
of the code says in the spec's terms what the rest works out. It is believed only where the rest is, letter for letter,
what is written for it: code that somebody has changed is a step like any other.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue, ValidationError

from compilers.documents import with_texts
from compilers.errors import CompileError, ExpressionError, shorten
from compilers.expressions.catalogue import CATALOGUE
from compilers.expressions.functions import Arg
from compilers.expressions.javascript import js_key, spaced
from compilers.expressions.n8n_writer import JsWriter, finished, joined, js_value, unknown_kind
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import (
    Binary,
    Call,
    Field,
    Node,
    Path,
    Reference,
    Template,
    Unknown,
    transform,
    walk,
)
from compilers.operators import filter_js
from compilers.spec import Filter

API, ACTION = "CodeCLIAPI@1.0.1", "01929fad-d3dd-62c2-52ed-7868d5fcc691"
"""*Run Javascript* of Code by Zapier, as exports of 2025 and 2026 name it."""
INPUT = "input"
"""What the spec's terms of a Code step call its inputs."""
_MARK = "// Works out: "
_TYPED = (
    "const number = text => typeof text === 'string' && String(Number(text)) === text && isFinite(text);\n"
    "const typed = text => text == null || text === '' ? null : text === 'true' ? true : text === 'false' ? false "
    ": number(text) ? Number(text) : text;"
)
_LUXON = re.compile(r"\bDateTime\b|\$now\b|\$execution\b|\$workflow\b|\bDuration\b|\bInterval\b|\bInfo\b")

_MOMENT = ("DateTime.fromISO(v.trim()).toMillis()", "Date.parse(v.trim())")
"""How a helper takes the text of a moment for a number, in n8n and here."""

Change = Callable[[Template], Template]


@dataclass(frozen=True)
class Ways:
    """The ways behind a router, in their order: what lets a bundle pass each, and which are taken when no other is.
    `first`: only the first that a bundle passes is taken."""

    filters: tuple[Filter | None, ...]
    fallbacks: tuple[bool, ...]
    first: bool


@dataclass
class Calculation:
    """What one Code step works out: texts, JSON texts, whether a filter lets pass, and which ways are taken. `inputs`
    are the tokens of its inputs by their names; `step` is the kind of the spec's step that it is, and empty where it
    only prepares what the step behind it is given."""

    step: str = ""
    inputs: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    json: dict[str, JsonValue] = field(default_factory=dict)
    passes: Filter | None = None
    ways: Ways | None = None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to work out."""
        return not (self.texts or self.json or self.passes or self.ways)

    def params(self) -> dict[str, JsonValue]:
        """The step's input values. Raises `UserError` for what its JavaScript can't be written for."""
        said: dict[str, JsonValue] = {"step": self.step} if self.step else {}
        if self.texts:
            said["texts"] = {**self.texts}
        if self.json:
            said["json"] = {**self.json}
        if self.passes:
            said["passes"] = self.passes.model_dump(mode="json")
        if self.ways:
            said["ways"] = {
                "filters": [one.model_dump(mode="json") if one else None for one in self.ways.filters],
                "fallbacks": [*self.ways.fallbacks],
                "first": self.ways.first,
            }
        lines = [
            _MARK + json.dumps(said),
            _TYPED,
            "const input = Object.fromEntries(Object.entries(inputData).map(([name, text]) => [name, typed(text)]));",
        ]
        results: list[str] = []
        for name, text in self.texts.items():
            writer = JsWriter(_own, unknown_kind)
            results.append(f"{js_key(name)}: {finished(joined(parse(text), writer))}")
        for name, value in self.json.items():
            results.append(f"{name}: JSON.stringify({js_value(value, _own)})")
        if self.passes:
            results.append(f"passes: {filter_js(self.passes, _own)} ? 'yes' : 'no'")
        if self.ways:
            lines += _ways(self.ways)
            results += [f"way{number}: taken[{number - 1}]" for number in range(1, len(self.ways.filters) + 1)]
        code = spaced("\n".join([*lines[1:], f"return {{ {', '.join(results)} }};"])).replace(*_MOMENT)
        if _LUXON.search(_without_strings(code)):
            raise CompileError(
                "a Code step of Zapier has no calendar, so dates can't be calculated in it",
                hint="shape the date with Formatter by Zapier (Date / Time) by hand, or pass it on as it is",
            )
        return {"code": f"{lines[0]}\n{code}", "input": {**self.inputs}}


def _without_strings(code: str) -> str:
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', code)


def _own(reference: Reference) -> tuple[str, Path]:
    if reference.step != INPUT:
        raise ExpressionError(f"`{reference.step}` is no input of the Code step")
    return INPUT, reference.path


def _ways(ways: Ways) -> list[str]:
    held = ", ".join(
        "false" if fallback else filter_js(one, _own) if one and one.any_of else "true"
        for one, fallback in zip(ways.filters, ways.fallbacks, strict=True)
    )
    backs = ", ".join(str(one).lower() for one in ways.fallbacks)
    last = "held.findIndex((other, before) => other && before < at) < 0" if ways.first else "true"
    return [
        f"const held = [{held}];",
        f"const backs = [{backs}];",
        "const none = !held.some(one => one);",
        f"const taken = held.map((one, at) => (backs[at] ? none : one && {last}) ? 'yes' : 'no');",
    ]


def read(params: Mapping[str, JsonValue]) -> Calculation | None:
    """What a Code step works out; None for one that wasn't written here, or that was changed since."""
    code, inputs = params.get("code"), params.get("input")
    if not isinstance(code, str) or not code.startswith(_MARK) or not isinstance(inputs, dict):
        return None
    try:
        said = json.loads(code.partition("\n")[0].removeprefix(_MARK))
        found = _read(said, {str(name): str(token) for name, token in inputs.items()})
        return found if found.params().get("code") == code else None
    except (ValueError, ValidationError, TypeError, KeyError, AttributeError, ExpressionError, CompileError):
        return None


def _read(said: Mapping[str, JsonValue], inputs: dict[str, str]) -> Calculation:
    texts, made, passes, ways = said.get("texts", {}), said.get("json", {}), said.get("passes"), said.get("ways")
    found = Calculation(str(said.get("step", "")), inputs)
    if isinstance(texts, dict) and isinstance(made, dict):
        found.texts = {name: str(text) for name, text in texts.items()}
        found.json = dict(made)
    if passes is not None:
        found.passes = Filter.model_validate(passes)
    if isinstance(ways, dict):
        filters, backs = ways["filters"], ways["fallbacks"]
        if isinstance(filters, list) and isinstance(backs, list):
            read_filters = tuple(None if one is None else Filter.model_validate(one) for one in filters)
            found.ways = Ways(read_filters, tuple(one is True for one in backs), ways["first"] is True)
    return found


class Calculator:
    """Puts one Code step together. `key` gives the step's key when it is first needed, `token` the text of a token for
    a reference (raising `CompileError` where there is none); `is_single` tells references that are known to be no list
    and no object."""

    def __init__(
        self, key: Callable[[], str], token: Callable[[Reference], str], is_single: Callable[[Reference], bool]
    ) -> None:
        self.key, self._token, self._is_single = key, token, is_single
        self.made = Calculation()
        self.open = ""
        """What a person has to make it say, where it can't be written."""

    def text(self, template: Template) -> str:
        """The name of a field of Zapier that holds the template's text, to stand between braces."""
        own = write_template(self.own(template))
        known = next((name for name, text in self.made.texts.items() if text == own), None)
        name = known or f"text{len(self.made.texts) + 1}"
        self.made.texts[name] = own
        return f"{self.key()}__{name}"

    def json(self, value: JsonValue) -> str:
        """The same for a value as JSON text."""
        name = f"json{len(self.made.json) + 1}"
        self.made.json[name] = changed(value, self.own)
        return f"{self.key()}__{name}"

    def passes(self, condition: Filter) -> str:
        """The same for whether the filter lets pass: `yes` or `no`."""
        self.made.passes = filter_changed(condition, self.own)
        return f"{self.key()}__passes"

    def ways(self, ways: Ways) -> tuple[str, ...]:
        """The same for each way, whether it is taken."""
        filters = tuple(one and filter_changed(one, self.own) for one in ways.filters)
        self.made.ways = Ways(filters, ways.fallbacks, ways.first)
        return tuple(f"{self.key()}__way{number}" for number in range(1, len(filters) + 1))

    def own(self, template: Template) -> Template:
        """The template in the Code step's own terms. Raises `CompileError`."""
        self._check(template)

        def change(node: Node) -> Node:
            if not isinstance(node, Reference):
                return node
            token = self._token(node)
            known = next((name for name, other in self.made.inputs.items() if other == token), None)
            name = known or f"in{len(self.made.inputs) + 1}"
            self.made.inputs[name] = token
            return Reference(INPUT, (Field(name),))

        return transform(template, change)

    def _check(self, template: Template) -> None:
        """Raises `CompileError` for what a Code step can't be given: lists arrive as one text."""
        for node in walk(template):
            if isinstance(node, Unknown):
                what = f"`{shorten(node.text, 80)}` has no meaning in a Code step"
                raise CompileError(what, hint="say what is meant by an expression")
            if isinstance(node, Call) and node.name in CATALOGUE:
                self._check_call(node, CATALOGUE[node.name].args)

    def _check_call(self, node: Call, known: Sequence[Arg]) -> None:
        for at, arg in enumerate(node.args if known else ()):
            kinds = known[min(at, len(known) - 1)].type.split("|")
            if kinds == ["any"] and node.name in _CHOICES:
                continue
            if {"array", "object", "any"} & {*kinds} and not all(map(self._is_single, _given(arg))):
                raise CompileError(
                    f"`{node.name}` may get a list or an object, and Zapier hands them to a Code step as one text",
                    hint="declare in the step's outputs that it is a text, or work it out by hand in a Code step",
                )


_CHOICES = frozenset({"if", "ifempty", "switch"})


def _given(node: Node) -> tuple[Reference, ...]:
    """The references whose values an expression may give as they are."""
    match node:
        case Reference():
            return (node,)
        case Call(name=name, args=args) if name in _CHOICES:
            return tuple(found for arg in args for found in _given(arg))
        case Binary(op="&" | "|", left=left, right=right):
            return _given(left) + _given(right)
        case _:
            return ()


def changed(value: JsonValue, change: Change) -> JsonValue:
    """A JSON value with `change` applied to every template in it."""
    return with_texts(value, lambda text: write_template(change(parse(text))) if "{{" in text else text)


def filter_changed(condition: Filter, change: Change) -> Filter:
    """A filter with `change` applied to its operands."""
    groups = tuple(
        tuple(
            row.model_copy(update={"left": changed(row.left, change), "right": changed(row.right, change)})
            for row in group
        )
        for group in condition.any_of
    )
    return condition.model_copy(update={"any_of": groups, "label": condition.label})


def in_place(template: Template, of: Mapping[str, Sequence[Node | str]]) -> Template:
    """A template of a Code step's terms in the spec's: `of` is what each input stands for."""

    def node_of(name: str) -> Node:
        parts = of.get(name, ())
        if len(parts) == 1 and not isinstance(parts[0], str):
            return parts[0]
        raise ExpressionError(f"`{name}` is no single value")

    def change(node: Node) -> Node:
        if isinstance(node, Reference) and node.step == INPUT and len(node.path) == 1:
            name = node.path[0]
            return node_of(name.name) if isinstance(name, Field) else node
        return node

    return transform(template, change)
