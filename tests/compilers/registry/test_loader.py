"""Reading the registry: one file is one app, and a wrong file is said to be wrong, with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from compilers.errors import RegistryError
from compilers.registry import read_app, read_registry, registry

GOOD = """
app: pager
name: Pager
category: communication
aliases: [beeper]
verified: 2026-11-23
connection: {label: Pager account, make: {type: pager}, n8n: {credential: pagerApi}}
operations:
  beep:
    kind: action
    summary: Make it beep
    verbs: [beep]
    inputs:
      number: {required: true, description: The number}
      tone: {options: [low, high], default: low}
    outputs:
      id: {type: text, n8n: result.id}
    make: {module: "pager:Beep", version: 2, mapper: {to: $number, tone: $tone}}
    n8n: {node: n8n-nodes-pager.pager, version: 1, parameters: {to: $number, tone: $tone}}
"""
FLOW = "filter: {make: '', n8n: n8n-nodes-base.filter, n8n_version: 2.3}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "apps").mkdir()
    (tmp_path / "apps" / "pager.yaml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "flow.yaml").write_text(FLOW, encoding="utf-8")
    return tmp_path


def test_an_app_is_one_file(folder: Path) -> None:
    found = read_registry(folder)
    assert found.app("pager").aliases == ("beeper",)
    operation = found.operation("pager", "beep")
    assert operation.make
    assert operation.make.module == "pager:Beep"
    assert operation.with_defaults({"number": "7"}) == {"number": "7", "tone": "low"}
    assert found.flow["filter"].n8n_version == 2.3


def test_other_files_are_left_alone(folder: Path) -> None:
    (folder / "apps" / "README.md").write_text("about", encoding="utf-8")
    assert list(read_registry(folder).apps) == ["pager"]


@pytest.mark.parametrize(
    ("old", "new", "places"),
    [
        ("kind: action", "kind: deed", ["operations.beep.kind"]),
        ("summary: Make it beep", "sumary: Make it beep", ["operations.beep.summary", "operations.beep.sumary"]),
        ("version: 2,", "version: two,", ["operations.beep.make.version"]),
        ("node: n8n-nodes-pager.pager, ", "", ["operations.beep.n8n.node"]),
        ("category: communication", "category: noise", ["category"]),
        ("app: pager", "app: Pager!", ["app"]),
        ("  beep:", "  Beep It:", ["operations.Beep It.[key]"]),
        ("verified: 2026-11-23", "verified: yesterday", ["verified"]),
        ("options: [low, high], default: low", "options: [low, high], default: loud", ["operations.beep"]),
        ("{to: $number, tone: $tone}}\n    n8n", "{to: $nmber, tone: $tone}}\n    n8n", ["operations.beep"]),
        ("n8n: result.id", "make: {columns: headers}", ["operations.beep"]),
        ("type: text, n8n", "type: string, n8n", ["operations.beep.outputs.id.type"]),
        (GOOD, "[]", ["document"]),
        (GOOD, "", ["document"]),
    ],
)
def test_a_wrong_file_is_named_with_each_wrong_place(old: str, new: str, places: list[str]) -> None:
    with pytest.raises(RegistryError) as caught:
        read_app(GOOD.replace(old, new), "pager.yaml")
    assert caught.value.where == "pager.yaml"
    assert {finding.where for finding in caught.value.findings} == set(places)


def test_a_wrong_name_of_an_input_is_said(folder: Path) -> None:
    with pytest.raises(RegistryError, match=r"make\.mapper uses `nmber`"):
        read_app(GOOD.replace("{to: $number, tone: $tone}}\n    n8n", "{to: $nmber}}\n    n8n"), "pager.yaml")


@pytest.mark.parametrize("text", ["app: [", "\t- x", "a: *unknown", "!!python/object:os.system {}"])
def test_what_is_no_yaml(text: str) -> None:
    with pytest.raises(RegistryError, match="not YAML") as caught:
        read_app(text, "pager.yaml")
    assert caught.value.where == "pager.yaml"


def test_a_file_bears_the_name_of_its_app(folder: Path) -> None:
    (folder / "apps" / "pager.yaml").rename(folder / "apps" / "beeper.yaml")
    with pytest.raises(RegistryError, match=r"name the file `pager\.yaml`") as caught:
        read_registry(folder).app("beeper")
    assert caught.value.where == "beeper.yaml"


@pytest.mark.parametrize("text", ["filter: {make: x}", "- filter", "filter: ["])
def test_a_wrong_table_of_flow_modules(folder: Path, text: str) -> None:
    (folder / "flow.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        read_registry(folder)
    assert caught.value.where == "flow.yaml"


def test_look_ups_say_what_is_near(folder: Path) -> None:
    found = read_registry(folder)
    with pytest.raises(RegistryError, match="did you mean `pager`"):
        found.app("pagr")
    with pytest.raises(RegistryError, match="did you mean `beep`"):
        found.operation("pager", "beeep")
    with pytest.raises(RegistryError, match="manageai apps"):
        found.app("nothing like it")
    assert found.find("pager", "boop") is None
    assert found.find("nothing", "beep") is None


def test_the_registry_is_read_once() -> None:
    assert registry() is registry()
