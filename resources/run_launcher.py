"""Launches runs as the default launcher does, and tells the daemon whether a run's process is still there.

The default launcher can't be asked, so that a run whose code server went down with it (power cut, `kill -9` of
everything) would stay "started" for ever. Here run monitoring finds it, marks it as failed, and it is retried.
"""

from __future__ import annotations

from dagster import DagsterRun

from resources.dagster_internals import (
    CanCancelExecutionRequest,
    CanCancelExecutionResult,
    CheckRunHealthResult,
    DagsterUserCodeUnreachableError,
    DefaultRunLauncher,
    WorkerStatus,
    deserialize_value,
)

ANSWER_SECONDS = 10


class WatchedRunLauncher(DefaultRunLauncher):
    """Runs are processes of the code server; it knows which of them are alive."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Run monitoring may ask."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Running, when the code server that started the run says so; not found, when that server is gone."""
        client = self._get_grpc_client_for_termination(run.run_id)  # type: ignore[no-untyped-call]
        if client is None:
            return CheckRunHealthResult(WorkerStatus.UNKNOWN, "the run doesn't say which code server started it")
        try:
            answer = client.can_cancel_execution(CanCancelExecutionRequest(run_id=run.run_id), timeout=ANSWER_SECONDS)
        except DagsterUserCodeUnreachableError:
            return CheckRunHealthResult(WorkerStatus.NOT_FOUND, "the code server that started the run is gone")
        if deserialize_value(answer, CanCancelExecutionResult).can_cancel:
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(WorkerStatus.FAILED, "the run's process is gone")
