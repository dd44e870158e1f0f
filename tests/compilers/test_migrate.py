"""Migrations of real blueprints: nothing is lost, and n8n's own code accepts what comes out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.make import modules_of
from compilers.make.parse import unwrap
from compilers.migrate import Migration, migrate
from resources.n8n_oracle import Oracle
from tests.compilers.workflows import below, left_over, nodes_of, wires_of

EXAMPLE = Path(__file__).parents[2] / "examples" / "blueprints" / "order-alerts.json"


@pytest.fixture(scope="module")
def moved(shared: Path) -> dict[str, tuple[JsonValue, Migration]]:
    """Every real blueprint and its migration, by file name."""
    found: dict[str, tuple[JsonValue, Migration]] = {}
    for file in sorted((shared / "blueprints" / "make").glob("*.json")):
        document = json.loads(file.read_text(encoding="utf-8"))
        found[file.name] = (unwrap(document), migrate(document))
    return found


def collected(found: dict[str, list[str]]) -> dict[str, list[str]]:
    """Those that have entries."""
    return {name: entries[:3] for name, entries in found.items() if entries}


def test_every_module_has_its_entry(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    for name, (document, migration) in moved.items():
        assert isinstance(document, dict)
        known = Counter((str(module.id), module.module) for module in migration.report.modules)
        in_flows = Counter((number, module) for number, module, _ in modules_of({"flow": document["flow"]}))
        assert not in_flows - known, name


def test_every_module_has_its_nodes(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    missing = {
        name: [
            f"{module.id} {module.module}"
            for module in migration.report.modules
            if not module.nodes or not set(module.nodes) <= nodes_of(migration.export.document).keys()
        ]
        for name, (_, migration) in moved.items()
    }
    assert collected(missing) == {}


def test_every_connection_is_kept(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    """Wherever Make leads from one module to another, connections lead from the nodes of one to those of the other."""
    lost = {}
    for name, (_, migration) in moved.items():
        reached = below(migration.export.document)
        places = migration.export.places
        lost[name] = [
            f"{edge.source} -> {edge.target}"
            for edge in migration.spec.edges
            if not edge.disabled
            and places.get(edge.source)
            and not any(set(places[edge.target]) & reached[node] for node in places[edge.source])
        ]
    assert collected(lost) == {}


def test_no_connection_dangles(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    for name, (_, migration) in moved.items():
        names = nodes_of(migration.export.document).keys()
        for source, _, target, _ in wires_of(migration.export.document):
            assert {source, target} <= names, name


def test_every_route_goes_on_by_itself(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    for name, (_, migration) in moved.items():
        places = migration.export.places
        reached = below(migration.export.document)
        routes: dict[str, list[str]] = {}
        for edge in migration.spec.edges:
            if edge.kind in ("route", "branch") and not edge.disabled:
                routes.setdefault(edge.source, []).append(edge.target)
        for router, targets in routes.items():
            starts = [places[target][0] for target in targets]
            assert len(set(starts)) == len(set(targets)), f"{name}: {router}"
            assert all(start in reached[places[router][0]] for start in starts), f"{name}: {router}"


def test_nothing_of_make_s_notation_is_left(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    assert collected({name: left_over(migration.export.document) for name, (_, migration) in moved.items()}) == {}


def test_manual_nodes_hold_the_original(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    for _, migration in moved.values():
        nodes = nodes_of(migration.export.document)
        for module in migration.report.modules:
            if module.grade == "manual":
                node = next(nodes[name] for name in module.nodes if name.startswith("MANUAL: "))
                assert node["disabled"] is True
                assert module.module in str(node["notes"])


def test_grades_and_expressions_reach_what_is_promised(moved: dict[str, tuple[JsonValue, Migration]]) -> None:
    grades: Counter[str] = Counter()
    total = translated = complete = 0
    for _, migration in moved.values():
        grades.update(migration.report.grades)
        complete += migration.report.is_complete
        total += migration.report.expressions.total
        translated += migration.report.expressions.translated
    assert 1 - grades["manual"] / grades.total() >= 0.9
    assert complete / len(moved) >= 0.8
    assert translated / total >= 0.99


@pytest.mark.slow
def test_n8ns_own_code_accepts_every_node_but_the_manual_ones(
    moved: dict[str, tuple[JsonValue, Migration]], n8n_oracle: Oracle
) -> None:
    found = n8n_oracle.check_workflows([migration.export.document for _, migration in moved.values()])
    wrong = {}
    for (name, (_, migration)), issues in zip(moved.items(), found, strict=True):
        by_hand = {node for step in migration.export.manual for node in migration.export.places[step]}
        wrong[name] = [
            f"{issue.node}: {issue.where}: {issue.message}"
            for issue in issues
            if issue.severity == "error" and issue.layer != "credentials" and issue.node not in by_hand
        ]
    assert collected(wrong) == {}


def test_every_parameter_is_one_that_its_node_shows(
    moved: dict[str, tuple[JsonValue, Migration]], shared: Path, n8n_oracle: Oracle, tmp_path: Path
) -> None:
    files = {}
    for index, (name, (_, migration)) in enumerate(moved.items()):
        file = tmp_path / f"{index}.json"
        file.write_text(json.dumps(migration.export.document), encoding="utf-8")
        files[str(file)] = (name, migration)
    checker = shared / "tools" / "n8n" / "check_nodes.py"
    command = [sys.executable, str(checker), "--install", str(n8n_oracle.folder), "--json", *files]
    report = tmp_path / "report.txt"
    with report.open("w", encoding="utf-8") as output:
        subprocess.run(command, stdout=output, check=False)
    wrong = {}
    for path, issues in json.loads(report.read_text(encoding="utf-8")).items():
        name, migration = files[path]
        by_hand = {node for step in migration.export.manual for node in migration.export.places[step]}
        wrong[name] = [
            f"{issue['node']}: {issue['where']}: {issue['message']}"
            for issue in issues
            if issue["code"] != "credential-missing" and issue["node"] not in by_hand
        ]
    assert collected(wrong) == {}


# -- one by one ----------------------------------------------------------------------------------------------------


@pytest.fixture
def example() -> Migration:
    """The example blueprint's migration."""
    return migrate(json.loads(EXAMPLE.read_text(encoding="utf-8")))


def test_the_report_says_what_to_connect_and_what_changes(example: Migration) -> None:
    report = example.report
    assert report.is_complete
    assert {needed.platform_type for needed in report.credentials} == {"slackApi", "googleSheetsOAuth2Api"}
    assert [webhook.place for webhook in report.webhooks] == ["New order"]
    assert any("30 days" in line for line in report.checklist)
    assert any("Accepted" in row.what for row in report.differences)


def test_expressions_are_shown_with_their_originals(example: Migration) -> None:
    rows = {row.original: row.translation for row in example.report.expressions.changed}
    assert "{{lower(1.customer.email)}}" in rows
    assert "toLowerCase" in str(rows["{{lower(1.customer.email)}}"])


def test_a_word_that_names_nothing_gives_nothing_and_is_said() -> None:
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    document["flow"][3]["routes"][0]["flow"][0]["mapper"]["text"] = "For {{companyName}}: {{1.id}}"
    migration = migrate(document)
    nodes = nodes_of(migration.export.document)
    slack = next(node for node in nodes.values() if node["type"] == "n8n-nodes-base.slack")
    assert "companyName" not in json.dumps(slack)
    assert migration.report.expressions.untranslated == ()
    row = next(row for row in migration.report.expressions.changed if "companyName" in row.original)
    assert "companyName" in row.why
    assert any("companyName" in warning for warning in migration.report.warnings)


def test_a_migration_is_the_same_every_time(example: Migration) -> None:
    again = migrate(json.loads(EXAMPLE.read_text(encoding="utf-8")))
    assert again.export.document == example.export.document
    assert again.report == example.report


def test_what_is_not_carried_over_is_said() -> None:
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    document["flow"][3]["routes"][0]["flow"][0]["mapper"]["secret_ingredient"] = "nutmeg"
    report = migrate(document).report
    assert report.not_carried_over == {"5 slack:CreateMessage": {"secret_ingredient": "nutmeg"}}
    assert any("nutmeg" in warning for warning in report.warnings)


def strings(value: JsonValue) -> Iterator[str]:
    """Every text in a value."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from strings(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)


def test_a_step_that_needs_a_person_keeps_its_connections() -> None:
    document = json.loads(EXAMPLE.read_text(encoding="utf-8"))
    document["flow"][2] |= {"module": "some-app:doThing", "parameters": {}, "mapper": {"text": "{{2.article}}"}}
    migration = migrate(document)
    [step] = migration.export.manual
    [node] = migration.export.places[step]
    assert node.startswith("MANUAL: ")
    reached = below(migration.export.document)
    assert node in reached["New order"]
    assert "Tell sales" in reached[node]
    original = json.loads(str(nodes_of(migration.export.document)[node]["notes"]))
    assert original["mapper"] == {"text": "{{2.article}}"}
    assert "$(" in " ".join(strings(original["values for n8n"]))
