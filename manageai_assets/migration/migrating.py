"""Files of one platform to files of another, and reports: the work behind `manageai migrate` and behind the assets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from compilers.errors import UserError
from compilers.exports import guide, guided
from compilers.migrate import Migration, MigrationReport, migrate
from manageai_assets.build.markdown import render
from manageai_assets.migration.saving import saving_of

OWN_FILES = (".n8n.json", ".make.json", ".zapier.json", ".report.json")
TEMPLATE = "migration_report.md.j2"


@dataclass(frozen=True)
class Files:
    """What a migration leaves behind: file names and texts."""

    workflow: tuple[str, str]
    report: tuple[str, str]
    page: tuple[str, str]
    sheet: tuple[str, str] | None = None


def migrated(
    document: JsonValue, to: str = "n8n", *, slug: str = "", customer: str = "Unnamed client", timezone: str = "UTC"
) -> Migration:
    """A migration with what it saves in its report. Raises `UserError` for what is neither
    a blueprint nor a workflow."""
    done = migrate(document, to, slug=slug, customer=customer, timezone=timezone)
    report = done.report.model_copy(update={"saving": saving_of(done.spec, done.report.source, done.report.target)})
    return Migration(done.spec, done.export, report)


def files_of(done: Migration, name: str) -> Files:
    """The workflow and the report, as JSON and as a page, under a name."""
    workflow = json.dumps(done.export.document, indent=2, ensure_ascii=False) + "\n"
    report = json.dumps(done.report.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
    target = done.report.target
    return Files(
        (f"{name}.{target}.json", workflow),
        (f"{name}.report.json", report),
        (f"{name}.report.md", page(done.report)),
        (f"{name}.build-sheet.md", guide(done.spec, target)) if target in guided() else None,
    )


def page(report: MigrationReport) -> str:
    """The report as Markdown."""
    return render(TEMPLATE, report=report)


def blueprints_in(paths: Sequence[Path]) -> tuple[tuple[Path, Path], ...]:
    """Every JSON file that is named or lies in a named folder, with its place below that folder. Files that a migration
    wrote are left out. Raises `UserError` for a path that isn't there, or a folder without any."""
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_dir():
            inside = {file: file.relative_to(path) for file in _json_files(path)}
            if not inside:
                raise UserError("no JSON file in this folder", where=str(path))
            found |= inside
        elif path.is_file():
            found[path] = Path(path.name)
        else:
            raise UserError("no such file or folder", where=str(path))
    return tuple(found.items())


def _json_files(folder: Path) -> Iterator[Path]:
    yield from (file for file in sorted(folder.rglob("*.json")) if file.is_file() and not file.name.endswith(OWN_FILES))


def stem(file: Path) -> str:
    """The name that a migration's files get from the blueprint's."""
    return re.sub(r"\.(blueprint\.)?json\Z", "", file.name, flags=re.IGNORECASE) or "blueprint"
