"""Runs by scenario in the order of their time, so that a page of 100,000 costs what the page holds."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

from tests.fakes.make.records import STATUSES, Run


class History:
    """All runs."""

    def __init__(self) -> None:
        self._keys: dict[int, list[str]] = {}
        self._by_key: dict[str, Run] = {}
        self._by_id: dict[str, Run] = {}

    def __len__(self) -> int:
        return len(self._by_id)

    def add(self, run: Run) -> None:
        """Adds a run, at its place in time."""
        keys = self._keys.setdefault(run.scenario, [])
        if not keys or keys[-1] < run.imt_id:
            keys.append(run.imt_id)
        else:
            insort(keys, run.imt_id)
        self._by_key[run.imt_id] = self._by_id[run.id] = run

    def get(self, scenario: int, identifier: str) -> Run | None:
        """A run of a scenario."""
        run = self._by_id.get(identifier)
        return run if run and run.scenario == scenario else None

    def newest(self, scenario: int) -> Run | None:
        """The last one that began."""
        keys = self._keys.get(scenario)
        return self._by_key[keys[-1]] if keys else None

    def forget(self, scenario: int) -> None:
        """Removes a scenario's runs."""
        for key in self._keys.pop(scenario, ()):
            del self._by_id[self._by_key.pop(key).id]

    def page(
        self,
        scenario: int,
        *,
        since: int | None,
        until: int | None,
        last: str,
        ascending: bool,
        status: int,
        now: float,
    ) -> Iterator[Run]:
        """The runs of a window of milliseconds that come behind `last`, with that status unless it is 0."""
        keys = self._keys.get(scenario, [])
        low = bisect_left(keys, f"{since:013d}") if since is not None else 0
        high = bisect_right(keys, f"{until:013d}~") if until is not None else len(keys)
        if last and ascending:
            low = max(low, bisect_right(keys, last))
        elif last:
            high = min(high, bisect_left(keys, last))
        places = range(low, high) if ascending else range(high - 1, low - 1, -1)
        found = (self._by_key[keys[place]] for place in places)
        return (run for run in found if not status or status_of(run, now) == status)


def status_of(run: Run, now: float) -> int:
    """0 while it runs, then 1 success, 2 warning, 3 error."""
    return 0 if now < run.started + run.outcome.seconds else STATUSES[run.outcome.status]
