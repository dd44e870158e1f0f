"""Expressions evaluated in Python, as Make evaluates them."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType

from compilers.errors import ExpressionError, shorten
from compilers.expressions.catalogue import function
from compilers.expressions.context import Context
from compilers.expressions.tree import (
    At,
    Binary,
    Call,
    Field,
    First,
    Index,
    Keyword,
    Literal,
    Member,
    Missing,
    Node,
    Path,
    Reference,
    Template,
    Unary,
    Unknown,
    Variable,
)
from compilers.expressions.values import (
    Scope,
    Value,
    add,
    calculate,
    compare,
    element,
    field,
    loose_equal,
    milliseconds,
    number,
    plain_number,
    text,
    truthy,
)

CONSTANTS: Mapping[str, Value] = MappingProxyType({
    "null": None, "true": True, "false": False, "erase": None, "ignore": None, "emptystring": "", "space": " ",
    "nbsp": "\u00a0", "tab": "\t", "newline": "\n", "carriagereturn": "\r",
})  # fmt: skip
"""Values of the keywords; `emptyarray` is a new array each time."""


def evaluate(target: Template | Node, scope: Scope, context: Context) -> Value:
    """The value of a template or expression; `scope` holds what each step gave.

    A template that is one whole expression keeps the value's type, any other gives text. What isn't there is null.
    Raises `ExpressionError`.
    """
    try:
        if not isinstance(target, Template):
            return _evaluate(target, scope, context)
        parts = target.parts
        if len(parts) == 1:
            part = parts[0]
            return part if isinstance(part, str) else _evaluate(part, scope, context)
        said = context.in_text
        return "".join([part if isinstance(part, str) else said(_evaluate(part, scope, context)) for part in parts])
    except (ArithmeticError, ValueError, RecursionError) as error:
        what = f"can't be calculated: {shorten(str(error)) or type(error).__name__}"
        raise ExpressionError(what, hint="the numbers or the data are too big") from error


def _evaluate(node: Node, scope: Scope, context: Context) -> Value:
    return _EVALUATE[type(node)](node, scope, context)


def _literal(node: Literal, scope: Scope, context: Context) -> Value:
    # Make takes "" for null; only `emptystring` is an empty text (facts 3.3)
    value = node.value
    if isinstance(value, str):
        return value or None
    return plain_number(value)


def _keyword(node: Keyword, scope: Scope, context: Context) -> Value:
    if node.name == "emptyarray":
        return []
    if node.name not in CONSTANTS:
        raise ExpressionError(f"`{node.name}` isn't a keyword")
    return CONSTANTS[node.name]


def _variable(node: Variable, scope: Scope, context: Context) -> Value:
    match node.name:
        case "now":
            return context.now()
        case "timestamp":
            return milliseconds(context.now()) // 1000
        case "uuid":
            return context.uuid()
        case "pi":
            return math.pi
        case "random":
            return context.random()
        case "executionId":
            return context.execution_id
        case "var":
            return _follow(dict(context.variables), node.path, scope, context)
    raise ExpressionError(f"`{node.name}` isn't a variable")


def _reference(node: Reference, scope: Scope, context: Context) -> Value:
    value = scope.get(node.step)
    for segment in node.path:
        if value is None:
            return None
        if type(segment) is Field:
            name = segment.name
            value = value.get(name) if isinstance(value, dict) else field(value, name)
        else:
            value = _segment(value, segment, scope, context)
    return value


def _member(node: Member, scope: Scope, context: Context) -> Value:
    return _follow(_evaluate(node.base, scope, context), node.path, scope, context)


def _follow(value: Value, path: Path, scope: Scope, context: Context) -> Value:
    for segment in path:
        value = _segment(value, segment, scope, context)
    return value


def _segment(value: Value, segment: Field | Index | First | At, scope: Scope, context: Context) -> Value:
    match segment:
        case Field(name=name):
            return field(value, name)
        case Index(n=n):
            return element(value, n - 1)
        case First():
            return element(value, 0)
        case At(index=index):
            position = number(_evaluate(index, scope, context))
            return element(value, int(position) - 1) if math.isfinite(position) and position == int(position) else None


def _missing(node: Missing | Unknown, scope: Scope, context: Context) -> Value:
    # for an unknown piece this is what Make gives: the field is empty at run time (facts 3.1)
    return None


def _unary(node: Unary, scope: Scope, context: Context) -> Value:
    return not truthy(_evaluate(node.operand, scope, context))


def _binary(node: Binary, scope: Scope, context: Context) -> Value:
    op = node.op
    left = _evaluate(node.left, scope, context)
    # as JavaScript, `&` and `|` stop at the value that decides, and give that value
    if op == "&":
        return _evaluate(node.right, scope, context) if truthy(left) else left
    if op == "|":
        return left if truthy(left) else _evaluate(node.right, scope, context)
    if op in ("=", "!=") and _EMPTY in (node.left, node.right):
        other = left if node.right == _EMPTY else _evaluate(node.right, scope, context)
        return (other is None or other == "") is (op == "=")
    return OPERATIONS[op](left, _evaluate(node.right, scope, context))


_EMPTY = Literal("")
"""Comparing with `""` asks whether anything is there: null and empty text are both equal to it."""


OPERATIONS: Mapping[str, Callable[[Value, Value], Value]] = MappingProxyType({
    "+": add,
    "++": lambda left, right: calculate("+", left, right),
    "-": lambda left, right: calculate("-", left, right),
    "*": lambda left, right: calculate("*", left, right),
    "/": lambda left, right: calculate("/", left, right),
    "%": lambda left, right: calculate("%", left, right),
    "=": loose_equal,
    "!=": lambda left, right: not loose_equal(left, right),
    "<": lambda left, right: compare(left, right, operator.lt),
    "<=": lambda left, right: compare(left, right, operator.le),
    ">": lambda left, right: compare(left, right, operator.gt),
    ">=": lambda left, right: compare(left, right, operator.ge),
})  # fmt: skip


def _call(node: Call, scope: Scope, context: Context) -> Value:
    args = node.args
    match node.name:
        case "if":
            chosen = 1 if truthy(_argument(args, 0, scope, context)) else 2
            return _argument(args, chosen, scope, context)
        case "ifempty":
            value = _argument(args, 0, scope, context)
            return _argument(args, 1, scope, context) if value is None or value == "" else value
        case "switch":
            return _switch(args, scope, context)
    found = function(node.name)
    if found.most is not None and len(args) > found.most:
        args = args[: found.most]
    values = [_evaluate(arg, scope, context) for arg in args]
    values += [None] * (found.least - len(values))
    python = found.python
    if python is None:
        raise ExpressionError(f"Function '{node.name}' not found!")
    result: Value = python(context, *values) if found.in_context else python(*values)
    return result


def _argument(args: tuple[Node, ...], position: int, scope: Scope, context: Context) -> Value:
    return _evaluate(args[position], scope, context) if position < len(args) else None


def _switch(args: tuple[Node, ...], scope: Scope, context: Context) -> Value:
    """Pairs of case and result behind the value; what is left over at the end is the default."""
    wanted = text(_argument(args, 0, scope, context))
    for position in range(1, len(args) - 1, 2):
        if text(_evaluate(args[position], scope, context)) == wanted:
            return _evaluate(args[position + 1], scope, context)
    return _evaluate(args[-1], scope, context) if len(args) > 1 and len(args) % 2 == 0 else None


_EVALUATE: Mapping[type, Callable[..., Value]] = MappingProxyType({
    Literal: _literal,
    Keyword: _keyword,
    Variable: _variable,
    Reference: _reference,
    Call: _call,
    Member: _member,
    Missing: _missing,
    Unary: _unary,
    Binary: _binary,
    Unknown: _missing,
})  # fmt: skip
