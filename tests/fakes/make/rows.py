"""What the fake keeps, as Make's API shows it."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import JsonValue

from tests.fakes.make.history import status_of
from tests.fakes.make.records import Connection, Hook, Incomplete, Object, Run, Scenario, iso, modules
from tests.fakes.make.world import API_LIMITS, ORGANIZATION, World

SOMEBODY: Mapping[str, JsonValue] = {"id": 1, "name": "Tester", "email": "tester@agency.example"}


def scenario_row(world: World, one: Scenario) -> Object:
    """A scenario of a list."""
    return {
        "id": one.id, "name": one.name, "teamId": one.team, "hookId": one.hook, "deviceId": None, "deviceScope": None,
        "concept": False, "description": one.description, "folderId": one.folder, "isinvalid": one.broken,
        "islinked": one.active, "isActive": one.active, "islocked": False, "isPaused": one.paused,
        "usedPackages": [*dict.fromkeys(str(module["module"]).split(":")[0] for module in modules(one.blueprint))],
        "lastEdit": iso(one.versions[-1][0]), "scheduling": one.scheduling,
        "iswaiting": one.hook in world.hooks and world.hooks[one.hook].queued > 0,
        "dlqCount": len(one.incomplete), "createdByUser": dict(SOMEBODY), "updatedByUser": dict(SOMEBODY),
        "nextExec": None, "created": iso(one.created), "type": "scenario",
    }  # fmt: skip


def hook_row(world: World, one: Hook) -> Object:
    """A hook; what names its scenario only where it has one."""
    row: Object = {
        "id": one.id, "name": one.name, "teamId": one.team, "udid": one.udid, "type": "web", "packageName": None,
        "theme": "#c73a63", "editable": True, "queueCount": one.queued, "queueLimit": one.queue_limit,
        "enabled": one.enabled, "gone": False, "typeName": one.type_name,
        "data": {**one.data, "teamId": one.team}, "url": f"{world.hook_address}/{one.udid}",
    }  # fmt: skip
    scenario = world.scenarios.get(one.scenario or 0)
    if scenario is not None:
        row |= {
            "scenarioId": scenario.id, "scenarioName": scenario.name, "scenarioIsActive": scenario.active,
        }  # fmt: skip
    return row


def connection_row(one: Connection) -> Object:
    """An account, without its secrets."""
    expires = iso(one.expires.timestamp()) if one.expires else None
    return {
        "id": one.id, "name": one.label, "accountName": one.account, "accountLabel": one.label, "packageName": None,
        "expire": expires, "metadata": None, "teamId": one.team, "theme": "#333333", "upgradeable": False,
        "scopesCnt": 0, "scoped": True, "accountType": "oauth", "editable": True, "uid": None,
        "organizationId": ORGANIZATION,
    }  # fmt: skip


def log_row(world: World, run: Run, team: int) -> Object:
    """A run's line in the history."""
    status = status_of(run, world.clock())
    ended = status != 0
    return {
        "imtId": run.imt_id, "id": run.id, "duration": round(run.outcome.seconds * 1000) if ended else 0,
        "operations": run.outcome.operations if ended else 0,
        "centicredits": run.outcome.operations * 100 if ended else 0, "transfer": 0, "organizationId": ORGANIZATION,
        "teamId": team, "type": "manual" if run.manual else "auto", "authorId": 1 if run.manual else None,
        "instant": run.instant, "timestamp": iso(run.started), "status": status,
    }  # fmt: skip


def execution_detail(world: World, run: Run) -> Object:
    """How a run stands. Its status is a text here, in contrast to the history."""
    if status_of(run, world.clock()) == 0:
        return {"status": "RUNNING"}
    detail: Object = {"status": run.outcome.status.upper(), "outputs": dict(run.outcome.outputs)}
    error = run.outcome.error
    if error is not None:
        detail["error"] = {"name": error.name, "message": error.message}
        if error.module:
            cause: Object = {"name": error.module, "appName": error.app}
            detail["error"] = {"name": error.name, "message": error.message, "causeModule": cause}
    return detail


def incomplete_row(one: Incomplete) -> Object:
    """An incomplete execution of a list."""
    return {
        "id": one.id, "reason": one.reason, "created": iso(one.created), "size": len(str(one.bundles)),
        "resolved": one.resolved, "retry": False, "attempts": one.attempts,
    }  # fmt: skip


def incomplete_detail(world: World, one: Incomplete) -> Object:
    """A single incomplete execution."""
    return {
        **{key: value for key, value in incomplete_row(one).items() if key != "reason"},
        "scenarioId": one.scenario, "scenarioName": world.scenarios[one.scenario].name, "companyId": ORGANIZATION,
        "companyName": "Agency", "deleted": False, "index": 0, "executionId": one.execution,
    }  # fmt: skip


def organization_row(world: World) -> Object:
    """The organisation with its plan and what of it is used; amounts are texts, as Make gives them."""
    used = {
        name: str(sum(one.used[name] for one in world.scenarios.values())) for name in ("operations", "transfer")
    }  # fmt: skip
    return {
        "id": ORGANIZATION, "name": "Agency", "serviceName": "default", **used,
        "nextReset": None if world.next_reset is None else iso(world.next_reset),
        "operationsExt": "0", "transferExt": "0", "unusedOperations": "0", "unusedTransfer": "0", "isPaused": False,
        "countryId": 1, "timezoneId": 1, "deleted": False,
        "license": {
            "apps": [], "users": 10, "dslimit": 100, "fslimit": 100, "iolimit": 100, "dsslimit": 100,
            "fulltext": True, "interval": 1, "transfer": 5_368_709_120, "operations": 10_000,
            "apiLimit": API_LIMITS[world.plan],
        },
        "features": {}, "zone": "eu1.make.com", "teams": [team_row(one) for one in own_teams(world)],
        "privateSpaces": [],
    }  # fmt: skip


def own_teams(world: World) -> list[int]:
    """The teams of the key's organisation."""
    return [team for team, organization in world.teams.items() if organization == ORGANIZATION]


def team_row(team: int) -> Object:
    """A team."""
    return {"id": team, "name": f"Team {team}", "organizationId": ORGANIZATION}
