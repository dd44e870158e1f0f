"""A Dagster instance and the project's tables on an embedded PostgreSQL of the tests' own."""

from __future__ import annotations
