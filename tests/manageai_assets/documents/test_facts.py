"""The facts agree: every price, date, hour and name in the documents is in the data that the build is made from."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import cache

import pytest
from babel.dates import get_month_names
from pydantic import BaseModel, JsonValue

from compilers.spec import strings_in
from manageai_assets.build.flow_words import app_name
from manageai_assets.build.timeline import working_day_after
from manageai_assets.documents.brand import Language, our_brand, our_logo
from manageai_assets.documents.checklist import implementation_checklist
from manageai_assets.documents.messages import messages
from manageai_assets.documents.pictures.flow import flow
from manageai_assets.documents.pictures.gantt import gantt
from manageai_assets.documents.reading import word_text
from manageai_assets.documents.sow import statement_of_work
from manageai_assets.documents.summary import summary_text
from manageai_assets.documents.technical_spec import technical_spec
from tests.manageai_assets.documents import hard

CASES = [(name, language) for name in [*hard.READY, "many-steps", "one-line"] for language in ("en", "de")]


@cache
def documents(name: str, language: Language) -> dict[str, str]:
    """What the four documents of a build say."""
    facts = hard.facts(name, language)
    given, spec = hard.values(name), hard.spec(name)
    report, tests = given["export_validation_report"], given["test_report"]
    return {
        "sow": word_text(statement_of_work(facts, flow(spec, facts), gantt(facts), our_logo())),
        "summary": summary_text(facts),
        "specification": technical_spec(facts, spec, report, tests),  # type: ignore[arg-type]  # as their stages give them
        "checklist": implementation_checklist(facts, spec, report, tests),  # type: ignore[arg-type]
    }


@cache
def data_of(name: str) -> JsonValue:
    """What the build is made from, without its facts: intake, spec, estimates and the brand."""
    names = ("intake", "assessment", "canonical_spec", "timeline", "cost_estimate")
    found: dict[str, JsonValue] = {}
    for one in names:
        value = hard.values(name)[one]
        assert isinstance(value, BaseModel)
        found[one] = json.loads(value.model_dump_json())
    return {**found, "brand": our_brand().model_dump(mode="json")}


def amounts(name: str) -> set[Decimal]:
    """Every amount of the estimates, and what tax, total and payments make of the price."""
    numbers = set(_numbers(data_of(name)))
    estimate = hard.values(name)["cost_estimate"]
    net = Decimal(json.loads(estimate.model_dump_json())["setup"]["total"]["amount"])  # type: ignore[union-attr]
    price = our_brand().price
    tax = (net * price.tax_percent / 100).quantize(Decimal("0.01"))
    shares = {(net * one.percent / 100).quantize(Decimal("0.01")) for one in price.payments}
    return numbers | {tax, net + tax} | shares


def _numbers(value: JsonValue) -> Iterator[Decimal]:
    match value:
        case bool() | None:
            return
        case int() | float() | str():
            try:
                yield Decimal(str(value))
            except InvalidOperation:
                return
        case list():
            for item in value:
                yield from _numbers(item)
        case dict():
            for item in value.values():
                yield from _numbers(item)


def dates(name: str) -> set[date]:
    """Every date of the data, the working days of the plan, and the last day of the offer."""
    found = {
        date.fromisoformat(text) for _, text in strings_in(data_of(name)) if re.fullmatch(r"\d{4}-\d\d-\d\d", text)
    }
    facts = hard.facts(name)
    if facts.issued is not None:
        start = working_day_after(facts.issued, 1)
        assert start is not None
        days = (working_day_after(start, day) for day in range(facts.plan.working_days))
        found |= {day for day in days if day is not None} | {
            facts.issued + timedelta(days=our_brand().price.valid_days)
        }
    return found


def own_words(name: str, text: str) -> str:
    """The text without what the client, the registry and the rules wrote: that stands as it is."""
    facts = hard.facts(name)
    said = {one for _, one in strings_in(data_of(name)) if len(one) > 3}
    said |= {line.does for line in facts.lines}
    for one in sorted(said, key=len, reverse=True):
        if re.search(r"[^\W\d_]{3}", one):
            text = text.replace(one, " ")
    return text


def number(text: str, language: str) -> Decimal:
    plain = text.strip(".,")
    plain = plain.replace(".", "").replace(",", ".") if language == "de" else plain.replace(",", "")
    return Decimal(plain)


AMOUNT = re.compile(r"(?:[€$£]|US\$|CHF|EUR|USD)\s?(\d[\d.,]*)|(\d[\d.,]*)\s?(?:[€$£]|EUR\b|USD\b|CHF\b)")
HOURS = re.compile(r"(\d[\d.,]*)\s(?:working\s|Arbeits)?(?:hours?\b|[Ss]tunden?\b|h\b)")


@pytest.mark.parametrize(("name", "language"), CASES)
def test_prices_are_in_the_estimate(name: str, language: Language) -> None:
    facts, known = hard.facts(name, language), amounts(name)
    for kind, text in documents(name, language).items():
        found = [number(one or other, language) for one, other in AMOUNT.findall(own_words(name, text))]
        computed = {facts.savings.value_per_month.amount}
        whole = {round(one) for one in known | computed}
        assert [one for one in found if one not in known | computed | whole] == [], kind
        if kind in ("sow", "summary"):
            assert facts.setup.net.amount in found or round(facts.setup.net.amount) in found, kind


@pytest.mark.parametrize(("name", "language"), CASES)
def test_dates_are_in_the_plan(name: str, language: Language) -> None:
    facts, known = hard.facts(name, language), dates(name)
    locale = messages(language).locale
    names = {
        text.rstrip("."): month
        for width in ("wide", "abbreviated")
        for month, text in get_month_names(width, locale=locale).items()
    }
    pattern = re.compile(
        rf"(\d{{1,2}})\.? ({'|'.join(sorted(map(re.escape, names), key=len, reverse=True))})\.? (\d{{4}})"
    )
    for kind, text in documents(name, language).items():
        found = [date(int(year), names[month], int(day)) for day, month, year in pattern.findall(text)]
        found += [date.fromisoformat(one) for one in re.findall(r"\b\d{4}-\d\d-\d\d\b", own_words(name, text))]
        assert [day for day in found if day not in known] == [], kind
        if kind in ("sow", "summary") and facts.plan.handover is not None:
            assert facts.plan.handover in found, kind


@pytest.mark.parametrize(("name", "language"), CASES)
def test_hours_are_in_the_plan(name: str, language: Language) -> None:
    facts = hard.facts(name, language)
    plan, brand = facts.plan, facts.brand
    saved = facts.savings.hours_per_month
    whole = saved.to_integral_value(ROUND_HALF_UP)
    known = {plan.hours, *(phase.hours for phase in plan.phases), Decimal(brand.support.answer_hours), saved, whole}
    for kind, text in documents(name, language).items():
        found = [number(one, language) for one in HOURS.findall(own_words(name, text))]
        assert [one for one in found if one not in known] == [], kind
        if kind == "sow":
            assert plan.hours in found


@pytest.mark.parametrize(("name", "language"), CASES)
def test_names_are_those_of_the_data(name: str, language: Language) -> None:
    facts, spec = hard.facts(name, language), hard.spec(name)
    strings = {text for _, text in strings_in(data_of(name))}
    everything = " ".join(strings)
    apps = {app_name(step.app) for step in spec.nodes if hasattr(step, "app")}
    for kind, text in documents(name, language).items():
        for address in re.findall(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+", text):
            assert address in everything, kind
        assert facts.client.name in text or kind == "checklist", kind
        assert facts.title in text, kind
    assert facts.client.name in strings
    assert set(facts.apps) <= apps
    assert {line.title for line in facts.lines if line.number} == {step.title for step in spec.nodes}
    estimate = hard.values(name)["cost_estimate"]
    known = {row["name"] for row in json.loads(estimate.model_dump_json())["platforms"]}  # type: ignore[union-attr]
    assert {row.platform for row in facts.running} == known


def test_the_price_adds_up() -> None:
    for name in hard.READY:
        setup = hard.facts(name).setup
        assert setup.net.amount == (setup.hours * setup.hour.amount).quantize(Decimal("0.01"))
        assert setup.gross.amount == setup.net.amount + setup.tax.amount
        assert sum(one.amount.amount for one in setup.payments) == setup.net.amount


def test_acceptance_covers_every_test_case_once() -> None:
    for name in [*hard.READY, *hard.HARD]:
        facts = hard.facts(name)
        assert facts.tested is not None
        told = sum(one.cases for one in facts.criteria)
        assert told <= facts.tested.cases
        assert facts.tested.cases - told <= facts.tested.cases * 0.1


def test_a_build_of_little_confidence_says_what_is_open() -> None:
    facts = hard.facts("maple-street-trial-leads", "en", draft=True)
    assert facts.draft
    assert any("spreadsheet" in point for point in facts.settle)
    assert hard.facts("maple-street-trial-leads").settle == ()
    assert {risk.severity for risk in facts.risks} == {"medium", "low"}
