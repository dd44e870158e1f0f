"""Zapier's mapping tokens, such as `{{4__user__name}}`, to the spec's expressions and back.

A list field on the way, as in `4__items[]name`, stands for that field of all elements. What names no step of the Zap,
and what is calculated in the token itself, is carried word for word (`Unknown`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from pydantic import JsonValue

from compilers.documents import with_texts
from compilers.errors import CompileError, shorten
from compilers.expressions.notation_writer import number_text
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Call, Field, Literal, Node, Part, Path, Reference, Template, Unknown

_TOKEN = re.compile(r"\{\{(\d+__[^{}]+|=[^{}]+|zap_meta_[a-z0-9_]+)\}\}")
_PLAIN = re.compile(r"(\d+)__(.+)", re.DOTALL)
_GIVES = re.compile(r"""=gives\[["'](\d+)["']\]\[["']([^"'\]]+)["']\]""")

PathOf = Callable[[Path], Path]
Calculated = Callable[[str, str], Node | None]


@dataclass
class ReadTokens:
    """Reads the values of one Zap.

    `places` gives, for each step's key, its id in the spec, and how a path of Zapier's into what it gives is said
    neutrally; `above` are the keys of the steps that run before the one whose values are read. `missing` collects the
    steps that don't, `originals` the text that each template was. `calculated` gives the expression that a Code step of
    the compiler works out for a field.
    """

    places: Mapping[str, tuple[str, PathOf]]
    above: frozenset[str] = frozenset()
    missing: dict[str, None] = field(default_factory=dict)
    originals: dict[str, str] = field(default_factory=dict)
    calculated: Calculated = lambda key, name: None

    def value(self, value: JsonValue) -> JsonValue:
        """The value with every token in it in the spec's notation."""
        return with_texts(value, lambda text: self._text(text) if "{{" in text else text)

    def key(self, key: str) -> str:
        """The field that a filter asks for, which it names without braces."""
        written = write_template(Template((self._node(key),)))
        self.originals.setdefault(written, key)
        return written

    def single(self, text: str) -> Node | None:
        """What a text is that is one token and nothing else; None for any other."""
        found = _TOKEN.fullmatch(text)
        return self._node(found[1]) if found else None

    def _text(self, text: str) -> str:
        parts: list[Part] = []
        last = 0
        for found in _TOKEN.finditer(text):
            parts += [part for part in (text[last : found.start()],) if part]
            parts.append(self._node(found[1]))
            last = found.end()
        parts += [part for part in (text[last:],) if part]
        written = write_template(Template(tuple(parts)))
        self.originals.setdefault(written, text)
        return written

    def _node(self, token: str) -> Node:
        found = _GIVES.fullmatch(token) or _PLAIN.fullmatch(token)
        if found is None:
            return Unknown(token, "zapier")
        key, path = found.groups()
        worked_out = self.calculated(key, path) if key in self.above else None
        if worked_out is not None:
            return worked_out
        known = self.places.get(key) if key in self.above else None
        if known is None:
            self.missing.setdefault(key)
            return Unknown(token, "zapier")
        step, path_of = known
        first, *rest = path.split("[]")
        if not first:
            return Unknown(token, "zapier")
        node: Node = Reference(step, path_of(tuple(Field(name) for name in segments(first))))
        for index, name in enumerate(rest):
            node = Call("flatten", (node,)) if index else node
            if name:
                node = Call("map", (node, Literal(".".join(segments(name)))))
        return node


def segments(path: str) -> list[str]:
    """The field names of a token's path. Underscores that separate nothing belong to the name."""
    names = path.split("__")
    return names if all(names) else [path]


Place = Callable[[Reference], tuple[str, Path]]
"""For a reference, the key of the step on Zapier and the path there. Raises `CompileError`."""


class TokenWriter:
    """Writes the spec's values with Zapier's tokens. `place` finds the step that a reference means, `calculate` the
    field that gives what an expression works out (raising `CompileError`, as without it, where there is none)."""

    def __init__(self, place: Place, calculate: Callable[[Template], str] | None = None) -> None:
        self._place, self._calculate = place, calculate

    def template(self, template: Template) -> str:
        """The text. Raises `CompileError` for the first expression that Zapier has no token for."""
        return "".join(part if isinstance(part, str) else self._part(part) for part in template.parts)

    def key(self, template: Template) -> str:
        """The field that a filter asks for. Raises `CompileError` for anything but a single field."""
        node = template.whole
        if node is None:
            raise CompileError("a filter of Zapier compares one field", hint="put the calculation in a step before")
        return self._token(node)

    def token(self, reference: Reference) -> str:
        """The token of a value that a step gives, with its braces. Raises `CompileError`."""
        return "{{" + self._token(reference) + "}}"

    def _part(self, node: Node) -> str:
        if isinstance(node, Literal):
            return node.value if isinstance(node.value, str) else number_text(node.value)
        return "{{" + self._token(node) + "}}"

    def _token(self, node: Node) -> str:
        if isinstance(node, Unknown) and node.platform == "zapier":
            return node.text
        if isinstance(node, Reference):
            key, path = self._place(node)
            return f"{key}__{'__'.join(_names(path))}"
        if isinstance(node, Call) and node.name == "map" and len(node.args) == 2:
            inner, name = node.args
            if isinstance(name, Literal) and isinstance(name.value, str):
                if isinstance(inner, Call) and inner.name == "flatten" and len(inner.args) == 1:
                    inner = inner.args[0]
                return f"{self._token(inner)}[]{name.value.replace('.', '__')}"
        if self._calculate is not None:
            return self._calculate(Template((node,)))
        written = write_template(Template((node,)))
        raise CompileError(
            f"`{shorten(written, 120)}` is calculated, and a field of Zapier takes only values of earlier steps",
            hint="calculate it in a Formatter or Code step before, and choose that step's output",
        )


def _names(path: Path) -> Iterator[str]:
    if not path:
        raise CompileError("Zapier has no token for all that a step gives", hint="name the field that is meant")
    for segment in path:
        if not isinstance(segment, Field):
            raise CompileError("Zapier has no token for one element of a list", hint="take it in a Code step before")
        yield segment.name
