"""Claude's running text: taken when it says only what the facts say, else the text of the rules stands."""

from __future__ import annotations

import pytest

from manageai_assets.documents.claude_texts import TOOL, claude_texts, unfounded
from manageai_assets.documents.facts import Texts
from resources.claude import Claude
from tests.fakes.claude import KEY, Reply, answer, failure, fake_claude, words
from tests.manageai_assets.documents import hard

EXAMPLE = "harborview-dental-triage"
GOOD = {
    "background": "Patients of Harborview Dental write through the contact form at all hours. Pain must not wait.",
    "objective": "The automation sorts messages and hands them to Slack, Google Sheets or Gmail.",
    "problem": "The front desk sorts about 900 messages a month by hand.",
    "change": "From 13 October 2026 on the work begins; emergencies reach the dentist on call.",
}


def written(*replies: Reply, name: str = EXAMPLE) -> tuple[Texts, str]:
    """The texts that come of these replies, and the question that was asked."""
    with fake_claude(*replies) as fake:
        claude = Claude(KEY, "claude-sonnet-4-6", base_url=fake.base_url, max_retries=0, timeout=10)
        texts = claude_texts(hard.facts(name), claude)
        return texts, fake.question(0) if fake.requests else ""


def test_texts_that_hold_are_taken() -> None:
    texts, question = written(answer({**GOOD}, tool=TOOL))
    assert texts.made_by == "claude-sonnet-4-6"
    assert texts.problem == GOOD["problem"]
    assert texts.next_step == hard.facts(EXAMPLE).texts.next_step
    assert "Harborview Dental" in question
    assert "owen.marsh@" not in question


@pytest.mark.parametrize(
    ("field", "text", "told"),
    [
        ("problem", "The front desk sorts about 950 messages a month by hand.", "the figure 950"),
        ("change", "From 14 October 2026 on the work begins, as agreed.", "the figure 14"),
        ("background", "Harborview Dental asked Contoso for help with its messages.", "the name Contoso"),
        ("objective", "The automation hands messages to Slack and HubSpot for all.", "the name HubSpot"),
        ("problem", "We guarantee that messages are sorted by the automation.", "the promise guarantee"),
        ("change", "Messages are always sorted, and nobody has to wait for it.", "the promise always"),
        ("change", "The work is done in half the time that it takes today.", "the number half"),
        ("background", "See https://evil.example for what this is all about here.", "markup"),
        ("objective", "Messages are **sorted** by kind and handed to people.", "markup"),
    ],
)
def test_what_is_not_in_the_facts_sends_them_back(field: str, text: str, told: str) -> None:
    texts, _ = written(answer({**GOOD, field: text}, tool=TOOL))
    rules = hard.facts(EXAMPLE).texts
    assert told in texts.made_by
    assert texts.model_copy(update={"made_by": "rules"}) == rules


@pytest.mark.parametrize(
    "reply",
    [
        failure(529),
        words("Here you are"),
        answer({}, tool=TOOL),
        answer({**GOOD, "problem": ""}, tool=TOOL),
        answer({**GOOD, "change": 7}, tool=TOOL),
    ],
)
def test_whatever_claude_does_the_build_goes_on(reply: Reply) -> None:
    texts, _ = written(reply)
    assert texts.made_by.startswith("rules: ")
    assert texts.background == hard.facts(EXAMPLE).texts.background


def test_the_rules_own_texts_hold() -> None:
    for name in [*hard.READY, "many-steps", "one-line"]:
        for language in ("en", "de"):
            facts = hard.facts(name, language)
            texts = facts.texts
            said = " ".join((texts.background, texts.objective, texts.problem, texts.change))
            assert [*unfounded(said, facts)] == [], name


def test_what_a_client_writes_is_data() -> None:
    _, question = written(answer({**GOOD}, tool=TOOL), name="hostile")
    assert "<b>" not in question
    assert "\\u003cb\\u003e" in question
