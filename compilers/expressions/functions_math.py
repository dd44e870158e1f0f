"""Functions on numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal
from decimal import Context as DecimalContext

from compilers.errors import ExpressionError, shorten
from compilers.expressions.functions import Function, row
from compilers.expressions.functions_text import whole
from compilers.expressions.values import Number, Value, calculate, is_number, number, plain_number, text

# wide enough for any float's digits
_WIDE = DecimalContext(prec=1100)


def not_a_number(value: Value) -> ExpressionError:
    """The refusal of a text that should be a number."""
    what = f"'{shorten(text(value), 60)}' is not a valid number"
    return ExpressionError(what, hint="check the text or the separators")


def _whole_number(rounding: Callable[[float], int]) -> Callable[[Value], Number]:
    def rounded(value: Value = None) -> Number:
        found = number(value)
        return rounding(found) if math.isfinite(found) else found

    return rounded


def trunc(value: Value = None, decimals: Value = None) -> Number:
    found, places = number(value), whole(decimals)
    if not math.isfinite(found) or abs(places) > 400:
        return found
    return plain_number(Decimal(repr(found)).quantize(Decimal(1).scaleb(-places), ROUND_DOWN, _WIDE))


def numbers(values: tuple[Value, ...]) -> list[Number]:
    """The numbers among the arguments, or in the one array that is given; numeric texts count, others don't."""
    items = values[0] if len(values) == 1 and isinstance(values[0], list) else values
    usable = [number(item) for item in items if is_number(item) or (isinstance(item, str) and item.strip())]
    return [found for found in usable if not math.isnan(found)]


def total(*values: Value) -> Number:
    result: Number = 0
    for found in numbers(values):
        result = calculate("+", result, found)
    return result


def average(*values: Value) -> Number | None:
    found = numbers(values)
    return calculate("/", total(list(found)), len(found)) if found else None


def median(*values: Value) -> Number | None:
    found = sorted(numbers(values))
    if not found:
        return None
    middle = len(found) // 2
    return found[middle] if len(found) % 2 else calculate("/", calculate("+", found[middle - 1], found[middle]), 2)


def _deviation(less: int) -> Callable[..., Number | None]:
    def deviation(*values: Value) -> Number | None:
        found = numbers(values)
        if len(found) <= less:
            return None
        mean = sum(found, 0.0) / len(found)
        squares = 0.0
        for item in found:
            squares += (item - mean) * (item - mean)
        return plain_number(math.sqrt(squares / (len(found) - less)))

    return deviation


_NOISE = re.compile("[\\s\u00a0\u202f']")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)\Z", re.ASCII)


def parse_number(value: Value = None, separator: Value = None) -> Number | None:
    if value is None or value == "":
        return None
    if is_number(value):
        return plain_number(value)
    point = text(separator) or "."
    plain = _NOISE.sub("", text(value)).replace("." if point == "," else ",", "").replace(",", ".", 1)
    if not _NUMBER.match(plain) or point not in ".,":
        raise not_a_number(value)
    return plain_number(Decimal(plain))


def format_number(value: Value = None, decimals: Value = None, *separators: Value) -> str | None:
    if value is None or value == "":
        return None
    found, places = number(value), min(20, max(0, whole(decimals)))
    if not math.isfinite(found):
        raise not_a_number(value)
    point = text(separators[0]) if separators else ","
    thousands = text(separators[1]) if len(separators) > 1 else "."
    rounded = Decimal(repr(found)).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _WIDE)
    digits, _, fraction = f"{abs(rounded):f}".partition(".")
    grouped = re.sub(r"\B(?=(?:\d{3})+\Z)", lambda _: thousands, digits)
    return ("-" if rounded < 0 else "") + grouped + (point + fraction if fraction else "")


FUNCTIONS: tuple[Function, ...] = (
    row("round", "math", "number: number", "number", "nearest whole number, halves upwards",
        _whole_number(lambda found: math.floor(Decimal(repr(found)) + Decimal("0.5"))), "Math.round({0:number})"),
    row("floor", "math", "number: number", "number", "whole number below", _whole_number(math.floor),
        "Math.floor({0:number})"),
    row("ceil", "math", "number: number", "number", "whole number above", _whole_number(math.ceil),
        "Math.ceil({0:number})"),
    row("trunc", "math", "number: number, decimals?: number", "number", "cut off behind so many decimals", trunc,
        "_trunc"),
    row("abs", "math", "number: number", "number", "without its sign",
        lambda value=None: plain_number(abs(number(value))), "Math.abs({0:number})"),
    row("min", "math", "value: any, values...: any", "any", "smallest number of an array or of the arguments",
        lambda *values: min(numbers(values), default=None), "_min"),
    row("max", "math", "value: any, values...: any", "any", "largest number",
        lambda *values: max(numbers(values), default=None), "_max"),
    row("sum", "math", "value: any, values...: any", "number", "sum of the numbers", total, "_sum"),
    row("average", "math", "value: any, values...: any", "any", "mean of the numbers", average, "_average"),
    row("median", "math", "value: any, values...: any", "any", "median of the numbers; null when there are none",
        median, "_median"),
    row("stdevS", "math", "value: any, values...: any", "any", "standard deviation of a sample (N-1)", _deviation(1),
        "_stdevS"),
    row("stdevP", "math", "value: any, values...: any", "any", "standard deviation of a population (N)",
        _deviation(0), "_stdevP"),
    row("parseNumber", "math", "text: text, decimalSeparator?: text", "any", "the number that a text holds",
        parse_number, "_parseNumber"),
    row("formatNumber", "math",
        "number: number, decimals: number, decimalSeparator?: text, thousandsSeparator?: text", "any",
        "a number as text, by default as 1.234,50", format_number, "_formatNumber"),
)  # fmt: skip
