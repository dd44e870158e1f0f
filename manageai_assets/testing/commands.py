"""`manageai test`, `manageai pilot` and `manageai n8n start`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import JsonValue

from compilers.documents import members, unwrapped
from compilers.errors import UserError
from compilers.exports import emit, platforms
from compilers.make.parse import parse as parse_make
from compilers.n8n.parse import parse as parse_n8n
from compilers.spec import PlatformName, Spec, parse_spec
from manageai_assets import console
from manageai_assets.commands import Outcome, read_document, recognise, write_whole
from manageai_assets.settings import read_settings
from manageai_assets.testing.models import CaseResult, EngineName, TestReport
from manageai_assets.testing.report import GROUPS, headline, meaning, to_html, to_markdown
from resources.artifacts import PARTITION_KEY, ArtifactStore, BuildKey, parse_key

if TYPE_CHECKING:
    from manageai_assets.testing.serving import Served

SHOWN = 20
"""Failed cases that the terminal spells out; the files have all."""


@dataclass(frozen=True)
class Subject:
    """What is tested: a spec, and the documents that it was, or can be, compiled to."""

    title: str
    spec: Spec
    documents: Mapping[PlatformName, Mapping[str, JsonValue]]
    was_read: bool = False
    """It is an export: on the simulator its scenario runs as it was read."""


def test(options: argparse.Namespace) -> Outcome:
    """`test`: the cases of a build, a spec or an export, on an engine."""
    from manageai_assets.testing.choosing import engine_for
    from manageai_assets.testing.running import run_suite
    from manageai_assets.testing.suites import suite_for

    settings = read_settings()
    engine_name: EngineName = options.on or settings.test_engine
    artifacts = str(options.artifacts.resolve()) if options.artifacts else settings.artifacts_uri
    subject = subject_of(options.subject, artifacts)
    documents = {} if subject.was_read and engine_name == "simulate" else subject.documents
    suite = suite_for(subject.spec, settings, live=engine_name != "simulate")
    with (
        engine_for(engine_name, subject.spec, documents, settings) as engine,
        console.progress(len(suite.cases), f"testing on {engine_name}") as step,
    ):
        report = run_suite(subject.spec, suite, engine, lambda number, result: step(result.case.title))
    files = _written(report, options.output) if options.output else {}
    data: JsonValue = {
        "subject": subject.title,
        "engine": report.engine,
        "passed": report.passed,
        "cases": len(report.results),
        "failed": [result.case.name for result in report.results if not result.passed],
        "not_covered": [*suite.not_covered],
        "notes": [*report.notes, *suite.notes],
        "files": {name: str(path) for name, path in files.items()},
    }
    return Outcome(data, lambda: _show(report, suite.not_covered, files), good=report.passed)


def _written(report: TestReport, folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "test_report.json": json.dumps(report.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n",
        "test_report.md": to_markdown(report),
        "test_report.html": to_html(report),
    }
    for name, text in texts.items():
        write_whole(folder / name, text)
    return {name: folder / name for name in texts}


def _show(report: TestReport, not_covered: tuple[str, ...], files: Mapping[str, Path]) -> None:
    groups: dict[str, list[CaseResult]] = {}
    for result in report.results:
        groups.setdefault(GROUPS[result.case.group][0], []).append(result)
    rows = [
        (name, len(found), sum(one.passed for one in found), sum(not one.passed for one in found))
        for name, found in groups.items()
    ]
    console.show_table(("cases", "run", "passed", "failed"), rows)
    covered = report.coverage
    console.show_table(
        ("covered", "reached", "missed"),
        [
            ("steps", len(covered.steps), ", ".join(covered.steps_missed)),
            ("routes", len(covered.routes), ", ".join(covered.routes_missed)),
            ("filters", len(covered.filters), ", ".join(covered.filters_missed)),
            ("error handling", len(covered.handlers), ", ".join(covered.handlers_missed)),
        ],
    )
    failed = [result for result in report.results if not result.passed]
    for result in failed[:SHOWN]:
        print(f"FAILED {result.case.title}")
        if result.problem:
            print(f"  {result.problem}")
        for one in result.differences[:3]:
            what, to_do = meaning(one)
            print(f"  {one.step or 'run'}: {one.what}: expected {_said(one.expected)}, was {_said(one.actual)}")
            print(f"    {what} {to_do}")
    if len(failed) > SHOWN:
        print(f"... and {len(failed) - SHOWN} more")
    for line in (*not_covered, *report.notes):
        print(f"note: {line}")
    print(f"{report.slug}@v{report.version}: {headline(report)}")
    for path in files.values():
        print(path)


def _said(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 100 else f"{text[:99]}…"


# -- what is tested ------------------------------------------------------------------------------------------------


def subject_of(given: str, artifacts: str) -> Subject:
    """The spec and documents behind `SLUG@vN` (below `artifacts`), a spec's file or an export's. Raises `UserError`
    when there is none."""
    path = Path(given)
    if PARTITION_KEY.fullmatch(given) and not path.exists():
        return _of_build(parse_key(given), ArtifactStore(artifacts))
    document = read_document(path)
    platform = recognise(document, given)
    if platform == "spec":
        spec = parse_spec(document, where=given)
        return Subject(given, spec, _compiled(spec))
    name: PlatformName = "make" if platform == "make" else "n8n"
    spec = parse_make(document).spec if name == "make" else parse_n8n(document).spec
    return Subject(given, spec, {**_compiled(spec), name: members(unwrapped(document))}, was_read=True)


def _compiled(spec: Spec) -> dict[PlatformName, Mapping[str, JsonValue]]:
    """The spec's documents on every platform that can have it."""
    found: dict[PlatformName, Mapping[str, JsonValue]] = {}
    for name in platforms():
        try:
            found[name] = emit(spec, name).document
        except UserError:
            continue
    return found


def _of_build(key: BuildKey, store: ArtifactStore) -> Subject:
    """A build's spec and exports, from its artifacts."""
    from manageai_assets.build.exports import EXPORTS

    data = store.read(key, "canonical_spec.json")
    if data is None:
        hint = "build it first, or say with --artifacts where its package is"
        raise UserError("there is no such build", where=store.url(key), hint=hint)
    documents: dict[PlatformName, Mapping[str, JsonValue]] = {}
    for name, item in EXPORTS.items():
        found = store.read(key, item.artifact)
        if found is not None:
            documents[name] = json.loads(found)
    return Subject(str(key), parse_spec(json.loads(data), where=str(key)), documents)


# -- a server of one's own -----------------------------------------------------------------------------------------


def pilot(options: argparse.Namespace) -> Outcome:
    """`pilot`: a blueprint's cases on both sides, and whether to cut over."""
    from manageai_assets.testing import pilot as piloting
    from manageai_assets.testing.n8n_session import n8n_session

    document = read_document(options.blueprint)
    with n8n_session(read_settings()) as session:
        engine_of = piloting.on_session(session)
        report = piloting.pilot(document, engine_of, customer=options.customer, timezone=options.timezone)
    page = piloting.to_markdown(report)
    if options.output:
        write_whole(options.output / "pilot_report.md", page)
        write_whole(options.output / "pilot_report.json", report.model_dump_json(indent=2) + "\n")
    data: JsonValue = report.model_dump(mode="json")
    return Outcome(data, lambda: print(page), good=report.verdict != "not yet")


def n8n_start(options: argparse.Namespace) -> Outcome:
    """`n8n start`: installs n8n once, starts it, and stays until Ctrl-C or SIGTERM. With `--json` one line says where
    it is when it is ready, and the outcome when it has stopped."""
    from manageai_assets.testing.serving import serving, until_stopped

    folder = read_settings().data_dir / "n8n"

    def heard(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    with until_stopped(), serving(folder, options.port, sandbox=options.sandbox, heard=heard) as served:
        _show_served(served, as_json=options.json, sandboxed=options.sandbox)
        served.wait()
    return Outcome({"stopped": True}, lambda: print("n8n has stopped"))


def _show_served(served: Served, *, as_json: bool, sandboxed: bool) -> None:
    from manageai_assets.testing.serving import NO_EDITOR

    if as_json:
        key = served.key.get_secret_value()
        ready = {"address": served.address, "key": key, "key_file": str(served.key_file), "sandbox": sandboxed}
        print(json.dumps(ready), flush=True)
        return
    print(f"n8n is ready at {served.address}. {NO_EDITOR}")
    print("Its apps are played on this machine: nothing leaves it." if sandboxed else "Its apps are the real ones.")
    print("For .env:")
    print(f"  N8N_API_URL={served.address}")
    print(f"  N8N_API_KEY=  (the content of {served.key_file})")
    print("Ctrl-C stops it.", flush=True)
