"""What goes wrong in a year, as platforms say it, and what people do about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from random import Random

from manageai_assets.demo.course import Episode
from manageai_assets.monitoring.models import ExecutionError, IncidentKind


@dataclass(frozen=True, slots=True)
class Kind:
    """A trouble: how often it is the one, how long it lasts, and what mends it."""

    weight: int
    hours: tuple[float, float]
    share: tuple[float, float]
    errors: tuple[ExecutionError, ...]
    mended: tuple[str, ...]


KINDS: Mapping[IncidentKind, Kind] = {
    "error_spike": Kind(
        4, (1.5, 8), (0.5, 0.8),
        (ExecutionError("ConnectionError", "503 Service Unavailable", "Send a message"),
         ExecutionError("RuntimeError", "[500] The service was not able to process your request", "Create a record")),
        ("", "", "the vendor mended its service; failed records were sent again"),
    ),
    "consecutive_failures": Kind(
        3, (4, 40), (1.0, 1.0),
        (ExecutionError("DataError", "Missing value of required parameter 'email'.", "Create a record"),
         ExecutionError("RuntimeError", "Function 'toNumber' not found!", "Set fields")),
        ("the form had a new field; the mapping follows it now", "an empty address is caught by a filter now"),
    ),
    "credential_failure": Kind(
        2, (3, 60), (1.0, 1.0),
        (ExecutionError("AccountValidationError", "The access token has expired.", "Send it", 401, "Shared mailbox"),
         ExecutionError("RuntimeError", "[403] Forbidden: the caller does not have permission", "Add a row", 403)),
        ("the client signed in again", "a new key is in place; the old one had been withdrawn"),
    ),
    "rate_limit": Kind(
        2, (1, 6), (0.7, 1.0),
        (ExecutionError("RateLimitError", "429: too many requests", "Find records", 429),),
        ("", "runs are spread over the hour now"),
    ),
}  # fmt: skip


def troubles(chance: Random, first: dt.datetime, last: dt.datetime, a_year: float) -> Iterator[Episode]:
    """The troubles of a scenario between two moments, over before the second; so many are to be expected a year."""
    moment = first
    while True:
        moment += dt.timedelta(days=chance.expovariate(a_year / 365))
        (kind,) = chance.choices(list(KINDS), [one.weight for one in KINDS.values()])
        found = episode(chance, kind, moment)
        if found.end is None or found.end >= last:
            return
        yield found


def episode(chance: Random, kind: IncidentKind, start: dt.datetime, *, lasts: bool = False) -> Episode:
    """One trouble from then on; `lasts`: it isn't over."""
    how = KINDS[kind]
    end = start + dt.timedelta(hours=chance.uniform(*how.hours))
    share, error, mended = chance.uniform(*how.share), chance.choice(how.errors), chance.choice(how.mended)
    return Episode(kind, start, None if lasts else end, share, error, "" if lasts else mended)
