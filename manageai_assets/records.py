"""What a run's results say about each build: the row that people see in tables."""

from __future__ import annotations

from manageai_assets.store.builds import BuildResult, BuildStatus
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


def _verdict(
    bench: Workbench, key: BuildKey, results: dict[str, Result]
) -> tuple[BuildStatus | None, tuple[str, ...]]:
    failed = tuple(f"{name}: {result.reason}" for name, result in results.items() if result.failed)
    if failed:
        return "failed", failed
    waiting = tuple(result.reason for result in results.values() if result.outcome.waiting)
    if waiting:
        return "waiting", waiting
    complete = all(bench.store.exists(key, item.artifact) for item in bench.stages.values())
    return ("built", ()) if complete else (None, ())
