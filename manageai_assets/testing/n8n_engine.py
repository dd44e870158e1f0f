"""Runs cases on a real n8n server: the very export, its real nodes, the apps played by the sandbox.

    with Sandbox() as sandbox, Interceptor(sandbox.address) as proxy, N8nServer(install(), proxy.environment) as server:
        with N8nEngine(server, sandbox, spec, export) as engine:
            trace = engine.run(case, expected)

The workflow is created with dummy accounts, activated, and triggered: a webhook is called, any other trigger's bundles
are pinned and the workflow run as from the editor. Every node's items are read back from the execution. Waits are cut
short. Without a sandbox, as on somebody else's server, each case is a workflow of its own whose apps are replaced by
stand-ins, which shows all but the requests.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from datetime import datetime
from types import TracebackType
from typing import Literal

from pydantic import JsonValue

from compilers.documents import Object, items, members
from compilers.errors import UserError
from compilers.export import Export
from compilers.expressions.context import Context
from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import (
    AggregateStep,
    AnyStep,
    DirectiveStep,
    IfElseStep,
    IterateStep,
    OperationStep,
    RepeatStep,
    RespondStep,
    RouterStep,
    SleepStep,
    Spec,
    StopStep,
)
from manageai_assets.testing.compare import Sight
from manageai_assets.testing.credentials import with_credentials
from manageai_assets.testing.dialects import n8n_dialect
from manageai_assets.testing.engine import UnplayableError
from manageai_assets.testing.models import Case, Request, Response, StepError, StepTrace, Trace
from manageai_assets.testing.n8n_items import asked, bundle_of, in_order_of, item_of, items_of
from manageai_assets.testing.sandbox.server import Sandbox
from manageai_assets.testing.sightings import UNEXPECTED, answered_by_chance, calls_of, lacking, requests_of
from manageai_assets.testing.stand_ins import as_played, hook_of, standing_in
from resources.n8n_api import Answer, N8nApi, has_data
from resources.n8n_server import N8nServer

MOST_SECONDS = 30.0
"""How long a run may take."""
POLL_SECONDS = 0.05
NO_SUCH_HOOK = "is not registered"
"""What n8n says of a webhook until it is there, which may be a moment after the activation."""
SHORT_WAIT = 1
"""Milliseconds between two tries, in place of seconds."""
WITHOUT_OUTPUTS = (RouterStep, IfElseStep, StopStep, DirectiveStep, RespondStep, SleepStep)
"""Steps that only pass bundles on, or end them: what their nodes hold is what came in."""


class N8nEngine:
    """One workflow on a server. `export` is the spec's, or a changed one with the same names of nodes."""

    name: Literal["n8n"] = "n8n"

    def __init__(
        self, server: N8nApi, sandbox: Sandbox | None, spec: Spec, export: Export, notes: tuple[str, ...] = ()
    ) -> None:
        self._server, self._sandbox, self._spec, self._export = server, sandbox, spec, export
        self._own = server if isinstance(server, N8nServer) else None
        self._notes = notes
        self._graph = SpecGraph(spec)
        self._dialect = n8n_dialect(spec)
        self._workflow = ""
        self._credentials: tuple[str, ...] = ()
        self._document: Object = {}
        self._known: set[str] = set()
        self.subject = "n8n export" if sandbox else "n8n export, apps replaced by stand-ins"

    @property
    def sees(self) -> Sight:
        """What can be compared: n8n counts no operations, and sends all bundles through one node before the next."""
        unseen = {step.id for step in self._graph if self._is_unseen(step)}
        seen = self._sandbox is not None
        return Sight(
            bundles=False, requests=seen, inputs=seen, order=False, operations=False, error_types=False,
            error_statuses=False, types=False, unseen=frozenset(unseen),
        )  # fmt: skip

    def _is_unseen(self, step: AnyStep) -> bool:
        return self._export.results.get(step.id, "") not in self._names()

    def _names(self) -> set[str]:
        return {str(members(node).get("name")) for node in items(self._export.document.get("nodes"))}

    # -- life cycle ----------------------------------------------------------------------------------------------

    def __enter__(self) -> N8nEngine:
        if self._sandbox is None:
            self._standing_in(Case(name="start", group="routes", title="Start", bundles=()), "start")
            return self
        document, self._credentials = with_credentials(self._server, shortened(self._export.document))
        self._document = document
        try:
            self._workflow = self._server.create(document)
            if self._hook is not None:
                self._server.activate(self._workflow)
        except UserError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Deletes the workflow and the dummy accounts."""
        if self._workflow:
            self._server.delete(self._workflow)
            self._workflow = ""
        for credential in self._credentials:
            self._server.delete_credential(credential)
        self._credentials = ()

    @property
    def _hook(self) -> Object | None:
        """The webhook node that starts the workflow, where one does."""
        return hook_of(self._export.document)

    def view(self, trace: Trace) -> Trace:
        """What is expected, in the engine's own terms: of the tries of a node n8n tells only how the last one ended."""
        steps = {
            name: self._viewed(step)
            for name, step in trace.steps.items()
            if step.outputs or not isinstance(self._graph.get(name), AggregateStep)
        }
        return trace.model_copy(update={"steps": steps})

    def _viewed(self, step: StepTrace) -> StepTrace:
        kept: dict[str, object] = {"errors": tuple(error for error in step.errors if not error.retried)}
        if isinstance(self._graph.get(step.step), WITHOUT_OUTPUTS):
            kept["outputs"] = ()
        return step.model_copy(update=kept)

    # -- one case ------------------------------------------------------------------------------------------------

    def run(self, case: Case, expected: Trace, context: Context) -> Trace:
        """What n8n does with a case. Raises `UnplayableError` where chance decides, `UserError` when it can't be run or
        takes too long."""
        started = time.perf_counter()
        if self._own:
            for name, columns in self._tables():
                self._own.empty_data_table(name, columns)
        answer: Answer | None = None
        if self._sandbox is None:
            answer, execution = self._run_standing_in(as_played(case, expected))
        else:
            calls = calls_of(case, expected)
            if (alike := answered_by_chance(calls, self._dialect.all_sent)) is not None:
                what = (
                    "n8n makes two of its calls at the same moment that are alike: chance decides whose answer is whose"
                )
                raise UnplayableError(what, where=f"steps.{alike}")
            self._sandbox.begin(calls)
            if self._hook is not None:
                answer = self._call(self._hook, case)
                execution = self._stored(self._newest())
            else:
                execution = self._stored(self._run_pinned(self._needs_own(), case))
        return self._trace(execution, answer, case, expected, (time.perf_counter() - started) * 1000)

    def _tables(self) -> Iterator[tuple[str, dict[str, str]]]:
        """The data tables that stand for the spec's data stores."""
        stores = {
            str(step.inputs.get("store"))
            for step in self._spec.steps
            if isinstance(step, OperationStep) and step.app == "data_store"
        }
        for store in sorted(stores):
            yield f"data-store-{store}", {"key": "string", "data": "string"}

    def _standing_in(self, case: Case, path: str) -> Object:
        document = standing_in(self._export, self._spec, case, path, tables=self._own is not None)
        return shortened(document)

    def _run_standing_in(self, case: Case) -> tuple[Answer | None, Object]:
        """The answer, where the workflow's own webhook gave it, and the execution of a workflow made for one case."""
        document = self._standing_in(case, f"manageai-test-{secrets.token_hex(8)}")
        try:
            self._workflow = self._server.create(document)
            self._server.activate(self._workflow)
            hook = hook_of(document) or {}
            case = case if self._hook else case.model_copy(update={"bundles": ()})
            deadline = time.monotonic() + MOST_SECONDS
            while _is_missing(answer := self._call(hook, case)) and time.monotonic() < deadline:
                time.sleep(POLL_SECONDS)
            return (answer if self._hook else None), self._stored(self._newest())
        finally:
            self.close()

    def _needs_own(self) -> N8nServer:
        if self._own is None:
            raise UserError(
                "only a server of one's own can run what no webhook starts", where=self._export.document_name
            )
        return self._own

    def _call(self, hook: Object, case: Case) -> Answer:
        bundle = case.bundles[0] if case.bundles else {}
        headers = {str(name): str(value) for name, value in members(bundle.get("headers")).items()}
        query = {str(name): str(value) for name, value in members(bundle.get("query")).items()}
        methods = items(hook.get("httpMethod")) or [hook.get("httpMethod") or "GET"]
        method = "POST" if "POST" in methods else str(methods[0])
        body = bundle.get("body", bundle.get("fields"))  # a webhook for any request has body and address in one
        return self._server.call(str(hook.get("path")), body, method, query, headers)

    def _newest(self) -> str:
        """The execution that has come since the last case."""
        deadline = time.monotonic() + MOST_SECONDS
        while time.monotonic() < deadline:
            found = self._server.executions(self._workflow)
            new = [one for one in found if one not in self._known]
            if new:
                self._known.update(found)
                return new[0]
            time.sleep(POLL_SECONDS)
        raise UserError(f"the execution did not end within {MOST_SECONDS:.0f} s", where=f"workflow {self._workflow}")

    def _stored(self, identifier: str) -> Object:
        """An execution with its data, which n8n stores a moment after it says that it has ended."""
        deadline = time.monotonic() + MOST_SECONDS
        while True:
            found = self._server.execution(identifier)
            if has_data(found) or time.monotonic() > deadline:
                return found
            time.sleep(POLL_SECONDS)

    def _run_pinned(self, server: N8nServer, case: Case) -> str:
        """A run as from the editor, with the trigger's bundles pinned."""
        pinned: dict[str, JsonValue] = {}
        trigger = self._spec.trigger
        result, main = self._export.results[trigger.id], self._export.mains[trigger.id]
        pinned[result] = [{"json": item_of(trigger, bundle)} for bundle in case.bundles]
        start = self._starting_node(main)
        if start != result:
            pinned.setdefault(start, [{"json": {}}])
        server.pin(self._workflow, self._document, pinned)
        identifier = server.run(self._workflow, start)
        deadline = time.monotonic() + MOST_SECONDS
        while identifier not in self._server.executions(self._workflow):
            if time.monotonic() > deadline:
                raise UserError(
                    f"the execution did not end within {MOST_SECONDS:.0f} s", where=f"workflow {self._workflow}"
                )
            time.sleep(POLL_SECONDS)
        return identifier

    def _starting_node(self, main: str) -> str:
        """The node that starts the workflow: the trigger's own, or the schedule in front of it."""
        targets = {
            str(members(wire).get("node"))
            for ports in members(self._document.get("connections")).values()
            for wires in items(members(ports).get("main"))
            for wire in items(wires)
        }
        own = [name for name in self._export.places[self._spec.trigger.id] if name not in targets]
        return own[0] if own else main

    # -- reading the execution -----------------------------------------------------------------------------------

    def _trace(self, execution: Object, answer: Answer | None, case: Case, expected: Trace, took: float) -> Trace:
        result = members(members(execution.get("data")).get("resultData"))
        data = members(result.get("runData"))
        seen = self._sandbox.seen() if self._sandbox is not None else ()
        requests = requests_of(expected, seen, self._dialect.all_sent)
        by_step: dict[str, list[Request]] = {}
        for request in requests:
            by_step.setdefault(request.step, []).append(request)
        steps = {}
        for step in self._graph.topological():
            one = self._step(step, data, tuple(by_step.pop(step.id, ())), expected)
            if one is not None:
                steps[step.id] = one
        for name, left in by_step.items():
            steps[name] = StepTrace.model_construct(
                step=name, bundles_in=0, bundles_out=0, outputs=(), requests=tuple(left), operations=0, errors=(),
                milliseconds=0.0,
            )  # fmt: skip
        failed = execution.get("status") != "success"
        return Trace.model_construct(
            engine="n8n",
            status="error" if failed else "success",
            steps=steps,
            requests=requests,
            response=_response(answer, expected),
            error=self._run_error(result) if failed else None,
            operations=0,
            taken=(),
            stopped=(),
            started=_moment(execution.get("startedAt")),
            milliseconds=took,
            notes=self._notes,
        )

    def _step(self, step: AnyStep, data: Object, requests: tuple[Request, ...], expected: Trace) -> StepTrace | None:
        main = self._runs(self._export.mains.get(step.id), data)
        result = self._runs(self._export.results.get(step.id), data)
        if not main and not requests:
            return None
        outputs = [bundle_of(step, members(members(item).get("json"))) for run in result for item in items_of(run)]
        errors = tuple(self._errors(step, main))
        if isinstance(step, WITHOUT_OUTPUTS):
            outputs = []
        if isinstance(step, (IterateStep, RepeatStep, AggregateStep)):
            outputs = [output for output in outputs if output]  # its loop runs even when there is nothing
        if isinstance(step, AggregateStep) and not outputs:
            return None
        wanted = expected.steps.get(step.id)
        if errors and wanted and not requests and all(map(lacking, wanted.requests)):
            requests = wanted.requests  # some nodes refuse a call without what it needs before anybody is asked
        if wanted and step.id in self._dialect.regrouped:
            outputs = in_order_of(wanted.outputs, outputs)
        return StepTrace.model_construct(
            step=step.id,
            bundles_in=1,
            bundles_out=len(outputs),
            outputs=tuple(self._comparable(step, outputs, wanted.outputs if wanted else ())),
            requests=requests,
            operations=0,
            errors=errors,
            milliseconds=sum(float(str(members(run).get("executionTime") or 0)) for run in main),
        )

    @staticmethod
    def _runs(name: str | None, data: Object) -> list[JsonValue]:
        return items(data.get(name)) if name else []

    def _errors(self, step: AnyStep, runs: list[JsonValue]) -> Iterator[StepError]:
        for run in map(members, runs):
            error = members(run.get("error"))
            if error:
                yield StepError(step=step.id, type=str(error.get("name")), message=str(error.get("message")))
            for item in items_of(run, 1):
                found = members(members(item).get("json")).get("error")
                if found is not None and not isinstance(step, (RouterStep, IfElseStep)):
                    message = members(found).get("message") if isinstance(found, dict) else found
                    yield StepError(step=step.id, type="Error", message=str(message))

    def _comparable(self, step: AnyStep, outputs: list[Object], wanted: tuple[JsonValue, ...]) -> Iterator[JsonValue]:
        """The outputs, of which only what later steps use is compared: an app's node gives more."""
        operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
        if operation is not None:
            used = self._graph.used_outputs.get(step.id, frozenset()) - {"error"}
            whole = {name for name, output in operation.outputs.items() if output.n8n == ""}
            for index, output in enumerate(outputs):
                one = members(wanted[index]) if index < len(wanted) else {}
                found = {name: output.get(name) for name in used}
                yield {**one, **found, **{name: asked(found[name], one.get(name)) for name in used & whole}}
        else:
            yield from outputs

    def _run_error(self, result: Object) -> StepError:
        error = members(result.get("error"))
        name = str(members(error.get("node")).get("name") or result.get("lastNodeExecuted") or "")
        step = next((one for one, names in self._export.places.items() if name in names), UNEXPECTED)
        return StepError(step=step, type=str(error.get("name")), message=str(error.get("message")))


def _is_missing(answer: Answer) -> bool:
    """Whether there was no such webhook, so that nothing ran."""
    return answer.status == 404 and NO_SUCH_HOOK in str(members(answer.body).get("message"))


def _response(answer: Answer | None, expected: Trace) -> Response | None:
    """What the webhook was answered, where a step had to answer it."""
    if answer is None or (expected.response is None and answer.status in (200, 500)):
        return None
    return Response(status=answer.status, body=answer.body, headers=dict(answer.headers))


def _moment(value: JsonValue) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return None


def shortened(document: Mapping[str, JsonValue]) -> Object:
    """The workflow with waits of nothing, and a webhook that answers when all is done, so that a test takes no longer
    than it must."""
    made = deepcopy(dict(document))
    made.pop("pinData", None)
    for node in map(members, items(made.get("nodes"))):
        if "waitBetweenTries" in node:
            node["waitBetweenTries"] = SHORT_WAIT
        if node.get("type") == "n8n-nodes-base.wait":
            members(node.get("parameters"))["amount"] = 0
        if members(node.get("parameters")).get("responseMode") == "onReceived":
            members(node.get("parameters"))["responseMode"] = "lastNode"
    return made
