"""The command line, called as people and machines call it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.spec import dump_spec
from manageai_assets.cli import EXIT_DONE, EXIT_USAGE, EXIT_WRONG, main
from tests.compilers.flows import LINEAR, ROUTER_FIRST

EXAMPLES = Path(__file__).parents[2] / "examples" / "intakes"


@pytest.fixture
def spec_file(tmp_path: Path) -> Path:
    """A canonical spec on disk."""
    path = tmp_path / "spec.json"
    path.write_text(dump_spec(LINEAR.spec), encoding="utf-8")
    return path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str, code: int = EXIT_DONE) -> dict[str, JsonValue]:
    """The JSON that a command prints."""
    assert main([*arguments, "--json"]) == code
    printed = json.loads(capsys.readouterr().out)
    assert isinstance(printed, dict)
    return printed


@pytest.mark.parametrize(("platform", "key"), [("make", "flow"), ("n8n", "nodes")])
def test_compile_writes_an_export_that_validates(
    spec_file: Path, tmp_path: Path, platform: str, key: str, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out" / f"{platform}.json"
    assert main(["compile", str(spec_file), "--to", platform, "-o", str(output)]) == EXIT_DONE
    name = json.loads(spec_file.read_text())["name"]
    assert f"{platform} export of {name}" in capsys.readouterr().out
    assert key in json.loads(output.read_text())
    found = answer(capsys, "validate", str(output))
    assert found["platform"] == platform
    assert found["error"] == 0


def test_compile_prints_the_document_alone_without_a_file(spec_file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", str(spec_file), "--to", "n8n"]) == EXIT_DONE
    assert "nodes" in json.loads(capsys.readouterr().out)


def test_validate_finds_what_is_wrong_and_writes_the_report(
    spec_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = json.loads(spec_file.read_text())
    document["steps"][0]["variables"][0]["value"] = "{{ nobody.x }}"
    spec_file.write_text(json.dumps(document))
    report = tmp_path / "report.json"
    found = answer(capsys, "validate", str(spec_file), "--report", str(report), code=EXIT_WRONG)
    assert json.loads(report.read_text()) == found
    assert isinstance(found["findings"], list)
    assert "facts" in str(found["findings"][0])


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", '{"x": 1}', "\x00", '{"spec_version": "9", "name": 1}', "[" * 5000],
    ids=["empty", "broken", "list", "null", "unknown", "nul", "wrong", "deep"],
)
def test_files_that_are_nothing_get_a_message_and_no_traceback(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "thing.json"
    path.write_text(text)
    for command in (["validate"], ["compile", "--to", "make"], ["build", "--out", str(tmp_path / "out")]):
        assert main([*command, str(path)]) == EXIT_WRONG
        told = "".join(capsys.readouterr())
        assert "thing.json" in told
        assert "Traceback" not in told


def test_a_missing_file_names_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "diff", str(tmp_path / "a.json"), str(tmp_path / "b.json"), code=EXIT_WRONG)
    assert isinstance(found["error"], dict)
    assert "a.json" in str(found["error"]["where"])


def test_wrong_usage_exits_with_two() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["compile"])
    assert caught.value.code == EXIT_USAGE


def test_diff_tells_what_changed(spec_file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.json"
    other.write_text(dump_spec(ROUTER_FIRST.spec))
    assert main(["diff", str(spec_file), str(other)]) == EXIT_DONE
    told = capsys.readouterr().out
    assert "gold" in told
    assert "facts" in told


def test_the_catalogues_print_as_tables_and_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules"]) == EXIT_DONE
    assert main(["apps"]) == EXIT_DONE
    assert main(["apps", "slack"]) == EXIT_DONE
    told = capsys.readouterr().out
    assert "slack:CreateMessage" in told
    assert main(["rules", "--json"]) == EXIT_DONE
    listed = json.loads(capsys.readouterr().out)
    families = {rule["id"].split(".")[0] for rule in listed}
    assert families == {"spec", "make", "n8n", "zapier"}
    assert main(["apps", "nothing"]) == EXIT_WRONG


def test_build_makes_packages_and_counts_versions_by_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    intake = next(EXAMPLES.glob("harborview*.yaml"))
    copy = tmp_path / "changed.yaml"
    copy.write_text(intake.read_text().replace("volume_per_month:", "notes: changed\nvolume_per_month:"))
    out = str(tmp_path / "out")
    keys = []
    for file in (intake, intake, copy, intake):
        assert main(["build", str(file), "--out", out, "--json"]) == EXIT_DONE
        built = json.loads(capsys.readouterr().out)[0]
        assert built["status"] == "built"
        keys.append(built["key"].rpartition("@")[2])
    assert keys == ["v1", "v1", "v2", "v1"]


def test_one_bad_file_leaves_the_others_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("customer: [")
    good = next(EXAMPLES.glob("harborview*.yaml"))
    assert main(["build", str(bad), str(good), "--out", str(tmp_path / "out"), "--json"]) == EXIT_WRONG
    assert [one["status"] for one in json.loads(capsys.readouterr().out)] == ["failed", "built"]
