"""`manageai report`, called as people and machines call it; the README's commands among them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from sqlalchemy import Engine

from manageai_assets.cli import EXIT_DONE, EXIT_USAGE, EXIT_WRONG, main
from tests.manageai_assets.clients.reports.stored_client import agency
from tests.test_readme import commands


@pytest.fixture
def clients(engine: Engine) -> Engine:
    """The agency of `stored_client`."""
    agency(engine)
    return engine


@pytest.mark.usefixtures("clients")
def test_a_report_for_people_and_for_machines(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = ["report", "fern", "--month", "2026-03", "-o", str(tmp_path / "out")]
    assert main(arguments) == EXIT_DONE
    shown = capsys.readouterr().out
    assert "Fern & Oak, March 2026, revision 1" in shown
    assert "Your automation ran 31 times in March 2026" in shown
    assert "The mail is a draft, to ops@fern.test." in shown
    names = sorted(file.name for file in (tmp_path / "out").iterdir())
    assert names == [f"monthly_report-2026-03.{ending}" for ending in ("docx", "eml", "pdf")]
    assert main([*arguments, "--json"]) == EXIT_DONE
    found = json.loads(capsys.readouterr().out)
    assert (found["revision"], found["new"], found["mail"]) == (1, False, "told before")
    assert found["facts"]["totals"]["runs"] == 31


@pytest.mark.usefixtures("clients")
@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["Nobody", "--month", "2026-03"], "there is no client `Nobody`"),
        (["fern", "--month", "March"], "`March` is no month"),
        (["fern", "--month", "2026-13"], "is no month"),
        (["fern", "--month", "2026-01"], "no client had a scenario in production"),
        (["fern", "--month", "2999-01"], "isn't over yet"),
    ],
)
def test_what_is_wrong_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], told: str
) -> None:
    assert main(["report", *arguments, "-o", str(tmp_path)]) == EXIT_WRONG
    assert told in capsys.readouterr().err
    assert list(tmp_path.glob("*.docx")) == []


def test_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report"])
    assert ended.value.code == EXIT_USAGE


@pytest.mark.usefixtures("clients")
def test_the_commands_of_the_readme_work(tmp_path: Path) -> None:
    lines = [line for line in commands() if "manageai report" in line]
    assert lines
    for line in lines:
        _, *arguments = shlex.split(line.replace("/tmp/packages", str(tmp_path)))
        assert main(arguments) == EXIT_DONE
