"""Made-up histories of scenarios in production, with what is truly wrong in each: what the rules are measured on.

Nothing here knows the rules' thresholds. Scenarios run by a clock or by chance, in business hours or always; they have
their usual failures, slow answers, quiet days and growth; troubles are as large as those that people call troubles.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from manageai_assets.monitoring.models import Execution
from tools.monitoring_estates import DAY, HOUR, LEARNT_FOR, History, Maker, Manner

# -- one function a kind ---------------------------------------------------------------------------------------------


def _healthy(make: Maker) -> None:
    new = make.chance.random() < 0.2
    make.add(make.manner(), known_for=make.chance.randrange(1, 20) * DAY if new else LEARNT_FOR)


def _noisy(make: Maker) -> None:
    scenario = make.add(make.manner(noisy=True))
    if make.chance.random() < 0.5:  # an old outage, long mended
        start = make.history.start - make.chance.uniform(6, 24) * DAY
        make.change(scenario, start, start + make.chance.uniform(3, 14) * HOUR, make.failing("server"))
    if make.chance.random() < 0.3:  # a holiday before
        start = make.history.start - make.chance.randrange(5, 20) * DAY
        make.change(scenario, start, start + DAY, lambda run: run if make.chance.random() < 0.3 else None)


def _error_spike(make: Maker, manner: Manner | None = None) -> None:
    scenario = make.add(manner or make.manner("clock", "chance", busy=True))
    start = make.begin(scenario, before_end=6 * HOUR)
    end = start + make.chance.uniform(1.5, 5) * HOUR
    share = make.chance.uniform(0.4, 0.75)  # some work still gets through
    runs = make.change(scenario, start, end, make.failing(make.chance.choice(("data", "server", "code")), share))
    if _most_in_an_hour([run for run in runs if run.outcome == "error"]) > 3:
        make.trouble("error_spike", scenario, start, end, "consecutive_failures")
    else:
        make.withdraw(scenario)


def _credential_failure(make: Maker) -> None:
    scenario = make.add(make.manner())
    start = make.begin(scenario, before_end=2 * DAY)
    end = make.history.end if make.chance.random() < 0.6 else start + make.chance.uniform(30, 45) * HOUR
    runs = make.change(scenario, start, end, make.failing("account"))
    if len(runs) >= 2:
        make.trouble("credential_failure", scenario, start, end)
    else:  # it hardly runs: nobody could know
        make.withdraw(scenario)


def _rate_limit(make: Maker) -> None:
    scenario = make.add(make.manner("clock", "chance", busy=True))
    start = make.begin(scenario, before_end=8 * HOUR)
    end = start + make.chance.uniform(2, 7) * HOUR
    runs = make.change(scenario, start, end, make.failing("limit", make.chance.uniform(0.6, 1)))
    if _most_in_an_hour([run for run in runs if run.outcome == "error"]) > 3:
        make.trouble("rate_limit", scenario, start, end)
    else:
        make.withdraw(scenario)


def _consecutive_failures(make: Maker) -> None:
    scenario = make.add(make.manner("clock", "business hours", "chance"))
    start = make.begin(scenario, before_end=1.5 * DAY)
    runs = make.change(scenario, start, make.history.end, make.failing(make.chance.choice(("code", "data", "server"))))
    if len(runs) >= 6:
        make.trouble("consecutive_failures", scenario, start, make.history.end, "error_spike")
    else:
        make.withdraw(scenario)


def _silence(make: Maker) -> None:
    scenario = make.add(make.manner())
    start = make.begin(scenario, before_end=2.2 * DAY)
    gone: list[Execution] = []
    make.change(scenario, start, make.history.end, lambda run: gone.append(run))
    by_clock = scenario.cadence_seconds is not None or _even(make.history.runs[scenario.key])
    if len(gone) >= (2 if by_clock else 25):
        make.trouble("silence", scenario, start, make.history.end)
    else:  # too little is missing for anybody to wonder
        make.withdraw(scenario)


def _slow_down(make: Maker) -> None:
    manner = make.manner("clock", "business hours", "chance")
    scenario = make.add(replace(manner, minutes=min(manner.minutes, 30), seconds=max(manner.seconds, 2)))
    start = make.begin(scenario, before_end=1.5 * DAY)
    factor = make.chance.uniform(3, 9)

    def slower(run: Execution) -> Execution:
        milliseconds = round((run.duration_ms or 0) * factor * math.exp(make.chance.gauss(0, 0.2)))
        return replace(
            run, duration_ms=milliseconds, finished=run.started + timedelta(milliseconds=milliseconds)
        )  # fmt: skip

    runs = make.change(scenario, start, make.history.end, slower)
    if len(runs) >= 12:
        make.trouble("slow_down", scenario, start, make.history.end)
    else:
        make.withdraw(scenario)


def _data_anomaly(make: Maker) -> None:
    manner = make.manner("clock", "business hours", "chance")
    usual = make.chance.choice((10, 40, 150))
    scenario = make.add(replace(manner, minutes=min(manner.minutes, 60), items=usual, day_spread=0.15))
    start = make.begin(scenario, before_end=1.5 * DAY)
    left = make.chance.choice((0.0, 0.0, 0.03, 0.08))

    def emptier(run: Execution) -> Execution:
        if run.outcome == "error":
            return run
        items = round((run.operations - 1) / 3 * left * make.chance.random() * 2)
        return replace(run, operations=1 + 3 * items, items=None if run.items is None else items)

    runs = make.change(scenario, start, make.history.end, emptier)
    if len(runs) >= 10:
        make.trouble("data_anomaly", scenario, start, make.history.end)
    else:
        make.withdraw(scenario)


def _operations_burn(make: Maker) -> None:
    make.add(make.manner("clock"))
    _plan(make, at_end=make.chance.uniform(1.2, 2.5))
    make.trouble("operations_burn", None, make.history.start - LEARNT_FOR, make.history.end)


def _plan(make: Maker, at_end: float) -> None:
    """A plan of which this share is used when it resets, which is 4 to 12 days after watching begins."""
    history = make.history
    history.plan_resets = history.start + make.chance.randrange(7, 13) * DAY
    weekends = make.chance.choice((0.2, 1.0))
    began = history.start - LEARNT_FOR
    for number in range(LEARNT_FOR.days + 14):
        usual = 1000 * (weekends if (began + number * DAY).weekday() >= 5 else 1)
        history.plan_days.append(round(usual * math.exp(make.chance.gauss(0, 0.12))))
    since = int((history.plan_resets - 30 * DAY - began) / DAY)
    whole = sum(history.plan_days[max(0, since) : since + 30])
    history.plan_limit = round(whole / at_end)


def _platform_outage(make: Maker) -> None:
    scenarios = [make.add(make.manner("clock", "chance", busy=True)) for _ in range(make.chance.randrange(8, 14))]
    start = make.begin(scenarios[0], before_end=8 * HOUR)
    end = start + make.chance.uniform(2, 6) * HOUR
    how = make.failing(make.chance.choice(("server", "timeout")), 0.97)
    ran = [len(make.change(one, start, end, how)) >= 4 for one in scenarios]
    if sum(ran) >= 6:
        make.trouble("platform_outage", None, start, end, "consecutive_failures")


def _switched_off(make: Maker) -> None:
    scenario = make.add(make.manner("clock", "business hours", "chance"))
    start = make.begin(scenario, before_end=1.5 * DAY)
    kind = make.chance.choice(("code", "data", "account"))
    how = make.failing(kind)
    most = make.chance.choice((1, 3))
    runs: list[Execution] = []

    def until_off(run: Execution) -> Execution | None:
        if len(runs) >= most:
            return None
        runs.append(how(run))
        return runs[-1]

    make.change(scenario, start, make.history.end, until_off)
    if not runs:
        make.withdraw(scenario)
        return
    off = (runs[-1].finished or start) + timedelta(minutes=1)
    make.history.off_since[scenario.key] = off
    make.trouble("switched_off", scenario, start, make.history.end, "credential_failure", "error_spike")


KINDS: Mapping[str, Callable[[Maker], None]] = {
    "error_spike": _error_spike,
    "credential_failure": _credential_failure,
    "rate_limit": _rate_limit,
    "consecutive_failures": _consecutive_failures,
    "silence": _silence,
    "slow_down": _slow_down,
    "data_anomaly": _data_anomaly,
    "operations_burn": _operations_burn,
    "platform_outage": _platform_outage,
    "switched_off": _switched_off,
}
OF_EACH_KIND, HEALTHY, NOISY, MIXED = 18, 40, 40, 40


def histories(*, every: int = 1, seed: int = 1) -> Iterator[History]:
    """The 300 histories, or every so manieth of them. The same seed gives the same ones."""
    number = 0
    names = [*(["healthy"] * HEALTHY), *(["noisy"] * NOISY), *(["mixed"] * MIXED)]
    names += [kind for kind in KINDS for _ in range(OF_EACH_KIND)]
    for number, name in enumerate(names):
        if number % every == 0:
            yield history(name, f"{seed}:{number}")


def history(name: str, seed: str) -> History:
    """One history: `healthy`, `noisy`, `mixed` or a kind of trouble."""
    for attempt in range(100):
        make = Maker(name, f"{name}:{seed}:{attempt}")
        _fill(make, name)
        if make.history.scenarios and (make.history.troubles or name in ("healthy", "noisy")):
            return make.history
    raise ValueError(f"no history of {name}")


def _fill(make: Maker, name: str) -> None:
    match name:
        case "healthy":
            _healthy(make)
        case "noisy":
            _noisy(make)
        case "mixed":
            alone = [kind for kind in KINDS if kind != "platform_outage"]
            for kind in make.chance.sample(alone, make.chance.choice((2, 3))):
                KINDS[kind](make)
            _noisy(make)
        case _:
            KINDS[name](make)
    if name != "operations_burn" and make.history.scenarios and make.history.plan_limit is None:
        _plan(make, at_end=make.chance.uniform(0.3, 0.9))


def _most_in_an_hour(runs: Sequence[Execution]) -> int:
    ends = sorted(run.finished or run.started for run in runs)
    return max((sum(end - HOUR < other <= end for other in ends) for end in ends), default=0)


def _even(runs: Sequence[Execution]) -> bool:
    """Whether a scenario runs at the same times of the day, as one would see at a glance."""
    minutes = sorted({run.started.minute for run in runs})
    return len(minutes) <= 15
