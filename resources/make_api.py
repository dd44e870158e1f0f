"""Make's REST API: scenarios, runs, incomplete executions, hooks, connections, teams and organisations.

    with MakeApi(key, zone="eu1") as api:
        for scenario in api.scenarios.list(team=215):
            print(scenario.name, scenario.is_active, scenario.dlq_count)

Calls wait out rate limits and passing failures (`make_http`), and raise `MakeApiError` (`make_errors`) for all else.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from pydantic import SecretStr

from resources.make_http import TIMEOUT_SECONDS, MakeHttp, Retries, base_url
from resources.make_scenarios import Executions, IncompleteExecutions, Scenarios
from resources.make_team import Connections, Hooks, Organizations, Teams


class MakeApi:
    """The API with one key in one zone. `pace` is called before each request, and may wait or call it off by raising.
    `address` stands for the zone's, for tests; so do `sleep`, `now`, `chance`."""

    def __init__(
        self,
        key: SecretStr,
        *,
        zone: str = "",
        address: str = "",
        timeout: float = TIMEOUT_SECONDS,
        retries: Retries | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
        pace: Callable[[], None] = lambda: None,
    ) -> None:
        self._http = MakeHttp(
            address or base_url(zone),
            key,
            timeout=timeout,
            retries=retries,
            sleep=sleep,
            now=now,
            chance=chance,
            pace=pace,
        )
        self.clock = self._http.clock
        self.scenarios = Scenarios(self._http)
        self.executions = Executions(self._http)
        self.incomplete = IncompleteExecutions(self._http)
        self.hooks = Hooks(self._http)
        self.connections = Connections(self._http)
        self.teams = Teams(self._http)
        self.organizations = Organizations(self._http)

    def __repr__(self) -> str:
        return f"MakeApi({self._http.address!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()
