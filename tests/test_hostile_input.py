"""Whatever comes in, a user gets a result or a message that names the place: no traceback, and no file elsewhere."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.exports import platforms
from compilers.spec import Spec
from manageai_assets.cli import EXIT_DONE, EXIT_WRONG, main
from manageai_assets.intake.reading import read_intake
from manageai_assets.pipeline import build
from tests.compilers.flows import FLOWS
from tests.manageai_assets.intake.mutations import mutated_intakes

CASES = 500
FEW = 20
"""Intakes that are built, tests included, and specs that are compiled; the slow tests do all the cases."""
EXAMPLES = Path(__file__).parents[1] / "examples" / "intakes"
FAULTS = ("Traceback", "fault in the program", "AttributeError", "KeyError", "TypeError", "RecursionError")
PLACE = re.compile(r"[\w@.-]+(?:[.:\[][\w\]-]+)*")
HOSTILE: tuple[JsonValue, ...] = (
    "../../../../etc/passwd", "a/b", "\x00", "\u202e", "{{", "}}", "{{ call }}", "{{ a.b(", "= 1", "x" * 200_000,
    "", " ", "🦀" * 50, "<script>alert(1)</script>", "__proto__", "${7*7}", "{% raw %}", None, True, -1, 10**30,
    1.5e308, [], {}, [[[]]], {"a": {"b": {"c": []}}},
)  # fmt: skip


def places(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The path of every value inside a document, the document's own left out."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield (*path, key)
            yield from places(item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield (*path, index)
            yield from places(item, (*path, index))


def parent_of(document: JsonValue, path: tuple[str | int, ...]) -> dict[str | int, JsonValue]:
    """The container of the value at `path`."""
    current: JsonValue = document
    for part in path[:-1]:
        current = current[part]  # type: ignore[index]
    return current  # type: ignore[return-value]


def replaced(document: JsonValue, path: tuple[str | int, ...], chance: random.Random) -> None:
    """Puts something hostile in the place of a value."""
    parent_of(document, path)[path[-1]] = chance.choice(HOSTILE)


def removed(document: JsonValue, path: tuple[str | int, ...], chance: random.Random) -> None:
    """Takes a value away."""
    del parent_of(document, path)[path[-1]]


def added(document: JsonValue, path: tuple[str | int, ...], chance: random.Random) -> None:
    """Adds an unknown key beside a value, or the value once more."""
    parent = parent_of(document, path)
    if isinstance(parent, dict):
        parent[f"unknown{chance.randrange(9)}"] = chance.choice(HOSTILE)
    else:
        parent.append(parent[path[-1]])


def rewired(document: JsonValue, path: tuple[str | int, ...], chance: random.Random) -> None:
    """Turns an edge, so that cycles and loose ends come up."""
    assert isinstance(document, dict)
    edges = document.get("edges")
    if isinstance(edges, list) and edges:
        edge = chance.choice(edges)
        if isinstance(edge, dict):
            edge["source"], edge["target"] = edge.get("target"), edge.get("source")


CHANGES: tuple[Callable[[JsonValue, tuple[str | int, ...], random.Random], None], ...] = (
    replaced, replaced, replaced, removed, added, rewired,
)  # fmt: skip


def mutated_specs(number: int, seed: int) -> Iterator[bytes]:
    """Specs of the flows and the examples, each with one to four changes; the same seed gives the same ones."""
    chance = random.Random(seed)
    documents = [flow.spec.model_dump(mode="json") for flow in FLOWS]
    for file in sorted(EXAMPLES.glob("*.yaml")):
        spec = build(read_intake(file))["canonical_spec"].value
        if isinstance(spec, Spec):
            documents.append(spec.model_dump(mode="json"))
    texts = [json.dumps(document) for document in documents]
    for _ in range(number):
        document: JsonValue = json.loads(chance.choice(texts))
        for _ in range(chance.randint(1, 4)):
            chance.choice(CHANGES)(document, chance.choice(list(places(document))), chance)
        yield json.dumps(document).encode()


def checked(arguments: list[str], name: str, capsys: pytest.CaptureFixture[str]) -> int:
    """Runs a command: it ends well, or with a message that names the file."""
    code = main(arguments)
    told = "".join(capsys.readouterr())
    assert code in (EXIT_DONE, EXIT_WRONG)
    assert not any(fault in told for fault in FAULTS), told[:2000]
    if code == EXIT_WRONG:
        assert name in told
        assert PLACE.search(told)
    return code


@pytest.mark.parametrize(("count", "seed"), [(FEW, 7), pytest.param(CASES, 8, marks=pytest.mark.slow)])
def test_mutated_intakes_build_or_are_refused_with_a_place(
    count: int, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    inside = tmp_path / "outside" / "packages"
    inside.mkdir(parents=True)
    codes = set()
    for number, mutation in enumerate(mutated_intakes(count, seed)):
        file = tmp_path / f"intake{number}.yaml"
        file.write_bytes(mutation.data)
        codes.add(checked(["build", str(file), "--out", str(inside)], file.name, capsys))
        file.unlink()
    assert codes == {EXIT_DONE, EXIT_WRONG}
    assert [path.name for path in tmp_path.iterdir()] == ["outside"]
    assert [path.name for path in (tmp_path / "outside").iterdir()] == ["packages"]


@pytest.mark.parametrize(("count", "seed"), [(FEW, 11), pytest.param(CASES, 12, marks=pytest.mark.slow)])
def test_mutated_specs_compile_or_are_refused_with_a_place(
    count: int, seed: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    codes = set()
    file = tmp_path / "spec.json"
    for data in mutated_specs(count, seed):
        file.write_bytes(data)
        codes.add(checked(["validate", "--platform", "spec", str(file)], file.name, capsys))
        for platform in platforms():
            output = tmp_path / f"{platform}.json"
            if checked(["compile", str(file), "--to", platform, "-o", str(output)], file.name, capsys) == EXIT_DONE:
                checked(["validate", str(output)], output.name, capsys)
    assert codes == {EXIT_DONE, EXIT_WRONG}
