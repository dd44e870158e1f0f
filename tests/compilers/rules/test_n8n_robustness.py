"""n8n rules on documents of any shape, and on what people really made."""

from __future__ import annotations

import json
import random
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compilers.errors import Finding
from compilers.rules.n8n_export import validate_n8n
from resources.n8n_oracle import Oracle
from tests.compilers.rules.n8n_documents import Document, to, valid

SILENT = {
    "n8n.connection.error-output",
    "n8n.connection.error-output-unused",
    "n8n.connection.loop",
    "n8n.expression.name",
    "n8n.expression.webhook-field",
    "n8n.parameter.known",
    "n8n.parameter.option",
    "n8n.set.field",
    "n8n.expression.prefix",
    "n8n.webhook.answered",
}
"""Rules for what n8n accepts and then gets wrong: n8n's own code can't confirm them."""
MOST_SILENT = 23
"""What they find in 120 workflows, each looked at and found to be a real fault."""
MOST_WARNINGS = 3
"""Findings below an error for each real workflow, on average."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
NAMES = (
    "nodes connections settings name type parameters main node index position credentials Webhook Score conditions "
    "operator jsCode rule interval assignments typeVersion onError pinData n8n-nodes-base.set n8n-nodes-base.if"
)
WORDS = st.sampled_from([*NAMES.split(), "={{ $json.a }}", "={{ `${", "={{ {a:{b:1}} }}", "{{1.x}}"])
ANYTHING = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=5),
    max_leaves=25,
)


@given(ANYTHING)
@settings(max_examples=60, deadline=None)
def test_any_document_gives_findings(document: Any) -> None:
    assert isinstance(validate_n8n(document), tuple)


@given(st.integers(0, 10**9), ANYTHING)
@settings(max_examples=120, deadline=None)
def test_any_value_anywhere_gives_findings(seed: int, value: Any) -> None:
    document = valid()
    _replace_somewhere(document, value, random.Random(seed))
    for finding in validate_n8n(document):
        assert finding.what.isprintable()
        assert finding.where.isprintable()


def _replace_somewhere(document: Document, value: Any, choice: random.Random) -> None:
    here: Any = document
    while True:
        keys = list(here) if isinstance(here, dict) else list(range(len(here)))
        key = choice.choice(keys)
        if not isinstance(here[key], dict | list) or not here[key] or choice.random() < 0.15:
            here[key] = value
            return
        here = here[key]


@given(st.text(alphabet="(){}[]'\"`$.,;:/\\=>!?+- \n01abc", max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_expression_is_read(text: str) -> None:
    document = valid()
    document["nodes"][1]["parameters"]["assignments"]["assignments"][0]["value"] = "={{" + text + "}}"
    document["nodes"][10]["parameters"]["jsCode"] = text
    validate_n8n(document)


FINE = [
    "$json.body.a?.b ?? 'none'",
    "((a, [b, { c = 1 }]) => { const x = a, y = b; return x + y + c; })(1, [2, {}])",
    "$json.body.items.map(item => ({ ...item, total: item.n * 2 })).filter(Boolean)",
    "typeof $json.body.v.asText === 'function' ? $json.body.v.asText() : 1",
    "/^a[/}]b$/.test(`x ${ { a: `y${$json.body.n}` }.a } z`) ? -1 : +1",
    "$json.body.a /* why */ / 2 // half\n + 1",
    "DateTime.fromISO($json.body.at).plus({ days: 1 }).toFormat('dd.MM.yyyy')",
    "[1,,2].length + new Date().getTime() + ($json.body['a b'] in {} ? 1 : 0)",
    "$if($json.body.n > 1, $now.toISO(), $('Webhook').first().json.body.n)",
    "(function named(n) { for (const i of n) { if (i) return i; } })([1])",
    "async () => { await 1 }",
    "({ get a() { return 1; }, b() { return this.a; }, ['c']: 2 }).b()",
]


@pytest.mark.parametrize("expression", FINE)
def test_good_javascript_is_left_alone(expression: str) -> None:
    document = valid()
    rows = document["nodes"][1]["parameters"]["assignments"]["assignments"]
    rows[0]["value"] = "={{ " + expression + " }}"
    assert validate_n8n(document) == ()


def test_deep_and_large_documents() -> None:
    deep: Any = "={{ 1 }}"
    for _ in range(400):
        deep = {"values": [deep]}
    document = valid()
    document["nodes"][1]["parameters"]["assignments"] = deep
    document["nodes"][3]["parameters"]["text"] = "={{ " + "(" * 50_000
    document["nodes"][3]["parameters"]["thread"] = "{{" * 50_000
    document["nodes"][6]["parameters"]["url"] = "={{ " + "`${" * 5_000 + "}`" * 5_000 + " }}"
    document["nodes"][6]["parameters"]["jsonBody"] = "={{ " + "{a(" * 5_000 + ")} " * 5_000 + " }}"
    names = [f"N{number}" for number in range(2000)]
    document["nodes"] += [{**document["nodes"][4], "name": name, "id": name} for name in names]
    for source, target in pairwise(names):
        document["connections"][source] = {"main": [to(target)]}
    assert validate_n8n(document)


@pytest.fixture(scope="module")
def workflows(shared: Path) -> dict[str, Document]:
    """Real workflows by file name."""
    files = sorted((shared / "blueprints" / "n8n").glob("*.json"))
    return {file.name: json.loads(file.read_text(encoding="utf-8")) for file in files}


@pytest.fixture(scope="module")
def found(workflows: dict[str, Document]) -> dict[str, tuple[Finding, ...]]:
    """What the rules find in each."""
    return {name: validate_n8n(document) for name, document in workflows.items()}


def test_errors_in_real_workflows_are_those_that_n8n_sees(
    workflows: dict[str, Document], found: dict[str, tuple[Finding, ...]], n8n_oracle: Oracle
) -> None:
    reports = n8n_oracle.check_workflows(list(workflows.values()))
    alone = []
    for (name, findings), issues in zip(found.items(), reports, strict=True):
        seen = {issue.node for issue in issues if issue.severity == "error"}
        for finding in findings:
            if finding.severity == "error" and finding.rule not in SILENT:
                confirmed = any(node and finding.where.startswith(f"nodes.{node}.") for node in seen)
                alone += [] if confirmed else [(name, str(finding))]
    assert alone == []


def test_rules_are_quiet_on_real_workflows(found: dict[str, tuple[Finding, ...]]) -> None:
    rates = Counter((finding.rule, finding.severity) for findings in found.values() for finding in findings)
    assert (
        sum(count for (rule, severity), count in rates.items() if rule in SILENT and severity == "error") <= MOST_SILENT
    )
    quieter = sum(count for (_, severity), count in rates.items() if severity == "warning")
    assert quieter <= MOST_WARNINGS * len(found)
