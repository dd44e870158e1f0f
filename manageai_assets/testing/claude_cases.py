"""Business cases: days as the client has them, written by Claude, who knows what an order or a complaint looks like.

What Claude gives is a proposal. Each case is checked by itself: its bundles must have the shape of what the trigger and
the apps give, and the spec must be able to run them. What Claude expects of a case is kept where the spec says so too;
where not, it becomes a note, since one of the two has misunderstood the client.

Samples of real data stay here: Claude sees the kinds of their values. Nothing that Claude does or fails to do fails a
build.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, ValidationError

from compilers.documents import members
from compilers.errors import UserError, shorten
from compilers.expressions.values import iso_moment
from compilers.registry import registry
from compilers.secrets import cleaned
from compilers.spec import AnyStep, OperationStep, Spec, findings_of
from manageai_assets.intake.assessment import Usage
from manageai_assets.prompting import as_data, prompt, usage_of
from manageai_assets.testing.cases import suite_of
from manageai_assets.testing.compare import did_something
from manageai_assets.testing.making import CaseMaker, slug_of
from manageai_assets.testing.models import Answer, Case, RunStatus, Trace
from manageai_assets.testing.simulator import context_of
from resources.claude import Claude

PROMPT = "write_cases.md"
TOOL = "cases"
TOOL_DESCRIPTION = "Hands in the test cases."
MOST_BYTES = 20_000
"""Of one case, as JSON."""
MOST_DEEP = 20
"""Objects and lists in each other."""
MOST_ANSWERS = 50
"""Bundles of one answer."""
LONGEST_QUESTION = 200_000
"""Characters; a scenario that takes more is not shown to Claude."""
KNOWN_TITLES = 60
READ_FOR_ONE = 3
"""So many proposals are looked at for each case that is wanted."""
LATER = timedelta(days=400)
"""What Claude expects must hold whenever the case is run."""


@dataclass(frozen=True)
class Business:
    """The cases that were taken, why others were not and what is worth a look, and what it took."""

    cases: tuple[Case, ...] = ()
    notes: tuple[str, ...] = ()
    usage: Usage = field(default_factory=Usage)


class _Proposal(BaseModel):
    """One case as Claude gives it."""

    model_config = ConfigDict(frozen=True, title="case")

    title: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    why: str = Field(default="", max_length=1000)
    bundle: dict[str, JsonValue] = Field(description="what the trigger gives")
    answers: dict[str, tuple[dict[str, JsonValue], ...]] = Field(
        default_factory=dict, description="by step id: the bundles that the app answers"
    )
    must_reach: tuple[str, ...] = Field(default=(), description="step ids")
    must_not_reach: tuple[str, ...] = Field(default=(), description="step ids")
    must_end: RunStatus | None = None


class _Proposals(BaseModel):
    cases: tuple[_Proposal, ...]


def business_cases(spec: Spec, claude: Claude, *, at_most: int = 8) -> Business:
    """At most so many cases that Claude wrote for a spec, all of them able to run, none like one that rules make."""
    reader = _Reader(spec)
    question = reader.question(at_most)
    if len(question) > LONGEST_QUESTION:
        return Business(notes=("no business cases: the scenario is too large to be shown to Claude",))
    try:
        answer = claude.ask(prompt(PROMPT), question, TOOL, TOOL_DESCRIPTION, _schema())
    except UserError as error:
        return Business(notes=(f"no business cases: {error.what}",))
    except RecursionError:
        return Business(notes=("no business cases: Claude's answer is nested too deeply",))
    cases = reader.read(answer.value, at_most)
    return Business(cases, tuple(dict.fromkeys(reader.notes)), usage_of(answer))


@cache
def _schema() -> dict[str, JsonValue]:
    return _Proposals.model_json_schema()


class _Reader:
    """Asks for the cases of one spec, and reads them. `notes` say what was found on the way."""

    def __init__(self, spec: Spec) -> None:
        self._spec, self._maker = spec, CaseMaker(spec)
        self._suite = suite_of(spec).cases
        self._called = {step.id: step for step in self._maker.called}
        self._seen = {_fingerprint(case) for case in self._suite}
        self.notes: list[str] = []

    def question(self, at_most: int) -> str:
        """The spec and the shapes of its data, as data."""
        answers: dict[str, JsonValue] = {
            name: {"several": _finds(step), "bundle": outlined(self._usual(name))}
            for name, step in self._called.items()
        }
        titles = [case.title for case in self._suite if case.group == "routes"]
        parts: Mapping[str, JsonValue] = {
            "scenario": _scenario(self._spec),
            "trigger": outlined(self._maker.payload),
            "answers": answers,
            "known": [*titles[:KNOWN_TITLES]],
        }
        shown = [f"<{name}>\n{as_data(value)}\n</{name}>" for name, value in parts.items()]
        return "\n\n".join([*shown, f"Write at most {at_most} cases."])

    def read(self, value: JsonValue, at_most: int) -> tuple[Case, ...]:
        """The cases of an answer that can be used."""
        given = members(value).get("cases")
        if not isinstance(given, list):
            self.notes.append("no business cases: Claude's answer holds no list of cases")
            return ()
        cases: list[Case] = []
        for number, found in enumerate(given[: READ_FOR_ONE * at_most], start=1):
            if len(cases) == at_most:
                break
            try:
                proposal = _proposal(found)
                cases.append(self._case(proposal, _name(proposal.title, cases)))
            except UserError as problem:
                title = shorten(str(members(found).get("title") or number), 80)
                self.notes.append(f"Claude's case `{title}` was not taken: {problem.what}")
        if not given:
            self.notes.append("no business cases: Claude wrote none")
        return tuple(cases)

    # -- one case ------------------------------------------------------------------------------------------------

    def _case(self, proposal: _Proposal, name: str) -> Case:
        """The case of a proposal. Raises `UserError` for one that can't be used."""
        answers = {step: (self._answer(step, bundles),) for step, bundles in proposal.answers.items()}
        made = Case(
            name=name,
            group="business",
            title=shorten(proposal.title),
            why=shorten(proposal.why.strip(), 1000),
            bundles=(_fitting(proposal.bundle, self._maker.payload, "its bundle"),),
            answers={**self._maker.answers, **answers},
            source="claude",
        )
        fingerprint = _fingerprint(made)
        if fingerprint in self._seen:
            raise UserError("there is a case with the same data already")
        later = context_of(self._spec, name, self._maker.context.now() + LATER)
        traces = [self._maker.trace(made), self._maker.simulator.run(made, later)]
        self._seen.add(fingerprint)
        return self._with_claims(made, proposal, traces)

    def _answer(self, name: str, bundles: Sequence[dict[str, JsonValue]]) -> Answer:
        step = self._called.get(name)
        if step is None:
            raise UserError(f"it gives an answer for `{shorten(name, 60)}`, which is no step that calls an app")
        several = _finds(step)
        if len(bundles) > MOST_ANSWERS or (len(bundles) != 1 and not several):
            raise UserError(f"it gives {len(bundles)} bundles as an answer for `{name}`")
        fitting = (_fitting(one, self._usual(name), f"the answer of `{name}`", _is_open(step)) for one in bundles)
        return Answer(bundles=tuple(fitting))

    def _usual(self, step: str) -> dict[str, JsonValue]:
        bundles = self._maker.answers[step][0].bundles
        return bundles[0] if bundles else {}

    # -- what Claude expects -------------------------------------------------------------------------------------

    def _with_claims(self, case: Case, proposal: _Proposal, traces: Sequence[Trace]) -> Case:
        """The case with what Claude expects of it, as far as the spec says the same."""
        reached = [step for step in dict.fromkeys(proposal.must_reach) if self._holds(case, step, traces, True)]
        unreached = [step for step in dict.fromkeys(proposal.must_not_reach) if self._holds(case, step, traces, False)]
        end = proposal.must_end
        ends = {trace.status for trace in traces}
        if end is not None and ends != {end}:
            self._look(case, f"Claude expected it to end as `{end}`; by the spec it ends as `{traces[0].status}`")
        elif traces[0].error is not None and end is None:
            self._look(case, f"by the spec it ends in an error: {shorten(traces[0].error.message, 100)}")
        claims = {"must_reach": tuple(reached), "must_not_reach": tuple(unreached)}
        return case.model_copy(update={**claims, "must_end": end if ends == {end} else None})

    def _holds(self, case: Case, name: str, traces: Sequence[Trace], wanted: bool) -> bool:
        step = self._maker.graph.get(name)
        if step is None:
            self._look(case, f"Claude names `{shorten(name, 60)}`, which is no step")
            return False
        if all(self._reaches(trace, name) is wanted for trace in traces):
            return True
        said, fact = ("to be reached", "it isn't") if wanted else ("not to be reached", "it is")
        self._look(case, f"Claude expected `{step.title}` {said}; by the spec {fact}")
        return False

    def _reaches(self, trace: Trace, step: str) -> bool:
        return step == self._spec.trigger.id or (step in trace.steps and did_something(trace.steps[step]))

    def _look(self, case: Case, what: str) -> None:
        self.notes.append(f"worth a look, `{case.title}`: {what}")


def _proposal(found: JsonValue) -> _Proposal:
    """One case of Claude's answer. Raises `UserError` for one that is none, or that is too large."""
    if _is_deep(found):
        raise UserError(f"its data are nested more than {MOST_DEEP} deep")
    try:
        size = len(json.dumps(found, ensure_ascii=False, allow_nan=False).encode("utf-8"))
    except ValueError:
        raise UserError("it holds numbers or letters that JSON has not") from None
    if size > MOST_BYTES:
        raise UserError(f"it has {size:,} bytes; {MOST_BYTES:,} are allowed")
    try:
        return _Proposal.model_validate(found)
    except ValidationError as error:
        first = findings_of(error)[0]
        raise UserError(f"`{first.where}`: {first.what}") from None


def _is_deep(value: JsonValue) -> bool:
    layer: list[JsonValue] = [value]
    for _ in range(MOST_DEEP + 1):
        layer = [inner for one in layer for inner in _parts(one)]
        if not layer:
            return False
    return True


def _parts(value: JsonValue) -> Iterator[JsonValue]:
    yield from value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _fitting(
    given: dict[str, JsonValue], usual: dict[str, JsonValue], what: str, more: bool = False
) -> dict[str, JsonValue]:
    """A bundle completed to the keys of the usual one. Raises `UserError` for keys that it doesn't have (unless there
    may be `more`), and for a value where it has an object or a list, or the other way round."""
    for name, value in given.items():
        if name not in usual and not more:
            listed = ", ".join(f"`{key}`" for key in usual) or "nothing"
            raise UserError(f"{what} has `{shorten(name, 60)}`, where there is {listed}")
        if name in usual and value is not None and usual[name] is not None and _form(value) != _form(usual[name]):
            raise UserError(f"`{name}` of {what} is {_form(value)}, where {_form(usual[name])} comes")
    return {**usual, **given}


def _form(value: JsonValue) -> str:
    return "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else "a value"


def _finds(step: AnyStep) -> bool:
    """Whether its app may answer several bundles, or none."""
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    return operation is not None and operation.kind == "search"


def _is_open(step: AnyStep) -> bool:
    """Whether its app may give more than is listed."""
    operation = registry().find(step.app, step.operation) if isinstance(step, OperationStep) else None
    return operation is None or operation.open_outputs


def _name(title: str, cases: Sequence[Case]) -> str:
    """A name that none of the cases has."""
    name = slug_of(f"business {title}")
    taken = sum(case.name.startswith(name) for case in cases)
    return f"{name}-{taken + 1}" if taken else name


def _fingerprint(case: Case) -> str:
    """What makes two cases the same: their data."""
    return json.dumps(case.model_dump(mode="json", include={"bundles", "answers", "stored"}), sort_keys=True)


def _scenario(spec: Spec) -> JsonValue:
    """The spec as Claude sees it: without samples, accounts, or what looks like a key."""
    hidden = {"residue", "sample", "connection"}
    shown: dict[str, JsonValue] = spec.model_dump(
        mode="json",
        include={"name", "description", "request", "objective", "trigger", "steps", "edges", "schedule"},
        exclude={"trigger": hidden, "steps": {"__all__": hidden}},
    )
    return cleaned(shown)


def outlined(value: JsonValue) -> JsonValue:
    """A value with the kinds of what it holds in place of what it holds; of a list the first element."""
    match value:
        case dict():
            return {name: outlined(item) for name, item in value.items()}
        case list():
            return [outlined(value[0])] if value else []
        case bool():
            return "true or false"
        case int() | float():
            return "number"
        case str():
            return "date as 2026-01-14T09:30:00.000Z" if iso_moment(value) else "text"
        case _:
            return "anything"
