"""Expressions backwards: what to change in what steps gave, so that an expression gets a wanted value.

Most functions have a row in `solver_functions.ARGUMENTS`, which says what their first argument should be; the ones
with a method here choose between arguments. What comes out are proposals: a function loses things (case, white space,
digits), so that whoever asks must evaluate the expression to see whether a proposal serves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from compilers.errors import ExpressionError
from compilers.expressions.context import Context
from compilers.expressions.evaluator import evaluate
from compilers.expressions.tree import (
    At,
    Binary,
    Call,
    Field,
    First,
    Index,
    Literal,
    Member,
    Node,
    Path,
    Reference,
    Template,
    Unary,
)
from compilers.expressions.values import Scope, Value, calculate, is_number, loose_equal, number, text, truthy
from manageai_assets.testing.solver_fitting import PRESENT, suited
from manageai_assets.testing.solver_functions import ARGUMENTS, Asked, over_several
from manageai_assets.testing.solver_places import MAX_POSITION, Change, field_name, is_settable, put, take, with_value
from manageai_assets.testing.solver_values import (
    MIRRORED,
    OPPOSITE,
    RELATIONS,
    Pool,
    Question,
    Relation,
    equal_texts,
    moments,
    numbers,
    parted_texts,
)  # fmt: skip

_WAYS = 4
"""Ways of one half that are tried, each with as many of the other, where an expression needs two changes at once."""
_TRUE: tuple[Value, ...] = (True, PRESENT, 1)
_FALSE: tuple[Value, ...] = (False, None, "", 0)


@dataclass(frozen=True)
class Inverse:
    """Proposals on the ground of a scope. Steps that `fixed` names are never changed."""

    scope: Scope
    context: Context
    fixed: Callable[[str], bool]
    pool: Pool

    def template(self, template: Template, wanted: Value) -> Iterator[Change]:
        """Changes after which a template most likely has this value."""
        whole = template.whole
        if whole is not None:
            yield from self.node(whole, wanted)
            return
        shown = [part if isinstance(part, str) else text(self.value(part)) for part in template.parts]
        target = text(wanted)
        for position, part in enumerate(template.parts):
            before, after = "".join(shown[:position]), "".join(shown[position + 1 :])
            fits = len(before) + len(after) <= len(target) and target.startswith(before) and target.endswith(after)
            if fits and not isinstance(part, str):
                yield from self.node(part, target[len(before) : len(target) - len(after)])
        pattern = "".join(re.escape(part) if isinstance(part, str) else "(.*?)" for part in template.parts)
        match = re.fullmatch(pattern, target, re.DOTALL)
        if match:
            changes = self
            merged: dict[tuple[str, Path], Value] = {}
            for part, group in zip(template.nodes, match.groups(), strict=True):
                change = next(changes.node(part, group), {})
                merged |= change
                changes = changes.after(change)
            yield merged

    def node(self, node: Node, wanted: Value) -> Iterator[Change]:
        """Changes after which an expression most likely has this value."""
        match node:
            case Reference():
                yield from self._reference(node, wanted)
            case Member(base=base, path=path):
                settled = self._settled(path)
                if settled is not None and is_settable(settled):
                    yield from self.node(base, with_value(self.value(base), settled, wanted))
            case Binary(op=op) if op in RELATIONS:
                yield from self._as_truth(node, wanted)
            case Binary(op="&" | "|"):
                yield from self._choice(node, wanted)
            case Binary():
                yield from self._arithmetic(node, wanted)
            case Unary():
                yield from self._as_truth(node, wanted)
            case Call():
                yield from self._call(node, wanted)
            case _ if loose_equal(self.value(node), wanted):
                yield {}

    def truth(self, node: Node, wanted: bool) -> Iterator[Change]:
        """Changes after which an expression counts as true, or as false."""
        match node:
            case Unary(operand=operand):
                yield from self.truth(operand, not wanted)
            case Binary(op="&" | "|" as op, left=left, right=right):
                if (op == "&") is wanted:
                    yield from self._both(self.truth(left, wanted), lambda then: then.truth(right, wanted))
                else:
                    yield from self.truth(left, wanted)
                    yield from self.truth(right, wanted)
            case Binary(op=op) if op in RELATIONS:
                relation = RELATIONS[op] if wanted else OPPOSITE[RELATIONS[op]]
                yield from self._related(node.left, node.right, relation)
            case Call(name="equal", args=(left, right)):
                yield from self._related(left, right, "equals" if wanted else "differs")
            case Call(name="contains", args=(left, right, *rest)):
                yield from self._contained(left, right, wanted, bool(rest) and truthy(self.value(rest[0])))
            case _:
                for value in _TRUE if wanted else _FALSE:
                    yield from self.node(node, value)

    def value(self, node: Node) -> Value:
        """What an expression is now; null where it can't be evaluated."""
        try:
            return evaluate(node, self.scope, self.context)
        except ExpressionError:
            return None

    def after(self, change: Change) -> Inverse:
        """The same, once a change was made."""
        return replace(self, scope=put(self.scope, change)) if change else self

    # -- references ------------------------------------------------------------------------------------------

    def _reference(self, node: Reference, wanted: Value) -> Iterator[Change]:
        if self.fixed(node.step):
            return
        path = self._settled(node.path)
        if path is None:
            unset = next(s.index for s in node.path if isinstance(s, At) and self._position(s) is None)
            yield from self._both(self.node(unset, 1), lambda then: then._reference(node, wanted))
            return
        if not is_settable(path):
            return
        place = (node.step, path)
        if not path and wanted == PRESENT:
            wanted = {"value": PRESENT}
        for value in suited(wanted, take(self.scope, place), field_name(path), self.context):
            if path or isinstance(value, dict):
                yield {place: value}

    def _settled(self, path: Path) -> Path | None:
        """The path with positions for computed indexes; None while one isn't a position."""
        settled: list[Field | Index] = []
        for segment in path:
            if isinstance(segment, At):
                position = self._position(segment)
                if position is None:
                    return None
                settled.append(Index(position))
            else:
                settled.append(Index(1) if isinstance(segment, First) else segment)
        return tuple(settled)

    def _position(self, segment: At) -> int | None:
        found = number(self.value(segment.index))
        return int(found) if 1 <= found <= MAX_POSITION and found == int(found) else None

    # -- two sides -------------------------------------------------------------------------------------------

    def _both(self, first: Iterator[Change], second: Callable[[Inverse], Iterator[Change]]) -> Iterator[Change]:
        for change in islice(first, _WAYS):
            for more in islice(second(self.after(change)), _WAYS):
                yield {**change, **more}

    def _related(self, left: Node, right: Node, relation: Relation) -> Iterator[Change]:
        for node, other, direction in ((left, right, relation), (right, left, MIRRORED[relation])):
            if other == Literal(""):
                yield from self._present(node, direction == "differs")
            for value in self._values(direction, self.value(other), self.value(node)):
                yield from self.node(node, value)

    def _present(self, node: Node, wanted: bool) -> Iterator[Change]:
        for value in (PRESENT, 1) if wanted else (None, ""):
            yield from self.node(node, value)

    def _values(self, relation: Relation, other: Value, current: Value) -> Iterator[Value]:
        asked = Question(other, current, self.context, pool=self.pool)
        if relation in ("equals", "differs"):
            yield from equal_texts(relation == "equals", asked)
        if not isinstance(other, str) or not re.match(r"\d{4}-\d\d", other):
            yield from numbers(relation, asked)
        yield from moments(relation, asked)

    def _contained(self, left: Node, right: Node, wanted: bool, ignore_case: bool) -> Iterator[Change]:
        held, part = self.value(left), self.value(right)
        if isinstance(held, list):
            kept: Value = [item for item in held if text(item).lower() != text(part).lower()]
            yield from self.node(left, [*held, part] if wanted else kept)
        elif part is not None or not wanted:
            for value in parted_texts(wanted, Question(part, held, self.context, ignore_case=ignore_case)):
                yield from self.node(left, value)
        for value in parted_texts(wanted, Question(held, part, self.context, mirrored=True)):
            yield from self.node(right, value)

    def _as_truth(self, node: Node, wanted: Value) -> Iterator[Change]:
        for truth in (True, False):
            if wanted is truth or wanted == text(truth):
                yield from self.truth(node, truth)

    def _choice(self, node: Binary, wanted: Value) -> Iterator[Change]:
        """`&` and `|` give one of their sides."""
        yield from self._as_truth(node, wanted)
        if truthy(wanted) is (node.op == "|"):
            yield from self.node(node.left, wanted)
        yield from self._both(self.truth(node.left, node.op == "&"), lambda then: then.node(node.right, wanted))

    def _arithmetic(self, node: Binary, wanted: Value) -> Iterator[Change]:
        left, right = self.value(node.left), self.value(node.right)
        if node.op == "+" and isinstance(wanted, str):
            if wanted.endswith(text(right)):
                yield from self.node(node.left, wanted[: len(wanted) - len(text(right))])
            if wanted.startswith(text(left)):
                yield from self.node(node.right, wanted[len(text(left)) :])
        if not is_number(wanted) and not (isinstance(wanted, str) and wanted.strip()):
            return
        undo = {"+": "-", "++": "-", "-": "+", "*": "/", "/": "*"}.get(node.op)
        yield from self.node(node.left, calculate(undo, wanted, right) if undo else wanted)
        if node.op in ("-", "/"):
            yield from self.node(node.right, calculate(node.op, left, wanted))
        elif undo:
            yield from self.node(node.right, calculate(undo, wanted, left))

    # -- functions -------------------------------------------------------------------------------------------

    def _call(self, node: Call, wanted: Value) -> Iterator[Change]:
        args = node.args
        match node.name:
            case "if" if args:
                for truth, position in ((True, 1), (False, 2)):
                    yield from self._both(self.truth(args[0], truth), _argument(args, position, wanted))
            case "ifempty" if args:
                if wanted is not None and wanted != "":
                    yield from self.node(args[0], wanted)
                yield from self._both(self._present(args[0], False), _argument(args, 1, wanted))
            case "switch" if args:
                yield from self._switch(args, wanted)
            case "contains" | "equal":
                yield from self._as_truth(node, wanted)
            case "sum" | "average" | "median" | "min" | "max" | "merge" | "stdevS" | "stdevP":
                for values in over_several(node.name, [self.value(arg) for arg in args], wanted):
                    yield from self._all(args, values)
            case "dateDiff" if len(args) > 1 and self.value(args[0]) is None and self.value(args[1]) is None:
                start = self.node(args[1], self.context.now())
                yield from self._both(start, lambda then: then._argument(node, wanted))
            case _ if node.name in ARGUMENTS and args:
                yield from self._argument(node, wanted)

    def _argument(self, node: Call, wanted: Value) -> Iterator[Change]:
        values = [self.value(arg) for arg in node.args]
        asked = Asked(wanted, values[0], tuple(values[1:]), self.context)
        for position, value in ARGUMENTS[node.name](asked):
            if position < len(node.args):
                yield from self.node(node.args[position], value)

    def _switch(self, args: tuple[Node, ...], wanted: Value) -> Iterator[Change]:
        for position in range(1, len(args) - 1, 2):
            case = self.value(args[position])
            yield from self._both(self.node(args[0], case), _argument(args, position + 1, wanted))
        if len(args) % 2 == 0:
            yield from self._both(self.node(args[0], "none of these"), _argument(args, len(args) - 1, wanted))

    def _all(self, args: tuple[Node, ...], values: list[Value]) -> Iterator[Change]:
        """All arguments at once, those alone that must change."""
        merged: dict[tuple[str, Path], Value] = {}
        then = self
        for arg, value in zip(args, values, strict=True):
            if not loose_equal(then.value(arg), value):
                change = next(then.node(arg, value), {})
                merged |= change
                then = then.after(change)
        if merged:
            yield merged


def _argument(args: tuple[Node, ...], position: int, wanted: Value) -> Callable[[Inverse], Iterator[Change]]:
    """What remains to be done so that the chosen argument has the value; one that isn't there is null."""

    def changes(then: Inverse) -> Iterator[Change]:
        if position < len(args):
            yield from then.node(args[position], wanted)
        elif wanted is None:
            yield {}

    return changes
