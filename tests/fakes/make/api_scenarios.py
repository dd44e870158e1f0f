"""Scenarios, their blueprints and their state (facts 4.3)."""

from __future__ import annotations

from pydantic import JsonValue

from tests.fakes.make import rows
from tests.fakes.make.calls import MOST_ROWS, SCENARIO, Call, Late, Routes, usage_days
from tests.fakes.make.paging import paged
from tests.fakes.make.records import Object, Refusal, Scenario, denied, invalid, iso, missing, modules
from tests.fakes.make.world import ORGANIZATION

LONGEST_RESPONSIVE = 40.0
SORTS = ("name", "lastEdit", "created", "isActive", "teamId")


def _list_scenarios(call: Call) -> Object:
    world, query = call.world, call.query
    ids = world.scenarios_of(query.number("teamId"), query.number("organizationId"))
    active, folder = query.flag("isActive"), query.number("folderId")
    if active is not None:
        ids = [one for one in ids if world.scenarios[one].active is active]
    if folder is not None:
        ids = [one for one in ids if world.scenarios[one].folder == folder]
    wanted = query.text("pg[sortBy]")
    if wanted in SORTS:
        ids = sorted(ids, key=lambda one: str(rows.scenario_row(world, world.scenarios[one])[wanted]))
    if query.text("pg[sortDir]") == "desc":
        ids = ids[::-1]
    page, echo = paged(query, ids, MOST_ROWS, "id")
    shown = [query.projected(rows.scenario_row(world, world.scenarios[one])) for one in page]
    return {"scenarios": [*shown], "pg": echo}


def _shown(call: Call, scenario: Scenario) -> Object:
    return {"scenario": call.query.projected(rows.scenario_row(call.world, scenario))}


def _create_scenario(call: Call) -> Object:
    team, body = call.body.get("teamId"), call.body
    if not isinstance(team, int):
        raise invalid("Missing value of required parameter 'teamId'.")
    made = call.world.create(
        team, body.get("blueprint"), body.get("scheduling"), body.get("folderId"), call.query.confirmed
    )
    _take_specs(made, body.get("metadata"))
    return _shown(call, made)


def _take_specs(scenario: Scenario, metadata: JsonValue) -> None:
    if isinstance(metadata, dict):
        scenario.interface = {
            "input": metadata.get("input_spec") or [], "output": metadata.get("output_spec") or None,
        }  # fmt: skip


def _update_scenario(call: Call) -> Object:
    scenario, body = call.scenario, call.body
    if "blueprint" in body:
        checked = call.world.checked(body["blueprint"], scenario.team, call.query.confirmed, scenario.id)
        call.world.replace(scenario, checked)
    if "scheduling" in body:
        scenario.scheduling = call.world.schedule(body["scheduling"])
    for name, value in body.items():
        if name in ("name", "description"):
            setattr(scenario, name, str(value))
    _take_specs(scenario, body.get("metadata"))
    return _shown(call, scenario)


def _delete_scenario(call: Call) -> Object:
    scenario = call.scenario
    call.world.remove(scenario, call.query.confirmed)
    return {"scenario": scenario.id}


def _start(call: Call) -> Object:
    call.world.start(call.scenario)
    return _state(call.scenario)


def _stop(call: Call) -> Object:
    call.world.stop(call.scenario)
    return _state(call.scenario)


def _state(scenario: Scenario) -> Object:
    return {"scenario": {"id": scenario.id, "isActive": scenario.active, "islinked": scenario.active}}


def _run(call: Call) -> Object | Late:
    run = call.world.run_by_api(call.scenario, call.body.get("data"))
    if call.body.get("responsive") is not True:
        return {"executionId": run.id}
    if run.outcome.seconds > LONGEST_RESPONSIVE:
        late = Refusal(504, "", "Gateway Timeout", "The scenario did not finish in time.")
        return Late({}, LONGEST_RESPONSIVE, late)
    status = {"success": 1, "warning": 2, "error": 3}[run.outcome.status]
    done: Object = {"executionId": run.id, "status": status, "outputs": dict(run.outcome.outputs)}
    return Late(done, run.outcome.seconds)


def _clone(call: Call) -> Object:
    scenario, body = call.scenario, call.body
    if call.query.number("organizationId") != ORGANIZATION:
        raise denied()
    team = body.get("teamId")
    copy = dict(scenario.blueprint)
    copy["name"] = body.get("name") or scenario.name
    target = call.world.team(team if isinstance(team, int) else scenario.team)
    return _shown(call, call.world.add_scenario(copy, team=target, scheduling=scenario.scheduling))


def _blueprint(call: Call) -> Object:
    scenario, version = call.scenario, call.query.number("blueprintId") or len(call.scenario.versions)
    if not 1 <= version <= len(scenario.versions):
        raise missing("Blueprint")
    edited, blueprint = scenario.versions[version - 1]
    ids = [module["id"] for module in modules(blueprint) if isinstance(module.get("id"), int)]
    specs: Object = {
        "input_spec": scenario.interface.get("input") or [], "output_spec": scenario.interface.get("output") or [],
    }  # fmt: skip
    numbers = [one for one in ids if isinstance(one, int)]
    return {
        "code": "OK",
        "response": {
            "blueprint": blueprint, "scheduling": scenario.scheduling, "idSequence": max(numbers, default=0) + 1,
            "created": iso(scenario.created), "last_edit": iso(edited), "metadata": specs,
        },
    }  # fmt: skip


def _blueprints(call: Call) -> Object:
    scenario = call.scenario
    found: list[JsonValue] = [
        {"version": number, "created": iso(at), "scenarioId": scenario.id, "draft": False}
        for number, (at, _) in enumerate(scenario.versions, 1)
    ]
    return {"scenariosBlueprints": found[::-1]}


def _interface(call: Call) -> Object:
    return {"interface": call.scenario.interface}


def _set_interface(call: Call) -> Object:
    given = call.body.get("interface")
    if not isinstance(given, dict):
        raise invalid("Missing value of required parameter 'interface'.")
    call.scenario.interface = given
    return {"interface": given}


def _consumptions(call: Call) -> Object:
    ids = call.world.scenarios_of(call.query.number("teamId"), call.query.number("organizationId"))
    used: list[JsonValue] = [{"scenarioId": one, **call.world.scenarios[one].used} for one in ids]
    return {"scenarioConsumptions": used, "lastReset": iso(call.world.clock() - 86_400)}


def _scenario_usage(call: Call) -> Object:
    return usage_days(call.world, call.scenario.used["operations"])


ROUTES: Routes = {
    ("GET", "/scenarios"): (_list_scenarios, "scenarios:read"),
    ("POST", "/scenarios"): (_create_scenario, "scenarios:write"),
    ("GET", "/scenarios/consumptions"): (_consumptions, "scenarios:read"),
    ("GET", SCENARIO): (lambda call: _shown(call, call.scenario), "scenarios:read"),
    ("PATCH", SCENARIO): (_update_scenario, "scenarios:write"),
    ("DELETE", SCENARIO): (_delete_scenario, "scenarios:write"),
    ("POST", f"{SCENARIO}/start"): (_start, "scenarios:write"),
    ("POST", f"{SCENARIO}/stop"): (_stop, "scenarios:write"),
    ("POST", f"{SCENARIO}/run"): (_run, "scenarios:run"),
    ("POST", f"{SCENARIO}/clone"): (_clone, "scenarios:write"),
    ("GET", f"{SCENARIO}/blueprint"): (_blueprint, "scenarios:read"),
    ("GET", f"{SCENARIO}/blueprints"): (_blueprints, "scenarios:read"),
    ("GET", f"{SCENARIO}/interface"): (_interface, "scenarios:read"),
    ("PATCH", f"{SCENARIO}/interface"): (_set_interface, "scenarios:write"),
    ("GET", f"{SCENARIO}/usage"): (_scenario_usage, "scenarios:read"),
}
