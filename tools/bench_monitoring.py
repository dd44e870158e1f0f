"""How well the rules see what is wrong: precision and recall of each kind on 300 made-up histories.

`python -m tools.bench_monitoring` prints them. Each history is judged every 15 minutes of its three watched days. A
kind is found when it is reported on the right scenario (or platform) after its trouble began and before it ended;
anything else that is reported is a false alarm, however short.
"""

from __future__ import annotations

import argparse
import time
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from manageai_assets import console
from manageai_assets.monitoring.detection import judge
from manageai_assets.monitoring.detection.profile import Profile, learn
from manageai_assets.monitoring.detection.watched import RUNS_AT_LEAST, RUNS_FOR, Watched
from manageai_assets.monitoring.models import (
    INCIDENT_KINDS,
    WINDOW,
    Execution,
    IncidentKind,
    Scenario,
    ScenarioKey,
)
from tools.monitoring_estates import LEARNT_FOR, History, Trouble
from tools.monitoring_histories import histories

NEEDED = 0.95
LEARN_AGAIN = timedelta(days=1)
UNSEEN_FOR = 2 * WINDOW
"""A platform's trouble shows on its first scenarios before it shows on enough of them: so long, what is said of one of
these is true."""
NOT_OF_HISTORIES: tuple[IncidentKind, ...] = ("poll_failure",)
"""Found by the pollers, not from executions."""

Place = tuple[IncidentKind, ScenarioKey | None]


@dataclass
class Score:
    """What was found of each kind. `late` are the minutes from the trouble's beginning to its first report."""

    right: Counter[IncidentKind] = field(default_factory=Counter)
    missed: Counter[IncidentKind] = field(default_factory=Counter)
    wrong: Counter[IncidentKind] = field(default_factory=Counter)
    late: dict[IncidentKind, list[float]] = field(default_factory=lambda: defaultdict(list))
    notes: list[str] = field(default_factory=list)

    def precision(self, kind: IncidentKind) -> float:
        """Share of reports that were right; 1 where nothing was reported."""
        told = self.right[kind] + self.wrong[kind]
        return self.right[kind] / told if told else 1.0

    def recall(self, kind: IncidentKind) -> float:
        """Share of troubles that were reported; 1 where there were none."""
        there = self.right[kind] + self.missed[kind]
        return self.right[kind] / there if there else 1.0


def measure(made: Iterable[History]) -> Score:
    """Holds what is reported of these histories against what is wrong in them."""
    score = Score()
    for number, history in enumerate(made):
        reported = first_reports(history)
        for trouble in history.troubles:
            when = _found(reported, trouble)
            if when is None:
                score.missed[trouble.kind] += 1
                score.notes.append(f"{number} {history.name}: {trouble.kind} missed on {trouble.scenario}")
            else:
                score.right[trouble.kind] += 1
                score.late[trouble.kind].append((when - max(trouble.start, history.start)) / timedelta(minutes=1))
        for (kind, scenario), moments in reported.items():
            if not _true(history.troubles, kind, scenario, moments[0]):
                score.wrong[kind] += 1
                score.notes.append(f"{number} {history.name}: {kind} reported on {scenario} at {moments[0]}")
    return score


def first_reports(history: History) -> dict[Place, list[datetime]]:
    """When each kind was reported on each scenario."""
    reported: dict[Place, list[datetime]] = defaultdict(list)
    profiles: dict[ScenarioKey, Profile | None] = {}
    learnt_at: datetime | None = None
    at = history.start
    while at <= history.end:
        if learnt_at is None or at - learnt_at >= LEARN_AGAIN:
            profiles = {one.key: _learn(history.runs[one.key], at) for one in history.scenarios}
            learnt_at = at
        watched = [_watched(history, one, profiles[one.key], at) for one in history.scenarios]
        plan = history.plan(at)
        for finding in judge(watched, [plan] if plan else [], at).findings:
            reported[finding.kind, finding.scenario].append(at)
        at += WINDOW
    return reported


def main() -> int:
    """Measures, and prints a table; 1 when a kind is below what is needed."""
    options = argparse.ArgumentParser(description="precision and recall of the rules")
    options.add_argument("--every", type=int, default=1, help="only every so manieth history")
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--notes", action="store_true", help="print what was missed or wrong")
    chosen = options.parse_args()
    started = time.perf_counter()
    made = list(histories(every=chosen.every, seed=chosen.seed))
    judged = time.perf_counter()
    score = measure(made)
    rows = [_row(score, kind) for kind in INCIDENT_KINDS if kind not in NOT_OF_HISTORIES]
    title = f"{len(made)} histories, made in {judged - started:.0f} s, judged in {time.perf_counter() - judged:.0f} s"
    columns = ("kind", "troubles", "found", "missed", "wrong", "precision", "recall", "minutes to report (median)")
    console.show_table(columns, rows, title=title)
    if chosen.notes:
        print("\n".join(score.notes))
    kinds = [kind for kind in INCIDENT_KINDS if kind not in NOT_OF_HISTORIES]
    return int(any(min(score.precision(kind), score.recall(kind)) < NEEDED for kind in kinds))


def _row(score: Score, kind: IncidentKind) -> tuple[str, int, int, int, int, str, str, str]:
    late = sorted(score.late[kind])
    there = score.right[kind] + score.missed[kind]
    return (
        kind, there, score.right[kind], score.missed[kind], score.wrong[kind], f"{score.precision(kind):.3f}",
        f"{score.recall(kind):.3f}", f"{late[len(late) // 2]:.0f}" if late else "",
    )  # fmt: skip


def _found(reported: dict[Place, list[datetime]], trouble: Trouble) -> datetime | None:
    moments = reported.get((trouble.kind, trouble.scenario), [])
    return next((one for one in moments if trouble.start <= one <= trouble.end + WINDOW), None)


def _true(troubles: Sequence[Trouble], kind: IncidentKind, scenario: ScenarioKey | None, at: datetime) -> bool:
    return any(
        trouble.start <= at and (kind == trouble.kind or kind in trouble.may)
        if trouble.scenario == scenario
        else trouble.scenario is None and kind in trouble.may and trouble.start <= at <= trouble.start + UNSEEN_FOR
        for trouble in troubles
    )


def _learn(runs: Sequence[Execution], at: datetime) -> Profile | None:
    seen = runs[bisect_right(runs, at - LEARNT_FOR, key=_start) : bisect_right(runs, at, key=_start)]
    return learn([run for run in seen if run.finished and run.finished <= at], at)


def _watched(history: History, scenario: Scenario, profile: Profile | None, at: datetime) -> Watched:
    runs = history.runs[scenario.key]
    end = bisect_right(runs, at, key=_start)
    begin = min(bisect_right(runs, at - RUNS_FOR, key=_start), max(0, end - RUNS_AT_LEAST))
    seen = tuple(run if run.finished and run.finished <= at else _running(run) for run in runs[begin:end])
    return Watched(history.state(scenario, at), seen, profile, at)


def _running(run: Execution) -> Execution:
    return Execution(run.scenario, run.execution_id, run.started, "running")


def _start(run: Execution) -> datetime:
    return run.started


if __name__ == "__main__":
    raise SystemExit(main())
