"""The simulator does what Make is documented to do: the same scenarios, with values written by hand, that real servers
are held against."""

from __future__ import annotations

import json

import pytest
from pydantic import JsonValue

from compilers.make.parse import parse
from compilers.spec import Spec
from manageai_assets.testing.models import Answer, Failure, Request, Trace
from manageai_assets.testing.models import Case as SimulatedCase
from manageai_assets.testing.simulator import Simulator
from tests.live.scenarios import CALLED, CALLER, SCENARIOS, SERVICE, Case, Scenario


def sent(request: Request) -> JsonValue:
    """What a request to the recording service holds."""
    text = request.inputs.get("body", request.inputs.get("data"))
    return json.loads(text) if isinstance(text, str) else text


class Service:
    """Answers as the recording service of the live tests: by the path that is called."""

    def __init__(self) -> None:
        self.calls: dict[str, int] = {}

    def answer(self, request: Request) -> Answer:
        """What comes back, in the shapes of both operations that call a web address."""
        url, what = str(request.inputs["url"]), sent(request)
        name, _, number = url.removeprefix(SERVICE).strip("/").partition("/")
        key = f"{url} {what}"
        self.calls[key] = self.calls.get(key, 0) + 1
        if name == "status" or (name == "fail" and self.calls[key] <= int(number)):
            return Answer(failure=Failure(name="500", message="not now"))
        body: JsonValue = {"sent": what, "count": len(self.calls)}
        return Answer(bundles=({"data": body, "body": body},))


Stores = dict[str, dict[str, dict[str, JsonValue]]]


def simulated(spec: Spec, case: Case, called: dict[str, Spec] | None = None, stored: Stores | None = None) -> Trace:
    """The trace of a case; data stores hold what the case before it left."""
    bundle: dict[str, JsonValue] = {"fields": case.payload}
    made = SimulatedCase(name="case", group="routes", title="", bundles=(bundle,), stored=stored or {})
    return Simulator(spec, called=called, apps=Service().answer).run(made)


def check(case: Case, trace: Trace) -> None:
    """The trace, held against what must come of the case."""
    if case.seen is not None:
        assert [sent(request) for request in trace.requests] == [*case.seen]
    if case.answer is not None:
        assert trace.response is not None
        assert (trace.response.status, read(trace.response.body)) == (case.status, case.answer)


def read(body: JsonValue) -> JsonValue:
    """A body as the one who called decodes it."""
    try:
        found: JsonValue = json.loads(str(body))
    except ValueError:
        return body
    return found


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_what_make_does(scenario: Scenario) -> None:
    spec = parse(scenario.blueprint).spec
    stored: Stores = {}
    for case in scenario.cases:
        trace = simulated(spec, case, stored=stored)
        check(case, trace)
        stored = trace.stored


def test_a_scenario_calls_another() -> None:
    def spec_of(flow: list[JsonValue]) -> Spec:
        return parse(Scenario("called", "", flow, ()).blueprint).spec

    caller, called = spec_of(CALLER), spec_of(CALLED)
    name = next(step.scenario for step in caller.steps if step.kind == "sub_scenario")
    case = Case({"names": ["Ana", "Ben"]}, "Hello Ana,Hello Ben", seen=("called with Ana", "called with Ben"))
    check(case, simulated(caller, case, {name: called}))
