"""Statistics that a few wild values don't move. Plain Python: rules run for thousands of scenarios in a tick."""

from __future__ import annotations

import math
from collections.abc import Sequence

MAD_TO_SIGMA = 1.4826
"""The median absolute deviation of a normal distribution times this is its standard deviation."""


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which this share of `values` lies, interpolated. At least one value."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def median(values: Sequence[float]) -> float:
    """The value in the middle. At least one value."""
    return quantile(values, 0.5)


def spread(values: Sequence[float]) -> float:
    """A standard deviation from the median absolute deviation. At least one value."""
    middle = median(values)
    return MAD_TO_SIGMA * median([abs(value - middle) for value in values])


def chance_of_at_least(count: int, expected: float) -> float:
    """How likely `count` or more events are when so many are expected and each comes by itself (Poisson)."""
    if count <= 0:
        return 1.0
    if expected <= 0:
        return 0.0
    if count <= expected:
        return 1.0
    term = math.exp(count * math.log(expected) - expected - math.lgamma(count + 1))
    total, number = 0.0, count
    while term > total * 1e-12:
        total += term
        number += 1
        term *= expected / number
    return min(1.0, total)
