"""`manageai deploy` and `manageai scenarios`: what is put into production, and what is there."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, cast, get_args

from pydantic import JsonValue

from compilers.errors import UserError, shorten
from manageai_assets import console
from manageai_assets.commands import Outcome
from manageai_assets.monitoring import registry
from manageai_assets.monitoring.connecting import opened_database, opened_target, watched_platforms
from manageai_assets.monitoring.deploying import Deployment, planned, read_build
from manageai_assets.monitoring.deploying import deploy as deploy_it
from manageai_assets.monitoring.models import Platform, Scenario, ScenarioKey
from manageai_assets.settings import read_settings
from resources.artifacts import ArtifactStore, parse_key

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from manageai_assets.settings import Settings


def deploy(options: argparse.Namespace) -> Outcome:
    """`deploy`: says what would happen; with `--yes` does it. Raises `UserError`."""
    settings, key = read_settings(), parse_key(options.build)
    place = str(options.artifacts.resolve()) if options.artifacts else settings.artifacts_uri
    build = read_build(ArtifactStore(place), key, options.to)
    with opened_database(settings) as engine, opened_target(settings, options.to) as target:
        plan = planned(engine, build, target, onto=options.onto, starts=options.start)
        done = deploy_it(engine, build, target, plan, datetime.now(UTC)) if options.yes else None
    data: dict[str, JsonValue] = {
        "build": plan.key, "platform": plan.platform, "name": plan.name, "onto": plan.external_id,
        "steps": [*plan.steps], "by_hand": [*plan.by_hand], "scenario": str(done.key) if done else None,
    }  # fmt: skip
    return Outcome(data, lambda: _show(plan, done))


def _show(plan: Deployment, done: Scenario | None) -> None:
    begins = f"{plan.key} is on {plan.platform} as {done.key.external_id}" if done else f"{plan.key} to {plan.platform}"
    print(f"{begins}, `{shorten(plan.name)}`:")
    for step in plan.steps:
        print(f"  {'done' if done else 'would'}: {step}")
    for task in plan.by_hand:
        print(f"  by hand: {shorten(task)}")
    if not done:
        print("Nothing was changed. Add --yes to do it.")


def scenarios(options: argparse.Namespace) -> Outcome:
    """`scenarios`: what runs in production. Raises `UserError`."""
    settings = read_settings()
    with opened_database(settings) as engine:
        for given, paused in ((options.pause, True), (options.resume, False)):
            if given:
                registry.change(engine, scenario_key(given), paused=paused)
        if options.discover:
            _discover(settings, engine, options.platform)
        found = list(registry.scenarios(engine, options.platform).values())
    data: list[JsonValue] = [_as_json(one) for one in found]
    columns = ("scenario", "name", "build", "customer", "state", "expected")

    def show() -> None:
        rows = [(str(one.key), one.name, _build(one), one.customer, _state(one), _expected(one)) for one in found]
        console.show_table(columns, rows, styles=["" if one.managed else "dim" for one in found])

    return Outcome(data, show)


def scenario_key(text: str) -> ScenarioKey:
    """The scenario that a text such as `make:1234` names. Raises `UserError`."""
    platform, separator, external_id = text.partition(":")
    if not separator or not external_id or platform not in get_args(Platform):
        hint = "write it as `make:1234` or `n8n:abcd`; `manageai scenarios` shows them so"
        raise UserError(f"`{shorten(text, 80)}` names no scenario", hint=hint)
    return ScenarioKey(cast("Platform", platform), external_id)


def _discover(settings: Settings, engine: Engine, only: Platform | None) -> None:
    wanted = [only] if only else watched_platforms(settings)
    if not wanted:
        hint = "set MAKE_API_KEY, MAKE_TEAM_ID and MAKE_ZONE, or N8N_API_URL and N8N_API_KEY"
        raise UserError("no platform is set up", where="settings", hint=hint)
    for platform in wanted:
        with opened_target(settings, platform) as target:
            registry.discover(engine, platform, target.listed(), datetime.now(UTC))


def _as_json(one: Scenario) -> JsonValue:
    plain = {name: value for name, value in asdict(one).items() if name not in ("key", "active_changed_at", "gone_at")}
    return {"scenario": str(one.key), **plain}


def _build(one: Scenario) -> str:
    return f"{one.slug}@v{one.version}" if one.managed else "unmanaged"


def _state(one: Scenario) -> str:
    states = ["active" if one.active else "off"]
    states += ["can't run"] if one.invalid else []
    states += ["not watched"] if one.paused else []
    states += [f"{one.incomplete} incomplete"] if one.incomplete else []
    return ", ".join(states)


def _expected(one: Scenario) -> str:
    return f"every {timedelta(seconds=one.cadence_seconds)}" if one.cadence_seconds else "learnt"
