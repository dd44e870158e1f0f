"""The fixtures of `tests.postgres`."""

from tests.postgres import database, empty_engine, engine, postgres, template

__all__ = ["database", "empty_engine", "engine", "postgres", "template"]
