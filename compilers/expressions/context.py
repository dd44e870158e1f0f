"""What an evaluation depends on besides the steps' outputs: clock, zone, randomness, identity of the run."""

from __future__ import annotations

import random as random_module
import uuid as uuid_module
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from types import MappingProxyType

from compilers.errors import ExpressionError, shorten
from compilers.expressions.dates import zone_of
from compilers.expressions.values import Value, text


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _uuid() -> str:
    return str(uuid_module.uuid4())


@dataclass(frozen=True)
class Context:
    """Sources of everything that isn't in the data; fix them all, and an evaluation always gives the same."""

    now: Callable[[], datetime] = _utc_now
    timezone: str = "UTC"
    uuid: Callable[[], str] = _uuid
    random: Callable[[], float] = random_module.random
    execution_id: str = ""
    variables: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    """What `var` holds: `{"input": {...}, "scenario": {...}}`."""
    in_text: Callable[[Value], str] = text
    """How a value is written between the words of a template."""

    zone: tzinfo = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        zone = zone_of(self.timezone)
        if zone is None:
            hint = "use a name of the tz database, such as Europe/Prague"
            raise ExpressionError(f"`{shorten(self.timezone, 60)}` isn't a time zone", hint=hint)
        object.__setattr__(self, "zone", zone)

    @staticmethod
    def fixed(moment: datetime, *, timezone: str = "UTC", seed: int = 0, execution_id: str = "execution") -> Context:
        """A context in which nothing changes from one evaluation to the next run of the same ones."""
        source = random_module.Random(seed)
        return Context(
            now=lambda: moment,
            timezone=timezone,
            uuid=lambda: str(uuid_module.UUID(int=source.getrandbits(128), version=4)),
            random=source.random,
            execution_id=execution_id,
        )

    def zone_or(self, name: Value) -> tzinfo:
        """The zone that a function's argument names; the scenario's own if it is empty or unknown (facts 3.4)."""
        return (zone_of(name) if isinstance(name, str) and name else None) or self.zone
