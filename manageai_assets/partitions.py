"""Partitions: one for each version of each intake, and of each blueprint to migrate, by the key `<slug>@v<N>`. A new
version is a new key."""

from __future__ import annotations

from dagster import BackfillPolicy, DynamicPartitionsDefinition

INTAKES = DynamicPartitionsDefinition(name="intakes")
BLUEPRINTS = DynamicPartitionsDefinition(name="blueprints")

BUILDS_PER_RUN = 50
"""At most so many builds share one run: enough to pay for starting a process, few enough to bound its memory."""

BATCHES = BackfillPolicy.multi_run(max_partitions_per_run=BUILDS_PER_RUN)
