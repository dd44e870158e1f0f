"""What a text of numbers, signs and functions gives, calculated with JavaScript's numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NoReturn

from compilers.expressions import Context, Value
from compilers.expressions.regex import javascript_regex
from compilers.expressions.values import Number, number_to_text, plain_number, text
from manageai_assets.testing.transform_base import Bundle, Inputs, State, StepFailure, Transform

_PARTS = javascript_regex(r"(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[a-z][a-z0-9]*|\*\*|[-+*\/%^(),]|\S", "i")
_CONSTANTS: Mapping[str, float] = MappingProxyType({"pi": math.pi, "e": math.e})


def _power(base: float, exponent: float) -> float:
    if exponent != exponent or (abs(base) == 1 and math.isinf(exponent)):
        return math.nan
    try:
        return math.pow(base, exponent)
    except ZeroDivisionError:
        return math.inf
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        if base:
            return math.nan
        return -math.inf if math.copysign(1, base) < 0 and exponent % 2 == 1 else math.inf


def _divided(value: float, by: float) -> float:
    if by:
        return value / by
    return math.nan if not value or math.isnan(value) else math.copysign(math.inf, value) * math.copysign(1, by)


def _rest(value: float, by: float) -> float:
    return math.nan if not by or math.isinf(value) else math.fmod(value, by)


def _logarithm(value: float, function: Callable[[float], float]) -> float:
    if value > 0:
        return function(value)
    return -math.inf if value == 0 else math.nan


def _log(value: float, base: float | None = None) -> float:
    natural = _logarithm(value, math.log)
    return natural if base is None else _divided(natural, _logarithm(base, math.log))


def _whole(value: float, function: Callable[[float], int]) -> float:
    return function(value) if math.isfinite(value) else value


def _rounded(value: float, digits: float = 0) -> float:
    """Rounded half up at a place, moved there in decimal notation, so that 1.005 gives 1.01."""
    moved = _number(f"{number_to_text(value)}e{number_to_text(digits)}")
    up = math.floor(moved) + (moved - math.floor(moved) >= 0.5) if math.isfinite(moved) else moved
    return _number(f"{number_to_text(up)}e-{number_to_text(digits)}")


def _number(written: str) -> float:
    try:
        return float(written)
    except ValueError:
        return math.nan


def _exp(value: float) -> float:
    try:
        return math.exp(value)
    except OverflowError:
        return math.inf


def _circular(function: Callable[[float], float]) -> Callable[[float], float]:
    return lambda value: function(value) if math.isfinite(value) else math.nan


def _chosen(choose: Callable[[list[float]], float]) -> Callable[..., float]:
    return lambda *values: math.nan if any(math.isnan(one) for one in values) else choose(list(values))


# name: how many arguments it needs, how many it takes at most, what it gives
_FUNCTIONS: Mapping[str, tuple[int, int | None, Callable[..., float]]] = MappingProxyType({
    "sqrt": (1, 1, lambda value: math.sqrt(value) if value >= 0 else math.nan),
    "abs": (1, 1, abs),
    "ceil": (1, 1, lambda value: _whole(value, math.ceil)),
    "floor": (1, 1, lambda value: _whole(value, math.floor)),
    "trunc": (1, 1, lambda value: _whole(value, math.trunc)),
    "exp": (1, 1, _exp),
    "min": (1, None, _chosen(min)),
    "max": (1, None, _chosen(max)),
    "pow": (2, 2, _power),
    "sin": (1, 1, _circular(math.sin)),
    "cos": (1, 1, _circular(math.cos)),
    "tan": (1, 1, _circular(math.tan)),
    "log10": (1, 1, lambda value: _logarithm(value, math.log10)),
    "log2": (1, 1, lambda value: _logarithm(value, math.log2)),
    "log": (1, 2, _log),
    "round": (1, 2, _rounded),
})  # fmt: skip


class _Reader:
    """Reads an expression and calculates as it goes."""

    def __init__(self, given: str) -> None:
        self._given, self._parts, self._at = given, _PARTS.findall(given), 0

    def result(self) -> float:
        """What the whole text gives. Raises `StepFailure`."""
        try:
            value = self._sum()
        except RecursionError:
            self._refuse()
        return value if self._at == len(self._parts) else self._refuse()

    def _refuse(self) -> NoReturn:
        raise StepFailure("DataError", f"this can't be calculated: {self._given[:200]}")

    def _take(self, sign: str) -> bool:
        found = self._at < len(self._parts) and self._parts[self._at] == sign
        self._at += found
        return found

    def _sum(self) -> float:
        value = self._product()
        while True:
            if self._take("+"):
                value += self._product()
            elif self._take("-"):
                value -= self._product()
            else:
                return value

    def _product(self) -> float:
        value = self._signed()
        while True:
            if self._take("*"):
                value *= self._signed()
            elif self._take("/"):
                value = _divided(value, self._signed())
            elif self._take("%"):
                value = _rest(value, self._signed())
            else:
                return value

    def _signed(self) -> float:
        if self._take("-"):
            return -self._signed()
        return self._signed() if self._take("+") else self._raised()

    def _raised(self) -> float:
        value = self._single()
        return _power(value, self._signed()) if self._take("^") or self._take("**") else value

    def _single(self) -> float:
        if self._at >= len(self._parts):
            self._refuse()
        part = self._parts[self._at].lower()
        self._at += 1
        if part[0] in ".0123456789":
            return _number(part)
        if part == "(":
            value = self._sum()
            return value if self._take(")") else self._refuse()
        if part in _FUNCTIONS and self._take("("):
            return self._called(part)
        return _CONSTANTS[part] if part in _CONSTANTS else self._refuse()

    def _called(self, name: str) -> float:
        given = [self._sum()]
        while self._take(","):
            given.append(self._sum())
        if not self._take(")"):
            self._refuse()
        least, most, function = _FUNCTIONS[name]
        return function(*given[:most]) if len(given) >= least else math.nan


def evaluate(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    result: Number = plain_number(_Reader(text(inputs.get("expression"))).result())
    shown: Value = result if math.isfinite(result) else None
    return [{"result": shown}]


TRANSFORMS: dict[tuple[str, str], Transform] = {("math_expression", "evaluate"): evaluate}
