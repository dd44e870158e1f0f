"""Requests as people word them: order, conditions, recipients and fields, and that nothing is left out in silence."""

from __future__ import annotations

import pytest

from compilers.spec import AggregateStep, AppStep, IfElseStep, IterateStep, RouterStep, SleepStep, Spec
from manageai_assets.intake.assessment import assess
from manageai_assets.intake.clauses import action_clauses, as_request, pause_in
from manageai_assets.intake.models import Intake
from tests.manageai_assets.intake.test_request_rules import intake_of_request, operations, read


def step(spec: Spec, name: str) -> AppStep:
    return next(one for one in spec.steps if isinstance(one, AppStep) and one.id == name)


def conditions(spec: Spec) -> list[tuple[str, str]]:
    """Each edge's target with its condition in short, `else` for a fallback; edges without either are left out."""
    found: list[tuple[str, str]] = []
    for edge in spec.edges:
        groups = edge.filter.any_of if edge.filter else ()
        said = " or ".join(
            " and ".join(f"{str(one.left).strip('{} ')} {one.operator} {one.right}" for one in group)
            for group in groups
        )
        if said or edge.fallback:
            found.append((edge.target, "else" if edge.fallback else said))
    return found


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            "After an order is paid, the customer should receive an email from us via Gmail and the order must be "
            "stored in Airtable.",
            "webhook.receive gmail.send_email airtable.create_record",
        ),
        (
            "Hello team, we would love it if, whenever a customer fills in the feedback form, the feedback could be "
            "summarised with ChatGPT and then posted to #feedback in Slack. Thank you so much!",
            "webhook.receive openai.chat slack.send_message",
        ),
        (
            "1. A customer books an appointment through our form\n2. Add the booking to Airtable\n"
            "3. Send a confirmation email with Gmail\n4. Notify #bookings in Slack",
            "webhook.receive airtable.create_record gmail.send_email slack.send_message",
        ),
        (
            "We lose leads. A lead comes in by our page. We want it in HubSpot. Then sales should be told in Slack.",
            "webhook.receive hubspot.create_contact slack.send_message",
        ),
        (
            "Wenn eine Bestellung eingeht, soll sie in Airtable gespeichert werden, der Kunde bekommt eine Bestätigung "
            "per Gmail und das Team wird in Slack (#team) informiert.",
            "webhook.receive airtable.create_record gmail.send_email slack.send_message",
        ),
        (
            "Jeden Freitag um 17 Uhr alle Einträge aus Airtable holen und mir eine Übersicht per E-Mail schicken.",
            "schedule.tick airtable.search_records email.send",
        ),
        (
            "When an email arrives in Gmail, extract the number, date and total with ChatGPT and add a row to "
            "Google Sheets.",
            "gmail.watch_emails openai.chat json.parse google_sheets.add_row",
        ),
        (
            "Every Monday at 9 find all deals in HubSpot where the stage is won and post a summary to #sales in Slack.",
            "schedule.tick hubspot.search_deals slack.send_message",
        ),
        (
            "If someone fills out the contact form, send me an email with their details.",
            "webhook.receive email.send",
        ),
        (
            "Once a day check https://api.acme.example/stock and send the result to our Telegram group.",
            "schedule.tick http.request telegram.send_message",
        ),
    ],
)
def test_wordings(request_text: str, expected: str) -> None:
    _, spec = read(request_text)
    assert operations(spec) == expected.split()


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        (
            "When an order comes in, tell #vip in Slack unless the total is below 50 euros.",
            [("slack", "order.body.total number:at_least 50")],
        ),
        (
            "When an order comes in, tell #vip in Slack if the total is over 1,000 dollars, and log it to a sheet.",
            [("slack", "order.body.total number:greater 1000"), ("check_pass", "else")],
        ),
        (
            "Wenn ein Formular eingeht: Falls der Betrag über 1.000 € liegt, Nachricht an #chef in Slack, sonst "
            "Eintrag in Google Sheets.",
            [("slack", "form.body.betrag number:greater 1000"), ("google_sheets", "else")],
        ),
        (
            "When a form comes in, if the city is Berlin notify #b in Slack, if the city is Munich notify #m in Slack, "
            "otherwise email office@acme.example with Gmail.",
            [
                ("slack", "form.body.city text:equals Berlin"),
                ("slack_2", "form.body.city text:equals Munich"),
                ("gmail", "else"),
            ],
        ),
        (
            "When a form comes in and the country is Germany or Austria, tell #dach in Slack; for all other countries "
            "tell #intl in Slack.",
            [
                ("slack", "form.body.country text:equals Germany or form.body.country text:equals Austria"),
                ("slack_2", "else"),
            ],
        ),
        (
            "When we get an email with subject invoice in Gmail, tell #books in Slack. Also log it to Google Sheets.",
            [("slack", "gmail.subject text:contains invoice")],
        ),
        (
            "When a form comes in, score the lead. If the score is above 80, tell #hot in Slack. Else if the score is "
            "above 50, tell #warm in Slack. Otherwise log it to Google Sheets.",
            [
                ("slack", "score.text number:greater 80"),
                ("slack_2", "score.text number:greater 50"),
                ("google_sheets", "else"),
            ],
        ),
    ],
)
def test_conditions_stand_where_they_were_said(request_text: str, expected: list[tuple[str, str]]) -> None:
    _, spec = read(request_text)
    assert conditions(spec) == expected


def test_three_ways_are_one_router() -> None:
    _, spec = read(
        "When a ticket arrives, classify it with ChatGPT as billing, technical or other. If the category is billing, "
        "send it to #billing in Slack. If the category is technical, create an item in Notion. Otherwise email it to "
        "support@acme.example with Gmail."
    )
    routers = [one for one in spec.steps if isinstance(one, RouterStep)]
    assert [one.mode for one in routers] == ["first"]
    assert "billing, technical or other" in str(step(spec, "category").inputs["prompt"])
    assert conditions(spec)[0] == ("slack", "category.text text:equals billing")


def test_conditions_that_may_both_hold_are_both_tried() -> None:
    _, spec = read(
        "When an order comes in, if the total is above 100, tell #a in Slack. "
        "If the total is above 50, tell #b in Slack."
    )
    assert [one.mode for one in spec.steps if isinstance(one, RouterStep)] == ["all"]


def test_a_loop_behind_its_action_covers_that_action_alone() -> None:
    _, spec = read("When an order comes in, add a row to Google Sheets for each line item and tell #store in Slack.")
    assert [type(one) for one in spec.steps[:1]] == [IterateStep]
    assert any(isinstance(one, AggregateStep) for one in spec.steps)
    assert spec.edges[-1].source == "item_all"


def test_what_follows_a_trailing_if_runs_either_way() -> None:
    _, spec = read("When a form comes in, tell sales in Slack only if the budget is over 100. Log it to Google Sheets.")
    assert any(isinstance(one, IfElseStep) for one in spec.steps)


def test_pauses_and_retries() -> None:
    _, spec = read(
        "When a form comes in, create a HubSpot contact, wait 2 minutes and call https://api.acme.example/x and retry "
        "three times if it fails."
    )
    assert [one.seconds for one in spec.steps if isinstance(one, SleepStep)] == [120]
    last = spec.steps[-1]
    assert last.on_error is not None
    assert (last.on_error.strategy, last.on_error.attempts) == ("retry", 3)


def test_recipients_texts_and_fields_are_those_that_were_said() -> None:
    _, spec = read(
        'When an order comes in, post "New: {{order_number}}" to #orders in Slack and send the customer a thank-you '
        "email from us via Gmail."
    )
    assert step(spec, "slack").inputs == {"channel": "orders", "text": "New: {{ order.body.order_number }}"}
    assert step(spec, "gmail").inputs["to"] == "{{ order.body.email }}"
    _, spec = read("When a form comes in, save name, phone and preferred date in Airtable.")
    fields = step(spec, "airtable").inputs["fields"]
    assert isinstance(fields, dict)
    assert list(fields) == ["Name", "Phone", "Preferred date"]
    _, spec = read("When a form comes in, send an email to a@acme.example and b@acme.example with Gmail.")
    assert step(spec, "gmail").inputs["to"] == ["a@acme.example", "b@acme.example"]
    _, spec = read("When someone writes to our Telegram bot, generate an answer with Claude and reply in Telegram.")
    assert step(spec, "telegram_2").inputs == {"chat": "{{ telegram.message.chat.id }}", "text": "{{ draft.text }}"}


@pytest.mark.parametrize(
    ("request_text", "asks"),
    [
        ("When a form comes in, tell sales in Slack except on weekends.", "`except`"),
        ("When a form comes in, tell sales in Slack before adding it to Airtable.", "`before`"),
        ("When a form comes in, tell sales in Slack. Two days later email me.", "longer than a run can wait"),
        ("If a customer gives us a rating of 3 in the form, alert #cs in Slack.", "which of"),
        ("When a form comes in, tell sales in Slack. Otherwise log it to Notion.", "follows no condition"),
        ("When a lead comes in, check if the contact already exists in HubSpot.", "recognised"),
        ("When a form comes in, classify it with ChatGPT. If it is urgent, dance in Slack.", "which field"),
    ],
)
def test_what_narrows_is_never_left_out(request_text: str, asks: str) -> None:
    result = assess(intake_of_request(request_text))
    assert not result.ready
    assert any(asks in question.what.lower() or asks in question.what for question in result.blocking), result.blocking


def test_a_repair_keeps_what_the_reading_asks() -> None:
    intake = Intake.model_validate(
        {
            "customer": "Acme",
            "request": "When a ticket comes in, water the plants. If the type is a, tell #a in Slack. Log it.",
        }
    )
    result = assess(intake)
    assert any("water the plants" in question.what for question in result.blocking)


def test_words_that_have_no_place_are_said() -> None:
    result, _ = read("When a form comes in, send a colourful message to #ops in Slack.")
    assert any("colourful" in one.text for one in result.assumptions)


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        ("sales should be told in Slack", "tell sales in Slack"),
        ("let the team know", "tell the team"),
        ("we want it in HubSpot", "add it to HubSpot"),
        ("posted to #a", "post it to #a"),
        ("sie in Airtable gespeichert werden", "speichere sie in Airtable"),
        ("tell sales in Slack", "tell sales in Slack"),
    ],
)
def test_a_clause_as_a_request(clause: str, expected: str) -> None:
    assert as_request(clause) == expected


def test_clauses_are_not_cut_inside_quotes() -> None:
    assert action_clauses('post "Hi, tell them" to #a in Slack') == ['post "Hi, tell them" to #a in Slack']


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("wait 2 minutes", (120, "")),
        ("two days later email me", (172_800, "email me")),
        ("warte 30 Sekunden", (30, "")),
        ("wait for it", None),
    ],
)
def test_pauses(text: str, expected: tuple[int, str] | None) -> None:
    assert pause_in(text) == expected
