"""Fixtures that several test folders use: real documents, and n8n's own code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from resources.n8n_oracle import Oracle, install, is_installed, oracle_folder

REPOSITORY = Path(__file__).parents[1]

# a loaded machine is no failure, and what is to pass must not hang on chance: people's own runs try other examples
settings.register_profile("project", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("project")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of facts and of real documents that stands beside the project."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("no ../shared with real documents")
    return folder


@pytest.fixture(scope="session")
def n8n_oracle() -> Oracle:
    """n8n's own code; `python -m resources.n8n_oracle` installs it."""
    if os.environ.get("MANAGEAI_INSTALL_ORACLE") == "1":
        return Oracle(install())
    folder = oracle_folder()
    if not is_installed(folder):
        pytest.skip("n8n's own code is not installed: `python -m resources.n8n_oracle` does that")
    return Oracle(folder)
