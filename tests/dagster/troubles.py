"""What disturbs a stage: answers that are spoiled, platforms that are away, wrong clocks, processes that end."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from pydantic import JsonValue

from tests.dagster.stage import TICKS, Stage, Trouble
from tests.dagster.story import WINDOWS
from tests.fakes.replies import Hook, Reply, unchanged
from tests.fakes.slack import Fault

TURNS = WINDOWS * len(TICKS)
"""While something goes wrong in the story."""
Change = Callable[[Reply, random.Random], Reply | None]
"""What becomes of an answer; None: the connection breaks off."""


# -- answers ---------------------------------------------------------------------------------------------------------


def cut_off(reply: Reply, _dice: random.Random) -> Reply:
    """Half of it comes."""
    return replace(reply, cut=True)


def half_json(reply: Reply, _dice: random.Random) -> Reply:
    """Half of it comes, and says that it is whole."""
    return replace(reply, data=reply.data[: len(reply.data) // 2])


def in_any_order(reply: Reply, dice: random.Random) -> Reply:
    """The rows of a page in another order, some of them twice."""
    return _rearranged(reply, lambda rows: dice.sample([*rows, *rows[: len(rows) // 2]], len(rows) + len(rows) // 2))


def twice(reply: Reply, _dice: random.Random) -> Reply:
    """Each row of a page twice."""
    return _rearranged(reply, lambda rows: [row for row in rows for _ in range(2)])


def broken_off(_reply: Reply, _dice: random.Random) -> None:
    """No answer."""


def failing(reply: Reply, dice: random.Random) -> Reply:
    """An error of the server's, or of a proxy before it."""
    return replace(reply, status=dice.choice([500, 502, 503]), data=b"<html>no</html>")


def refused(reply: Reply, _dice: random.Random) -> Reply:
    """The key isn't taken."""
    return replace(reply, status=401, data=b'{"message": "Unauthorized"}')


def limited(reply: Reply, _dice: random.Random) -> Reply:
    """Too many calls."""
    return replace(reply, status=429, data=b"{}", headers={**reply.headers, "retry-after": "40"})


def slow(reply: Reply, dice: random.Random) -> Reply:
    """Sometimes later than anybody waits."""
    return replace(reply, seconds=dice.choice([0.05, 0.1, 1.2]))


def _rearranged(reply: Reply, how: Callable[[list[JsonValue]], list[JsonValue]]) -> Reply:
    body = json.loads(reply.data) if reply.status == 200 else None
    for name in ("scenarioLogs", "data"):
        if isinstance(body, dict) and isinstance(body.get(name), list):
            return replace(reply, data=json.dumps({**body, name: how(body[name])}).encode())
    return reply


@dataclass
class Spells:
    """Spells in which answers of one platform, or of both, are changed: each with a chance of `share`. They begin with
    a chance of `often` and last `longest` turns at most."""

    change: Change
    share: float = 0.5
    often: float = 0.15
    longest: int = 5
    _left: int = 0
    _whose: tuple[bool, bool] = (True, True)

    def __call__(self, stage: Stage, dice: random.Random) -> None:
        """Before a turn."""
        if self._left:
            self._left -= 1
        elif dice.random() < self.often:
            self._left = dice.randint(1, self.longest)
            self._whose = dice.choice([(True, True), (True, False), (False, True)])
        hook = self._hook(dice) if self._left else unchanged
        make, n8n = self._whose
        stage.answers(make=hook if make else unchanged, n8n=hook if n8n else unchanged)

    def _hook(self, dice: random.Random) -> Hook:
        return lambda _method, _path, reply: self.change(reply, dice) if dice.random() < self.share else reply


def together(*troubles: Trouble) -> Trouble:
    """All of these."""

    def trouble(stage: Stage, dice: random.Random) -> None:
        for one in troubles:
            one(stage, dice)

    return trouble


def any_of(*changes: Change) -> Change:
    """One of these, each time another one."""
    return lambda reply, dice: dice.choice(changes)(reply, dice)


# -- longer ones -----------------------------------------------------------------------------------------------------


def away(first: int, last: int, *, make: bool = True, n8n: bool = True) -> Trouble:
    """Platforms that give no answer from one turn to another."""
    turns = iter(range(1_000_000))

    def trouble(stage: Stage, dice: random.Random) -> None:
        gone = first <= next(turns) < last
        stage.answers(make=_nothing if gone and make else unchanged, n8n=_nothing if gone and n8n else unchanged)

    return trouble


def switched_off(first: int, last: int) -> Trouble:
    """Nothing of ours runs from one turn to another."""
    turns = iter(range(1_000_000))

    def trouble(stage: Stage, dice: random.Random) -> None:
        stage.off = first <= next(turns) < last

    return trouble


def skewed(minutes: Sequence[float]) -> Trouble:
    """Platforms whose clocks are wrong by so much, one after the other through the story."""
    turns = iter(range(1_000_000))

    def trouble(stage: Stage, dice: random.Random) -> None:
        stage.skew = timedelta(minutes=minutes[next(turns) * len(minutes) // TURNS % len(minutes)])

    return trouble


def unheard(first: int, last: int) -> Trouble:
    """Receivers of alerts that take nothing from one turn to another."""
    turns = iter(range(1_000_000))

    def trouble(stage: Stage, dice: random.Random) -> None:
        deaf_now = first <= next(turns) < last
        stage.slack.faults[:] = [Fault(503)] * 50 if deaf_now else []
        stage.smtp.refusals[:] = [("MAIL", "451 later")] * 50 if deaf_now else []

    return trouble


def _nothing(_method: str, _path: str, _reply: Reply) -> None:
    return None


# -- our own ---------------------------------------------------------------------------------------------------------


def kills(stage: Stage, dice: random.Random) -> None:
    """Processes end between any two statements, or before or after an alert is sent."""
    stage.blow_before = dice.randrange(70) if dice.random() < 0.6 else None
    stage.kill_at_sending = dice.choice(["", "", "", "before", "after"])


def deaf(stage: Stage, dice: random.Random) -> None:
    """Receivers of alerts that fail, and some that take a message without a word."""
    faults = [Fault(dice.choice([500, 503, 429, None]), taken=dice.random() < 0.3) for _ in range(dice.randrange(3))]
    stage.slack.faults[:] = faults
    verbs = ("MAIL", "RCPT", "DATA", "EHLO")
    stage.smtp.refusals[:] = [(dice.choice(verbs), "451 later") for _ in range(dice.randrange(2))]
    heard = dice.random() < 0.7
    stage.smtp.taken = lambda: heard


def restarts(restart: Callable[[str], None]) -> Trouble:
    """A database that restarts: in peace between two turns, or in the middle of work, as after a crash or not."""

    def trouble(stage: Stage, dice: random.Random) -> None:
        chance = dice.random()
        stage.blow_before = None
        if chance < 0.08:
            stage.engine.dispose()
            restart("smart")
        elif chance < 0.4:
            mode = dice.choice(["fast", "immediate"])
            stage.blow, stage.blow_before = lambda: restart(mode), dice.randrange(40)

    return trouble
