"""The data behind the rules: it fits its models, and what it names is in the registry."""

from __future__ import annotations

import pytest

from compilers.registry import registry
from compilers.spec import Schedule
from manageai_assets.intake.assessment import question_book, question_of
from manageai_assets.intake.ledger import Ledger
from manageai_assets.intake.request_rules import read_request
from manageai_assets.intake.vocabulary import TriggerWords, vocabulary
from tests.manageai_assets.intake.test_request_rules import intake_of_request


def test_apps_and_operations_that_are_named_exist() -> None:
    words = vocabulary()
    triggers = [(entry.app, entry.operation) for entry in words.triggers]
    for app, operation in (*triggers, (words.schedule.app, words.schedule.operation)):
        assert registry().operation(app, operation).kind == "trigger"
    assert registry().app(words.ai_app).category == words.ai_category
    for app, others in words.prefer.items():
        for name in (app, *others):
            assert registry().app(name)


def test_default_time_is_one() -> None:
    assert Schedule(kind="daily", at=vocabulary().schedule.default_time)


@pytest.mark.parametrize("entry", vocabulary().triggers, ids=lambda entry: str(entry.id))
def test_each_way_to_start_is_read_by_each_of_its_words(entry: TriggerWords) -> None:
    for phrase in entry.phrases:
        plan = read_request(intake_of_request(f"When a {phrase} comes in, tell sales in Slack."), Ledger())
        assert plan is not None
        assert plan.trigger.app == entry.app
        assert plan.trigger.fields


def test_each_question_says_what_and_why() -> None:
    ledger = Ledger()
    for entry in question_book().questions:
        ledger.fail(
            f"{entry.finding.removeprefix('intake').removeprefix('.') or 'x'}",
            "request",
            "this is unclear",
            "an example",
        )
    for finding, entry in zip(ledger.findings, question_book().questions, strict=True):
        question = question_of(finding)
        assert question.what == f"This is unclear. {entry.ask}"
        assert question.why == entry.why
        assert question.example == "an example"
