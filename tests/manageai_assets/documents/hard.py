"""Builds for the tests of documents: the examples, and three that are hard to set."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

from compilers.spec import Spec
from manageai_assets.documents.brand import Brand, our_brand
from manageai_assets.documents.facts import Facts
from manageai_assets.documents.finding import Material, facts_of
from manageai_assets.intake.models import Intake
from manageai_assets.intake.reading import parse_intake, read_intake
from manageai_assets.pipeline import build
from manageai_assets.stages import Value

EXAMPLES = sorted((Path(__file__).parents[3] / "examples" / "intakes").glob("*.yaml"))
READY = [path.stem for path in EXAMPLES if not path.stem.startswith("quickbite")]
HARD = ["many-steps", "hostile", "one-line"]

LONG_NAME = ("Gesellschaft für außergewöhnlich ausführliche Benennungen und Übersetzungen " * 3)[:199] + "X"
NASTY = (
    "{{ 7*7 }} {% for x in y %} {_{ }_} {# c #}",
    "<b>bold</b> & &amp; &#123; <w:p/> ]]> <!-- -->",
    "# heading *star* _under_ `tick` $math$ @label #let x = 1 | pipe |",
    "back\\slash \\n \\\\server\\share C:\\temp {MERGEFIELD x} { PAGE } { INCLUDETEXT \"c:\\\\a.txt\" }",
    "שלום עולם (1) مرحبا بالعالم [2] 你好，世界 こんにちは 🦷🚀 naïve é",
    "a\ttab, a\u00a0no-break space and `` `back ticks` ``",
)  # fmt: skip
"""Marks that mean something to Word, its template, Typst, Markdown or XML, and other scripts."""

TWELVE = (
    ("slack", "send_message", {"channel": "c", "text": "t"}),
    ("gmail", "send_email", {"to": "a@client.example", "subject": "s", "body": "b"}),
    ("airtable", "create_record", {"base": "appX", "table": "tblX", "fields": {"A": "b"}}),
    ("google_sheets", "add_row", {"spreadsheet": "1X", "sheet": "S", "headers": ["A"], "values": {"A": "b"}}),
    ("notion", "create_subpage", {"page": "p", "title": "t"}),
    ("hubspot", "create_contact", {"email": "a@client.example"}),
    ("trello", "create_card", {"list": "l", "name": "n"}),
    ("asana", "create_task", {"workspace": "w", "name": "n"}),
    ("telegram", "send_message", {"chat": "1", "text": "t"}),
    ("anthropic", "create_message", {"prompt": "p", "max_tokens": 5}),
    ("discord", "send_message", {"channel": "c", "text": "t"}),
    ("http", "request", {"url": "https://api.client.example/x", "method": "GET"}),
)


def many_steps() -> Intake:
    """30 steps and 12 apps, with two levels of routes."""
    steps = [_step(number) for number in range(1, 18)]
    ways = [
        {"label": f"Way {way}", "when": f"form.body.kind is k{way}", "do": [_step(way * 20 + one) for one in range(3)]}
        for way in (1, 2, 3)
    ]
    router = {"id": "ways", "label": "By kind", "take": "first", "routes": ways, "otherwise": [_step(90), _step(91)]}
    return _intake(
        customer={"name": "Thirty Steps Ltd", "industry": "logistics", "country": "Ireland"},
        title="Everything at once",
        request="When an order comes in, everybody has to know, everywhere. " * 12,
        objective="Nobody copies anything by hand.",
        volume_per_month=40_000,
        errors={"strategy": "retry", "attempts": 4, "minutes": 10},
        steps=[*steps, router],
    )


def hostile() -> Intake:
    """Names of 200 characters and text that means something to every format a document has."""
    words = "\n".join(NASTY)
    return _intake(
        customer={"name": LONG_NAME, "industry": NASTY[1], "country": NASTY[4]},
        contact={"name": NASTY[0], "email": "a+b@client.example"},
        title=f"{NASTY[2]} {NASTY[0]}"[:200],
        request=words,
        objective=f"{words}\n{LONG_NAME}",
        systems=[{"name": NASTY[3][:150], "plan": NASTY[0]}, "多维表格"],
        steps=[
            {
                "id": f"step_{number}",
                "label": text[:200],
                "app": "slack",
                "operation": "send_message",
                "inputs": {"channel": "c", "text": text.replace("{{", "").replace("}}", "")},
            }
            for number, text in enumerate((*NASTY[:5], LONG_NAME))
        ],
    )


def one_line() -> Intake:
    """Nothing but a request."""
    return _intake(request="When a form comes in, tell sales in Slack.", received=None, trigger=None)


def _intake(**given: object) -> Intake:
    standard = {
        "customer": "A Client",
        "received": "2026-11-02",
        "deadline": "2027-03-31" if given.get("steps") else None,
        "trigger": {
            "app": "webhook",
            "operation": "receive",
            "id": "form",
            "label": "Form",
            "inputs": {"path": "form"},
            "sample": {"body": {"kind": "k1", "name": "Ada"}},
        },
    }
    said = {name: value for name, value in {**standard, **given}.items() if value is not None}
    return parse_intake(json.dumps(said))


def _step(number: int) -> dict[str, object]:
    app, operation, inputs = TWELVE[number % len(TWELVE)]
    return {
        "id": f"s{number}",
        "label": f"Step {number} in {app}",
        "app": app,
        "operation": operation,
        "inputs": inputs,
    }


@cache
def values(name: str) -> dict[str, Value]:
    """The values of all stages of a build: of an example, by its file's name, or of a hard one."""
    made = {"many-steps": many_steps, "hostile": hostile, "one-line": one_line}
    intake = made[name]() if name in made else read_intake(next(path for path in EXAMPLES if path.stem == name))
    outcomes = build(intake)
    missing = [f"{key}: {one.refusal}" for key, one in outcomes.items() if one.value is None and not one.waiting]
    assert not missing, missing
    return {key: one.value for key, one in outcomes.items() if one.value is not None}


@cache
def facts(name: str, language: str = "en", draft: bool = False) -> Facts:
    """The facts of a build in a language; as a draft if asked for."""
    given = values(name)
    brand = Brand.model_validate({**our_brand().model_dump(), "language": language})
    confidence = given["confidence"]
    if draft:
        confidence = confidence.model_copy(update={"score": 0.55})  # type: ignore[union-attr]  # it is a model
    return facts_of(
        Material(
            brand=brand,
            intake=given["intake"],  # type: ignore[arg-type]  # a stage's value has that stage's type
            assessment=given["assessment"],  # type: ignore[arg-type]
            spec=given["canonical_spec"],  # type: ignore[arg-type]
            checked=given["validation_report"],  # type: ignore[arg-type]
            exports=given["export_validation_report"],  # type: ignore[arg-type]
            tests=given["test_report"],  # type: ignore[arg-type]
            confidence=confidence,  # type: ignore[arg-type]
            timeline=given["timeline"],  # type: ignore[arg-type]
            cost=given["cost_estimate"],  # type: ignore[arg-type]
        )
    )


def spec(name: str) -> Spec:
    """The spec of a build."""
    found = values(name)["canonical_spec"]
    assert isinstance(found, Spec)
    return found
