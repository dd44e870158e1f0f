"""The table of cases: one line is one expression on every platform, and its value."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compilers.expressions import Context, Field, Reference
from compilers.expressions import Path as ReferencePath
from tests.compilers.expressions.n8n import NOW, ZONE

DATA: dict[str, Any] = {
    "lead": {
        "name": "Ann", "Full Name": "Ann Lee", "empty": "", "n": 5, "two": 2, "zero": 0, "numeric": "5", "yes": True,
        "body": {"email": "ann@example.com"}, "tags": ["a", "b"], "numbers": [3, 1, 10], "mixed": ["b", "A", "a", "B"],
        "rows": [["x", ["y"]], ["z"]], "own": {"length": 3, "a": 1}, "format": "DD/MM [o'clock] HH",
        "items": [{"name": "Pen", "kind": "x"}, {"name": "Ink", "kind": "y"}, {"name": "Cap", "kind": "x"}],
        "created": "2026-03-01T12:00:00.000Z", "updated": "2026-03-01T11:59:59.500Z", "day": "2026-03-29",
    },
    "odd step": {"x": 7},
}  # fmt: skip
NUMBERS = {"lead": "1", "odd step": "2"}
"""Make's modules, by the steps' names."""


@dataclass(frozen=True)
class Case:
    """One line: the spec's text, Make's, n8n's with helpers left out, and the value or the refusal."""

    line: int
    spec: str
    make: str
    n8n: str
    value: Any
    refusal: str = ""


def cases() -> list[Case]:
    """Every line of `cases.txt`."""
    found = []
    text = Path(__file__).with_name("cases.txt").read_text(encoding="utf-8")
    for number, line in enumerate(text.splitlines(), 1):
        if line and not line.startswith("#"):
            spec, make, n8n, value = line.split(" → ")
            refusal = value[1:] if value.startswith("!") else ""
            found.append(Case(number, spec, make, n8n, None if refusal else json.loads(value), refusal))
    return found


def context() -> Context:
    """The clock and zone that the table's values are for."""
    return Context.fixed(NOW, timezone=ZONE)


def resolve(reference: Reference) -> tuple[str, ReferencePath]:
    """References into the one item that n8n is given."""
    return "$json", (Field(reference.step), *reference.path)


def abbreviated(parameter: str) -> str:
    """An n8n parameter with each function that only holds helpers written as «its result»."""
    return re.sub(r"\(\(\) => \{\nconst (?:.*\n)*?return (.*);\n\}\)\(\)", r"«\1»", parameter)
