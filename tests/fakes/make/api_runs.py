"""Runs, and those that wait to be completed (facts 4.3, 4.4)."""

from __future__ import annotations

from pydantic import JsonValue

from tests.fakes.make import rows
from tests.fakes.make.calls import HEX, MOST_ROWS, SCENARIO, Call, Routes, needed
from tests.fakes.make.records import Object, Refusal, unconfirmed

_KEPT = f"/dlqs/{HEX}"


def _logs(call: Call) -> Object:
    query, scenario, world = call.query, call.scenario, call.world
    limit, last = query.limit(MOST_ROWS), query.text("pg[last]")
    direction = query.text("pg[sortDir]") or "desc"
    found = world.history.page(
        scenario.id, since=query.number("from"), until=query.number("to"), last=last, ascending=direction == "asc",
        status=query.number("status") or 0, now=world.clock(),
    )  # fmt: skip
    shown: list[JsonValue] = [
        rows.log_row(world, run, scenario.team) for run, _ in zip(found, range(limit), strict=False)
    ]
    echo: Object = {"sortBy": "imtId", "sortDir": direction, "last": last or None, "showLast": False, "limit": limit}
    return {"scenarioLogs": shown, "pg": echo}


def _log(call: Call) -> Object:
    return {"scenarioLog": rows.log_row(call.world, call.run, call.scenario.team)}


def _execution(call: Call) -> Object:
    detail = rows.execution_detail(call.world, call.run)
    most = call.query.number("maxBytes")
    if most is not None and len(str(detail)) > most:
        raise Refusal(413, "", "Payload Too Large", "The execution is larger than maxBytes.")
    return detail


def _list_incomplete(call: Call) -> Object:
    scenario = call.world.scenario(needed(call, "scenarioId"))
    return {"dlqs": [rows.incomplete_row(call.world.incomplete[one]) for one in scenario.incomplete]}


def _incomplete(call: Call) -> Object:
    return {"dlq": rows.incomplete_detail(call.world, call.world.kept(call.parts[0]))}


def _incomplete_bundle(call: Call) -> Object:
    kept = call.world.kept(call.parts[0])
    return {"code": "OK", "response": {str(module): value for module, value in kept.bundles.items()}}


def _retry(call: Call) -> Object:
    kept = call.world.kept(call.parts[0])
    call.world.retry(kept)
    return {"dlq": kept.id}


def _retry_many(call: Call) -> Object:
    for identifier in _chosen(call):
        call.world.retry(call.world.kept(identifier))
    return {}


def _delete_incomplete(call: Call) -> Object:
    if not call.query.confirmed:
        raise unconfirmed("Incomplete executions will be lost.")
    for identifier in _chosen(call):
        call.world.forget_kept(call.world.kept(identifier))
    return {}


def _chosen(call: Call) -> list[str]:
    known = call.world.scenario(needed(call, "scenarioId")).incomplete
    ids, but = call.body.get("ids"), call.body.get("exceptIds")
    if isinstance(ids, list):
        return [one for one in known if one in ids]
    spared = but if isinstance(but, list) else []
    return [one for one in known if one not in spared] if call.body.get("all") is True or spared else []


ROUTES: Routes = {
    ("GET", f"{SCENARIO}/logs"): (_logs, "scenarios:read"),
    ("GET", f"{SCENARIO}/logs/{HEX}"): (_log, "scenarios:read"),
    ("GET", f"{SCENARIO}/executions/{HEX}"): (_execution, "scenarios:read"),
    ("GET", "/dlqs"): (_list_incomplete, "dlqs:read"),
    ("DELETE", "/dlqs"): (_delete_incomplete, "dlqs:write"),
    ("POST", "/dlqs/retry"): (_retry_many, "dlqs:write"),
    ("GET", _KEPT): (_incomplete, "dlqs:read"),
    ("GET", f"{_KEPT}/bundle"): (_incomplete_bundle, "dlqs:read"),
    ("POST", f"{_KEPT}/retry"): (_retry, "dlqs:write"),
}
