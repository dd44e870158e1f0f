"""The fixture that tells how the story ends where nothing disturbs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from resources.database import engine_for
from tests.dagster.stage import play, stage
from tests.dagster.story import Ending
from tests.fakes.make.world import TEAM
from tests.postgres import Server

SETTINGS = {
    "MAKE_API_KEY": "k", "MAKE_TEAM_ID": str(TEAM), "MAKE_ZONE": "eu1",
    "N8N_API_URL": "http://127.0.0.1:1", "N8N_API_KEY": "k",
}  # fmt: skip
"""Both platforms are watched."""


@pytest.fixture(scope="session")
def endings() -> dict[int, Ending]:
    """How the story ends undisturbed, by its windows."""
    return {}


@pytest.fixture
def undisturbed(
    postgres: Server, template: str, endings: dict[int, Ending], monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], Ending]:
    """Plays the story of so many windows in another database, once. Afterwards both platforms are watched."""
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)

    def told(windows: int) -> Ending:
        if windows not in endings:
            url = postgres.create(template)
            with monkeypatch.context() as patch:
                for name, value in {**SETTINGS, "DATABASE_URL": url}.items():
                    patch.setenv(name, value)
                engine = engine_for(url)
                with stage(engine, windows) as calm:
                    endings[windows] = play(calm, windows=windows)
                engine.dispose()
        return endings[windows]

    return told
