"""Runs of the project's own jobs over days or windows, asked for at the user interface as a person would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from compilers.errors import UserError, shorten

ANSWER_SECONDS = 30
OVER = ("SUCCESS", "FAILURE", "CANCELED")
RANGE_START, RANGE_END = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_WHERE = "{ repositoriesOrError { ... on RepositoryConnection { nodes { name location { name } } } } }"
_LAUNCH = """mutation($params: ExecutionParams!) { launchRun(executionParams: $params) { __typename
  ... on LaunchRunSuccess { run { runId } } ... on Error { message } } }"""
_STATUS = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


@dataclass(frozen=True, slots=True)
class Launched:
    """A run that was asked for."""

    job: str
    identifier: str
    partitions: int


def launch(ui: str, job: str, keys: Sequence[str]) -> Launched:
    """Asks for a run of a job over these partitions, from the first to the last. Raises `UserError`."""
    nodes = cast("list[dict[str, JsonValue]]", _ask(ui, _WHERE, {}, "repositoriesOrError")["nodes"])
    location = cast("dict[str, str]", nodes[0]["location"])["name"]
    selector = {"repositoryName": nodes[0]["name"], "repositoryLocationName": location, "jobName": job}
    tags: list[JsonValue] = [{"key": RANGE_START, "value": keys[0]}, {"key": RANGE_END, "value": keys[-1]}]
    params: JsonValue = {"selector": {**selector}, "runConfigData": {}, "executionMetadata": {"tags": tags}}
    answer = _ask(ui, _LAUNCH, {"params": params}, "launchRun")
    if "run" not in answer:
        raise UserError(f"the job can't be run: {shorten(str(answer.get('message', answer)), 500)}", where=job)
    return Launched(job, cast("dict[str, str]", answer["run"])["runId"], len(keys))


def wait(ui: str, runs: Sequence[Launched], check: Callable[[], None], seconds: float) -> list[str]:
    """Until these runs are over, or `seconds` have passed: how each stands. `check` raises when waiting is in vain."""
    deadline = time.monotonic() + seconds
    while True:
        check()
        states = [status(ui, run) for run in runs]
        if all(state in OVER for state in states) or time.monotonic() > deadline:
            return states
        time.sleep(1)


def status(ui: str, run: Launched) -> str:
    """How a run stands."""
    return str(_ask(ui, _STATUS, {"id": run.identifier}, "runOrError").get("status", "unknown"))


def _ask(ui: str, query: str, variables: Mapping[str, JsonValue], field: str) -> dict[str, JsonValue]:
    body = json.dumps({"query": query, "variables": {**variables}}).encode()
    request = urllib.request.Request(f"{ui}/graphql", body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:
            return cast("dict[str, JsonValue]", json.load(answer)["data"][field])
    except (urllib.error.URLError, OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"the user interface doesn't answer: {shorten(str(error))}", where=ui) from error
