"""A fake of Make's API with a client that doesn't really wait, and the blueprints that tests create there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import JsonValue, SecretStr

from resources.make_api import MakeApi
from tests.fakes.make import FakeMake, World, fake_make

Blueprint = dict[str, JsonValue]


@dataclass
class Clock:
    """Seconds since 1970, which pass only by sleeping."""

    now: float = 1_790_000_000.0
    pauses: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Lets time pass."""
        self.pauses.append(seconds)
        self.now += seconds


@dataclass
class Bench:
    """The fake, a client of it, and their common clock."""

    fake: FakeMake
    api: MakeApi
    clock: Clock

    @property
    def world(self) -> World:
        """The fake's world."""
        return self.fake.world


@contextmanager
def bench(plan: str = "Enterprise", timeout: float = 5.0) -> Iterator[Bench]:
    """A fake and a client, whose pauses have no jitter."""
    clock = Clock()
    with fake_make(World(plan=plan, clock=clock)) as fake:
        key = SecretStr(fake.key)
        with MakeApi(
            key, address=fake.address, timeout=timeout, sleep=clock.sleep, now=clock, chance=lambda: 0.5
        ) as api:
            yield Bench(fake, api, clock)


def webhook_blueprint(hook: int | None, *more: JsonValue, name: str = "Order intake") -> Blueprint:
    """A scenario that a hook starts."""
    parameters: JsonValue = {"maxResults": 1} if hook is None else {"maxResults": 1, "hook": hook}
    first: JsonValue = {"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": parameters}
    return {"name": name, "flow": [first, *more], "metadata": {"version": 1, "instant": True}}


def plain_blueprint(*modules: JsonValue, name: str = "Nightly check") -> Blueprint:
    """A scenario that a schedule starts."""
    sleep: JsonValue = {"id": 1, "module": "util:FunctionSleep", "version": 1, "mapper": {"duration": "1"}}
    return {"name": name, "flow": [sleep, *modules], "metadata": {"version": 1}}


RESPOND: JsonValue = {
    "id": 2,
    "module": "gateway:WebhookRespond",
    "version": 1,
    "mapper": {"status": "200", "body": "x"},
}
