"""Suites on an n8n that is reached by its public API alone, the apps replaced by stand-ins."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import JsonValue

from compilers.documents import items, members
from compilers.exports import emit
from compilers.spec import Spec
from manageai_assets.settings import Settings
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.choosing import engine_for
from manageai_assets.testing.models import TestReport
from manageai_assets.testing.running import run_suite
from manageai_assets.testing.serving import serving
from resources.n8n_api import N8nApi
from resources.n8n_install import install, is_installed, server_folder
from resources.n8n_server import N8nServer
from tests.manageai_assets.testing.examples import example_specs

pytestmark = pytest.mark.live
EVERY = 5
"""Of the cases, every fifth: all of them take a minute."""


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    """The settings for a server that stands for a client's."""
    if not is_installed(server_folder()):
        pytest.skip("no n8n server is installed: `python -m resources.n8n_server` does that")
    with N8nServer(install(), {"N8N_EXPRESSION_ENGINE": "legacy"}) as server:
        key = server.make_key("tests").get_secret_value()
        yield Settings.model_validate({"n8n_api_url": server.address, "n8n_api_key": key})


def report_of(spec: Spec, document: dict[str, JsonValue], settings: Settings) -> TestReport:
    """What comes of a part of a spec's suite."""
    suite = suite_of(spec, moment=datetime.now(UTC))
    part = suite.model_copy(update={"cases": suite.cases[::EVERY]})
    with engine_for("n8n", spec, {"n8n": document}, settings) as engine:
        return run_suite(spec, part, engine)


@pytest.mark.parametrize("spec", example_specs()[-2:], ids=lambda spec: spec.slug)
def test_an_example_passes_and_leaves_nothing_behind(spec: Spec, settings: Settings) -> None:
    report = report_of(spec, emit(spec, "n8n").document, settings)
    failed = [(one.case.name, one.problem, one.differences[:2]) for one in report.results if not one.passed]
    assert failed == []
    assert len(report.results) >= 6
    assert report.subject == "n8n export, apps replaced by stand-ins"
    assert settings.n8n_api_key
    with N8nApi(str(settings.n8n_api_url), settings.n8n_api_key) as n8n:
        assert list(n8n.workflows()) == []
        assert list(n8n.history()) == []


def test_a_lost_wire_is_found(settings: Settings) -> None:
    spec = example_specs()[-1]
    document = dict(emit(spec, "n8n").document)
    called = emit(spec, "n8n").mains
    lost = called[next(step.id for step in reversed(spec.steps) if step.id in called)]
    wires: dict[str, JsonValue] = {}
    for source, ways in members(document["connections"]).items():
        ports: list[JsonValue] = [
            [wire for wire in items(port) if members(wire).get("node") != lost] for port in items(members(ways)["main"])
        ]
        wires[source] = {"main": ports}
    report = report_of(spec, {**document, "connections": wires}, settings)
    assert not report.passed
    assert any(found.what == "reached" for result in report.results for found in result.differences)


def test_a_started_server_keeps_its_key_and_its_workflows(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        with serving(tmp_path / "n8n", free_port(), sandbox=False) as served, N8nApi(served.address, served.key) as n8n:
            keys.append(served.key)
            if not list(n8n.workflows()):
                assert len(keys) == 1
                n8n.create({"name": "Kept", "nodes": [], "connections": {}, "settings": {}})
    assert keys[0] == keys[1]
    assert keys[0].get_secret_value() == served.key_file.read_text(encoding="utf-8")
    assert stat.S_IMODE(served.key_file.stat().st_mode) == 0o600
    assert not served.server.is_running


def free_port() -> int:
    """A port that nothing listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
