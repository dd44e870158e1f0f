"""What operations demand of their inputs, and which of them is not met."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from compilers.expressions.values import Value, text
from manageai_assets.testing.binding import says_nothing


@dataclass(frozen=True, slots=True)
class Demands:
    """`needed` are the inputs without which the app refuses a call; `addresses` hold e-mail addresses, and what is none
    the platform refuses by itself: the app isn't called."""

    needed: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    def missing(self, values: Mapping[str, Value]) -> str | None:
        """The first needed input that says nothing."""
        return next((name for name in self.needed if says_nothing(values.get(name))), None)

    def no_address(self, values: Mapping[str, Value]) -> str | None:
        """The first input that holds something else than addresses, or nothing although it is needed."""
        return next((name for name in self.addresses if not self._is_met(name, values.get(name))), None)

    def _is_met(self, name: str, value: Value) -> bool:
        return name not in self.needed if says_nothing(value) else all("@" in one for one in text(value).split(","))


NO_DEMANDS = Demands()
