"""Whatever is handed in for migration becomes a workflow with warnings, or is refused with its place: no traceback, no
hang, no file elsewhere."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from manageai_assets.cli import EXIT_DONE, EXIT_WRONG, main
from tests.live.scenarios import SCENARIOS
from tests.test_hostile_input import HOSTILE, added, places, removed, replaced

CASES = 1_000
FEW = 200
EXAMPLES = Path(__file__).parents[1] / "examples" / "blueprints"
REPOSITORY = Path(__file__).parents[1]
BROKEN = (
    "{{", "}}", "{{1.", "{{1.a", "{{ifempty(1.a; }}", "{{1.a b}}", "{{`1`", '{{"x}}', "{{1.`a}}", "{{((((1.a))))}}",
    "{{" + "(" * 150 + "1" + ")" * 150 + "}}", "{{1.a}}" * 500, "{{get(1.a; 1; 2; 3)}}", "{{toNumber(1.a)}}",
    "{{1.items[99999999999999999999].x}}", "{{1.a = = 2}}", "={{ $json.x }}", "{{999.a}}", "{{-1}}", "{{1..a}}",
)  # fmt: skip

Paths = tuple[str | int, ...]
Change = Callable[[JsonValue, Paths, random.Random], None]


def modules(value: JsonValue) -> Iterator[dict[str, JsonValue]]:
    """Every module of a document."""
    todo = [value]
    while todo:
        item = todo.pop()
        if isinstance(item, dict):
            if "module" in item:
                yield item
            todo.extend(item.values())
        elif isinstance(item, list):
            todo.extend(item)


def broken_expression(document: JsonValue, path: Paths, chance: random.Random) -> None:
    """Puts an expression that nobody can read in the place of a value."""
    module = chance.choice([*modules(document)])
    mapper = module.get("mapper")
    if isinstance(mapper, dict) and mapper:
        mapper[chance.choice(sorted(mapper))] = chance.choice(BROKEN)
    else:
        module["mapper"] = {"value": chance.choice(BROKEN)}


def same_number(document: JsonValue, path: Paths, chance: random.Random) -> None:
    """Gives a module the number of another."""
    found = [*modules(document)]
    chance.choice(found)["id"] = chance.choice(found).get("id")


def turned_feeder(document: JsonValue, path: Paths, chance: random.Random) -> None:
    """Lets a module collect what comes behind it, or itself."""
    found = [*modules(document)]
    module = chance.choice(found)
    module["module"] = chance.choice(("builtin:BasicAggregator", "util:TextAggregator"))
    module["parameters"] = {"feeder": chance.choice(found).get("id")}


def nested(document: JsonValue, path: Paths, chance: random.Random) -> None:
    """Puts the whole flow into routers inside each other, or into a handler of its own."""
    assert isinstance(document, dict)
    flow = document.get("flow")
    for depth in range(chance.choice((1, 5, 40, 80))):
        router: JsonValue = {"id": 9000 + depth, "module": "builtin:BasicRouter", "routes": [{"flow": flow}]}
        flow = [router]
    document["flow"] = flow


def swallowed(document: JsonValue, path: Paths, chance: random.Random) -> None:
    """Puts a copy of the flow behind a module as its error handler."""
    assert isinstance(document, dict)
    module = chance.choice([*modules(document)])
    module["onerror"] = json.loads(json.dumps(document.get("flow")))


def other_module(document: JsonValue, path: Paths, chance: random.Random) -> None:
    """Gives a module the name of another kind."""
    found = [*modules(document)]
    chance.choice(found)["module"] = chance.choice(found).get("module")


CHANGES: tuple[Change, ...] = (
    replaced, replaced, removed, removed, added, broken_expression, broken_expression, same_number, turned_feeder,
    nested, swallowed, other_module,
)  # fmt: skip


def sources() -> list[str]:
    """What is mutated: real blueprints where they are at hand, and the project's own."""
    files = [*EXAMPLES.glob("*.json"), *(REPOSITORY.parent / "shared" / "blueprints" / "make").glob("*.json")]
    texts = [file.read_text(encoding="utf-8") for file in sorted(files) if file.stat().st_size < 40_000]
    return [*texts, *(json.dumps(scenario.blueprint) for scenario in SCENARIOS)]


def mutated(number: int, seed: int) -> Iterator[bytes]:
    """Blueprints with one to five changes; the same seed gives the same ones."""
    chance = random.Random(seed)
    texts = sources()
    for _ in range(number):
        document: JsonValue = json.loads(chance.choice(texts))
        for _ in range(chance.randint(1, 5)):
            found = [*places(document)]
            if not found or not [*modules(document)]:
                break
            chance.choice(CHANGES)(document, chance.choice(found), chance)
        text = json.dumps(document)
        if chance.random() < 0.03:
            text = text[: chance.randrange(len(text))]
        yield text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize(("count", "seed"), [(FEW, 23), pytest.param(CASES, 24, marks=pytest.mark.slow)])
def test_mutated_blueprints_become_workflows_or_are_refused(
    count: int, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    for number, data in enumerate(mutated(count, seed)):
        (folder / f"{number}.json").write_bytes(data)
    code = main(["migrate", str(folder), "--to", "n8n", "-o", str(out), "--json"])
    rows: list[dict[str, JsonValue]] = json.loads(capsys.readouterr().out)
    refused = [row for row in rows if "error" in row]
    assert code == EXIT_WRONG
    assert len(rows) == count
    assert count / 50 < len(refused) < count / 2
    for row in refused:
        assert str(row["file"]) in str(row["error"])
    for row in rows:
        if "error" not in row:
            assert "nodes" in json.loads(Path(str(row["workflow"])).read_text(encoding="utf-8"))
    assert {path.name for path in tmp_path.iterdir()} == {"in", "out"}


@pytest.mark.parametrize("value", HOSTILE, ids=[str(index) for index in range(len(HOSTILE))])
def test_hostile_values_stay_values(value: JsonValue, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = json.loads((EXAMPLES / "order-alerts.json").read_text(encoding="utf-8"))
    document["name"] = value
    for module in modules(document):
        module["metadata"] = {"designer": {"name": value}}
        if isinstance(module.get("mapper"), dict):
            module["mapper"] = {**dict(module["mapper"] or {}), "text": value}  # type: ignore[arg-type]
    file = tmp_path / "in.json"
    file.write_text(json.dumps(document), encoding="utf-8")
    assert main(["migrate", str(file), "--to", "n8n", "-o", str(tmp_path / "out")]) == EXIT_DONE
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"in.n8n.json", "in.report.json", "in.report.md"}


@pytest.mark.slow
def test_a_file_of_fifty_megabytes_is_no_trouble(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    setter: JsonValue = {"name": "x", "scope": "roundtrip", "value": "{{1.a}} " + "y" * 2_000}
    flow: list[JsonValue] = [{"id": 1, "module": "gateway:CustomWebHook", "version": 1, "parameters": {}, "mapper": {}}]
    for number in range(2, 20_000):
        flow.append({"id": number, "module": "util:SetVariable2", "version": 1, "parameters": {}, "mapper": setter})
    file = tmp_path / "large.json"
    file.write_text(json.dumps({"name": "Large", "flow": flow, "metadata": {"version": 1, "pad": "z" * 9_000_000}}))
    assert file.stat().st_size > 50_000_000
    code = main(["migrate", str(file), "--to", "n8n", "-o", str(tmp_path / "out")])
    assert code in (EXIT_DONE, EXIT_WRONG)
    assert "1 of 1" in capsys.readouterr().out


def test_a_file_that_is_too_large_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as handle:
        handle.truncate(65 * 1024 * 1024)
    assert main(["migrate", str(file), "--to", "n8n", "-o", str(tmp_path / "out")]) == EXIT_WRONG
    assert "larger than 64 MB" in capsys.readouterr().out
    assert not (tmp_path / "out").exists()
