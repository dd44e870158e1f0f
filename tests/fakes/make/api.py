"""The paths of Make's REST API: which call does what, and which scope its key needs."""

from __future__ import annotations

import re

from tests.fakes.make import api_runs, api_scenarios, api_team
from tests.fakes.make.calls import Call, Late, Routes
from tests.fakes.make.paging import Query
from tests.fakes.make.records import Object, denied, missing
from tests.fakes.make.world import World

_ROUTES: Routes = {**api_scenarios.ROUTES, **api_runs.ROUTES, **api_team.ROUTES}


def handle(
    world: World, method: str, path: str, query: Query, body: Object, scopes: frozenset[str] | None
) -> Object | Late:
    """The answer to a call. Raises `Refusal`. `scopes` are the key's; None: all."""
    for (wanted, pattern), (handler, scope) in _ROUTES.items():
        found = re.fullmatch(pattern, path) if wanted == method else None
        if found:
            if scopes is not None and scope not in scopes:
                raise denied()
            with world.lock:
                return handler(Call(world, found.groups(), query, body))
    raise missing("Endpoint")
