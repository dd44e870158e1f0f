"""Canonical spec in, platform files out: pure Python, no Dagster, no network, no database."""
