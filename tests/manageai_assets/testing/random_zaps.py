"""Random specs without joins, loops and error handling: a line of steps, or one that splits into paths.

>>> random_sample(42).spec

Not all of them are Zaps: a spec may work on lists or calculate dates, which Zapier's Code steps can't.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from pydantic import JsonValue

from compilers.spec import parse_spec
from tests.live.random_cases import Json
from tests.live.random_specs import Builder, Place, Sample
from tests.live.random_values import Scope, condition, of_payload, template

_TYPES = {"text": "text", "number": "number", "boolean": "boolean"}


@dataclass
class ZapBuilder(Builder):
    """Puts together what Zapier has steps for."""

    def one(self, place: Place) -> Place | None:
        makers = [(self.call, 6), (self.set, 2), (self.compose, 2), (self.wait, 0.5), (self.stop, 0.3)]
        if place.depth < 2:
            makers += [(self.router, 2), (self.choice, 1.5)]
        known = replace(place, scope=_of_tokens(place.scope))
        return self.random.choices([maker for maker, _ in makers], [weight for _, weight in makers])[0](known)

    def fails(self, place: Place, identifier: str, substitute: Json) -> None:
        """Nothing is said of failures."""

    def compose(self, place: Place) -> Place | None:
        """A text with values in it."""
        inputs: Json = {"value": f"x {template(self.random, place.scope)}"}
        return self.behind(place, self.add(place, "app", "text", app="tools", operation="compose", inputs=inputs))

    def wait(self, place: Place) -> Place | None:
        """A wait of whole minutes or tenths of them."""
        return self.behind(place, self.add(place, "sleep", "wait", seconds=self.random.choice((60, 90, 300))))

    def choice(self, place: Place) -> Place | None:
        """Branches that don't join."""
        identifier = self.add(place, "if_else", "choice")
        for index in range(self.random.randint(2, 3)):
            found = condition(self.random, place.scope) if index else None
            way = replace(
                place, source=identifier, kind="branch", filter=found, fallback=not index, depth=place.depth + 1
            )
            self.left = max(self.left, 1)
            self.chain(way, self.random.randint(1, 2))
        return None

    def document(self) -> Json:
        document = super().document()
        trigger = document["trigger"]
        declared: list[JsonValue] = [
            {"path": name.partition(".")[2], "type": _TYPES[kind]}
            for name, kind in of_payload("call").refs
            if kind in _TYPES and "[" not in name
        ]
        return {**document, "trigger": {**trigger, "outputs": declared} if isinstance(trigger, dict) else trigger}


def random_sample(seed: int) -> Sample:
    """The sample of a seed."""
    builder = ZapBuilder(Random(seed), f"zap-{seed}")
    return Sample(f"zap-{seed}", parse_spec(builder.document()), builder.cases())


def _of_tokens(scope: Scope) -> Scope:
    """Without elements of lists and the status of answers, for which Zapier has no tokens."""
    return Scope(tuple(ref for ref in scope.refs if "[" not in ref[0] and not ref[0].endswith(".status")), scope.failed)
