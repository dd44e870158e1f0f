"""Calls of webhooks, by the table of the facts (2.10)."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import JsonValue

from resources.make_errors import MakeUnavailableError
from resources.make_models import Hook, Scheduling
from resources.make_team import call_hook
from tests.fakes.make import TEAM, Answer, Outcome
from tests.resources.make_fixtures import RESPOND, Bench, bench, webhook_blueprint


@pytest.fixture
def make() -> Iterator[Bench]:
    with bench() as one:
        yield one


def attached(make: Bench, *modules: JsonValue, schedule: str = "immediately", active: bool = True) -> Hook:
    """A hook with a scenario behind it."""
    hook = make.api.hooks.create("Orders", team=TEAM)
    blueprint = webhook_blueprint(hook.id, *modules)
    made = make.api.scenarios.create(blueprint, team=TEAM, scheduling=Scheduling(type=schedule))
    if active:
        make.api.scenarios.start(made.id)
    return hook


def test_a_scenario_without_response_module_is_accepted_and_runs(make: Bench) -> None:
    seen: list[JsonValue] = []
    make.world.execute = lambda blueprint, bundle: seen.append(bundle) or Outcome()  # type: ignore[func-returns-value]
    hook = attached(make)
    answer = call_hook(hook.url, query={"email": "address@wins.example"}, body={"email": "a@b.example", "n": 1})
    assert (answer.status, answer.text, answer.taken, answer.by_scenario) == (200, "Accepted", True, False)
    assert seen == [{"email": "address@wins.example", "n": 1}]
    assert "authorization" not in make.fake.hook_calls[0].headers


def test_the_response_module_answers(make: Bench) -> None:
    outcome = Outcome(answer=Answer(201, '{"ok":true}', {"content-type": "application/json"}))
    make.world.execute = lambda blueprint, bundle: outcome
    answer = call_hook(attached(make, RESPOND).url, body={})
    assert (answer.status, answer.text, answer.by_scenario) == (201, '{"ok":true}', True)
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(("status", "text"), [("error", "Scenario failed to complete."), ("success", "Accepted")])
def test_a_response_module_that_was_not_reached(make: Bench, status: str, text: str) -> None:
    make.world.execute = lambda blueprint, bundle: Outcome("error" if status == "error" else "success")
    answer = call_hook(attached(make, RESPOND).url, body={})
    assert answer.text == text
    assert answer.taken
    assert not answer.by_scenario


def test_nobody_listens_while_the_scenario_is_inactive(make: Bench) -> None:
    answer = call_hook(attached(make, active=False).url, body={})
    assert (answer.status, answer.taken) == (410, False)
    assert answer.text == "There is no scenario listening for this webhook."


def test_a_deleted_hook_is_gone(make: Bench) -> None:
    hook = attached(make)
    make.api.hooks.delete(hook.id)
    answer = call_hook(hook.url, body={})
    assert (answer.status, answer.text, answer.taken) == (410, "Webhook not found", False)


def test_on_demand_accepts_and_runs_nothing(make: Bench) -> None:
    hook = attached(make, schedule="on-demand")
    assert call_hook(hook.url, body={}).text == "Accepted"
    assert len(make.world.history) == 0


def test_a_full_queue_and_a_wrong_key(make: Bench) -> None:
    hook = attached(make)
    kept = make.world.hooks[hook.id]
    kept.queued = kept.queue_limit
    assert call_hook(hook.url, body={}).text == "Queue is full"
    kept.queued, kept.api_key = 0, "secret-of-nobody"
    assert call_hook(hook.url, body={}).status == 401
    assert call_hook(hook.url, body={}, headers={"x-make-apikey": "secret-of-nobody"}).status == 200


def test_more_than_300_calls_in_10_seconds_are_too_many(make: Bench) -> None:
    hook = attached(make)
    make.world.hooks[hook.id].calls = [make.clock.now] * 300
    answer = call_hook(hook.url, body={})
    assert (answer.status, answer.text, answer.taken) == (429, "Too many requests", False)
    make.clock.sleep(11)
    assert call_hook(hook.url, body={}).status == 200


def test_an_answer_that_takes_too_long(make: Bench) -> None:
    make.world.execute = lambda blueprint, bundle: Outcome(answer=Answer(), seconds=0.5)
    hook = attached(make, RESPOND)
    with pytest.raises(MakeUnavailableError, match="no answer within"):
        call_hook(hook.url, body={}, timeout=0.1)


def test_nobody_at_the_address() -> None:
    with bench() as gone:
        address = gone.world.hook_address
    with pytest.raises(MakeUnavailableError, match="can't be reached"):
        call_hook(f"{address}/x")
