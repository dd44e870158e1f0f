"""What risks and opportunities ask of a build: read once from its spec and its test report, and kept."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from decimal import Decimal

from pydantic import Field, JsonValue

from compilers.errors import ExpressionError
from compilers.expressions.parser import parse
from compilers.expressions.tree import Field as PathField
from compilers.expressions.tree import Reference, references
from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import (
    AnyStep,
    AppStep,
    IterateStep,
    NativeStep,
    OperationStep,
    RepeatStep,
    Spec,
    TriggerStep,
    strings_in,
)
from manageai_assets.build.operations import operation_of, operations_per_run
from manageai_assets.build.runs import runs_per_month
from manageai_assets.clients.fragments import Fragment, fragments_of
from manageai_assets.clients.models import Result

PERSONAL = frozenset(
    ("email", "e_mail", "phone", "telephone", "mobile", "first_name", "last_name", "full_name", "surname", "street",
     "birthday", "date_of_birth", "iban", "ssn", "passport")
)  # fmt: skip
"""Names of fields that hold personal data in the sense of GDPR article 4. A plain `name` is as often a product's."""
_HOST = re.compile(r"https?://([A-Za-z0-9.-]+)(?=[/:?#]|\Z)")
THIRD_PARTIES = ("ai",)
"""Categories of apps that make something of their own out of what they get; generic HTTP calls count too."""


class StepFact(Result):
    """A step, and what there is to know of it."""

    id: str
    title: str
    app: str = ""
    detail: str = ""


class LoopFact(StepFact):
    """A step that runs several times in one run."""

    times: Decimal = Field(description="bundles that reach it in a run")
    operations: Decimal = Field(description="Make operations that it takes in a run")
    starts: Decimal = Field(default=Decimal(1), description="times that its loop begins in a run")
    loop: str = Field(description="title of the step that repeats it")
    batch: str = Field(default="", description="what the app has that does it for many at once; empty: nothing")


class BuildFacts(Result):
    """What is asked of one version of one scenario."""

    steps: int
    apps: tuple[str, ...]
    accounts: tuple[str, ...] = Field(description="apps with the account that is used there")
    handled: int = Field(description="steps with error handling")
    unhandled: tuple[StepFact, ...] = Field(description="steps that change something outside, without error handling")
    unsupported: tuple[StepFact, ...] = Field(description="steps that the registry doesn't know, carried as they are")
    personal: tuple[StepFact, ...] = Field(description="steps that hand personal data on; `detail`: which")
    tested: bool | None = Field(description="whether its tests passed; None: it has no test report")
    trigger: StepFact = Field(description="`detail`: the same text for the same trigger on the same account")
    interval_minutes: int | None = Field(description="minutes between two checks of a polling trigger")
    webhook: str = Field(description="what tells of the trigger's event at once; empty: nothing is known")
    operations_a_run: Decimal
    loops: tuple[LoopFact, ...] = Field(description="steps in loops that call an app")
    lookups: tuple[LoopFact, ...] = Field(description="searches in loops that ask for the same every time")
    fragments: tuple[Fragment, ...]


def facts_of(spec: Spec, *, tested: bool | None) -> BuildFacts:
    """The facts of a build from its spec; `tested` as its test report has it."""
    graph = SpecGraph(spec)
    apps = [step for step in spec.nodes if isinstance(step, OperationStep)]
    handled = [step for step in spec.nodes if step.on_error or graph.handler(step.id)]
    loops = tuple(_loops(spec, graph))
    runs = runs_per_month(spec)
    polls = runs.polls_per_month > 0
    return BuildFacts(
        steps=len(spec.nodes),
        apps=tuple(sorted({step.app for step in apps if _category(step) != "core"})),
        accounts=tuple(sorted(_accounts(spec))),
        handled=len(handled),
        unhandled=tuple(_fact(step) for step in apps if _can_do_harm(step, graph)),
        unsupported=tuple(
            StepFact(id=step.id, title=step.title, app=step.module, detail=f"{step.module} on {step.platform}")
            for step in spec.nodes
            if isinstance(step, NativeStep)
        ),
        personal=tuple(
            _fact(step, ", ".join(fields)).model_copy(update={"app": _receiver(step)})
            for step in apps
            if _is_third_party(step) and (fields := _personal(step))
        ),
        tested=tested,
        trigger=_fact(spec.trigger, _starts_on(spec)),
        interval_minutes=runs.interval_minutes if polls else None,
        webhook=_instant(spec.trigger) if polls else "",
        operations_a_run=operations_per_run(spec).operations,
        loops=loops,
        lookups=tuple(one for one in loops if _asks_the_same(graph, one)),
        fragments=fragments_of(spec),
    )


def _fact(step: AnyStep, detail: str = "") -> StepFact:
    return StepFact(id=step.id, title=step.title, app=_app(step), detail=detail)


def _app(step: AnyStep) -> str:
    if isinstance(step, OperationStep):
        return step.app
    return step.module if isinstance(step, NativeStep) else ""


def _category(step: OperationStep) -> str:
    known = registry().apps.get(step.app)
    return known.category if known else ""


def _accounts(spec: Spec) -> Iterator[str]:
    for connection in spec.connections:
        words = connection.account or connection.label
        yield f"{connection.app}: {words}" if words else connection.app


def _can_do_harm(step: AnyStep, graph: SpecGraph) -> bool:
    known = operation_of(step)
    if not isinstance(step, AppStep) or known is None or not known.side_effect or step.id in graph.error_steps:
        return False
    return step.on_error is None and graph.handler(step.id) is None


def _is_third_party(step: OperationStep) -> bool:
    return isinstance(step, AppStep) and (_category(step) in THIRD_PARTIES or step.app == "http")


def _receiver(step: OperationStep) -> str:
    """Who gets what a step sends: the app, or of a plain HTTP call the host in its address where that stands there."""
    address = step.inputs.get("url")
    host = _HOST.match(address) if step.app == "http" and isinstance(address, str) else None
    return host[1] if host else step.app


def _personal(step: OperationStep) -> list[str]:
    found = {
        ".".join(part.name for part in reference.path if isinstance(part, PathField))
        for reference in _references(step.inputs)
        if reference.path and isinstance(reference.path[-1], PathField) and _is_personal(reference.path[-1].name)
    }
    return sorted(found)


def _is_personal(name: str) -> bool:
    words = "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name.replace("-", "_").replace(" ", "_"))
    plain = words.strip("_").replace("__", "_")
    return plain in PERSONAL or any(plain.endswith(f"_{one}") for one in PERSONAL)


def _references(value: JsonValue) -> Iterator[Reference]:
    for _, text in strings_in(value):
        try:
            yield from references(parse(text)) if "{{" in text else ()
        except ExpressionError:
            continue


def _instant(trigger: AnyStep) -> str:
    """What tells of the trigger's event at once, as the registry says of this very trigger: another instant trigger of
    the same app, such as one on comments for one on posts, tells of something else."""
    known = operation_of(trigger)
    return known.at_once if known is not None and not known.instant else ""


def _loops(spec: Spec, graph: SpecGraph) -> Iterator[LoopFact]:
    rows = {row.step: row for row in operations_per_run(spec).steps}
    for step in spec.steps:
        loop = _loop_around(step, graph)
        if loop is not None and isinstance(step, AppStep) and rows[step.id].times > rows[loop].times > 0:
            row = rows[step.id]
            known = operation_of(step)
            yield LoopFact(
                id=step.id, title=step.title, app=step.app, times=row.times, operations=row.operations,
                starts=rows[loop].times, loop=graph.step(loop).title, detail=known.kind if known else "",
                batch=_batch(step),
            )  # fmt: skip


def _loop_around(step: AnyStep, graph: SpecGraph) -> str | None:
    above = graph.parent(step.id)
    while above is not None:
        if isinstance(graph.step(above), (IterateStep, RepeatStep)):
            return above
        above = graph.parent(above)
    return None


def _batch(step: AppStep) -> str:
    """The app's operation of the same name in the plural, as `append_rows` is of `append_row`."""
    several = registry().find(step.app, f"{step.operation}s")
    return several.summary if several is not None and several.kind == "action" else ""


def _starts_on(spec: Spec) -> str:
    trigger = spec.trigger
    if not isinstance(trigger, TriggerStep):
        return ""
    accounts = {one.id: one.account or one.label for one in spec.connections}
    said = [trigger.app, trigger.operation, accounts.get(trigger.connection or "", ""), trigger.inputs]
    return json.dumps(said, sort_keys=True)


def _asks_the_same(graph: SpecGraph, loop: LoopFact) -> bool:
    """Whether a search in a loop uses nothing of what differs from one pass to the next."""
    step = graph.step(loop.id)
    around = _loop_around(step, graph)
    if loop.detail != "search" or around is None or not isinstance(step, AppStep):
        return False
    inside = {around, *(one.id for one in graph.below(around))}
    return not any(reference.step in inside for reference in _references(step.inputs))
