"""n8n's own code: what it says of workflows, and that our facts of its nodes are its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compilers.errors import UserError
from compilers.n8n.descriptors import catalogue
from compilers.registry import registry
from compilers.rules.n8n_expressions import FORBIDDEN
from resources.n8n_oracle import Oracle, install, is_installed, oracle_folder
from tests.compilers.rules.n8n_documents import Document, node, parameters, to, valid
from tools.n8n_facts import TARGET, render


def test_a_valid_workflow_lacks_nothing_but_credentials(n8n_oracle: Oracle) -> None:
    [issues] = n8n_oracle.check_workflows([valid()])
    assert {issue.layer for issue in issues} <= {"credentials"}


def test_each_layer_is_reported(n8n_oracle: Oracle) -> None:
    broken = {
        layer: valid() for layer in ("structure", "type", "parameters", "ports", "expression", "reference", "sdk")
    }
    broken["structure"]["connections"]["Ghost"] = {"main": [to("Failed")]}
    node(broken["type"], "Failed")["type"] = "n8n-nodes-base.nope"
    del parameters(broken["parameters"], "Call")["url"]
    broken["ports"]["connections"]["Webhook"] = {"main": [to("Score"), to("Score")]}
    parameters(broken["expression"], "Call")["url"] = "={{ $json. }}"
    parameters(broken["reference"], "Call")["url"] = "={{ $('Ghost').item.json.url }}"
    parameters(broken["sdk"], "Call")["method"] = "FOO"
    reports = n8n_oracle.check_workflows(list(broken.values()))
    for layer, issues in zip(broken, reports, strict=True):
        assert layer in {issue.layer for issue in issues if issue.severity == "error"}


def test_a_document_that_is_no_workflow_is_an_issue_and_no_failure(n8n_oracle: Oracle) -> None:
    reports = n8n_oracle.check_workflows([{}, {"nodes": None}, valid()])
    assert [bool([issue for issue in report if issue.layer == "structure"]) for report in reports] == [
        True,
        True,
        False,
    ]


def test_facts_are_what_the_descriptors_say(n8n_oracle: Oracle) -> None:
    kept = {name: catalogue().classes(name)[-1].versions[0] for name in catalogue().described()}
    assert render(n8n_oracle.folder, kept) == TARGET.read_text(encoding="utf-8")


def test_facts_stay_small() -> None:
    assert TARGET.stat().st_size < 900_000


def test_the_registry_names_nodes_and_versions_that_exist() -> None:
    known = registry()
    nodes = [
        (part.node, part.version)
        for app in known.apps.values()
        for operation in app.operations.values()
        for node in operation.n8n_nodes
        for part in (node, *node.before, *node.after)
    ]
    nodes += [(flow.n8n, flow.n8n_version) for flow in known.flow.values() if flow.n8n]
    assert [pair for pair in nodes if pair[1] not in catalogue().versions(pair[0])] == []


def test_forbidden_names_are_n8ns(n8n_oracle: Oracle) -> None:
    def asks(name: str) -> Document:
        document = valid()
        parameters(document, "Call")["url"] = f"={{{{ $json.{name} }}}}"
        return document

    names = sorted(FORBIDDEN)
    reports = n8n_oracle.check_workflows([asks(name) for name in names])
    refused = [
        name for name, issues in zip(names, reports, strict=True) if any(i.layer == "expression" for i in issues)
    ]
    assert refused == names


def test_an_installation_that_is_there_is_not_made_again(n8n_oracle: Oracle) -> None:
    assert install() == n8n_oracle.folder


def test_a_folder_without_the_packages_counts_as_not_installed(tmp_path: Path) -> None:
    manifest = tmp_path / "node_modules" / "n8n-workflow" / "package.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text(json.dumps({"version": "0.0.1"}), encoding="utf-8")
    assert not is_installed(tmp_path)


def test_a_registry_that_is_not_there_is_a_clear_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "npm"))
    monkeypatch.setenv("npm_config_fetch_retries", "0")
    with pytest.raises(UserError, match="npm could not install"):
        install()
    assert list(oracle_folder().parent.iterdir()) == []
