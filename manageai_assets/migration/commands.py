"""What `manageai migrate` and `manageai parse` do."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError, shorten
from compilers.migrate import MigrationReport
from compilers.migration_sides import ORIGINS
from compilers.spec import dump_spec
from manageai_assets import console
from manageai_assets.commands import Outcome, read_document, recognise, write_whole
from manageai_assets.migration.migrating import blueprints_in, files_of, migrated, stem
from manageai_assets.migration.submitting import FOLDER
from manageai_assets.settings import read_settings


@dataclass(frozen=True)
class _Moved:
    """One document that was migrated, and where what was written stands."""

    file: Path
    workflow: Path
    page: Path
    report: MigrationReport

    @property
    def expressions(self) -> str:
        return f"{self.report.expressions.translated}/{self.report.expressions.total}"

    def as_json(self) -> JsonValue:
        return {
            "file": str(self.file),
            "workflow": str(self.workflow),
            "report": str(self.page.with_suffix(".json")),
            "grades": {str(grade): count for grade, count in self.report.grades.items()},
            "expressions": {
                "total": self.report.expressions.total,
                "translated": self.report.expressions.translated,
            },
            "warnings": len(self.report.warnings),
        }


def migrate(options: argparse.Namespace) -> Outcome:
    """`migrate`: exports of one platform to those of another, with a report each. One bad file leaves others alone."""
    found = blueprints_in(options.paths)
    inbox = _inbox() if options.submit else None
    moved: list[_Moved] = []
    refused: list[tuple[Path, UserError]] = []
    with console.progress(len(found), "migrating") as step:
        for (file, _), name in zip(found, _names([place for _, place in found]), strict=True):
            try:
                moved.append(_migrate_one(file, name, options))
                if inbox:
                    write_whole(inbox / f"{name.name}.json", file.read_text(encoding="utf-8"))
            except UserError as error:
                refused.append((file, _with_file(error, file)))
            step(str(file))
    data: list[JsonValue] = [one.as_json() for one in moved]
    data += [{"file": str(file), "error": str(error)} for file, error in refused]
    return Outcome(data, lambda: _show(moved, refused), good=not refused)


def _inbox() -> Path:
    """The folder whose blueprints Dagster migrates. Raises `UserError` when none is configured."""
    folder = read_settings().inbox_dir
    if folder is None:
        raise UserError("INBOX_DIR is not set, so that Dagster watches no folder", hint="set it in .env")
    return folder / FOLDER


def _migrate_one(file: Path, name: Path, options: argparse.Namespace) -> _Moved:
    out: Path = options.output
    reports: Path = options.report or out
    done = migrated(read_document(file), options.to, customer=options.customer, timezone=options.timezone)
    files = files_of(done, name.name)
    written = [(out, files.workflow), (reports, files.report), (reports, files.page)]
    written += [(out, files.sheet)] if files.sheet else []
    for folder, (file_name, text) in written:
        write_whole(folder / name.parent / file_name, text)
    folder, pages = out / name.parent, reports / name.parent
    return _Moved(file, folder / files.workflow[0], pages / files.page[0], done.report)


def _names(places: Sequence[Path]) -> Iterator[Path]:
    """A name for each file, below the folder it came from; one that stands twice gets a number."""
    taken: dict[Path, int] = {}
    for place in places:
        name = place.with_name(stem(place))
        taken[name] = taken.get(name, 0) + 1
        yield name if taken[name] == 1 else name.with_name(f"{name.name}-{taken[name]}")


def _with_file(error: UserError, file: Path) -> UserError:
    where = f"{file}: {error.where}" if error.where and str(file) not in error.where else str(file)
    return UserError(error.what, where=where, hint=error.hint, findings=error.findings)


def _show(moved: Sequence[_Moved], refused: Sequence[tuple[Path, UserError]]) -> None:
    rows = [
        (
            one.file.name,
            one.report.grades["native"],
            one.report.grades["equivalent"],
            one.report.grades["manual"],
            one.expressions,
            len(one.report.warnings),
            str(one.page),
        )
        for one in moved
    ]
    columns = ("document", "native", "equivalent", "manual", "expressions", "warnings", "report")
    if rows:
        console.show_table(columns, rows, styles=["" if one.report.is_complete else "yellow" for one in moved])
    for _, error in refused:
        print(f"not migrated: {error}")
    counted = {grade: sum(one.report.grades[grade] for one in moved) for grade in ("native", "equivalent", "manual")}
    told = ", ".join(f"{count} {grade}" for grade, count in counted.items())
    print(f"{len(moved)} of {len(moved) + len(refused)} migrated; modules: {told}")


def parse(options: argparse.Namespace) -> Outcome:
    """`parse`: an export of a platform as a canonical spec."""
    document = read_document(options.file)
    read = ORIGINS.get(recognise(document, str(options.file)))
    if read is None:
        raise UserError("is a canonical spec already", where=str(options.file))
    try:
        parsed = read(document, "", options.customer, options.timezone)
    except UserError as error:
        raise _with_file(error, options.file) from None
    text = dump_spec(parsed.spec)
    findings: list[JsonValue] = [finding.model_dump(mode="json") for finding in parsed.findings]
    data: dict[str, JsonValue] = {"findings": findings, "steps": len(parsed.spec.nodes)}
    if options.output:
        write_whole(options.output, text)
        data["file"] = str(options.output)
    else:
        data["spec"] = parsed.spec.model_dump(mode="json")

    def show() -> None:
        if not options.output:
            print(text, end="")
            return
        print(f"{options.output}: {len(parsed.spec.nodes)} steps of {shorten(parsed.spec.name)}")
        if parsed.findings:
            console.show_findings(parsed.findings)

    return Outcome(data, show)
