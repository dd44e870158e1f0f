"""Mistakes that people make in intake files: each names its line and what to do."""

from __future__ import annotations

import pytest

from compilers.errors import UserError
from manageai_assets.intake.assessment import assess
from manageai_assets.intake.builder import build_spec
from manageai_assets.intake.reading import parse_intake

HEAD = "customer: Acme\nrequest: see the steps\ntrigger: {app: webhook, id: form}\n"
SEND = "app: slack, operation: send_message, inputs: {channel: a, text: b}"


@pytest.mark.parametrize(
    ("text", "line", "hint"),
    [
        ("client: Acme\nrequest: x\n", "line 1, client", "did you mean `customer`?"),
        (HEAD + "step:\n  - tell sales in Slack\n", "line 4, step", "did you mean `steps`?"),
        (HEAD + "targets: [make, n8m]\n", "line 4, targets.1", "did you mean `n8n`?"),
        (HEAD + "received: 05.10.2026\n", "line 4, received", "such as 2026-10-05"),
        (HEAD + "volume_per_month: about 100\n", "line 4, volume_per_month", "digits alone"),
        (HEAD + "steps:\n  - app: Google Sheets\n", "line 5, steps.0.app", "did you mean `google_sheets`?"),
        (HEAD + f"steps:\n  - {{id: My Step, {SEND}}}\n", "line 5, steps.0.id", "such as `my_step`"),
        (HEAD + f"steps:\n  - {{name: Tell, {SEND}}}\n", "line 5, steps.0.name", "did you mean `label`?"),
        (HEAD + "steps:\n  - app: slack\n    channel: a\n", "line 6, steps.0.channel", "put it under `inputs:`"),
        (HEAD + "steps:\n  - routes: {when: a}\n", "line 5, steps.0.routes", "begin each entry"),
        (HEAD + "steps:\n  - routes:\n      - {label: a}\n", "line 6, steps.0.routes.0.do", "add `do:`"),
        (HEAD + "steps:\n  - if: form.body.x is 1\n", "line 5, steps.0.then", "add `then:`"),
        (HEAD + "notes: {{ form.body.x }}\n", "line 4, notes", "in quotes"),
        (HEAD + "notes: this: that\n", "line 4", "in quotes"),
        (HEAD + "steps:\n\t- tell sales in Slack\n", "line 5", "not with tabs"),
    ],
)
def test_a_mistake_names_its_line_and_what_to_do(text: str, line: str, hint: str) -> None:
    with pytest.raises(UserError) as caught:
        parse_intake(text)
    said = str(caught.value)
    assert line in said
    assert hint in said


@pytest.mark.parametrize(
    ("steps", "place", "hint"),
    [
        ("{app: slak}", "steps.0.app", "did you mean `slack`?"),
        ("{app: slack, operation: send}", "steps.0.operation", "`send_message`"),
        ("{app: google_sheets}", "steps.0.operation", "`add_row`"),
        (f"{{when: score > 5, {SEND}}}", "steps.0.when", "such as `form.`"),
    ],
)
def test_what_a_step_gets_wrong_is_asked_with_a_hint(steps: str, place: str, hint: str) -> None:
    result = assess(parse_intake(f"{HEAD}steps:\n  - {steps}\n"))
    first = result.blocking[0]
    assert first.about == place
    assert hint in first.example


@pytest.mark.parametrize(("targets", "warned"), [("[make, n8n]", True), ("[n8n]", False)])
def test_an_end_as_an_error_is_warned_of_where_make_is_a_target(targets: str, warned: bool) -> None:
    result = assess(parse_intake(f"{HEAD}targets: {targets}\nsteps:\n  - {{stop: error, message: no}}\n"))
    assert any(one.rule == "intake.stop.error" for one in result.findings) == warned


def test_a_call_without_a_key_needs_no_account() -> None:
    call = "{app: http, operation: %s, inputs: {url: 'https://a.example'}}"
    plain = parse_intake(f"{HEAD}steps:\n  - {call % 'request'}\n  - {call % 'request_with_key'}\n")
    result = assess(plain)
    assert result.plan is not None
    spec = build_spec(plain, result.plan).spec
    assert spec is not None
    assert [step.model_dump().get("connection") for step in spec.steps] == [None, "http"]


def test_a_hash_that_would_swallow_the_rest_of_a_text_is_told_and_a_comment_is_none() -> None:
    with pytest.raises(UserError, match=r"line 2.*`#sales,`"):
        parse_intake("customer: Acme\nrequest: When a form comes in, tell #sales, then log it.\n")
    read = parse_intake("customer: Acme  # the client\nrequest: 'When a form comes in, tell #sales in Slack.'\n")
    assert (read.customer.name, "#sales" in read.request) == ("Acme", True)
