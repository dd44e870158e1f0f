"""The syntax tree of expressions, and walks over it.

A `Template` is literal text with expressions in it. Every notation parses to this tree, and the evaluator and every
writer walk it. Nodes are frozen and hold meaning only: two texts that mean the same are equal trees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal as Literal_
from typing import Union

MAX_DEPTH = 200
"""Levels of nesting that a tree may have, so that walks over it stay within Python's stack."""

KEYWORDS = (
    "null", "true", "false", "erase", "ignore", "emptystring", "emptyarray", "space", "nbsp", "tab", "newline",
    "carriagereturn",
)  # fmt: skip
VARIABLES = ("now", "timestamp", "uuid", "pi", "random", "executionId")
BINARY_OPERATORS: Mapping[str, int] = {
    "*": 14, "/": 14, "%": 14,
    "+": 13, "++": 13, "-": 13,
    "<": 11, "<=": 11, ">": 11, ">=": 11,
    "=": 10, "!=": 10,
    "&": 6,
    "|": 5,
}  # fmt: skip
"""Precedence of each operator, as Make's (facts 3.2); all of them associate to the left."""
UNARY_PRECEDENCE = 16
VERBATIM = "verbatim"
"""The spec's spelling of `Unknown`: a function of one text."""


@dataclass(frozen=True, slots=True)
class Field:
    """`.name`: a field of an object. A name of digits on an array counts from 0, as in `` array.`0` ``."""

    name: str


@dataclass(frozen=True, slots=True)
class Index:
    """`[n]`: the n-th element of an array, counted from 1; `[0]` is nothing."""

    n: int


@dataclass(frozen=True, slots=True)
class First:
    """`[]`: the first element of an array."""


@dataclass(frozen=True, slots=True)
class At:
    """`[expression]`: the element at a computed position, counted from 1."""

    index: Node


Segment = Union[Field, Index, First, At]
Path = tuple[Segment, ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A text or a number. `null`, `true` and `false` are keywords: see `literal` for Python values of any type."""

    value: str | int | Decimal


@dataclass(frozen=True, slots=True)
class Keyword:
    """One of `KEYWORDS`: a constant with a name."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable:
    """One of `VARIABLES`, or `var` with a path, such as `var.input.email`."""

    name: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """A value that a step gave; no path: its whole bundle. In Make's notation the step is the module's number."""

    step: str
    path: Path = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A function with its arguments."""

    name: str
    args: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Member:
    """A path into the value of any expression: `first(lead.items).name`."""

    base: Node
    path: Path


@dataclass(frozen=True, slots=True)
class Missing:
    """An argument that was left empty, as the second one of `if(a; ; b)`: counts as null."""


@dataclass(frozen=True, slots=True)
class Unary:
    """`!operand`."""

    op: str
    operand: Node


@dataclass(frozen=True, slots=True)
class Binary:
    """`left op right`, `op` being one of `BINARY_OPERATORS`."""

    op: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Unknown:
    """A piece of a platform's export that the language has no words for, carried so that it goes back as it came; other
    platforms refuse it.

    Of Make it is what isn't documented (an unquoted word, two values side by side): Make accepts it and gives an empty
    value (facts 3.1). Of n8n it is JavaScript, of Zapier the name of a value that no step is
    known to give. The spec writes `verbatim("...")` and `verbatim("..."; "n8n")`.
    """

    text: str
    platform: Literal_["make", "n8n", "zapier"] = "make"


Node = Union[Literal, Keyword, Variable, Reference, Call, Member, Missing, Unary, Binary, Unknown]
Part = Union[str, Node]


@dataclass(frozen=True, slots=True)
class Template:
    """Literal text and expressions in the order they stand. Neighbouring texts are one, and none is empty."""

    parts: tuple[Part, ...] = ()

    @property
    def is_literal(self) -> bool:
        """Whether it is plain text, without any expression."""
        return all(isinstance(part, str) for part in self.parts)

    @property
    def whole(self) -> Node | None:
        """The expression, if the template is exactly one `{{ }}` with nothing around it: it keeps its value's type."""
        if len(self.parts) == 1 and not isinstance(self.parts[0], str):
            return self.parts[0]
        return None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """The expressions alone."""
        return tuple(part for part in self.parts if not isinstance(part, str))


def literal(value: bool | int | float | Decimal | str | None) -> Node:
    """The node for a Python constant. Raises `ValueError` for NaN and infinity, which no notation can write."""
    if value is None:
        return Keyword("null")
    if isinstance(value, bool):
        return Keyword("true" if value else "false")
    if isinstance(value, float):
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        if not value.is_finite():
            raise ValueError(f"{value} can't be written in an expression")
        return Literal(int(value) if value == value.to_integral_value() else value.normalize())
    return Literal(value)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below a node, in the order they stand in its text."""
    match node:
        case Call(args=args):
            return args
        case Unary(operand=operand):
            return (operand,)
        case Binary(left=left, right=right):
            return (left, right)
        case Member(base=base, path=path):
            return (base, *_indexes(path))
        case Reference(path=path) | Variable(path=path):
            return _indexes(path)
        case _:
            return ()


def _indexes(path: Path) -> tuple[Node, ...]:
    return tuple(segment.index for segment in path if isinstance(segment, At))


def walk(target: Template | Node) -> Iterator[Node]:
    """Every node, each before those below it, in the order of the text."""
    stack: list[Node] = list(reversed(target.nodes)) if isinstance(target, Template) else [target]
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(children(node)))


def height(node: Node) -> int:
    """How many nodes lie on the longest way from this one down, itself included."""
    tallest, level = 0, [node]
    while level:
        tallest += 1
        level = [child for parent in level for child in children(parent)]
    return tallest


def references(target: Template | Node) -> tuple[Reference, ...]:
    """Every reference to a step, in the order of the text; those inside computed indexes too."""
    return tuple(node for node in walk(target) if isinstance(node, Reference))


def transform(target: Template, change: Callable[[Node], Node]) -> Template:
    """The template with `change` applied to every node, from the leaves up."""
    parts = tuple(part if isinstance(part, str) else transform_node(part, change) for part in target.parts)
    return Template(parts)


def transform_node(node: Node, change: Callable[[Node], Node]) -> Node:
    """The node with `change` applied to it and everything below it, from the leaves up."""

    def path_of(path: Path) -> Path:
        if not any(isinstance(segment, At) for segment in path):
            return path
        return tuple(At(transform_node(s.index, change)) if isinstance(s, At) else s for s in path)

    match node:
        case Call(args=args):
            return change(replace(node, args=tuple(transform_node(arg, change) for arg in args)))
        case Unary(operand=operand):
            return change(replace(node, operand=transform_node(operand, change)))
        case Binary(left=left, right=right):
            return change(replace(node, left=transform_node(left, change), right=transform_node(right, change)))
        case Member(base=base, path=path):
            return change(replace(node, base=transform_node(base, change), path=path_of(path)))
        case Reference(path=path) | Variable(path=path):
            return change(replace(node, path=path_of(path)))
        case _:
            return change(node)


def rename_steps(target: Template, names: Mapping[str, str]) -> Template:
    """The template with steps renamed; a step that `names` doesn't hold keeps its name."""

    def rename(node: Node) -> Node:
        if isinstance(node, Reference) and node.step in names:
            return replace(node, step=names[node.step])
        return node

    return transform(target, rename)
