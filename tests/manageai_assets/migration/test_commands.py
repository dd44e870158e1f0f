"""`manageai migrate` and `manageai parse`, called as people and machines call them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.make.emit import emit
from compilers.n8n.emit import emit as emit_n8n
from compilers.spec import read_spec
from manageai_assets.cli import EXIT_DONE, EXIT_USAGE, EXIT_WRONG, main

WORKFLOW: dict[str, JsonValue] = {
    "name": "Lead alert",
    "nodes": [
        {"id": "1", "name": "Hook", "type": "n8n-nodes-base.webhook", "typeVersion": 2, "position": [0, 0],
         "parameters": {"httpMethod": "POST", "path": "lead", "options": {}}},
        {"id": "2", "name": "Odd", "type": "n8n-nodes-acme.odd", "typeVersion": 1, "position": [200, 0],
         "parameters": {"text": "={{ $json.body.name }}"}},
        {"id": "3", "name": "Note", "type": "n8n-nodes-base.stickyNote", "typeVersion": 1, "position": [0, 200],
         "parameters": {"content": "hi"}},
    ],
    "connections": {"Hook": {"main": [[{"node": "Odd", "type": "main", "index": 0}]]}},
    "settings": {},
}  # fmt: skip
EXAMPLE = Path(__file__).parents[3] / "examples" / "blueprints" / "order-alerts.json"


def migrate(*arguments: str | Path) -> int:
    """Runs the command to n8n."""
    return main(["migrate", *map(str, arguments), "--to", "n8n"])


def test_a_file_becomes_a_workflow_and_its_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate(EXAMPLE, "-o", tmp_path) == EXIT_DONE
    assert "1 of 1 migrated" in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {
        "order-alerts.n8n.json", "order-alerts.report.json", "order-alerts.report.md",
    }  # fmt: skip
    report = json.loads((tmp_path / "order-alerts.report.json").read_text())
    assert {module["id"] for module in report["modules"]} == {1, 2, 3, 4, 5, 6, 7}
    assert {"id", "module", "grade", "nodes", "notes"} <= report["modules"][0].keys()
    assert {"total", "translated", "untranslated"} <= report["expressions"].keys()
    assert "warnings" in report
    page = (tmp_path / "order-alerts.report.md").read_text()
    assert "Kettle & Crumb Slack" in page or "Kettle &amp; Crumb Slack" in page


def test_folders_keep_their_shape_and_reports_go_where_they_are_wanted(tmp_path: Path) -> None:
    source, out, reports = tmp_path / "in", tmp_path / "out", tmp_path / "reports"
    (source / "a").mkdir(parents=True)
    shutil.copy(EXAMPLE, source / "a" / "one.blueprint.json")
    shutil.copy(EXAMPLE, source / "two.json")
    assert migrate(source, "-o", out, "--report", reports) == EXIT_DONE
    assert {str(path.relative_to(out)) for path in out.rglob("*.json")} == {"a/one.n8n.json", "two.n8n.json"}
    assert (reports / "a" / "one.report.md").is_file()


def test_files_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(EXAMPLE, tmp_path / folder / "same.json")
    out = tmp_path / "out"
    assert migrate(tmp_path / "a" / "same.json", tmp_path / "b" / "same.json", "-o", out) == EXIT_DONE
    assert {path.name for path in out.glob("*.n8n.json")} == {"same.n8n.json", "same-2.n8n.json"}


def test_what_was_written_is_not_migrated_again(tmp_path: Path) -> None:
    shutil.copy(EXAMPLE, tmp_path / "one.json")
    assert migrate(tmp_path, "-o", tmp_path) == EXIT_DONE
    assert migrate(tmp_path, "-o", tmp_path) == EXIT_DONE
    assert len(list(tmp_path.glob("*.n8n.json"))) == 1


def test_a_bad_file_leaves_the_others_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.json").write_text('{"flow": [{"id": 1}]}')
    shutil.copy(EXAMPLE, tmp_path / "good.json")
    assert main(["migrate", str(tmp_path), "--to", "n8n", "-o", str(tmp_path / "out"), "--json"]) == EXIT_WRONG
    told: list[dict[str, JsonValue]] = json.loads(capsys.readouterr().out)
    by_file = {Path(str(row["file"])).name: row for row in told}
    assert "flow[0]" in str(by_file["bad.json"]["error"])
    assert Path(str(by_file["good.json"]["workflow"])).is_file()


@pytest.mark.parametrize(
    "arguments", [["migrate"], ["migrate", "x.json"], ["migrate", "x.json", "--to", "zap"], ["parse"]]
)
def test_wrong_usage(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == EXIT_USAGE


def test_what_is_not_there_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert migrate(tmp_path / "none.json") == EXIT_WRONG
    assert "no such file" in capsys.readouterr().err
    assert migrate(tmp_path) == EXIT_WRONG
    assert "no JSON file" in capsys.readouterr().err


def test_parse_writes_a_spec_that_gives_the_blueprint_back(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    assert main(["parse", str(EXAMPLE), "-o", str(spec), "--timezone", "Europe/Berlin"]) == EXIT_DONE
    read = read_spec(spec)
    assert read.settings.timezone == "Europe/Berlin"
    assert emit(read).document == json.loads(EXAMPLE.read_text())


def test_parse_prints_the_spec_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["parse", str(EXAMPLE)]) == EXIT_DONE
    assert json.loads(capsys.readouterr().out)["spec_version"] == "1.0"


def test_blueprints_are_handed_to_dagster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert migrate(EXAMPLE, "-o", tmp_path / "out", "--submit") == EXIT_WRONG
    assert "INBOX_DIR" in capsys.readouterr().err
    monkeypatch.setenv("INBOX_DIR", str(tmp_path / "inbox"))
    assert migrate(EXAMPLE, "-o", tmp_path / "out", "--submit") == EXIT_DONE
    handed = tmp_path / "inbox" / "blueprints" / "order-alerts.json"
    assert json.loads(handed.read_text()) == json.loads(EXAMPLE.read_text())


def test_a_workflow_becomes_a_blueprint_and_its_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lead.json"
    file.write_text(json.dumps({"data": WORKFLOW}))
    out = tmp_path / "out"
    assert main(["migrate", str(file), "--to", "make", "-o", str(out)]) == EXIT_DONE
    assert "modules: 1 native, 0 equivalent, 1 manual" in capsys.readouterr().out
    blueprint = json.loads((out / "lead.make.json").read_text())
    assert [one["module"] for one in blueprint["flow"]] == ["gateway:CustomWebHook", "placeholder:Placeholder"]
    report = json.loads((out / "lead.report.json").read_text())
    assert [(one["title"], one["grade"]) for one in report["modules"]] == [("Hook", "native"), ("Odd", "manual")]
    page = (out / "lead.report.md").read_text()
    assert "From n8n to Make." in page
    assert "Import the blueprint into Make" in page


def test_a_document_stays_where_it_is_at_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "lead.json"
    file.write_text(json.dumps(WORKFLOW))
    assert main(["migrate", str(file), "--to", "n8n", "-o", str(tmp_path / "out")]) == EXIT_WRONG
    assert "is a document of n8n already" in capsys.readouterr().out


def test_a_workflow_is_parsed_and_compiled_again(tmp_path: Path) -> None:
    file, spec = tmp_path / "lead.json", tmp_path / "spec.json"
    file.write_text(json.dumps(WORKFLOW))
    assert main(["parse", str(file), "-o", str(spec)]) == EXIT_DONE
    assert emit_n8n(read_spec(spec)).document == WORKFLOW
