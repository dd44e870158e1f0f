"""What counts as a change of what was delivered, and what doesn't: one line for each edit of a real export."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.make.parse import parse as parse_make
from compilers.n8n.parse import parse as parse_n8n
from manageai_assets.clients.drift import drift
from manageai_assets.clients.models import DriftChange
from manageai_assets.local_builds import build_file, local_store
from manageai_assets.settings import PROJECT_ROOT
from resources.artifacts import BuildKey

ORDERS = BuildKey("bergwerk-outdoor-gmbh-bestellungen-ans-lager", 1)
SLACK, RECORD, LOOP, TEXT = "Nachricht an das Lager", "Entnahme buchen", "Jede Position", "Packliste"
Json = dict[str, object]


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The exports of an example's build, as text, by platform."""
    folder: Path = tmp_path_factory.mktemp("builds")
    store = local_store(folder)
    build_file(next((PROJECT_ROOT / "examples" / "intakes").glob("*bergwerk*")), store)
    found = {platform: store.read(ORDERS, f"{platform}_export.json") for platform in ("make", "n8n")}
    return {platform: data.decode() for platform, data in found.items() if data}


def on_make(exports: dict[str, str], edit: Callable[[list[Json], Json], object], text: str = "") -> list[str]:
    """What is told of an edit of the blueprint: of its modules, or of the whole."""
    before, after = json.loads(exports["make"]), json.loads(text or exports["make"])
    edit(after["flow"], after)
    return [str(one) for one in drift(parse_make(before).spec, parse_make(after).spec)]


def on_n8n(exports: dict[str, str], edit: Callable[[dict[str, Json], Json], object], text: str = "") -> list[str]:
    """What is told of an edit of the workflow: of its nodes by name, or of the whole."""
    before, after = json.loads(exports["n8n"]), json.loads(text or exports["n8n"])
    edit({node["name"]: node for node in after["nodes"]}, after)
    return [str(one) for one in drift(parse_n8n(before).spec, parse_n8n(after).spec)]


def put(target: object, value: object, *path: str | int) -> object:
    """Sets a value deep in JSON, and gives it."""
    for part in path[:-1]:
        target = target.setdefault(part, {}) if isinstance(target, dict) else target[part]  # type: ignore[index]
    target[path[-1]] = value  # type: ignore[index]
    return value


def condition(left: str, right: str) -> Json:
    """A filter of a module."""
    return {"name": "Only", "conditions": [[{"a": left, "b": right, "o": "text:equal"}]]}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda flow, whole: None, []),
        (lambda flow, whole: put(whole, "Other name", "name"), []),
        (lambda flow, whole: put(flow, {"x": 900, "y": 4}, 4, "metadata", "designer"), []),
        (lambda flow, whole: put(flow, {"x": 900, "y": 4, "name": "Renamed"}, 4, "metadata", "designer"), []),
        (lambda flow, whole: put(flow, 4711, 4, "parameters", "__IMTCONN__"), []),
        (lambda flow, whole: put(flow, 4711, 0, "parameters", "hook"), []),
        (lambda flow, whole: put(flow, "hello", 4, "mapper", "text"), [f"{SLACK}: inputs.text changed"]),
        (lambda flow, whole: put(flow, "u", 4, "mapper", "iconurl"), [f"{SLACK}: mapper.iconurl added"]),
        (lambda flow, whole: put(flow, [], 4, "onerror"), [f"{SLACK}: on_error removed"]),
        (
            lambda flow, whole: put(flow, condition("{{1.body.nummer}}", "3"), 4, "filter"),
            [f"{SLACK}: way from {TEXT}: filter added"],
        ),
        (lambda flow, whole: flow.pop(2), [f"{RECORD} removed", f"{TEXT}: way from {LOOP} added"]),
        (
            lambda flow, whole: flow.insert(4, {**deepcopy(flow[4]), "id": 40, "onerror": []}),
            [f"{SLACK} added", f"{SLACK}: way from {TEXT} removed"],
        ),
        (
            lambda flow, whole: put(whole, True, "metadata", "scenario", "sequential"),
            ["the scenario: settings.sequential changed"],
        ),
    ],
)  # fmt: skip
def test_edits_on_make(exports: dict[str, str], edit: Callable[[list[Json], Json], object], told: list[str]) -> None:
    assert on_make(exports, edit) == told


def test_modules_that_were_numbered_anew_are_the_same(exports: dict[str, str]) -> None:
    text = exports["make"]
    for number in range(9, 0, -1):  # by hand: ids, references to them, and the feeder of the aggregator
        for wanted in ('"id": {},', "{{{{{}.", '"feeder": {}', "({}."):
            text = text.replace(wanted.format(number), wanted.format(number + 30))
    assert text != exports["make"]
    assert on_make(exports, lambda flow, whole: None, text) == []
    told = on_make(exports, lambda flow, whole: put(flow, "hello", 4, "mapper", "text"), text)
    assert told == [f"{SLACK}: inputs.text changed"]


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (lambda nodes, whole: None, []),
        (lambda nodes, whole: [put(node, [7, 7], "position") for node in nodes.values()], []),
        (lambda nodes, whole: [put(node, f"0{name}", "id") for name, node in nodes.items()], []),
        (lambda nodes, whole: put(nodes[SLACK], {"slackApi": {"id": "3", "name": "Ours"}}, "credentials"), []),
        (lambda nodes, whole: put(nodes[SLACK], "for Sam", "notes"), []),
        (lambda nodes, whole: put(whole, "any", "settings", "callerPolicy"), []),
        (
            lambda nodes, whole: put(whole, "Asia/Tokyo", "settings", "timezone"),
            ["the scenario: settings.timezone changed"],
        ),
        (lambda nodes, whole: put(nodes[SLACK], "=hi", "parameters", "text"), [f"{SLACK}: inputs.text changed"]),
        (lambda nodes, whole: put(nodes[RECORD], True, "disabled"), [f"{RECORD}: disabled changed"]),
    ],
)  # fmt: skip
def test_edits_on_n8n(
    exports: dict[str, str], edit: Callable[[dict[str, Json], Json], object], told: list[str]
) -> None:
    assert on_n8n(exports, edit) == told


def test_nodes_that_were_renamed_are_the_same(exports: dict[str, str]) -> None:
    text = exports["n8n"].replace(RECORD, "Book it").replace(LOOP, "Each item")
    assert on_n8n(exports, lambda nodes, whole: None, text) == []


def test_values_are_never_told(exports: dict[str, str]) -> None:
    before = parse_make(json.loads(exports["make"])).spec
    after: JsonValue = json.loads(exports["make"].replace("gebucht", "sk-secret"))
    changed = json.loads(exports["make"])
    changed["flow"][4]["mapper"]["text"] = "sk-secret-1234"
    for document in (after, changed):
        assert all("sk-secret" not in one.model_dump_json() for one in drift(before, parse_make(document).spec))
    assert set(DriftChange.model_fields) == {"step", "field", "how"}


def test_real_blueprints_are_what_they_are(shared: Path) -> None:
    """No change is told where there is none, whatever a blueprint holds."""
    files = sorted((shared / "blueprints").rglob("*.json"))[::12]
    compared = 0
    for file in files:
        try:
            one, other = (parse_make(json.loads(file.read_text(encoding="utf-8"))).spec for _ in range(2))
        except Exception:
            continue  # no blueprint: other tests tell
        assert drift(one, other) == (), file.name
        compared += 1
    assert compared > 10
