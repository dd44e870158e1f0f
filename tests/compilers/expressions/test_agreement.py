"""Random expressions: what Python evaluates and what n8n's engine makes of the JavaScript must be the same."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from compilers.errors import ExpressionError
from compilers.expressions import (
    CATALOGUE,
    Binary,
    Call,
    Field,
    Keyword,
    Literal,
    Node,
    Reference,
    Template,
    Unary,
    Variable,
    evaluate,
    literal,
    n8n_writer,
    write,
)
from compilers.expressions.tree import BINARY_OPERATORS
from compilers.expressions.values import jsonable
from resources.n8n_oracle import Oracle
from tests.compilers.expressions.n8n import REFUSED, run
from tests.compilers.expressions.table import DATA, context, resolve

FIELDS = [*DATA["lead"], "nothing"]
TEXTS = [
    "a", "Ann", "5", "2.5", "-3", " x ", "ABC def", "2026-03-09", "2026-03-09T08:30:00Z", "YYYY-MM-DD", "D", "asc",
    "desc ci", "name", "/[a-n]/g", "$&", "hex", "base64", ",", ".", "é😀", "{}", "Europe/London", "items.1.name",
]  # fmt: skip
NUMBERS = [0, 1, 2, 3, -1, 0.5, 1.25, 100, 1000.75, -7.1]
TYPICAL = {"array": ["tags", "numbers", "mixed", "rows", "items"], "date": ["created", "day"]}
FUNCTIONS = [function for function in CATALOGUE.values() if function.name != "shuffle"]


class Trees:
    """Random trees whose arguments mostly have the types that functions expect."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def node(self, depth: int) -> Node:
        """A tree of at most this depth."""
        kind = self.random.random()
        if depth == 0 or kind < 0.3:
            return self._leaf()
        if kind < 0.5:
            return Binary(self.random.choice(list(BINARY_OPERATORS)), self.node(depth - 1), self.node(depth - 1))
        if kind < 0.53:
            return Unary("!", self.node(depth - 1))
        function = self.random.choice(FUNCTIONS)
        most = len(function.args) + (function.most is None)
        count = self.random.randint(function.least, most)
        types = [function.args[min(position, len(function.args) - 1)].type for position in range(count)]
        return Call(function.name, tuple(self._argument(type_, depth - 1) for type_ in types))

    def _leaf(self) -> Node:
        choices: list[Callable[[], Node]] = [
            lambda: Reference("lead", (Field(self.random.choice(FIELDS)),)),
            lambda: Literal(self.random.choice(TEXTS)),
            lambda: literal(self.random.choice(NUMBERS)),
            lambda: Keyword(self.random.choice(["null", "true", "false", "emptystring", "emptyarray", "newline"])),
            lambda: Variable("now"),
        ]
        return self.random.choices(choices, [45, 30, 15, 5, 5])[0]()

    def _argument(self, type_: str, depth: int) -> Node:
        if type_ in TYPICAL and self.random.random() < 0.6:
            return Reference("lead", (Field(self.random.choice(TYPICAL[type_])),))
        if type_ == "number" and self.random.random() < 0.6:
            return literal(self.random.choice(NUMBERS))
        return self.node(depth)


def test_python_and_n8n_agree(n8n_oracle: Oracle) -> None:
    trees = Trees(20_260_309)
    nodes = [trees.node(trees.random.randint(1, 3)) for _ in range(400)]
    parameters = [n8n_writer.write_template(Template((node,)), resolve) for node in nodes]
    found = run(n8n_oracle.folder, DATA, parameters, []).parameters
    wrong = [
        f"{write(Template((node,)))}: n8n {_shown(in_n8n)}, Python {expected}"
        for node, in_n8n in zip(nodes, found, strict=True)
        if (expected := _evaluated(node)) != _shown(in_n8n)
    ]
    assert not wrong, "\n".join(wrong)


def _evaluated(node: Node) -> str:
    try:
        return _shown(jsonable(evaluate(node, DATA, context())))
    except ExpressionError:
        return "null"


def _shown(value: Any) -> str:
    return json.dumps(_rounded(value), sort_keys=True)


def _rounded(value: Any) -> Any:
    """Numbers to 12 digits: Decimal.js keeps 20 and doubles 15, so the last ones may differ."""
    if value == REFUSED or (isinstance(value, dict) and set(value) == {"number"}):
        return None
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(f"{value:.12g}")
    if isinstance(value, list):
        return [_rounded(item) for item in value]
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return value
