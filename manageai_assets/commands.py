"""What each command of the command line does: plain data for machines, and a way to show it to people."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from compilers.documents import unwrapped
from compilers.errors import CompileError, Finding, UserError, shorten
from compilers.spec import Spec, parse_spec, read_spec
from compilers.zapier.source import is_export
from manageai_assets import console

LARGEST_DOCUMENT = 64 * 1024 * 1024
"""Bytes of a document that is read at all."""


@dataclass(frozen=True)
class Outcome:
    """What a command came to. `good` is false when a document has errors or a build was refused."""

    data: JsonValue
    show: Callable[[], None]
    good: bool = True


# -- intakes ---------------------------------------------------------------------------------------------------


def build(options: argparse.Namespace) -> Outcome:
    """`build`: delivery packages of intake files. One bad file leaves the others alone."""
    from manageai_assets.local_builds import LocalBuild, build_file, local_store

    store = local_store(options.out)
    built: list[LocalBuild] = []
    with console.progress(len(options.files), "building") as step:
        for file in options.files:
            built.append(build_file(file, store))
            step(str(file))
    rows = [
        (Path(one.file).name, one.key, one.status, one.confidence, ", ".join(one.platforms), one.folder)
        for one in built
    ]

    def show() -> None:
        styles = [{"failed": "bold red", "waiting": "yellow"}.get(one.status, "") for one in built]
        console.show_table(("intake", "build", "status", "confidence", "platforms", "files"), rows, styles=styles)
        for one in built:
            for reason in one.reasons:
                print(f"{one.file}: {reason}")

    return Outcome([one.as_json() for one in built], show, good=all(one.status != "failed" for one in built))


# -- specs and exports -----------------------------------------------------------------------------------------


def compile_spec(options: argparse.Namespace) -> Outcome:
    """`compile`: one platform's export of a spec."""
    from compilers.exports import emit, guide, guided

    sheet: Path | None = options.output.with_suffix(".build-sheet.md") if options.output else None
    try:
        spec = read_spec(options.spec)
        if sheet and options.to in guided():
            write_whole(sheet, guide(spec, options.to))
        export = emit(spec, options.to)
    except CompileError as error:
        where = f"{options.spec}: {error.where}" if error.where else str(options.spec)
        raise CompileError(error.what, where=where, hint=error.hint, findings=error.findings) from None
    text = json.dumps(export.document, indent=2, ensure_ascii=False) + "\n"
    if options.output:
        write_whole(options.output, text)
    findings: list[JsonValue] = [finding.model_dump(mode="json") for finding in export.findings]
    connections: list[JsonValue] = [connection.model_dump(mode="json") for connection in export.connections]
    data: JsonValue = {"platform": export.platform, "findings": findings, "connections": connections}
    if isinstance(data, dict):
        data |= {"file": str(options.output)} if options.output else {"document": export.document}
        data |= {"build_sheet": str(sheet)} if sheet and options.to in guided() else {}

    def show() -> None:
        if not options.output:
            print(text, end="")
            return
        rows = [(one.label, one.platform_type, ", ".join(one.places)) for one in export.connections]
        print(f"{options.output}: {export.platform} export of {shorten(export.document_name)}")
        if rows:
            console.show_table(("connect", "type", "where"), rows)
        if export.findings:
            console.show_findings(export.findings)

    return Outcome(data, show)


def validate(options: argparse.Namespace) -> Outcome:
    """`validate`: the findings of a spec or an export."""
    from compilers.rules import validate_export, validate_spec

    document = read_document(options.file)
    platform = recognise(document, str(options.file)) if options.platform == "auto" else options.platform
    if platform == "spec":
        findings: Sequence[Finding] = _spec_findings(document, validate_spec)
    else:
        findings = validate_export(platform, unwrapped(document))
    counts = {severity: sum(one.severity == severity for one in findings) for severity in console.SEVERITY_STYLES}
    listed: list[JsonValue] = [finding.model_dump(mode="json") for finding in findings]
    data: JsonValue = {"file": str(options.file), "platform": platform, **counts, "findings": listed}
    if options.report:
        write_whole(options.report, json.dumps(data, indent=2, ensure_ascii=False) + "\n")

    def show() -> None:
        if findings:
            console.show_findings(findings)
        told = ", ".join(
            f"{count} {severity}{'s' if count != 1 and severity != 'info' else ''}"
            for severity, count in counts.items()
        )
        print(f"{options.file} ({platform}): {told}")

    return Outcome(data, show, good=not counts["error"])


def _spec_findings(document: JsonValue, check: Callable[[Spec], Sequence[Finding]]) -> Sequence[Finding]:
    try:
        return check(parse_spec(document))
    except UserError as error:
        if error.findings:
            return error.findings
        raise


def diff(options: argparse.Namespace) -> Outcome:
    """`diff`: what changed from one spec to another."""
    from compilers.diff import diff_specs

    changes = diff_specs(read_spec(options.old), read_spec(options.new))
    return Outcome(changes.model_dump(mode="json"), lambda: print(changes.text()))


# -- catalogues ------------------------------------------------------------------------------------------------


def rules(options: argparse.Namespace) -> Outcome:
    """`rules`: the catalogue of rules."""
    from compilers.rules import catalogue

    chosen = [rule for rule in catalogue() if not options.family or rule.id.startswith(f"{options.family}.")]
    listed: list[JsonValue] = [
        {"id": rule.id, "severity": rule.severity, "area": rule.area, "sentence": rule.sentence, "hint": rule.hint}
        for rule in chosen
    ]

    def show() -> None:
        rows = [(rule.id, rule.severity, rule.sentence, rule.hint) for rule in chosen]
        console.show_table(("rule", "severity", "what must hold", "to do"), rows, title=f"{len(rows)} rules")

    return Outcome(listed, show)


def apps(options: argparse.Namespace) -> Outcome:
    """`apps`: the registry as a table."""
    from compilers.registry import registry

    known = registry()
    chosen = [known.app(options.app)] if options.app else list(known.apps.values())
    listed: list[JsonValue] = [app.model_dump(mode="json", exclude_defaults=True) for app in chosen]

    def show() -> None:
        rows = [
            (
                app.app,
                operation_name,
                operation.kind,
                operation.summary,
                operation.make.module if operation.make else None,
                f"{operation.n8n.node} {operation.n8n.version:g}" if operation.n8n else None,
            )
            for app in chosen
            for operation_name, operation in app.operations.items()
        ]
        console.show_table(("app", "operation", "kind", "what it does", "Make", "n8n"), rows)
        if options.app:
            fields = [
                (operation_name, f"{way} {field}", described.type, described.description)
                for operation_name, operation in chosen[0].operations.items()
                for way, group in (("in", operation.inputs), ("out", operation.outputs))
                for field, described in group.items()
            ]
            console.show_table(("operation", "field", "type", "what it is"), fields)

    return Outcome(listed, show)


# -- files -----------------------------------------------------------------------------------------------------


def read_document(path: Path) -> JsonValue:
    """The JSON document in a file. Raises `UserError` when it can't be read, is too large or is not JSON."""
    try:
        if path.stat().st_size > LARGEST_DOCUMENT:
            raise UserError(f"is larger than {LARGEST_DOCUMENT // 1024 // 1024} MB", where=str(path))
        document: JsonValue = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"can't be read as JSON: {shorten(str(error))}", where=str(path)) from None
    return document


def recognise(document: JsonValue, where: str) -> str:
    """`spec`, `make`, `n8n` or `zapier`: what a document is. Raises `UserError` when it is none of them."""
    if is_export(document):
        return "zapier"
    inner = unwrapped(document)
    if isinstance(inner, dict):
        if "spec_version" in inner:
            return "spec"
        if "flow" in inner:
            return "make"
        if "nodes" in inner:
            return "n8n"
    raise UserError(
        "is no canonical spec, no Make blueprint, no n8n workflow and no Zap",
        where=where,
        hint="say which with --platform",
    )


def write_whole(path: Path, text: str) -> None:
    """Writes a file whole or not at all. Raises `UserError`."""
    draft = path.with_name(f".{path.name[:40]}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        with suppress(OSError):
            draft.unlink()
        raise UserError(f"can't be written: {error.strerror}", where=str(path)) from None
