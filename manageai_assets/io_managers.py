"""How assets reach the artifacts and the rows of their builds: one resource, set up once for each run."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from dagster import ConfigurableResource, InitResourceContext
from pydantic import PrivateAttr
from sqlalchemy import Engine

from manageai_assets.pipeline import BUILD_STAGES
from manageai_assets.records import result_of
from manageai_assets.settings import read_settings
from manageai_assets.stages import Stage
from manageai_assets.store.builds import intake_document, record
from manageai_assets.workbench import Workbench
from resources.artifacts import ArtifactStore, BuildKey
