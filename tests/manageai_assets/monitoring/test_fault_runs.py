"""Whatever goes wrong on the way, in the end what is stored, and the snapshots of it, are those of a run where nothing
did: answers that are refused, cut off or missing, lines that come late, ticks that don't happen, and a poller that is
killed between two calls."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from manageai_assets.monitoring.models import WINDOW, Execution, ExecutionError, Outcome, ScenarioKey
from manageai_assets.monitoring.recording import record
from manageai_assets.monitoring.snapshots import due_windows, make_snapshots, snapshots_of, stored_snapshots
from tests.fakes.make.faults import Fault, FaultKind
from tests.manageai_assets.monitoring.watching import BEGIN, WatchedMake, watched_make, watched_n8n

HOURS = 5
STEP_MINUTES = 5
LONGEST_MINUTES = 38
FAULTS: tuple[FaultKind, ...] = ("status", "truncate", "garbage", "drop")
STATUSES = (401, 429, 500, 503)


class KilledError(Exception):
    """The process is no more."""


def history(dice: random.Random, names: list[str]) -> list[tuple[float, str, bool, float]]:
    """What runs: minutes after the beginning, of what, whether it fails, and its seconds."""
    runs = []
    for _ in range(60):
        seconds = dice.choice([1.5, 30.0, LONGEST_MINUTES * 60 * dice.random()])
        runs.append((dice.uniform(0, HOURS * 60 - 60), dice.choice(names), dice.random() < 0.3, round(seconds, 3)))
    return sorted(runs)


def expected(
    key: ScenarioKey, identifier: str, run: tuple[float, str, bool, float], operations: int, error: ExecutionError
) -> Execution:
    """The execution as it must be stored in the end."""
    began = BEGIN + timedelta(milliseconds=round(run[0] * 60_000))
    milliseconds = round(run[3] * 1000)
    outcome: Outcome = "error" if run[2] else "success"
    ended = began + timedelta(milliseconds=milliseconds)
    return Execution(
        key, identifier, began, outcome, ended, milliseconds, operations, error=error if run[2] else None
    )  # fmt: skip


def same_snapshots(engine: Engine, truth: list[Execution]) -> None:
    """The stored snapshots are those of the truth."""
    now = BEGIN + timedelta(hours=HOURS + 5)
    make_snapshots(engine, [start for start, _ in due_windows(engine, now)], now)
    starts = [BEGIN + WINDOW * place for place in range(-8, HOURS * 4 + 12)]
    told = [one for start in starts for one in snapshots_of(truth, start)]
    assert stored_snapshots(engine, starts[0], starts[-1] + WINDOW) == told


def disturb(make: WatchedMake, dice: random.Random) -> None:
    """Lets something go wrong with the next calls, or nothing."""
    make.fake.faults.clear()
    if dice.random() < 0.4:
        fault = Fault(dice.choice(FAULTS), dice.choice(STATUSES), retry_after="20")
        make.fake.fail(fault, path=dice.choice(["/logs", "/scenarios$", "/executions/", ""]), times=dice.randrange(12))


def killed_tick(make: WatchedMake, calls: int) -> None:
    """A tick that ends after so many calls, without a word."""
    left = [calls]

    def pace() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise KilledError

    try:
        make.tick(pace)
    except KilledError:
        return


@pytest.mark.parametrize("seed", range(6))
def test_make(engine: Engine, seed: int) -> None:
    dice = random.Random(seed)
    with watched_make(engine) as make:
        ids = {str(number): make.scenario(f"Scenario {number}") for number in range(4)}
        truth: list[Execution] = []
        waiting = [(run[0] + dice.choice([0, 0, 0, dice.uniform(0, 40)]), run) for run in history(dice, list(ids))]
        error = ExecutionError("AccountValidationError", "[401] Invalid token", "Send a message", 401, "slack")
        for minute in range(0, HOURS * 60, STEP_MINUTES):
            for seen_at, run in [one for one in waiting if one[0] <= minute]:
                waiting.remove((seen_at, run))
                at = round(run[0] * 60_000) / 60_000
                identifier = make.ran(ids[run[1]], at, failed=run[2], seconds=run[3])
                truth.append(expected(ScenarioKey("make", str(ids[run[1]])), identifier, run, 3, error))
            make.clock.moment = BEGIN + timedelta(minutes=minute)
            disturb(make, dice)
            if dice.random() < 0.3:
                killed_tick(make, dice.randrange(6))
            elif dice.random() < 0.8:
                make.tick()
        make.fake.faults.clear()
        for minute in range(0, 60, STEP_MINUTES):
            make.tick_at(HOURS * 60 + minute)
    same_snapshots(engine, truth)
    assert len(truth) == 60


@pytest.mark.parametrize("seed", range(6))
def test_n8n(engine: Engine, seed: int) -> None:
    dice = random.Random(seed)
    with watched_n8n(engine) as n8n:
        names = [n8n.workflow(f"Flow {number}") for number in range(4)]
        truth: list[Execution] = []
        coming, on = history(dice, names), list[tuple[Execution, str]]()
        error = ExecutionError("NodeApiError", "no", "Send", 401)
        for minute in range(0, HOURS * 60, STEP_MINUTES):
            while coming and coming[0][0] <= minute:
                run = coming.pop(0)
                began = BEGIN + timedelta(milliseconds=round(run[0] * 60_000))
                identifier = n8n.fake.ran(run[1], "running", started=began)
                n8n.fake.errors[identifier] = {"name": "NodeApiError", "message": "no", "httpCode": "401",
                                               "node": {"name": "Send"}}  # fmt: skip
                one = expected(ScenarioKey("n8n", run[1]), identifier, run, 1, error)
                on.append((one, identifier))
                truth.append(one)
            now = BEGIN + timedelta(minutes=minute)
            for one, identifier in [pair for pair in on if pair[0].finished and pair[0].finished <= now]:
                on.remove((one, identifier))
                n8n.fake.ends(identifier, one.outcome, one.finished or now)
            n8n.fake.faults.clear()
            if dice.random() < 0.4:
                bodies = ["", "<html>", '{"data": [{', '{"data": [{"id": "1"}]}']
                n8n.fake.fail(
                    dice.choice([200, 401, 429, 500, None]), times=dice.randrange(1, 9), body=dice.choice(bodies)
                )
            if dice.random() < 0.7:
                n8n.tick_at(minute)
        n8n.fake.faults.clear()
        for one, identifier in on:
            n8n.fake.ends(identifier, one.outcome, one.finished or BEGIN)
        for minute in range(0, 60, STEP_MINUTES):
            n8n.tick_at(HOURS * 60 + minute)
    same_snapshots(engine, truth)
    assert len(truth) == 60


@pytest.mark.parametrize("seed", range(3))
def test_answers_that_come_twice_and_in_any_order(engine: Engine, seed: int) -> None:
    dice = random.Random(seed)
    key, error = ScenarioKey("make", "1"), ExecutionError("DataError", "no", "Step", 400)
    truth = [expected(key, str(place), run, 1, error) for place, run in enumerate(history(dice, ["1"]))]
    begun = [Execution(key, one.execution_id, one.started, "running") for one in truth if dice.random() < 0.5]
    record(engine, "make", begun)
    told = [*truth, *truth, *begun]
    dice.shuffle(told)
    for place in range(0, len(told), 17):
        record(engine, "make", told[place : place + 17])
    same_snapshots(engine, truth)
