"""What a run's results say about each build: the row that people see in tables."""

from __future__ import annotations

from manageai_assets.store.builds import BuildResult
from manageai_assets.store.tables import BuildStatus
from manageai_assets.workbench import Result, Workbench
from resources.artifacts import BuildKey

EXPORT_SUFFIX = "_export"


def result_of(bench: Workbench, key: BuildKey) -> BuildResult:
    """What became of a build that this run has worked on."""
    results = bench.results.get(key, {})
    status, reasons = _verdict(bench, key, results)
    confidence = bench.found("confidence", key)
    return BuildResult(
        key=key,
        status=status,
        reasons=reasons,
        confidence=getattr(confidence, "score", None),
        grade=getattr(confidence, "grade", None),
        made_by=next((by for name in bench.stages if (by := getattr(bench.found(name, key), "made_by", None))), None),
        platforms=tuple(
            name.removesuffix(EXPORT_SUFFIX)
            for name in bench.stages
            if name.endswith(EXPORT_SUFFIX) and bench.found(name, key) is not None
        ),
        artifacts=bench.store.url(key),
    )


def _verdict(bench: Workbench, key: BuildKey, results: dict[str, Result]) -> tuple[BuildStatus | None, tuple[str, ...]]:
    failed = tuple(f"{name}: {result.reason}" for name, result in results.items() if result.failed)
    if failed:
        return "failed", failed
    waiting = tuple(result.reason for result in results.values() if _waits(result))
    if waiting:
        return "waiting", waiting
    dispensable = {name for item in bench.stages.values() for name in item.optional}
    needed = [item.artifact for name, item in bench.stages.items() if name not in dispensable]
    complete = all(bench.store.exists(key, artifact) for artifact in needed)
    return ("built", ()) if complete else (None, ())


def _waits(result: Result) -> bool:
    return result.outcome.waiting and not result.unasked
