"""The checklist names every account, file and step that is to be done, in order, and can be ticked off."""

from __future__ import annotations

import re
from typing import cast

import pytest
from markdown_it import MarkdownIt

from manageai_assets.build.exports import ExportValidationReport
from manageai_assets.documents.checklist import implementation_checklist
from manageai_assets.testing.models import TestReport
from tests.manageai_assets.documents.hard import HARD, NASTY, facts, spec, values

SMALL, SCHEDULED = "harborview-dental-triage", "rosewood-lease-renewals"


def made(name: str, language: str = "en", draft: bool = False) -> str:
    exports = cast("ExportValidationReport", values(name)["export_validation_report"])
    tests = cast("TestReport", values(name)["test_report"])
    return implementation_checklist(facts(name, language, draft), spec(name), exports, tests)


@pytest.mark.parametrize("name", [SMALL, SCHEDULED, *HARD])
def test_every_point_can_be_ticked(name: str) -> None:
    points = [line for line in made(name).split("\n") if line.lstrip().startswith("- ")]
    assert points
    assert all(re.match(r" *- \[ \] \S", point) for point in points)


@pytest.mark.parametrize("name", [SMALL, SCHEDULED, *HARD])
def test_its_parts_are_numbered_in_order(name: str) -> None:
    numbers = [int(number) for number in re.findall(r"^## (\d+)\.", made(name), re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))


def test_accounts_files_places_tests_and_the_way_back() -> None:
    text = made(SMALL)
    for part in (
        "**Slack workspace**",
        "of type `slackApi`",
        "Choose it in node `Alert the dentist on call`",
        "*Import Blueprint*: `make_export.json`",
        "*Import from File*: `n8n_export.json`",
        "copy its address: `module 1`",
        "Force a failure of 4 “Alert the dentist on call”",
        "There is no earlier version",
        "6 Add to the booking sheet (Google Sheets, Harborview Dental)",
    ):
        assert part in text


def test_a_schedule_is_checked_where_there_is_no_webhook() -> None:
    text = made(SCHEDULED)
    assert "every Monday, Tuesday, Wednesday, Thursday and Friday at 07:30" in text
    assert "points at the new address" not in text


def test_the_version_before_is_kept_and_brought_back() -> None:
    exports = cast("ExportValidationReport", values(SMALL)["export_validation_report"])
    second = facts(SMALL).model_copy(update={"version": 2})
    text = implementation_checklist(second, spec(SMALL), exports)
    assert "Version 1 is exported as it runs today" in text
    assert "Import and switch on version 1." in text


def test_a_draft_begins_with_what_must_be_settled() -> None:
    text = made(SMALL, draft=True)
    assert text.index("**DRAFT:**") < text.index("The statement of work is signed")


def test_it_speaks_german() -> None:
    assert "Auswählen im Knoten `Alert the dentist on call`" in made(SMALL, "de")


def test_client_text_is_text() -> None:
    text = made("hostile")
    tokens = [token for block in MarkdownIt().parse(text) for token in (block, *(block.children or ()))]
    assert not {token.type for token in tokens} & {"html_block", "html_inline", "image", "link_open"}
    shown = "".join(token.content for token in tokens if token.type in ("text", "code_inline", "text_special"))
    for said in (NASTY[0], NASTY[1], NASTY[2]):
        assert said in shown
