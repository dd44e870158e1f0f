"""Runs cases in a team at Make: the very export, its real modules, the accounts that the team has.

    with MakeEngine(spec, api, team=215, sandbox=True) as engine:
        trace = engine.run(case)

The scenario is created from the export, with a hook where one starts it, activated, run once for each case, and always
deleted at the end. Make's API tells how a run ended, how long it took, what it cost and which module failed; what each
module was given it keeps to itself, save for incomplete executions. `sees` says so to a comparison, `Trace.notes` to
people.

Nothing is created or run unless `MAKE_TEST_SANDBOX` says that the team is there for tests.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Self

from pydantic import JsonValue

from compilers.documents import members
from compilers.errors import UserError
from compilers.export import Export
from compilers.exports import emit
from compilers.expressions.context import Context
from compilers.spec import Spec
from manageai_assets.settings import Settings
from manageai_assets.testing.compare import Sight
from manageai_assets.testing.make_start import (
    call_of,
    check,
    inputs_of,
    modules_of,
    prepared,
    specs_of,
    start_of,
)
from manageai_assets.testing.models import Case, EngineName, Response, RunStatus, StepError, StepTrace, Trace
from resources.make_api import MakeApi
from resources.make_errors import MakeConflictError
from resources.make_models import Interface, LogEntry, RunError, Scenario, Scheduling
from resources.make_team import HookAnswer, call_hook

MOST_SECONDS = 30.0
"""How long a run may take."""
POLL_SECONDS = 1.0
"""Between two looks: the smallest plan allows 60 calls a minute."""
UNNAMED = "unknown"
"""Stands for the step of an error whose module Make doesn't name so that it is one for certain."""
_STATUSES: Mapping[int, RunStatus] = {1: "success", 2: "warning", 3: "error"}


def api_and_team(settings: Settings) -> tuple[MakeApi, int]:
    """The API and the team that the settings name. Raises `UserError` that says which of them is missing, or that the
    sandbox flag is off."""
    wanted = {
        "MAKE_API_KEY": settings.make_api_key, "MAKE_TEAM_ID": settings.make_team_id, "MAKE_ZONE": settings.make_zone,
    }  # fmt: skip
    missing = [name for name, value in wanted.items() if value is None]
    if missing or settings.make_api_key is None or settings.make_team_id is None or settings.make_zone is None:
        raise UserError("tests at Make need its API", where="settings", hint=f"set {', '.join(missing)}")
    _refuse_unless(settings.make_test_sandbox)
    return MakeApi(settings.make_api_key, zone=settings.make_zone), settings.make_team_id


def _refuse_unless(sandbox: bool) -> None:
    if not sandbox:
        hint = "set MAKE_TEST_SANDBOX=true once MAKE_TEAM_ID is a team that is there for tests only"
        raise UserError("nothing is created or run at Make outside a sandbox", where="settings", hint=hint)


class MakeEngine:
    """One scenario of a team. `export` is the spec's unless another one with the same places is given.

    Raises `UserError` when `sandbox` is off, before anything is asked of Make."""

    name: EngineName = "make"

    def __init__(
        self,
        spec: Spec,
        api: MakeApi,
        team: int,
        *,
        sandbox: bool,
        export: Export | None = None,
        seconds: float = MOST_SECONDS,
        poll: float = POLL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        _refuse_unless(sandbox)
        self.subject = "Make export"
        self._spec, self._api, self._team = spec, api, team
        self._export = export or emit(spec, "make")
        self._start = start_of(spec, self._export)
        self._seconds, self._poll, self._sleep, self._clock = seconds, poll, sleep, clock
        self._title = f"Test of {spec.slug} v{spec.version} {secrets.token_hex(4)}"
        self._scenario: int | None = None
        self._hook: int | None = None
        self._uncertain = ""
        self._address = ""
        self._known = ""
        self._declared: frozenset[str] = frozenset()

    @property
    def sees(self) -> Sight:
        """What can be compared: how a run ended, its error, and its answer, which is text on the wire.

        Operations aren't, though Make tells them: a router that becomes Make's if-else counts one there."""
        seen = {self._spec.trigger.id} if self._start.module is not None else set[str]()
        unseen = {step.id for step in self._spec.nodes} - seen
        return Sight(
            bundles=False, outputs=False, requests=False, inputs=False, order=False, operations=False,
            error_statuses=False, types=False, unseen=frozenset(unseen),
        )  # fmt: skip

    def view(self, trace: Trace) -> Trace:
        """What is expected, in the engine's own terms: as it is."""
        return trace

    # -- life cycle ----------------------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self._create()
        except BaseException as error:
            self._close_after(error)
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None:
            self._close_after(error)
        else:
            self.close()

    def _create(self) -> None:
        if self._start.by_hook:
            passes_all = getattr(self._spec.trigger, "operation", "") == "receive_any"
            self._uncertain = "hook"
            hook = self._api.hooks.create(self._title, team=self._team, method=passes_all, headers=passes_all)
            self._hook, self._address = hook.id, hook.url
        self._uncertain = ""
        accounts = self._api.connections.list(self._team)
        document = prepared(self._export.document, self._start, self._title, self._hook, accounts)
        when = Scheduling(type="immediately" if self._start.by_hook else "on-demand")
        self._uncertain = "scenario"
        self._scenario = self._api.scenarios.create(document, team=self._team, scheduling=when).id
        self._uncertain = ""
        self._api.scenarios.start(self._scenario)

    def close(self) -> None:
        """Deletes the scenario and its hook. Raises the first error after trying both."""
        problems = list(self._delete())
        if problems:
            raise problems[0]

    def _close_after(self, error: BaseException) -> None:
        """Cleans up without hiding what went wrong before."""
        for problem in self._delete():
            error.add_note(str(problem))

    def _delete(self) -> Iterator[UserError]:
        for what, find, delete in (
            ("scenario", self._left_scenario, self._api.scenarios.delete),
            ("webhook", self._left_hook, self._api.hooks.delete),
        ):
            try:
                number = find()
                if number is not None:
                    delete(number)
            except UserError as error:
                hint = f"delete the {what} `{self._title}` of team {self._team} in Make"
                yield UserError(f"a test's {what} may still be at Make: {error.what}", where=error.where, hint=hint)
        self._scenario, self._hook, self._uncertain = None, None, ""

    def _left_scenario(self) -> int | None:
        """The scenario that must go: also one that Make created without our getting its answer."""
        if self._uncertain != "scenario":
            return self._scenario
        named = (one.id for one in self._api.scenarios.list(team=self._team) if one.name == self._title)
        return next(named, None)

    def _left_hook(self) -> int | None:
        if self._uncertain != "hook":
            return self._hook
        return next((one.id for one in self._api.hooks.list(self._team) if one.name == self._title), None)

    # -- one case ------------------------------------------------------------------------------------------------

    def run(self, case: Case, expected: Trace | None = None, context: Context | None = None) -> Trace:
        """What Make does with a case. `expected` and `context` are for other engines: apps and clock are real here.

        Raises `UnplayableError` for a case that Make can't play, `UserError` when the run takes too long, and
        `MakeApiError`."""
        check(case, self._start)
        scenario = self._open()
        deadline = self._clock() + self._seconds
        answer: HookAnswer | None = None
        if self._start.by_hook:
            answer = self._call(case, deadline)
            entry = self._wait(deadline, lambda: self._newest(scenario))
        else:
            identifier = self._begin(scenario, case)
            entry = self._wait(deadline, lambda: self._ended(scenario, identifier))
        self._known = entry.imt_id
        trace = self._trace(scenario, entry, answer, case)
        if trace.status == "error":
            self._revive(scenario)
        return trace

    def _open(self) -> int:
        if self._scenario is None:
            raise UserError("the scenario isn't at Make", hint="use the engine in a `with` block")
        return self._scenario

    def _call(self, case: Case, deadline: float) -> HookAnswer:
        """Calls the hook, until it takes the request: one that was just attached may need a moment."""
        call = call_of(self._spec, self._start, case.bundles[0])
        while True:
            left = max(1.0, deadline - self._clock())
            answer = call_hook(
                self._address, method=call.method, query=call.query, headers=call.headers, body=call.body, timeout=left
            )
            if answer.taken:
                return answer
            if self._clock() + self._poll > deadline:
                what = f"the webhook took no request: {answer.status} {answer.text.strip()}"
                raise UserError(what, where=f"case {case.name}", hint="look at the scenario and its hook in Make")
            self._sleep(self._poll)

    def _begin(self, scenario: int, case: Case) -> str:
        if self._start.kind != "inputs":
            return self._api.scenarios.run(scenario).execution_id
        inputs = inputs_of(case)
        if not set(inputs) <= self._declared:
            self._api.scenarios.set_interface(scenario, Interface(input=specs_of(inputs)))
            self._declared = frozenset(inputs)
        return self._api.scenarios.run(scenario, inputs).execution_id

    def _wait(self, deadline: float, look: Callable[[], LogEntry | None]) -> LogEntry:
        while True:
            found = look()
            if found is not None:
                return found
            if self._clock() + self._poll > deadline:
                what = f"the run did not end within {self._seconds:.0f} s"
                raise UserError(what, where=f"scenario {self._scenario}", hint="look at its history in Make")
            self._sleep(self._poll)

    def _newest(self, scenario: int) -> LogEntry | None:
        """The first run since the last case, when it has ended; further ones are Make's own repetitions."""
        entries = self._api.executions.list(scenario, after=self._known or None, newest_first=False, page=10)
        first = next(entries, None)
        return first if first and first.status in _STATUSES else None

    def _ended(self, scenario: int, execution: str) -> LogEntry | None:
        if self._api.executions.get(scenario, execution).status == "RUNNING":
            return None
        entry = self._api.executions.log(scenario, execution)
        return entry if entry.status in _STATUSES else None

    def _revive(self, scenario: int) -> None:
        """Activates it again: Make switches an instant scenario off at its first error (facts 2.9)."""
        found: Scenario = self._api.scenarios.get(scenario)
        if not found.is_active:
            try:
                self._api.scenarios.start(scenario)
            except MakeConflictError:
                return  # somebody else did

    # -- what Make tells -----------------------------------------------------------------------------------------

    def _trace(self, scenario: int, entry: LogEntry, answer: HookAnswer | None, case: Case) -> Trace:
        status, trigger = _STATUSES[entry.status], self._spec.trigger.id
        steps: dict[str, StepTrace] = {}
        if self._start.module is not None:
            given = len(case.bundles) or 1
            steps[trigger] = StepTrace(step=trigger, bundles_in=given, bundles_out=given, operations=1)
        if status == "warning":
            steps |= self._kept(scenario, entry.id)
        failed = self._api.executions.get(scenario, entry.id).error if status == "error" else None
        error = self._error(failed) if failed else None
        if error is not None and error.step != UNNAMED:
            known = steps.get(error.step) or StepTrace(step=error.step, bundles_in=1, bundles_out=0)
            steps[error.step] = known.model_copy(update={"errors": (error,)})
        return Trace(
            engine="make", status=status, steps=steps, response=_response(answer), error=error,
            operations=entry.operations, started=entry.timestamp, milliseconds=float(entry.duration),
            notes=tuple(self._notes(case, answer, error)),
        )  # fmt: skip

    def _kept(self, scenario: int, execution: str) -> dict[str, StepTrace]:
        """What an incomplete execution of that run tells of its modules; outputs in Make's own shape."""
        for one in self._api.incomplete.list(scenario):
            if self._api.incomplete.get(one.id).execution_id == execution:
                return dict(self._modules(self._api.incomplete.bundle(one.id)))
        return {}

    def _modules(self, bundles: Mapping[int, JsonValue]) -> Iterator[tuple[str, StepTrace]]:
        for module, bundle in bundles.items():
            step = self._step_of(module)
            if not step:
                continue
            error = members(members(bundle).get("error"))
            if error:
                found = StepError(step=step, type=str(error.get("type")), message=str(error.get("message")))
                yield step, StepTrace(step=step, bundles_in=1, bundles_out=0, errors=(found,))
            elif self._export.places[step][-1] == f"module {module}":  # not of one that only prepares its values
                yield step, StepTrace(step=step, bundles_in=1, bundles_out=1, outputs=(bundle,))

    def _step_of(self, module: int) -> str:
        place = f"module {module}"
        return next((step for step, places in self._export.places.items() if place in places), "")

    def _error(self, error: RunError) -> StepError:
        """The error that ended a run, with the step where Make's name of the module fits exactly one."""
        cause, found = error.cause_module, list[str]()
        for module in modules_of(self._export.document) if cause else ():
            app, _, name = str(module["module"]).partition(":")
            label = members(members(module.get("metadata")).get("designer")).get("name")
            if cause and cause.app_name in ("", app) and cause.name in (name, module["module"], label):
                found.append(self._step_of(int(str(module["id"]))))
        step = found[0] if len(found) == 1 else ""
        return StepError(step=step or UNNAMED, type=error.name, message=error.message)

    def _notes(self, case: Case, answer: HookAnswer | None, error: StepError | None) -> Iterator[str]:
        yield "Make's API doesn't tell what each module was given and gave, nor what apps were asked for"
        if self._start.kind == "stand_in":
            yield "a webhook stood in for the trigger, which waits for events of a real account"
        if self._start.kind == "run" and any(case.bundles):
            yield "Make's schedule gives no bundle, so that of the case was not used"
        if case.answers:
            yield f"real accounts answered in place of the case's answers: {', '.join(case.answers)}"
        if answer is not None and answer.status == 500 and not answer.by_scenario:
            yield "the run failed before it answered, so that Make answered the webhook with 500 by itself"
        if error is not None and error.step == UNNAMED:
            yield "Make's error names no module that is one step for certain"


def _response(answer: HookAnswer | None) -> Response | None:
    """What a response module answered; None where none did."""
    if answer is None or not answer.by_scenario:
        return None
    return Response(status=answer.status, body=answer.text, headers=dict(answer.headers))
