"""Putting a build into production: first what would happen, then, when somebody has said yes, the same for real.

A build that its slug has on the platform already is put in the place of the former version, and keeps its id, its
address and whether it runs. A new one is created switched off, so that nothing runs before somebody has looked at it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from pydantic import JsonValue

from compilers.documents import members
from compilers.errors import UserError
from compilers.export import Export
from compilers.exports import emit
from compilers.spec import Spec, parse_spec
from manageai_assets.monitoring import registry
from manageai_assets.monitoring.models import Platform, Scenario, ScenarioKey
from manageai_assets.monitoring.schedules import cadence_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from resources.artifacts import ArtifactStore, BuildKey


@dataclass(frozen=True, slots=True)
class Build:
    """A build as it is deployed: its spec, and the document that its platform takes."""

    key: BuildKey
    spec: Spec
    export: Export


@dataclass(frozen=True, slots=True)
class Deployment:
    """What deploying a build does. `external_id` is what it is put in the place of; None: it is created."""

    key: str
    platform: Platform
    name: str
    external_id: str | None
    starts: bool
    steps: tuple[str, ...]
    by_hand: tuple[str, ...]


class Target(Protocol):
    """A platform that builds are deployed to."""

    @property
    def platform(self) -> Platform:
        """Which one it is."""

    def listed(self) -> list[registry.Listed]:
        """All that there is. Raises `UserError`."""

    def named(self, name: str) -> list[str]:
        """The ids of those that have this very name. Raises `UserError`."""

    def check(self, build: Build, external_id: str | None) -> tuple[str, ...]:
        """Sees whether the platform would take it, without changing anything; gives what a person has to do after.
        Raises `UserError`."""

    def put(self, build: Build, external_id: str | None) -> str:
        """Creates it, or puts it in the place of that one; gives its id. Raises `UserError`."""

    def start(self, external_id: str) -> None:
        """Lets it run; nothing where it does already. Raises `UserError`."""


def read_build(store: ArtifactStore, key: BuildKey, platform: Platform) -> Build:
    """A build from its artifacts. Raises `UserError` when it isn't there, or not for this platform."""
    spec, document = store.read(key, "canonical_spec.json"), store.read(key, f"{platform}_export.json")
    if spec is None:
        hint = "build its intake first, or say where builds are with --artifacts"
        raise UserError("there is no such build", where=str(key), hint=hint)
    if document is None:
        hint = "see the build's export_validation_report.json for the reason"
        raise UserError(f"this build has no export for {platform}", where=str(key), hint=hint)
    parsed = parse_spec(_decoded(spec, key), where=str(key))
    found = members(_decoded(document, key))
    return Build(key, parsed, emit(parsed, platform).model_copy(update={"document": found}))


def _decoded(data: bytes, key: BuildKey) -> JsonValue:
    try:
        decoded: JsonValue = json.loads(data)
    except (ValueError, RecursionError):
        hint = "materialise the build again"
        raise UserError("an artifact of this build can't be read", where=str(key), hint=hint) from None
    return decoded


def planned(engine: Engine, build: Build, target: Target, *, onto: str | None, starts: bool) -> Deployment:
    """What deploying would do; changes nothing. `onto` names one on the platform to put it in the place of.

    Raises `UserError` where the platform would refuse it, or where another one there has that name: that may be
    somebody else's, or what a deployment that broke off has left."""
    known = registry.deployed(engine, build.key.slug, target.platform)
    place = onto or (known.key.external_id if known else None)
    if place is None and (others := target.named(build.spec.name)):
        hint = f"use `--onto {others[0]}` to put this version in its place, or give one of them another name"
        what = f"{target.platform} has `{build.spec.name}` already, with the id {', '.join(others)}"
        raise UserError(what, where=str(build.key), hint=hint)
    by_hand = target.check(build, place)
    former = f" version {known.version}" if known and place == known.key.external_id else ""
    steps = [f"put it in the place of{former} {place}" if place else "create it, switched off"]
    steps += ["switch it on"] if starts else []
    steps += [f"register it: {_cadence_words(build.spec)}"]
    return Deployment(str(build.key), target.platform, build.spec.name, place, starts, tuple(steps), by_hand)


def deploy(engine: Engine, build: Build, target: Target, plan: Deployment, now: datetime) -> Scenario:
    """Does what is planned, and registers it. Doing it twice comes to the same. Raises `UserError`."""
    external_id = target.put(build, plan.external_id)
    spec = build.spec
    scenario = Scenario(
        ScenarioKey(target.platform, external_id), spec.name, build.key.slug, build.key.version, spec.customer.name,
        cadence_of(spec.schedule), spec.customer.contact_email, managed=True, active=False,
    )  # fmt: skip
    registry.register(engine, scenario, now)  # before it is started: one that refuses to start isn't made twice
    if plan.starts:
        target.start(external_id)
        scenario = replace(scenario, active=True)
        registry.register(engine, scenario, now)
    return scenario


def _cadence_words(spec: Spec) -> str:
    seconds = cadence_of(spec.schedule)
    return "how often it runs is learnt" if seconds is None else f"a run is expected every {seconds // 60} minutes"
