"""Claude through the official client, against a local server that speaks its API."""

from __future__ import annotations

from decimal import Decimal

import pytest
from pydantic import JsonValue

from compilers.errors import UserError
from resources.claude import Answer, Claude, ClaudeError, prices
from tests.fakes.claude import KEY, FakeClaude, Reply, answer, failure, fake_claude, words

SCHEMA: dict[str, JsonValue] = {"type": "object", "properties": {"n": {"type": "integer"}}}


def ask(fake: FakeClaude, retries: int = 0, model: str = "claude-sonnet-4-6", timeout: float = 10) -> Answer:
    claude = Claude(KEY, model, base_url=fake.base_url, max_retries=retries, timeout=timeout)
    return claude.ask("be brief", "how many?", "plan", "the plan", SCHEMA)


def test_an_answer_has_its_value_tokens_and_cost() -> None:
    with fake_claude(answer({"n": 3}, input_tokens=2000, output_tokens=100)) as fake:
        got = ask(fake)
    assert got.value == {"n": 3}
    assert (got.input_tokens, got.output_tokens) == (2000, 100)
    assert got.cost == Decimal("0.0075")
    assert got.currency == "USD"
    assert fake.keys == [KEY]
    assert fake.requests[0]["model"] == "claude-sonnet-4-6"
    assert fake.requests[0]["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (failure(400), "refused the request (400)"),
        (failure(401), "refused the key"),
        (failure(402), "payment"),
        (failure(403), "doesn't allow"),
        (failure(404), "no model"),
        (failure(413), "too large"),
        (failure(429, "0"), "too often"),
        (failure(500), "problem of its own"),
        (failure(529), "overloaded"),
        (words("three"), "in words"),
        (answer({"n": 3}, tool="other"), "in words"),
        (answer(["n"]), "in words"),
        (answer({"n": 3}, stop="max_tokens"), "cut off"),
        (words("no", stop="refusal"), "declined"),
        (Reply(body="not json"), "not one of its API"),
        (Reply(body="{}"), "not one of its API"),
        (Reply(body="[]"), "not one of its API"),
        (Reply(body='{"content": 3, "usage": {}}'), "not one of its API"),
    ],
)
def test_what_goes_wrong_is_a_clear_error_without_the_key(reply: Reply, says: str) -> None:
    with fake_claude(reply) as fake, pytest.raises(ClaudeError) as caught:
        ask(fake)
    assert says in str(caught.value)
    assert KEY not in str(caught.value)


def test_it_tries_again_when_it_is_told_to_wait() -> None:
    with fake_claude(failure(429, "0"), failure(529), answer({"n": 1})) as fake:
        assert ask(fake, retries=2).value == {"n": 1}
    assert len(fake.requests) == 3


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    with fake_claude(answer({})) as fake:
        pass
    with pytest.raises(ClaudeError, match="can't be reached"):
        ask(fake)


def test_without_a_key_there_is_no_claude() -> None:
    with pytest.raises(UserError, match="no key"):
        Claude("  ", "claude-sonnet-4-6")


def test_the_key_is_not_shown() -> None:
    assert KEY not in repr(Claude(KEY, "claude-sonnet-4-6"))


@pytest.mark.parametrize(
    ("model", "cost"),
    [
        ("claude-sonnet-4-6", Decimal("18")),
        ("claude-haiku-4-5-20251001", Decimal("6")),
        ("somebody-elses-model", None),
        ("", None),
    ],
)
def test_cost_is_by_the_price_list(model: str, cost: Decimal | None) -> None:
    assert prices().cost(model, 1_000_000, 1_000_000) == cost
