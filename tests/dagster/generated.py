"""Generated intakes of many shapes, each another content under a slug of its own."""

from __future__ import annotations

from pydantic import JsonValue

from manageai_assets.intake.models import Intake
from manageai_assets.intake.reading import intake_of

MAIL: dict[str, JsonValue] = {"to": "team@example.com", "subject": "Lead", "body": "{{ lead.body.name }}"}
APPS: tuple[dict[str, JsonValue], ...] = (
    {"app": "slack", "operation": "send_message", "inputs": {"channel": "sales", "text": "New: {{ lead.body.email }}"}},
    {"app": "http", "operation": "request", "inputs": {"url": "https://api.example.com/leads", "method": "POST"}},
    {
        "app": "gmail",
        "operation": "send_email",
        "inputs": {"to": "team@example.com", "subject": "Lead", "body": "{{ lead.body.name }}"},
    },
)


def generated_intake(number: int) -> Intake:
    """The intake `generated-<number>`: one to six steps, every third with a condition on each step."""
    steps: list[JsonValue] = []
    for place in range(1 + number % 6):
        step = {**APPS[(number + place) % len(APPS)], "id": f"step{place}", "label": f"Step {place}"}
        if number % 3 == 0:
            step["when"] = f"lead.body.score >= {10 * place}"
        steps.append(step)
    document: JsonValue = {
        "customer": f"Client {number}",
        "title": f"Automation {number}",
        "slug": f"generated-{number:04}",
        "request": f"When a form of kind {number} comes in, tell the team.",
        "received": "2026-10-05",
        "volume_per_month": 100 + number,
        "trigger": {
            "app": "webhook", "id": "lead", "label": "Form",
            "sample": {"body": {"email": "a@example.com", "name": "Ada", "score": 5}},
        },
        "steps": steps,
    }  # fmt: skip
    return intake_of(document)
