"""The fixtures of `tests.postgres`, and of the story."""

from tests.dagster.undisturbed import endings, undisturbed
from tests.postgres import database, empty_engine, engine, instance, postgres, template

__all__ = ["database", "empty_engine", "endings", "engine", "instance", "postgres", "template", "undisturbed"]
