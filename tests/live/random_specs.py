"""Random specs with cases: whatever a spec may hold, put together by chance and always the same for one seed.

    >>> sample = random_sample(42)
    >>> sample.spec, sample.cases

Every spec starts at a webhook, passes the rules for specs and can be expressed on n8n. Side effects are calls of a
made-up service, whose answers and failures the cases say. `samples` is the same as a strategy for Hypothesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from hypothesis import strategies
from pydantic import JsonValue

from compilers.errors import UserError
from compilers.exports import emit
from compilers.rules import validate_spec
from compilers.spec import Spec, parse_spec
from manageai_assets.testing.models import Case
from tests.live.random_cases import FAILURES, Json, answers, payload
from tests.live.random_values import Scope, condition, expression, of_answer, of_payload, template

MOST_ATTEMPTS = 200
"""Specs that are thrown away, at most, before one passes the rules."""
SERVICE = "http://service.example"
START = "call"
MODES = ("array", "text", "sum", "avg", "count", "min", "max")
OPERATORS_OF_ENDS = ("ignore", "resume", "commit", "rollback", "retry")


@dataclass(frozen=True)
class Sample:
    """A spec with its cases."""

    name: str
    spec: Spec
    cases: tuple[Case, ...]


def random_sample(seed: int) -> Sample:
    """The sample of a seed."""
    return sample_of(Random(seed), f"seed-{seed}")


def samples() -> strategies.SearchStrategy[Sample]:
    """Samples, for Hypothesis."""
    randoms = strategies.randoms(use_true_random=False, note_method_calls=False)
    return strategies.builds(lambda random: sample_of(random, "sample"), randoms)


def sample_of(random: Random, name: str) -> Sample:
    """The first sample of these random numbers that passes the rules and that n8n can express."""
    for _ in range(MOST_ATTEMPTS):
        builder = Builder(random, name)
        spec = parse_spec(builder.document())
        if is_sound(spec):
            return Sample(name, spec, builder.cases())
    raise AssertionError(f"no sound spec in {MOST_ATTEMPTS} attempts")


def is_sound(spec: Spec) -> bool:
    """Whether the rules find no error in a spec, and n8n can express it."""
    if any(finding.severity == "error" for finding in validate_spec(spec)):
        return False
    try:
        emit(spec, "n8n")
    except UserError:
        return False
    return True


@dataclass(frozen=True)
class Place:
    """Where the next step goes: behind `source`, by an edge of that kind. `failed` is the step whose handler it is in,
    `depth` how deep, `loops` how many loops are open, `answered` whether the webhook has been answered on the way."""

    source: str
    scope: Scope
    kind: str = "next"
    filter: Json | None = None
    fallback: bool = False
    failed: str = ""
    depth: int = 0
    loops: int = 0
    answered: bool = False
    plain: bool = False
    """Nothing of a kind that would change which bundles come: a branch that joins others."""


@dataclass
class Builder:
    """One spec in the making."""

    random: Random
    name: str
    steps: list[JsonValue] = field(default_factory=list)
    edges: list[JsonValue] = field(default_factory=list)
    called: list[str] = field(default_factory=list)
    variables: list[str] = field(default_factory=list)
    left: int = 0

    def document(self) -> Json:
        self.left = self.random.randint(3, 14)
        self.chain(Place(START, of_payload(START)), self.random.randint(2, 7))
        return {
            "slug": self.name,
            "name": f"Random {self.name}",
            "customer": {"name": "Example GmbH"},
            "trigger": {
                "kind": "trigger", "id": START, "label": "Call", "app": "webhook", "operation": "receive",
                "inputs": {"path": self.name},
            },
            "steps": self.steps,
            "edges": self.edges,
            "settings": {"keep_incomplete": True},
        }  # fmt: skip

    def cases(self) -> tuple[Case, ...]:
        """One to three calls of the webhook; in some of them calls of the service fail."""
        return tuple(self._case(number) for number in range(1, self.random.choices((1, 2, 3), (5, 3, 1))[0] + 1))

    def _case(self, number: int) -> Case:
        failing = number > 1 or self.chance(0.3)
        return Case(
            name=f"case-{number}",
            group="business",
            title=f"Case {number}",
            bundles=({"body": payload(self.random), "headers": {}, "query": {}},),
            answers={name: answers(self.random, failing and self.chance(0.45)) for name in self.called},
        )

    # -- pieces ----------------------------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def add(self, place: Place, kind: str, prefix: str, **fields: JsonValue) -> str:
        """Adds a step with the edge that leads to it, and gives its id."""
        identifier = f"{prefix}{len(self.steps) + 1}"
        self.left -= 1
        self.steps.append({"kind": kind, "id": identifier, **fields})
        edge: Json = {"source": place.source, "target": identifier, "kind": place.kind}
        if place.filter is not None:
            edge["filter"] = place.filter
        if place.fallback:
            edge["fallback"] = True
        self.edges.append(edge)
        return identifier

    def behind(self, place: Place, identifier: str, scope: Scope | None = None) -> Place:
        """The place behind a step, where some edges have a filter."""
        seen = place.scope if scope is None else scope
        wanted = not place.plain and self.chance(0.15)
        found = condition(self.random, seen) if wanted else None
        return replace(place, source=identifier, scope=seen, kind="next", filter=found, fallback=False)

    def chain(self, place: Place, length: int) -> Place | None:
        """Some steps in a row; None when the last one ends the way."""
        at: Place | None = place
        for _ in range(length):
            if at is None or self.left <= 0:
                break
            at = self.one(at)
        return at

    def one(self, place: Place) -> Place | None:
        """One construct."""
        makers = [(self.call, 6), (self.set, 2), (self.get, 2), (self.transform, 2), (self.sleep, 0.4)]
        if not place.answered and not place.loops:
            makers.append((self.respond, 1))
        elif not place.answered:
            makers.append((self.respond, 0.2))
        if not place.plain:
            makers.append((self.stop, 0.3))
            makers.append((self.store, 0.5))
            if place.depth < 3:
                makers += [(self.loop, 3), (self.router, 2), (self.if_else, 1.5), (self.count, 0.7)]
        elif place.depth < 3:
            makers += [(self.if_else, 0.5)]
        made = self.random.choices([maker for maker, _ in makers], [weight for _, weight in makers])[0]
        return made(place)

    # -- calls and what can fail -------------------------------------------------------------------------------------

    def call(self, place: Place) -> Place | None:
        """A call of the service."""
        random, scope = self.random, place.scope
        shape = random.randrange(4)
        number = len(self.steps) + 1
        inputs: Json = {"url": f"{SERVICE}/call{number}", "method": random.choice(("POST", "POST", "PUT", "PATCH"))}
        if shape == 0:
            inputs |= {"body_type": "raw", "body": template(random, scope), "content_type": "text/plain"}
        elif shape == 1:
            inputs |= {"method": "GET", "query": {"a": template(random, scope), "b": template(random, scope)}}
        else:
            named: Json = {f"f{index}": template(random, scope) for index in range(random.randint(1, 3))}
            inputs["body"] = {**named, "deep": {"list": [template(random, scope)]}} if self.chance(0.3) else named
        identifier = self.add(place, "app", "call", app="http", operation="request", inputs=inputs)
        self.called.append(identifier)
        self.fails(place, identifier, {"body": {"value": 0, "name": "instead"}})
        return self.behind(place, identifier, place.scope + of_answer(identifier))

    def fails(self, place: Place, identifier: str, substitute: Json) -> None:
        """Says what happens when a step fails: nothing, a rule, or a handler with steps."""
        chosen = self.random.random()
        if chosen < 0.5 or (place.failed and chosen < 0.8):
            return
        rule = self.rule(substitute)
        if chosen < 0.75:
            self.steps[-1]["on_error"] = rule  # type: ignore[call-overload,index]
        else:
            if self.chance(0.7):
                self.steps[-1]["on_error"] = rule  # type: ignore[call-overload,index]
            self.handler(place, identifier, substitute)

    def rule(self, substitute: Json) -> Json:
        """What happens to a failed bundle."""
        strategy = self.random.choice(OPERATORS_OF_ENDS)
        rule: Json = {"strategy": strategy}
        if strategy == "resume":
            rule["substitute"] = substitute
        if strategy == "retry":
            rule |= {"attempts": self.random.randint(1, 2), "interval_minutes": 1}
        return rule

    def handler(self, place: Place, identifier: str, substitute: Json) -> None:
        """An error route: steps, and directives at its ends."""
        scope = place.scope + Scope.of(error=identifier)
        found = condition(self.random, scope) if self.chance(0.2) else None
        inside = replace(
            place, source=identifier, scope=scope, kind="error", filter=found, fallback=False, failed=identifier,
            depth=place.depth + 1,
        )  # fmt: skip
        end = self.chain(inside, self.random.randint(1, 2))
        if end is not None and self.chance(0.4) and end.source != identifier and end.failed == identifier:
            self.add(end, "directive", "end", directive=self.rule(substitute))

    def transform(self, place: Place) -> Place | None:
        """A transformation."""
        random, scope = self.random, place.scope
        made, added = random.choice(_TRANSFORMS)
        app, operation, inputs = made
        written: Json = {name: scope.filled(value, random) for name, value in inputs.items()}
        identifier = self.add(place, "app", "made", app=app, operation=operation, inputs=written)
        self.fails(place, identifier, {name: "instead" for name in added if "." not in name})
        refs = Scope(tuple((f"{identifier}.{name}", kind) for name, kind in added.items()))
        return self.behind(place, identifier, scope + refs)

    def store(self, place: Place) -> Place | None:
        """Something of a data store."""
        random, scope = self.random, place.scope
        key = random.choice(("fixed", "{{ call.body.name }}", template(random, scope)))
        record: Json = {"n": template(random, scope), "m": template(random, scope)}
        operation = random.choice(("replace_record", "add_record", "get_record", "record_exists", "count_records",
                                   "delete_record", "update_record"))  # fmt: skip
        inputs: Json = {"store": "7"}
        if operation != "count_records":
            inputs["key"] = key
        if operation in ("replace_record", "add_record", "update_record"):
            inputs["record"] = record
        if operation == "update_record":
            inputs["insert"] = self.chance(0.5)
        identifier = self.add(place, "app", "store", app="data_store", operation=operation, inputs=inputs)
        gives = {"get_record": ("record.n", "any"), "record_exists": ("exists", "boolean"),
                 "count_records": ("count", "number"), "replace_record": ("key", "text")}  # fmt: skip
        name, kind = gives.get(operation, ("", ""))
        refs = Scope(((f"{identifier}.{name}", kind),) if name else ())
        return self.behind(place, identifier, scope + refs)

    # -- values ----------------------------------------------------------------------------------------------------

    def set(self, place: Place) -> Place | None:
        """Sets one or two variables."""
        random = self.random
        names = random.sample(("alpha", "beta", "gamma"), random.randint(1, 2))
        variables: list[JsonValue] = [{"name": name, "value": template(random, place.scope)} for name in names]
        self.variables += names
        scope = random.choice(("cycle", "run"))
        identifier = self.add(place, "set_variables", "set", scope=scope, variables=variables)
        return self.behind(place, identifier, place.scope + Scope(tuple((f"{identifier}.{n}", "any") for n in names)))

    def get(self, place: Place) -> Place | None:
        """Reads variables, such as were set before, perhaps on another route; sets one when none was."""
        if not self.variables:
            return self.set(place)
        names: list[JsonValue] = [*dict.fromkeys(self.random.choices(self.variables, k=2))]
        identifier = self.add(place, "get_variables", "get", names=names)
        return self.behind(place, identifier, place.scope + Scope(tuple((f"{identifier}.{n}", "any") for n in names)))

    def sleep(self, place: Place) -> Place | None:
        """A short wait."""
        return self.behind(place, self.add(place, "sleep", "wait", seconds=1))

    def respond(self, place: Place) -> Place | None:
        """Answers the webhook."""
        random, scope = self.random, place.scope
        text = random.choice((template(random, scope), f"Said: {template(random, scope)}"))
        body: JsonValue = text if self.chance(0.4) else {"a": template(random, scope), "b": [template(random, scope)]}
        fields: Json = {"status": random.choice((200, 201, 202, 404)), "body": body}
        if self.chance(0.3):
            fields["headers"] = [{"name": "X-Made", "value": "by {{ length(call.body.tags) }}"}]
        return replace(self.behind(place, self.add(place, "respond", "answer", **fields)), answered=True)

    def stop(self, place: Place) -> Place | None:
        """Ends the way."""
        outcome = self.random.choice(("success", "error"))
        self.add(place, "stop", "stop", outcome=outcome, message="Stopped at {{ call.body.name }}")
        return None

    # -- loops -----------------------------------------------------------------------------------------------------

    def loop(self, place: Place) -> Place | None:
        """An iteration, which an aggregate may close."""
        array, elements = place.scope.array(self.random)
        identifier = self.add(place, "iterate", "each", array=array)
        refs = tuple((f"{identifier}.{name}", kind) for name, kind in elements.items())
        return self.inside(place, identifier, place.scope + Scope((*refs, (f"{identifier}._index", "number"))))

    def count(self, place: Place) -> Place | None:
        """A repetition, which an aggregate may close."""
        random = self.random
        repeats: JsonValue = random.choice((0, 1, 2, 3, "{{ length(call.body.tags) }}", "{{ call.body.qty }}"))
        fields: Json = {"start": random.choice((0, 1, 5, -1)), "repeats": repeats, "step": random.choice((1, 1, 10))}
        identifier = self.add(place, "repeat", "again", **fields)
        return self.inside(place, identifier, place.scope + Scope(((f"{identifier}.i", "number"),)))

    def inside(self, place: Place, identifier: str, scope: Scope) -> Place | None:
        body = replace(self.behind(place, identifier, scope), depth=place.depth + 1, loops=place.loops + 1)
        end = self.chain(body, self.random.randint(0, 3))
        if end is None or self.chance(0.35):
            return end
        after = replace(place, answered=end.answered)
        return self.collect(end, after, identifier)

    def collect(self, end: Place, place: Place, source: str) -> Place | None:
        """An aggregate; what it gives stands behind the loop."""
        random = self.random
        mode = random.choice(MODES)
        fields: Json = {"source": source, "mode": mode}
        if mode == "array":
            fields["fields"] = {"a": template(random, end.scope), "b": template(random, end.scope)}
        elif mode == "text":
            fields |= {"value": template(random, end.scope), "separator": random.choice((",", "\n", " | ", ""))}
        else:
            fields["value"] = f"{{{{ {expression(random, end.scope, 'number', 1)} }}}}"
        grouped = self.chance(0.2)
        if grouped:
            fields["group_by"] = template(random, end.scope)
        if self.chance(0.25):
            fields["stop_if_empty"] = True
        identifier = self.add(end, "aggregate", "all", **fields)
        name, kind = ("array", "rows") if mode == "array" else ("text", "text") if mode == "text" else ("result", "any")
        refs = [(f"{identifier}.{name}", kind), *([(f"{identifier}.key", "any")] if grouped else [])]
        after = replace(place, loops=place.loops + grouped)
        return self.behind(after, identifier, place.scope + Scope(tuple(refs)))

    # -- ways ------------------------------------------------------------------------------------------------------

    def router(self, place: Place) -> Place | None:
        """A router with two or three routes."""
        identifier = self.add(place, "router", "router", mode=self.random.choice(("all", "all", "first")))
        number = self.random.randint(2, 3)
        others = self.chance(0.5)
        answered = place.answered
        for index in range(number):
            last = index == number - 1
            found = condition(self.random, place.scope) if not last or others else None
            way = replace(
                place, source=identifier, kind="route", filter=None if last and others else found,
                fallback=last and others, depth=place.depth + 1, answered=answered,
            )  # fmt: skip
            self.left = max(self.left, 1)
            self.chain(way, self.random.randint(1, 2))
        return None

    def if_else(self, place: Place) -> Place | None:
        """Branches that join again, or don't."""
        identifier = self.add(place, "if_else", "choice")
        joins = place.plain or self.chance(0.7)
        ends: list[Place] = []
        for index in range(self.random.randint(2, 3)):
            found = condition(self.random, place.scope) if index else None
            way = replace(
                place, source=identifier, kind="branch", filter=found, fallback=not index, depth=place.depth + 1,
                plain=place.plain or joins,
            )  # fmt: skip
            self.left = max(self.left, 1)
            end = self.chain(way, self.random.randint(1, 2))
            if end is not None:
                ends.append(end)
        return self.merge(place, ends) if joins and len(ends) > 1 else None

    def merge(self, place: Place, ends: Sequence[Place]) -> Place | None:
        """Where branches join."""
        names = ("chosen", "other")[: self.random.randint(1, 2)]
        fields: list[JsonValue] = [
            {"name": name, "values": {end.source: template(self.random, end.scope) for end in ends}} for name in names
        ]
        identifier = self.add(ends[0], "merge", "joined", fields=fields)
        for end in ends[1:]:
            self.edges.append({"source": end.source, "target": identifier})
        refs = Scope(tuple((f"{identifier}.{name}", "any") for name in names))
        answered = place.answered or any(end.answered for end in ends)
        return replace(self.behind(place, identifier, place.scope + refs), answered=answered)


_TRANSFORMS: tuple[tuple[tuple[str, str, Json], dict[str, str]], ...] = (
    (("json", "parse", {"text": "{{ call.body.json }}"}), {"a": "any", "b.c": "any"}),
    (("json", "create", {"value": {"x": "<any>", "y": ["<any>"]}}), {"json": "text"}),
    (("text", "match", {"text": "<text>", "pattern": "([a-z]+)\\s*(\\d*)"}), {"group_1": "text", "match": "text"}),
    (("text", "replace", {"text": "<text>", "pattern": "[aeiou]", "replacement": "*"}), {"text": "text"}),
    (("text", "html_to_text", {"html": "<p>{{ call.body.name }}</p><br><b>x</b>"}), {"text": "text"}),
    (("tools", "compose", {"value": "<text>"}), {"value": "text"}),
    (("math_expression", "evaluate", {"expression": "(2 + 3) * 4"}), {"result": "number"}),
)
"""Operations with their inputs, where `<text>` stands for a template, and what they give."""

__all__ = ["FAILURES", "Sample", "is_sound", "random_sample", "sample_of", "samples"]
