"""Hooks, connections, teams and organisations (facts 4.4, 5)."""

from __future__ import annotations

from tests.fakes.make import rows
from tests.fakes.make.calls import Call, Routes, needed, usage_days
from tests.fakes.make.records import Object, denied, invalid, missing
from tests.fakes.make.world import ORGANIZATION

_HOOK = r"/hooks/(\d+)"


def _list_hooks(call: Call) -> Object:
    team, kind = call.world.team(needed(call, "teamId")), call.query.text("typeName")
    assigned = call.query.flag("assigned")
    found = [one for one in call.world.hooks.values() if one.team == team and kind in ("", one.type_name)]
    if assigned is not None:
        found = [one for one in found if (one.scenario is not None) is assigned]
    return {"hooks": [rows.hook_row(call.world, one) for one in found]}


def _create_hook(call: Call) -> Object:
    name, team, kind = (call.body.get(key) for key in ("name", "teamId", "typeName"))
    if not isinstance(team, int) or not isinstance(kind, str) or not isinstance(name, str) or not 0 < len(name) <= 128:
        raise invalid("Invalid value of parameter 'name', 'teamId' or 'typeName'.")
    data = {key: value for key, value in call.body.items() if key not in ("name", "teamId", "typeName")}
    if kind == "gateway-webhook" and not {"method", "headers", "stringify"} <= set(data):
        raise invalid("Missing value of required parameter 'method', 'headers' or 'stringify'.")
    return {"hook": rows.hook_row(call.world, call.world.add_hook(name, kind, data, call.world.team(team)))}


def _hook(call: Call) -> Object:
    return {"hook": rows.hook_row(call.world, call.world.hook(int(call.parts[0])))}


def _delete_hook(call: Call) -> Object:
    hook = call.world.hook(int(call.parts[0]))
    call.world.remove_hook(hook, call.query.confirmed)
    return {"hook": hook.id}


def _ping(call: Call) -> Object:
    hook = call.world.hook(int(call.parts[0]))
    address = f"{call.world.hook_address}/{hook.udid}"
    return {"address": address, "attached": hook.scenario is not None, "learning": hook.learning, "gone": False}


def _hook_state(call: Call) -> Object:
    hook = call.world.hook(int(call.parts[0]))
    name, value = {
        "enable": ("enabled", True), "disable": ("enabled", False), "learn-start": ("learning", True),
        "learn-stop": ("learning", False),
    }[call.parts[1]]  # fmt: skip
    setattr(hook, name, value)
    return {"success": True}


def _list_connections(call: Call) -> Object:
    team, kinds = call.world.team(needed(call, "teamId")), call.query.lists.get("type[]")
    found = [one for one in call.world.connections.values() if one.team == team]
    return {"connections": [rows.connection_row(one) for one in found if kinds is None or one.account in kinds]}


def _test_connection(call: Call) -> Object:
    found = call.world.connections.get(int(call.parts[0]))
    if found is None:
        raise missing("Connection")
    call.world.team(found.team)
    return {"verified": found.works}


def _list_teams(call: Call) -> Object:
    if call.query.number("organizationId") != ORGANIZATION:
        raise denied()
    return {"teams": [rows.team_row(one) for one in rows.own_teams(call.world)], "pg": {"limit": 100, "offset": 0}}


def _team(call: Call) -> Object:
    return {"team": rows.team_row(call.world.team(int(call.parts[0])))}


def _organization(call: Call) -> Object:
    _own(call)
    return {"organization": rows.organization_row(call.world)}


def _own(call: Call) -> None:
    if int(call.parts[0]) != ORGANIZATION:
        raise denied()


def _list_organizations(call: Call) -> Object:
    return {"organizations": [{"id": ORGANIZATION, "name": "Agency", "timezoneId": 1, "privateSpaces": []}], "pg": {}}


def _team_usage(call: Call) -> Object:
    team = call.world.team(int(call.parts[0]))
    used = (call.world.scenarios[one].used["operations"] for one in call.world.scenarios_of(team, None))
    return usage_days(call.world, sum(used))


def _organization_usage(call: Call) -> Object:
    _own(call)
    used = (call.world.scenarios[one].used["operations"] for one in call.world.scenarios_of(None, ORGANIZATION))
    return usage_days(call.world, sum(used))


ROUTES: Routes = {
    ("GET", "/hooks"): (_list_hooks, "hooks:read"),
    ("POST", "/hooks"): (_create_hook, "hooks:write"),
    ("GET", _HOOK): (_hook, "hooks:read"),
    ("DELETE", _HOOK): (_delete_hook, "hooks:write"),
    ("GET", f"{_HOOK}/ping"): (_ping, "hooks:read"),
    ("POST", f"{_HOOK}/(enable|disable|learn-start|learn-stop)"): (_hook_state, "hooks:write"),
    ("GET", "/connections"): (_list_connections, "connections:read"),
    ("POST", r"/connections/(\d+)/test"): (_test_connection, "connections:write"),
    ("GET", "/teams"): (_list_teams, "teams:read"),
    ("GET", r"/teams/(\d+)"): (_team, "teams:read"),
    ("GET", r"/teams/(\d+)/usage"): (_team_usage, "teams:read"),
    ("GET", "/organizations"): (_list_organizations, "organizations:read"),
    ("GET", r"/organizations/(\d+)"): (_organization, "organizations:read"),
    ("GET", r"/organizations/(\d+)/usage"): (_organization_usage, "organizations:read"),
}
