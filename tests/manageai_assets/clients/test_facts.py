"""What is read from a build's spec."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import JsonValue

from compilers.spec import AppStep, Edge, IterateStep, NativeStep, Schedule, Spec, Step, TriggerStep
from manageai_assets.clients.facts import facts_of
from tests.manageai_assets.build import specs


def asks(model_input: str) -> Spec:
    """The linear example, with an AI in its first place that is given so much of the lead."""
    spec = specs.linear()
    ask = AppStep(id="score", label="Score by AI", app="openai", operation="create_response", inputs={"p": model_input})
    return spec.model_copy(update={"steps": (ask, *spec.steps[1:])})


def loop_of(step: Step) -> Spec:
    """The loop example with another step in the loop."""
    spec = specs.loop()
    return spec.model_copy(update={"steps": (spec.steps[0], step, *spec.steps[2:])})


def looked_up(query: JsonValue) -> Spec:
    """The loop example, where a search in the loop asks for this."""
    search = AppStep(id="row", label="Find the price", app="airtable", operation="search_records", inputs={"f": query})
    return loop_of(search)


def test_steps_that_change_something_without_error_handling() -> None:
    found = facts_of(specs.linear(), tested=True)
    assert [one.title for one in found.unhandled] == ["Tell sales in Slack", "Log the lead"]
    assert (found.handled, found.steps, found.apps) == (0, 4, ("google_sheets", "slack"))
    assert found.accounts == ("google_sheets: sales team's account", "slack: the company's workspace")


def test_a_handler_counts_and_what_is_in_it_is_let_be() -> None:
    found = facts_of(specs.errors(), tested=None)
    assert found.handled == 1
    assert [one.title for one in found.unhandled] == ["Post the report", "Archive the numbers"]


@pytest.mark.parametrize(
    ("told", "fields"),
    [
        ("{{ lead.body.email }}", "body.email"),
        ("{{ lead.body.customerEmail }} {{ lead.body.`Phone` }}", "body.Phone, body.customerEmail"),
        ("{{ lower(lead.body.first_name) }}", "body.first_name"),
        ("{{ lead.body.budget }}", ""),
        ("email", ""),
        ("{{ lead.body.email_sent }}", ""),
    ],
)
def test_personal_data_that_go_to_others(told: str, fields: str) -> None:
    found = facts_of(asks(told), tested=True)
    assert [(one.title, one.detail) for one in found.personal] == ([("Score by AI", fields)] if fields else [])


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://api.score.example/v1?x={{ lead.body.id }}", "api.score.example"),
        ("https://{{ lead.body.host }}/v1", "http"),
        ("{{ lead.body.url }}", "http"),
    ],
)
def test_who_gets_what_a_plain_call_sends(address: str, told: str) -> None:
    spec = specs.linear()
    inputs: dict[str, JsonValue] = {"method": "POST", "url": address, "body": "{{ lead.body.email }}"}
    call = AppStep(id="score", label="Ask the scorer", app="http", operation="request", inputs=inputs)
    found = facts_of(spec.model_copy(update={"steps": (call, *spec.steps[1:])}), tested=True)
    assert [(one.app, one.detail) for one in found.personal] == [(told, "body.email")]


def test_personal_data_within_the_clients_own_apps_are_no_matter() -> None:
    spec = specs.linear()
    told = specs.slack("notify", "Tell", "{{ lead.body.email }}")
    found = facts_of(spec.model_copy(update={"steps": (spec.steps[0], told, spec.steps[2])}), tested=True)
    assert found.personal == ()


def test_what_the_registry_does_not_know() -> None:
    strange = NativeStep(id="row", label="Stamp it", platform="make", module="stampo:stamp")
    found = facts_of(loop_of(strange), tested=True)
    assert [(one.title, one.detail) for one in found.unsupported] == [("Stamp it", "stampo:stamp on make")]


@pytest.mark.parametrize(
    ("query", "same"), [("{{ item.sku }}", False), ("{{ order.body.order_id }}", True), ("x", True)]
)
def test_a_search_in_a_loop_that_asks_for_the_same_every_time(query: str, same: bool) -> None:
    found = facts_of(looked_up(query), tested=True)
    assert [one.title for one in found.lookups] == (["Find the price"] if same else [])
    (loop,) = (one for one in found.loops if one.id == "row")
    assert (loop.times, loop.starts, loop.loop) == (Decimal(3), Decimal(1), "Each item of the order")


def test_a_call_in_a_loop_that_the_app_has_for_many() -> None:
    one_by_one = AppStep(id="row", label="Add a row", app="google_sheets", operation="append_row")
    (loop,) = (one for one in facts_of(loop_of(one_by_one), tested=True).loops if one.id == "row")
    assert loop.batch
    assert all(one.batch == "" for one in facts_of(looked_up("x"), tested=True).loops)


def test_a_trigger_that_asks_again_and_again() -> None:
    polling = TriggerStep(id="lead", label="New deal", app="hubspot", operation="watch_contacts")
    chain = Edge(source="lead", target="each")
    each = IterateStep(id="each", array="{{ lead.tags }}")
    spec = Spec(
        slug="deals", name="Deals", customer=specs.linear().customer, trigger=polling, steps=(each,), edges=(chain,),
        schedule=Schedule(kind="every", minutes=5),
    )  # fmt: skip
    assert facts_of(spec, tested=True).interval_minutes == 5
    rows = TriggerStep(id="lead", label="New row", app="google_sheets", operation="watch_rows")
    assert "Watch Changes" in facts_of(spec.model_copy(update={"trigger": rows}), tested=True).webhook
    posts = TriggerStep(id="lead", label="New post", app="instagram", operation="watch_media")
    assert facts_of(spec.model_copy(update={"trigger": posts}), tested=True).webhook == ""  # comments tell of no posts
    webhook = facts_of(specs.linear(), tested=True)
    assert (webhook.interval_minutes, webhook.webhook) == (None, "")
    morning = facts_of(specs.errors(), tested=True)
    assert (morning.interval_minutes, morning.webhook) == (None, "")
