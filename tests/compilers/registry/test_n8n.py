"""The registry's n8n side, held against n8n's own descriptors and checking code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.registry import registry
from tests.compilers.registry.samples import input_sets, n8n_node, operations

ROOT = Path(__file__).resolve().parents[3]
TOOLS = ROOT.parent / "shared" / "tools" / "n8n"
ORACLE = Path(os.environ.get("N8N_ORACLE") or Path.home() / ".cache" / "manageai" / "n8n-oracle-2.41.1")
PACKAGES = ("n8n-nodes-base", "@n8n/n8n-nodes-langchain")
NODE = Path(sys.executable).with_name("node")

Findings = dict[str, list[dict[str, str]]]

pytestmark = pytest.mark.skipif(
    not (ORACLE / "node_modules").is_dir(), reason=f"n8n's own code is not installed at {ORACLE}"
)


@pytest.fixture(scope="module")
def newest() -> dict[str, float]:
    """The newest version of each node type."""
    versions: dict[str, float] = {}
    for package in PACKAGES:
        text = (ORACLE / "node_modules" / package / "dist" / "types" / "nodes.json").read_text(encoding="utf-8")
        for entry in json.loads(text):
            listed = entry["version"] if isinstance(entry["version"], list) else [entry["version"]]
            name = f"{package}.{entry['name']}"
            versions[name] = max(versions.get(name, 0), *listed)
    return versions


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A workflow of one node for every operation and every set of its inputs."""
    folder = tmp_path_factory.mktemp("workflows")
    paths = []
    for name, app, operation in operations():
        if operation.n8n is None:
            continue
        for index, (which, inputs) in enumerate(input_sets(operation).items()):
            node = n8n_node(f"{name} {which}", app, operation, operation.n8n, inputs)
            workflow: JsonValue = {"name": name, "nodes": [node], "connections": {}, "settings": {}}
            path = folder / f"{name}-{index}.json"
            path.write_text(json.dumps(workflow), encoding="utf-8")
            paths.append(path)
    return paths


def run(command: list[str], workflows: list[Path]) -> Findings:
    """What a checker says, by file. Its output goes to a file, since it ends without waiting for a pipe."""
    report = workflows[0].with_name("report.txt")
    with report.open("w", encoding="utf-8") as output:
        subprocess.run(
            [*command, "--install", str(ORACLE), "--json", *map(str, workflows)],
            stdout=output,
            timeout=300,
            check=False,
        )
    findings: Findings = json.loads(report.read_text(encoding="utf-8"))
    return findings


@pytest.mark.skipif(not TOOLS.is_dir(), reason="the shared checkers are not beside the repository")
@pytest.mark.skipif(not NODE.exists(), reason="no Node.js beside this Python")
def test_n8ns_own_code_finds_nothing_wrong(workflows: list[Path]) -> None:
    findings = run([str(NODE), str(TOOLS / "check_issues.mjs")], workflows)
    assert len(findings) == len(workflows)
    wrong = [
        f"{issue.get('node')} {issue.get('where', '')}: {issue['message']} [{issue['layer']}]"
        for issues in findings.values()
        for issue in issues
        if issue["layer"] != "trigger"
    ]
    assert wrong == []


@pytest.mark.skipif(not TOOLS.is_dir(), reason="the shared checkers are not beside the repository")
def test_every_parameter_is_one_that_the_node_shows(workflows: list[Path]) -> None:
    findings = run([sys.executable, str(TOOLS / "check_nodes.py")], workflows)
    assert len(findings) == len(workflows)
    wrong = [
        f"{issue['node']} {issue['where']}: {issue['message']} [{issue['code']}]"
        for issues in findings.values()
        for issue in issues
    ]
    assert wrong == []


def test_versions_are_the_newest(newest: dict[str, float]) -> None:
    used = {name: operation.n8n for name, _, operation in operations() if operation.n8n}
    assert {name: node.version for name, node in used.items()} == {
        name: newest.get(node.node) for name, node in used.items()
    }


def test_versions_of_the_control_flow_are_the_newest(newest: dict[str, float]) -> None:
    flow = registry().flow
    assert {name: row.n8n_version for name, row in flow.items()} == {
        name: newest.get(row.n8n) for name, row in flow.items()
    }
