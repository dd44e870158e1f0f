"""n8n rules on documents of any shape, and on what people really made."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compilers.errors import Finding
from compilers.rules.n8n_export import validate_n8n
from resources.n8n_oracle import Oracle
from tests.compilers.rules.n8n_documents import Document, valid

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
MOST_SILENT = 22
"""What they find in 120 workflows, each looked at and found to be a real fault."""
MOST_WARNINGS = 3
"""Findings below an error for each real workflow, on average."""

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12)
WORDS = st.sampled_from(
    [
        "nodes",
        "connections",
        "settings",
        "name",
        "type",
        "parameters",
        "main",
        "node",
        "index",
        "position",
        "credentials",
    ]
    + [
        "Webhook",
        "Score",
        "n8n-nodes-base.set",
        "n8n-nodes-base.if",
        "conditions",
        "operator",
        "jsCode",
        "rule",
        "interval",
    ]
    + ["={{ $json.a }}", "={{ `${", "={{ {a:{b:1}} }}", "{{1.x}}", "assignments", "typeVersion", "onError", "pinData"]
)
ANYTHING = st.recursive(
    SCALARS | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(max_size=6), inner, max_size=5),
    max_leaves=25,
)


@given(ANYTHING)
@settings(max_examples=150, deadline=None)
def test_any_document_gives_findings(document: Any) -> None:
    assert isinstance(validate_n8n(document), tuple)


@given(st.integers(0, 10**9), ANYTHING)
@settings(max_examples=250, deadline=None)
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
@settings(max_examples=400, deadline=None)
def test_any_expression_is_read(text: str) -> None:
    document = valid()
    document["nodes"][1]["parameters"]["assignments"]["assignments"][0]["value"] = "={{" + text + "}}"
    document["nodes"][10]["parameters"]["jsCode"] = text
    validate_n8n(document)


def test_deep_and_large_documents() -> None:
    deep: Any = "={{ 1 }}"
    for _ in range(400):
        deep = {"values": [deep]}
    document = valid()
    document["nodes"][1]["parameters"]["assignments"] = deep
    document["nodes"][3]["parameters"]["text"] = "={{ " + "(" * 50_000
    document["nodes"] += [{**document["nodes"][4], "name": f"N{number}", "id": str(number)} for number in range(2000)]
    document["connections"] |= {f"N{number}": {"main": [[{"node": f"N{number + 1}", "type": "main", "index": 0}]]} for number in range(1999)}  # fmt: skip
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
