"""Random payloads and answers for random specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from pydantic import JsonValue

from manageai_assets.testing.models import Answer, Failure, FailureName

Json = dict[str, JsonValue]
FAILURES: tuple[FailureName, ...] = ("400", "401", "404", "429", "500")
_TEXTS = (
    "Ana", "Ben Smith", "", "  spaced  out ", "Zoë Ünal", "a,b,,c", 'say "hi"', "back\\slash", "two\nlines", "日本語",
    "👍 fine", "<b>bold</b> & more", "12", "12.5", "1,234.5", "true", "null", "{{ not }}", "$1 and $&", "x'y",
    "2026-01-31",
)  # fmt: skip
_NUMBERS = (0, 1, 2, 3, -1, -7, 10, 42, 0.1, 0.2, 2.5, -0.5, 1e3, 999999, 1234567.891)
_DATES = (
    "2026-01-31T23:30:00Z",
    "2024-02-29T12:00:00.000Z",
    "2026-03-29T01:30:00+01:00",
    "2025-12-31",
    "not a date",
    "",
)
_JSON = ('{"a": 1, "b": {"c": "deep"}}', '{"a": null}', '{"a": [1, 2], "b": {}}', "{", "", '{"a": "é\\n"}')


def _text(random: Random) -> JsonValue:
    return random.choice(_TEXTS)


def _number(random: Random) -> JsonValue:
    return random.choice(_NUMBERS)


def _line(random: Random) -> JsonValue:
    return {
        "sku": random.choice(("A1", "B2", "c3", "")),
        "qty": random.choice((0, 1, 2, 5)),
        "price": random.choice((9.99, 0, 100, "3.5")),
        "kind": random.choice(("a", "b", "a", None)),
        "subs": random.choices((1, 2, 3, "x"), k=random.randint(0, 3)),
    }


_FIELDS: Mapping[str, Callable[[Random], JsonValue]] = {
    "name": _text,
    "note": _text,
    "amount": _number,
    "qty": lambda random: random.choice((0, 1, 2, 3)),
    "price": lambda random: random.choice(("12.50", "0", "-3", "1e2", "abc", "")),
    "flag": lambda random: random.choice((True, False)),
    "when": lambda random: random.choice(_DATES),
    "tags": lambda random: random.choices(("x", "y", "Z", "", "x y"), k=random.randint(0, 3)),
    "numbers": lambda random: random.choices((3, 1, 2.5, -4, 10), k=random.randint(0, 4)),
    "lines": lambda random: [_line(random) for _ in range(random.randint(0, 3))],
    "address": lambda random: {"city": random.choice(("Graz", "Leeds", "")), "geo": {"lat": random.choice((1.5, -3))}},
    "json": lambda random: random.choice(_JSON),
}
_WRONG: tuple[JsonValue, ...] = (None, "", "text", 7, True, [], {}, ["one"], {"a": 1})


def payload(random: Random) -> Json:
    """What a webhook is called with: now and then something lacks, or is of another type."""
    made: Json = {}
    for name, value in _FIELDS.items():
        chosen = random.random()
        if chosen < 0.06:
            continue
        made[name] = random.choice(_WRONG) if chosen < 0.1 else value(random)
    return made


def answers(random: Random, failing: bool) -> tuple[Answer, ...]:
    """What the service answers to the calls of a step; the last one stands for all that follow."""
    given = [_answer(random) for _ in range(random.randint(1, 3))]
    if failing:
        name = random.choice(FAILURES)
        given.insert(random.randrange(len(given) + 1), Answer(failure=Failure(name=name, message=f"Made up: {name}")))
    return tuple(given)


def _answer(random: Random) -> Answer:
    body: Json = {
        "value": _number(random),
        "name": _text(random),
        "list": random.choices((1, "b", None, 2.5), k=random.randint(0, 3)),
    }
    return Answer(bundles=({"status": random.choice((200, 200, 201)), "body": body},))
