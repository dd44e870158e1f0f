"""The package: what the client gets in one file, from the command line too, whenever it is asked for."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from manageai_assets.cli import main
from manageai_assets.documents.stages import DOCUMENT_NAMES, STAGES
from manageai_assets.local_builds import build_file, local_store
from resources.artifacts import parse_key
from tests.manageai_assets.documents import hard

INSIDE = [
    "sow.docx", "executive_summary.pdf", "technical_spec.md", "implementation_checklist.md", "flow.svg",
    "make_export.json", "n8n_export.json",
]  # fmt: skip


def package(name: str) -> dict[str, bytes]:
    """The files of a build's package."""
    data = hard.values(name)["sow_package"]
    assert isinstance(data, bytes)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {entry: archive.read(entry) for entry in archive.namelist()}


@pytest.mark.parametrize("name", [*hard.READY, *hard.HARD])
def test_it_holds_the_documents_and_the_exports(name: str) -> None:
    files, values = package(name), hard.values(name)
    assert list(files) == INSIDE
    assert files["sow.docx"] == values["sow"]
    assert files["executive_summary.pdf"].startswith(b"%PDF")
    assert json.loads(files["make_export.json"])["flow"]
    assert json.loads(files["n8n_export.json"])["nodes"]


def test_the_pack_lists_every_document() -> None:
    listed = json.loads(hard.values("one-line")["delivery_pack"].model_dump_json())["artifacts"]  # type: ignore[union-attr]
    assert {item.artifact for item in STAGES} <= {one["name"] for one in listed}


def test_the_command_makes_what_the_build_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    store = local_store(tmp_path / "builds")
    key = build_file(hard.EXAMPLES[1], store).key
    assert main(["sow", key, "--artifacts", str(tmp_path / "builds"), "-o", str(tmp_path / "offer"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["draft"], told["settle"], told["texts"]) == (False, [], "rules")
    made = {path.name: path.read_bytes() for path in (tmp_path / "offer").iterdir()}
    assert set(made) == {item.artifact for item in STAGES}
    assert {name: store.read(parse_key(key), name) for name in made} == made


def test_the_command_uses_the_brand_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    store = local_store(tmp_path / "builds")
    key = build_file(hard.EXAMPLES[1], store).key
    text = Path("brand.yaml").read_text(encoding="utf-8").replace("language: en", "language: de")
    (tmp_path / "brand.yaml").write_text(text.replace("logo: templates/brand/logo.png", 'logo: ""'), encoding="utf-8")
    monkeypatch.setenv("BRAND_FILE", str(tmp_path / "brand.yaml"))
    assert main(["sow", key, "--artifacts", str(tmp_path / "builds"), "-o", str(tmp_path / "angebot")]) == 0
    assert "Umsetzung" in (tmp_path / "angebot" / "implementation_checklist.md").read_text(encoding="utf-8")
    assert "sow.docx" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nobody@v1"], "there is no such build"),
        (["../../etc@v1"], "is no partition key"),
        (["nobody"], "is no partition key"),
    ],
)
def test_what_is_no_build_is_refused(
    arguments: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sow", *arguments, "--artifacts", str(tmp_path)]) == 1
    assert told in capsys.readouterr().err


def test_an_intake_that_waits_has_no_documents(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = next(path for path in hard.EXAMPLES if path.stem.startswith("quickbite"))
    key = build_file(file, local_store(tmp_path)).key
    assert main(["sow", key, "--artifacts", str(tmp_path)]) == 1
    assert "there is no such build" in capsys.readouterr().err


def test_every_document_is_a_stage_of_the_group() -> None:
    assert {item.group for item in STAGES} == {"documents"}
    assert len(DOCUMENT_NAMES) == 6
