"""The fixtures of `tests.postgres`."""

from tests.postgres import database, engine, postgres, template

__all__ = ["database", "engine", "postgres", "template"]
