"""The registry's n8n side, held against n8n's own descriptors and checking code."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from compilers.n8n.emit import emit
from compilers.registry import registry
from resources.n8n_oracle import Oracle
from resources.node import node_program
from tests.compilers.registry.samples import input_sets, operations
from tests.compilers.registry.test_compiles import spec_of

PACKAGES = ("n8n-nodes-base", "@n8n/n8n-nodes-langchain")

Findings = dict[str, list[dict[str, str]]]


@pytest.fixture(scope="module")
def newest(n8n_oracle: Oracle) -> dict[str, float]:
    """The newest version of each node type."""
    versions: dict[str, float] = {}
    for package in PACKAGES:
        text = (n8n_oracle.folder / "node_modules" / package / "dist" / "types" / "nodes.json").read_text(
            encoding="utf-8"
        )
        for entry in json.loads(text):
            listed = entry["version"] if isinstance(entry["version"], list) else [entry["version"]]
            name = f"{package}.{entry['name']}"
            versions[name] = max(versions.get(name, 0), *listed)
    return versions


@pytest.fixture(scope="module")
def workflows(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A workflow for every operation and every set of its inputs."""
    folder = tmp_path_factory.mktemp("workflows")
    paths = []
    for name, app, operation in operations():
        for index, inputs in enumerate(input_sets(operation).values() if operation.n8n else ()):
            path = folder / f"{name}-{index}.json"
            path.write_text(json.dumps(emit(spec_of(name, app, operation, inputs)).document), encoding="utf-8")
            paths.append(path)
    return paths


def findings(command: list[str], workflows: list[Path]) -> list[str]:
    """What a checker says of all workflows. Its output goes to a file, since it ends without waiting for a pipe."""
    report = workflows[0].with_name("report.txt")
    with report.open("w", encoding="utf-8") as output:
        subprocess.run([*command, "--json", *map(str, workflows)], stdout=output, timeout=300, check=False)
    found: Findings = json.loads(report.read_text(encoding="utf-8"))
    assert len(found) == len(workflows)
    return [
        f"{finding.get('node')} {finding.get('where', '')}: {finding['message']}"
        for of_one in found.values()
        for finding in of_one
        if finding.get("layer") != "creds" and not str(finding.get("code", "")).startswith("credential-missing")
    ]


@pytest.mark.slow
def test_n8ns_own_code_finds_nothing_wrong(workflows: list[Path], shared: Path, n8n_oracle: Oracle) -> None:
    checker = shared / "tools" / "n8n" / "check_issues.mjs"
    assert findings([str(node_program()), str(checker), "--install", str(n8n_oracle.folder)], workflows) == []


def test_every_parameter_is_one_that_the_node_shows(workflows: list[Path], shared: Path, n8n_oracle: Oracle) -> None:
    checker = shared / "tools" / "n8n" / "check_nodes.py"
    assert findings([sys.executable, str(checker), "--install", str(n8n_oracle.folder)], workflows) == []


def test_versions_are_the_newest(newest: dict[str, float]) -> None:
    """But of a form that stands in for a newer node under some condition, which may be an older one."""
    used = {
        part.node: part.version
        for _, _, operation in operations()
        for node in ((operation.n8n,) if operation.n8n else ())
        for part in (node, *node.before, *node.after)
    }
    assert used == {node: newest.get(node) for node in used}


def test_versions_of_the_control_flow_are_the_newest(newest: dict[str, float]) -> None:
    flow = registry().flow
    assert {name: row.n8n_version for name, row in flow.items()} == {
        name: newest.get(row.n8n) for name, row in flow.items()
    }
