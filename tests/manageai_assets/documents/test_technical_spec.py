"""The technical specification holds every step, field, account and finding, and client text as text."""

from __future__ import annotations

from typing import cast

import pytest
from markdown_it import MarkdownIt

from compilers.spec import OperationStep
from manageai_assets.build.exports import ExportValidationReport
from manageai_assets.documents.technical_spec import technical_spec
from manageai_assets.testing.models import TestReport
from tests.manageai_assets.documents.hard import HARD, NASTY, facts, spec, values

SMALL, LOOP = "harborview-dental-triage", "bergwerk-outdoor-bestellungen"


def made(name: str, language: str = "en", tested: bool = True) -> str:
    exports = cast("ExportValidationReport", values(name)["export_validation_report"])
    tests = cast("TestReport", values(name)["test_report"]) if tested else None
    return technical_spec(facts(name, language), spec(name), exports, tests)


@pytest.mark.parametrize("name", [SMALL, LOOP, *HARD])
def test_every_step_stands_with_its_fields(name: str) -> None:
    text = made(name)
    for line in facts(name).lines:
        if line.step:
            assert f"### {line.number}. `{line.step}`: " in text
    for step in spec(name).nodes:
        for field in step.inputs if isinstance(step, OperationStep) else ():
            assert f"| `{field}" in text


def test_expressions_accounts_handling_and_evidence() -> None:
    text = made(SMALL)
    for part in (
        "Emergency from {{ message.body.name }}",
        'Emergency (kind.text contains "emergency")',
        "| `values.E-mail` \\* | `{{ message.body.email }}` |",
        "`slackApi`",
        "`slack2`",
        "module 4",
        "try again up to 3 times, every 5 min",
        "`make_export.json`",
        "| Routes | 6 | 6 |",
        "`values.E-mail`",
        "`body.email`",
    ):
        assert part in text


def test_what_is_the_same_for_many_steps_is_said_once() -> None:
    assert made(SMALL).count("n8n tries 4 times") == 1


def test_it_speaks_german() -> None:
    text = made(SMALL, "de")
    assert "# Technische Spezifikation: Patient message triage" in text
    assert "Läuft nach 1 „Contact form“" in text


def test_without_tests_it_says_so() -> None:
    assert "nothing is proven yet" in made(SMALL, tested=False)


def test_client_text_is_neither_markup_nor_a_link() -> None:
    text = made("hostile")
    tokens = [
        token
        for block in MarkdownIt("commonmark").enable("table").parse(text)
        for token in (block, *(block.children or ()))
    ]
    assert not {token.type for token in tokens} & {"html_block", "html_inline", "image", "link_open", "math_inline"}
    shown = "".join(token.content for token in tokens if token.type in ("text", "code_inline", "text_special"))
    for said in (NASTY[0], NASTY[1], NASTY[2]):
        assert said in shown


def test_the_same_text_each_time() -> None:
    assert made("hostile") == made("hostile")
