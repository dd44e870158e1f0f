"""Make's own SDK against the fake: an independent witness that the fake speaks as Make does.

The SDK comes from the npm registry into the user's cache folder, once (1 MB); it is never part of the project.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import UserError
from resources.node import cache_folder, node_program, npm, run
from tests.fakes.make import TEAM, Fault, Outcome, fake_make

VERSION = "1.6.10"
SMOKE = Path(__file__).parents[1] / "fakes" / "sdk_smoke.mjs"
ENTRY = Path("node_modules", "@makehq", "sdk", "dist", "index.js")

pytestmark = pytest.mark.slow


def installed() -> Path:
    """The SDK's entry. Raises `UserError` when npm can't install it."""
    folder = cache_folder() / f"make-sdk-{VERSION}"
    if not (folder / ENTRY).is_file():
        folder.parent.mkdir(parents=True, exist_ok=True)
        making = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            (making / "package.json").write_text('{"name": "make-sdk", "private": true}', encoding="utf-8")
            quiet = [
                "--ignore-scripts",
                "--omit=dev",
                "--no-audit",
                "--no-fund",
                "--prefer-offline",
                "--loglevel=error",
            ]
            run([*npm(), "install", *quiet, f"@makehq/sdk@{VERSION}"], making, 300, "npm could not install Make's SDK")
            shutil.rmtree(folder, ignore_errors=True)
            making.rename(folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return folder / ENTRY


@pytest.fixture(scope="module")
def seen() -> Object:
    """What the SDK's calls gave."""
    try:
        entry = installed()
    except UserError as problem:
        pytest.skip(str(problem))
    with fake_make() as fake:
        fake.world.add_connection("slack3", label="Sales")
        outcomes = [Outcome(outputs={"sum": 6}, operations=2), Outcome("warning", kept={1: {"a": 1}})]
        fake.world.execute = lambda blueprint, bundle: outcomes.pop(0) if outcomes else Outcome()
        fake.fail(Fault("status", 429), "GET", "/organizations$")  # the SDK waits and tries again
        host = fake.address.removeprefix("http://").removesuffix("/api/v2")
        output = run(
            [str(node_program()), str(SMOKE), str(entry), host, fake.key, str(TEAM)], SMOKE.parent, 60, "the SDK failed"
        )
        assert fake.world.scenarios == {}
        assert fake.world.hooks == {}
    result: Object = json.loads(output)
    return result


def test_hooks(seen: Object) -> None:
    hook = members(seen["hook"])
    assert str(hook["url"]).endswith(str(hook["udid"]))
    assert members(seen["ping"])["attached"] is True
    assert [members(one)["id"] for one in items(seen["hooks"])] == [hook["id"]]
    assert seen["posted"] == "Accepted"


def test_scenarios(seen: Object) -> None:
    created = members(seen["created"])
    assert (created["isActive"], created["hookId"]) == (False, members(seen["hook"])["id"])
    assert (seen["activated"], seen["deactivated"]) == (True, True)
    assert seen["listed"] == [{"id": created["id"], "isActive": True}]
    assert members(seen["got"])["isActive"] is True
    assert members(seen["updated"])["name"] == "Renamed"


def test_blueprints(seen: Object) -> None:
    blueprint = members(seen["blueprint"])
    asked: JsonValue = [{"name": "email", "type": "text", "required": True}]
    assert [members(module)["id"] for module in items(blueprint["flow"])] == [1, 2]
    assert blueprint["scheduling"] == {"type": "immediately"}
    assert blueprint["interface"] == {"input": asked, "output": []}
    assert [members(one)["version"] for one in items(seen["versions"])] == [2, 1]
    assert members(seen["interface"])["input"] == []


def test_runs(seen: Object) -> None:
    ran = members(seen["ran"])
    assert (ran["status"], ran["outputs"]) == (1, {"sum": 6})
    assert members(seen["detail"])["status"] == "SUCCESS"
    assert [members(one)["status"] for one in items(seen["history"])] == [2, 1]
    line = members(seen["line"])
    assert (line["id"], line["operations"], line["status"]) == (ran["executionId"], 2, 1)


def test_incomplete_executions(seen: Object) -> None:
    (one,) = items(seen["incomplete"])
    detail = members(seen["oneIncomplete"])
    assert detail["id"] == members(one)["id"]
    assert detail["scenarioId"] == members(seen["created"])["id"]
    assert seen["bundle"] == {"1": {"a": 1}}


def test_what_a_team_has(seen: Object) -> None:
    assert [members(one)["accountName"] for one in items(seen["connections"])] == ["slack3"]
    assert seen["verified"] is True
    assert members(members(seen["organization"])["license"])["apiLimit"] == 1000
    assert [members(one)["id"] for one in items(seen["teams"])] == [TEAM]


@pytest.mark.parametrize(
    ("call", "status", "message"),
    [
        ("runWhileInactive", 400, "Scenario is not activated"),
        ("runWithoutInput", 400, "\n - Missing value of required parameter 'email'."),
        ("wrongModule", 400, "Module not found 'util:FunctionSleep' version '9'."),
        ("strangers", 403, "Access denied."),
        ("gone", 404, "not found"),
        ("wrongKey", 401, "Unauthorized"),
    ],
)
def test_refusals_are_read_as_errors_of_make(seen: Object, call: str, status: int, message: str) -> None:
    error = members(seen[call])
    assert error["status"] == status
    assert message in str(error["message"])
