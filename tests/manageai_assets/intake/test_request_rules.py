"""Plain requests in common shapes: what the rules make of them, and what they ask instead of guessing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compilers.spec import (
    AggregateStep,
    AppStep,
    IfElseStep,
    IterateStep,
    OperationStep,
    RouterStep,
    Spec,
    strings_in,
    templates_of,
)
from manageai_assets.intake.assessment import Assessment, assess
from manageai_assets.intake.builder import build_spec
from manageai_assets.intake.models import Intake


def intake_of_request(request: str, *systems: str) -> Intake:
    contact = {"name": "Ann", "email": "ann@acme.example"}
    return Intake.model_validate({"customer": "Acme", "request": request, "contact": contact, "systems": systems})


def read(request: str, *systems: str) -> tuple[Assessment, Spec]:
    """The assessment and the spec of a request that is understood."""
    intake = intake_of_request(request, *systems)
    result = assess(intake)
    assert result.plan is not None
    assert result.ready, [question.what for question in result.blocking]
    spec = build_spec(intake, result.plan, result.assumptions).spec
    assert spec is not None
    assert not [finding for finding in result.findings if finding.severity != "info"]
    return result, spec


def operations(spec: Spec) -> list[str]:
    return [f"{step.app}.{step.operation}" for step in spec.nodes if isinstance(step, OperationStep)]


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            "When a form comes in, score the lead, tell sales in Slack and log it to a sheet.",
            "webhook.receive openai.chat slack.send_message google_sheets.add_row",
        ),
        (
            "For every incoming support email in Gmail, ask ChatGPT to sort it and log the answer to a Google sheet.",
            "gmail.watch_emails openai.chat google_sheets.add_row",
        ),
        (
            "For each new order, send the customer a confirmation with Gmail and save it to Airtable.",
            "webhook.receive gmail.send_email airtable.create_record",
        ),
        (
            "Please automatically notify the team in Slack whenever somebody submits our contact form.",
            "webhook.receive slack.send_message",
        ),
        (
            "As soon as a new order arrives: post it to #orders in Slack, then add it to Airtable.",
            "webhook.receive slack.send_message airtable.create_record",
        ),
        (
            "When a lead comes in, add them to HubSpot and send the customer an email via Gmail.",
            "webhook.receive hubspot.create_contact gmail.send_email",
        ),
        (
            "Whenever a new email arrives in Gmail, summarise it with Claude and post it to #inbox in Slack.",
            "gmail.watch_emails anthropic.create_message slack.send_message",
        ),
        (
            "When a new row is added to Google Sheets, tell #ops in Slack.",
            "google_sheets.watch_rows slack.send_message",
        ),
        (
            "Every weekday at 7:30 find records in Airtable and email me a digest.",
            "schedule.tick airtable.search_records email.send",
        ),
        (
            "When a form comes in:\n- score the lead\n- tell sales in Slack\n- log it to a Google sheet",
            "webhook.receive openai.chat slack.send_message google_sheets.add_row",
        ),
        (
            "Wenn ein Formular eingeht, informiere den Vertrieb in Slack und trage es in Google Sheets ein.",
            "webhook.receive slack.send_message google_sheets.add_row",
        ),
        (
            "Jeden Montag um 9 Uhr suche alle Einträge in Airtable und sende eine Zusammenfassung an #team in Slack.",
            "schedule.tick airtable.search_records slack.send_message",
        ),
    ],
)
def test_shapes(request_text: str, expected: str) -> None:
    _, spec = read(request_text)
    assert operations(spec) == expected.split()


def test_every_reference_is_to_a_step_before() -> None:
    _, spec = read("When a form comes in, score the lead, tell sales in Slack and log it to a sheet.")
    known = {step.id for step in spec.nodes}
    for step in spec.nodes:
        for path, value in templates_of(step):
            for _, text in strings_in(value, path):
                for piece in text.split("{{ ")[1:]:
                    assert piece.split(".")[0] in known


def test_if_and_otherwise_are_two_routes() -> None:
    _, spec = read(
        "When an order comes in, if the total is above 500 EUR tell the VIP team in Slack, "
        "otherwise add it to Airtable."
    )
    router = next(step for step in spec.steps if isinstance(step, RouterStep))
    first, fallback = (edge for edge in spec.edges if edge.source == router.id)
    assert router.mode == "first"
    assert first.filter is not None
    condition = first.filter.any_of[0][0]
    assert (condition.left, condition.operator, condition.right) == ("{{ order.body.total }}", "number:greater", 500)
    assert fallback.fallback
    assert fallback.target == "airtable"


def test_otherwise_may_be_a_sentence_of_its_own() -> None:
    _, spec = read(
        "When a webhook comes in, classify the message. If the category is billing, send it to #billing in Slack. "
        "Otherwise log it to Notion."
    )
    assert [edge.fallback for edge in spec.edges if edge.kind == "route"] == [False, True]


def test_an_if_at_the_end_is_a_filter() -> None:
    _, spec = read("When a form comes in, score the lead. If the score is at least 70, tell sales in Slack.")
    edge = spec.edges[-1]
    assert edge.filter is not None
    assert edge.filter.any_of[0][0].left == "{{ score.text }}"
    assert edge.filter.any_of[0][0].operator == "number:at_least"


def test_what_follows_an_if_runs_either_way() -> None:
    _, spec = read(
        "When a form comes in, score the lead. If the score is above 70, tell sales in Slack. Log it to a sheet."
    )
    check = next(step for step in spec.steps if isinstance(step, IfElseStep))
    assert len([edge for edge in spec.edges if edge.source == check.id]) == 2
    assert operations(spec)[-1] == "google_sheets.add_row"


def test_for_each_is_an_iteration_and_one_message_behind_it_a_collection() -> None:
    _, spec = read(
        "When a new order arrives, for each line item add a row to Google Sheets. "
        "Then send a summary to the warehouse team in Slack."
    )
    loop = next(step for step in spec.steps if isinstance(step, IterateStep))
    collect = next(step for step in spec.steps if isinstance(step, AggregateStep))
    assert loop.array == "{{ order.body.line_items }}"
    assert collect.source == loop.id
    last = spec.steps[-1]
    assert isinstance(last, AppStep)
    assert last.inputs["channel"] == "warehouse"
    assert last.inputs["text"] == f"{{{{ {collect.id}.text }}}}"


def test_messages_behind_a_search_are_about_all_results() -> None:
    result, spec = read(
        "Every morning find rows in Google Sheets where Status is overdue and send a summary to #finance in Slack."
    )
    collect = next(step for step in spec.steps if isinstance(step, AggregateStep))
    search = next(step for step in spec.steps if isinstance(step, AppStep))
    assert collect.source == search.id
    assert search.inputs["where"] == {"Status": "overdue"}
    assert any("All results go into one message" in assumption.text for assumption in result.assumptions)


def test_the_client_s_own_systems_decide_where_no_app_is_named() -> None:
    result, spec = read("When a form comes in, tell sales.", "Slack")
    assert operations(spec)[-1] == "slack.send_message"
    assert any("Slack" in assumption.text for assumption in result.assumptions)
    _, spec = read("When a form comes in, score the lead and email me the details.", "Claude", "Gmail")
    assert operations(spec)[1:] == ["anthropic.create_message", "gmail.send_email"]


def test_a_field_that_the_request_speaks_of_is_assumed_and_said() -> None:
    result, spec = read("When a form comes in, if the country is Germany, tell sales in Slack.")
    edge = next(edge for edge in spec.edges if edge.filter)
    assert edge.filter is not None
    assert edge.filter.any_of[0][0].left == "{{ form.body.country }}"
    assert any("`country`" in assumption.text for assumption in result.assumptions)


def test_words_of_the_trigger_that_are_left_out_are_said() -> None:
    result, _ = read("When a form comes in from Germany, tell sales in Slack.")
    assert any(one.severity == "high" and "germany" in one.text for one in result.assumptions)


@pytest.mark.parametrize(
    ("request_text", "asks"),
    [
        ("Please make our business better with AI", "what starts the automation"),
        ("When a form comes in, water the plants and tell sales in Slack.", "water the plants"),
        ("When a form comes in, tell sales in Slack and water the plants.", "water the plants"),
        ("When a form comes in, tell someone.", "doesn't say with which app"),
        ("When a form comes in.", "what should happen then"),
        ("When the moon is full, tell sales in Slack.", "the moon is full"),
        ("Every morning search Google Sheets for overdue invoices and post them to #a in Slack.", "overdue invoices"),
        ("When a form comes in, for each guest add a row to Google Sheets.", "which list holds"),
        ("When a form comes in, if it is urgent, tell sales in Slack.", "which field"),
        ("When a form comes in, dance in Slack.", "asks Slack for something"),
        ("When a form comes in, update the record in Airtable.", "needs `record`"),
    ],
)
def test_what_is_not_understood_is_asked(request_text: str, asks: str) -> None:
    result = assess(intake_of_request(request_text))
    assert not result.ready
    assert any(asks.lower() in question.what.lower() for question in result.blocking), result.blocking


def test_plain_sentences_stand_among_structured_steps() -> None:
    intake = Intake.model_validate(
        {
            "customer": "Acme",
            "request": "see the steps",
            "trigger": "every weekday at 7:30",
            "steps": [
                {
                    "app": "airtable",
                    "operation": "search_records",
                    "id": "found",
                    "inputs": {"base": "b", "table": "t"},
                },
                {"collect": {"as": "text", "value": "{{ found.fields.Name }}"}, "id": "all"},
                {"if": "all.text exists", "then": ["post it to #ops in Slack"]},
            ],
        }
    )
    result = assess(intake)
    assert result.plan is not None
    spec = build_spec(intake, result.plan).spec
    assert spec is not None
    assert operations(spec) == ["schedule.tick", "airtable.search_records", "slack.send_message"]


pieces = st.sampled_from(
    [
        "when", "a form", "comes in", ",", ".", "and", "then", "if", "otherwise", "for each", "line item", "tell",
        "sales", "in Slack", "log it", "to a sheet", "the score is above", "70", "every morning", "search", "Airtable",
        "where", "Status is open", "send", "email", "me", "score the lead", "\n-", ";", "#ops", "Gmail", "order",
        "is", "contains",
    ]
)  # fmt: skip


@given(st.lists(pieces, max_size=25).map(" ".join) | st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_request_is_understood_or_asked_about(text: str) -> None:
    if not text.strip():
        return
    intake = intake_of_request(text)
    result = assess(intake)
    assert result.ready or result.blocking
    assert result == assess(intake)


@pytest.mark.parametrize(
    "piece", ["when a form comes in, ", "and ", "if a is b, ", "every ", "tell sales in Slack and ", ", , ,", "aaaa"]
)
@pytest.mark.parametrize("opening", ["", "When a form comes in, "])
def test_long_requests_are_read_or_asked_about(opening: str, piece: str) -> None:
    result = assess(intake_of_request(opening + piece * (90_000 // len(piece))))
    assert result.ready or result.blocking


def test_a_language_model_is_asked_what_the_sentence_asks_of_it() -> None:
    _, spec = read("When a form comes in, ask ChatGPT to write a limerick about the visitor and post it to Slack.")
    prompt = next(step.inputs["prompt"] for step in spec.steps if isinstance(step, AppStep) and step.app == "openai")
    assert str(prompt).startswith("Write a limerick")
