"""One call of the fake's API, and what its paths share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from tests.fakes.make.paging import Query
from tests.fakes.make.records import Object, Refusal, Run, Scenario, bad_request, missing
from tests.fakes.make.world import World

MOST_ROWS = 200
"""Rows of one page at most. The facts give it for the log of a whole team only."""


@dataclass(frozen=True)
class Call:
    """One call: the numbers or ids in its path, its query and its decoded body."""

    world: World
    parts: tuple[str, ...]
    query: Query
    body: Object

    @property
    def scenario(self) -> Scenario:
        """The scenario that the path begins with."""
        return self.world.scenario(int(self.parts[0]))

    @property
    def run(self) -> Run:
        """The run that the path goes on with."""
        found = self.world.history.get(self.scenario.id, self.parts[1])
        if found is None:
            raise missing("Execution")
        return found


@dataclass(frozen=True)
class Late:
    """An answer that takes its time."""

    body: Object
    seconds: float
    refused: Refusal | None = None


Handler = Callable[[Call], Object | Late]
Routes = Mapping[tuple[str, str], tuple[Handler, str]]
"""What does it and the scope that the key needs, by method and pattern of the path."""

SCENARIO, HEX = r"/scenarios/(\d+)", r"([0-9a-f]{32})"


def needed(call: Call, name: str) -> int:
    """A number that the query must have."""
    given = call.query.number(name)
    if given is None:
        raise bad_request(f"Missing required parameter {name}")
    return given


def usage_days(world: World, operations: int) -> Object:
    """The last 30 days, as if all operations were today's."""
    today = datetime.fromtimestamp(world.clock(), UTC).date()
    days: list[JsonValue] = [
        {
            "date": (today - timedelta(days=ago)).isoformat(), "operations": 0 if ago else operations,
            "dataTransfer": 0, "centicredits": 0 if ago else operations * 100,
        }
        for ago in range(29, -1, -1)
    ]  # fmt: skip
    return {"data": days}
