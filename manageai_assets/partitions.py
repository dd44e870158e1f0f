"""Partitions: one for each version of each intake, and of each blueprint to migrate, by the key `<slug>@v<N>`. A new
version is a new key. What is watched in production has one for every 15 minutes, by the window's start in UTC; what is
known of clients has one for each day; monthly reports have one for each client and month."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime

from dagster import (
    BackfillPolicy,
    DailyPartitionsDefinition,
    DynamicPartitionsDefinition,
    MonthlyPartitionsDefinition,
    MultiPartitionKey,
    MultiPartitionsDefinition,
    TimeWindowPartitionsDefinition,
)

from manageai_assets.monitoring.models import FIRST_WINDOW

INTAKES = DynamicPartitionsDefinition(name="intakes")
BLUEPRINTS = DynamicPartitionsDefinition(name="blueprints")

BUILDS_PER_RUN = 50
"""At most so many builds share one run: enough to pay for starting a process, few enough to bound its memory."""

BATCHES = BackfillPolicy.multi_run(max_partitions_per_run=BUILDS_PER_RUN)

WINDOW_FORMAT = "%Y-%m-%d-%H:%M"
MONITOR_WINDOWS = TimeWindowPartitionsDefinition(
    start=FIRST_WINDOW.strftime(WINDOW_FORMAT), fmt=WINDOW_FORMAT, cron_schedule="*/15 * * * *", timezone="UTC"
)
WINDOWS_PER_RUN = 672
"""A week: its windows are made by a few queries, and each run costs a process."""
WINDOW_BATCHES = BackfillPolicy.multi_run(max_partitions_per_run=WINDOWS_PER_RUN)


def window_key(start: datetime) -> str:
    """The partition key of the window that starts then."""
    return start.astimezone(UTC).strftime(WINDOW_FORMAT)


def window_start(key: str) -> datetime:
    """When the window with this partition key starts. Raises `ValueError` for what is no such key."""
    return datetime.strptime(key, WINDOW_FORMAT).replace(tzinfo=UTC)


def window_starts(keys: Iterable[str]) -> list[datetime]:
    """The starts of these windows, in order."""
    return sorted(map(window_start, keys))


DAYS = DailyPartitionsDefinition(start_date=FIRST_WINDOW.strftime("%Y-%m-%d"), timezone="UTC")
"""Days of clients. The key is the date, whose span is that of the agency's time zone (`brand.yaml`)."""
DAYS_PER_RUN = 366
"""A year: its days are made by a few queries, and each run costs a process."""
DAY_BATCHES = BackfillPolicy.multi_run(max_partitions_per_run=DAYS_PER_RUN)


def day_dates(keys: Iterable[str]) -> list[date]:
    """The dates of these days, in order. Raises `ValueError` for what is no such key."""
    return sorted(map(date.fromisoformat, keys))


CLIENTS = DynamicPartitionsDefinition(name="clients")
MONTH_FORMAT = "%Y-%m"
MONTHS = MonthlyPartitionsDefinition(
    start_date=FIRST_WINDOW.strftime(MONTH_FORMAT), fmt=MONTH_FORMAT, timezone="UTC", end_offset=1
)
"""Months of reports, with the one that isn't over: east of Greenwich it is, before it is in UTC."""
REPORTS = MultiPartitionsDefinition({"client": CLIENTS, "month": MONTHS})
REPORTS_PER_RUN = 50
"""One failing client leaves the others of its run alone, and each run costs a process."""
REPORT_BATCHES = BackfillPolicy.multi_run(max_partitions_per_run=REPORTS_PER_RUN)
_NO_KEY = re.compile(r"[|,\[\]\x00-\x1f\x7f]|\.\.\.")
LONGEST_KEY = 120


def client_key(client: str) -> str:
    """The partition key of a client: its name, or where that can't be a key what is left of it, with a digest."""
    plain = _NO_KEY.sub(" ", client)[:LONGEST_KEY].strip()
    return plain if plain == client else f"{plain} ~{hashlib.sha256(client.encode()).hexdigest()[:8]}"


def report_key(client: str, month: str) -> MultiPartitionKey:
    """The partition key of a client's report on a month, such as `2026-10`."""
    return MultiPartitionKey({"client": client_key(client), "month": month})


def report_parts(key: str) -> tuple[str, str]:
    """The client's key and the month of a report's partition key."""
    client, _, month = key.rpartition("|")
    return client, month
