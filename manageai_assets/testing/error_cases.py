"""Cases in which apps fail, and what the spec's error handling says must happen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle
from types import MappingProxyType

from compilers.spec import AnyStep, DirectiveStep, OnError
from manageai_assets.testing.failures import FAILURES, failure
from manageai_assets.testing.making import CaseMaker
from manageai_assets.testing.models import Answer, Case, FailureName, RunStatus

MOST_STEPS_RUN = 10_000
"""Steps that run in all error cases, about: failing each of many steps in each way costs their number squared."""
_ENDS: Mapping[str, RunStatus] = MappingProxyType({
    "ignore": "success", "resume": "success", "commit": "success", "retry": "warning", "rollback": "error",
})  # fmt: skip
"""How a run ends by the rule of the step that failed; `retry` is one that all tries have failed."""


def error_cases(maker: CaseMaker, missed: list[str]) -> Iterator[Case]:
    """Every step that calls an app failing in every way. What of this is left out, and steps that no data lead to, is
    said in `missed`."""
    reached = {goal.edge.target: goal for goal in maker.goals.steps()}
    handled = maker.graph.error_steps
    failing = _chosen(maker, missed)
    for step in maker.called:
        if step.id in handled:
            yield from _inside_handlers(maker, step, handled[step.id])
            continue
        goal = reached.get(step.id)
        base = maker.reaching(goal) if goal and step.id in failing else None
        if base is None:
            if step.id in failing:
                missed.append(f"no data found that lead to {step.title}, so its errors were not tried")
            continue
        for name in failing[step.id]:
            yield _failing(maker, base, step, name)
        if step.on_error is not None and step.on_error.strategy == "retry":
            yield _recovering(maker, base, step)


def _chosen(maker: CaseMaker, missed: list[str]) -> Mapping[str, Sequence[FailureName]]:
    """The steps that fail, and how. Of very many only some do, those with error handling first, each in some ways, in
    turn."""
    ways = tuple(FAILURES)
    most = max(1, MOST_STEPS_RUN // len(maker.spec.nodes))
    steps = [step.id for step in maker.called]
    if len(steps) > most:
        handling = [step.id for step in maker.called if step.on_error or maker.graph.handler(step.id)]
        others = [step for step in steps if step not in handling]
        chosen = _spread(handling, most)
        steps = [*chosen, *_spread(others, most - len(chosen))]
        missed.append(f"{len(maker.called)} steps call apps; {len(steps)} of them were failed")
    each = min(len(ways), max(1, most // max(1, len(steps))))
    if each < len(ways):
        missed.append(f"each step that was failed was so in {each} of {len(ways)} ways, in turn")
    turns = cycle(ways)
    return {step: [next(turns) for _ in range(each)] for step in steps}


def _spread(steps: Sequence[str], most: int) -> Sequence[str]:
    """At most so many of the steps, from all over."""
    return steps[:: -(-len(steps) // most) or 1] if most > 0 else ()


def _failing(maker: CaseMaker, base: Case, step: AnyStep, name: FailureName) -> Case:
    answers = {**base.answers, step.id: (Answer(failure=failure(step, name)),)}
    said = "doesn't answer in time" if name == "timeout" else f"answers {name}"
    rule, certain = _rule(maker, step)
    handler = maker.graph.handler(step.id)
    edges = [edge for edge in maker.graph.outgoing(step.id) if edge.kind == "error" and not edge.disabled]
    unfiltered = bool(edges) and not (edges[0].filter and edges[0].filter.any_of)
    made = base.model_copy(update={"answers": answers})
    ended = maker.trace(made).error
    by_other = ended is not None and ended.step != step.id  # such as the handler's own, which has a rule of its own
    return maker.case(
        made,
        name=f"{step.id} fails {name}",
        group="errors",
        title=f"{step.title} {said}",
        why=f"its rule is `{rule.strategy}`" if rule else "it has no error handling: the run must fail",
        must_reach=(step.id, *([handler.id] if handler and unfiltered and maker.alone(step.id) else [])),
        must_end=_ENDS[rule.strategy if rule else "rollback"] if certain and not by_other else None,
    )


def _rule(maker: CaseMaker, step: AnyStep) -> tuple[OnError | None, bool]:
    """The rule that decides when a step has failed, and whether the graph alone tells."""
    graph = maker.graph
    handler = graph.handler(step.id)
    if handler is None:
        return step.on_error, True
    inside = [handler, *graph.below(handler.id)]
    directives = [one for one in inside if isinstance(one, DirectiveStep)]
    straight = all(len(graph.outgoing(one.id)) <= 1 for one in inside)
    filtered = any(edge.filter and edge.filter.any_of for one in [step, *inside] for edge in graph.outgoing(one.id))
    rule = directives[0].directive if directives else step.on_error or OnError(strategy="ignore")
    ends_itself = any(one.kind == "stop" for one in inside)
    return rule, straight and not filtered and not ends_itself


def _recovering(maker: CaseMaker, base: Case, step: AnyStep) -> Case:
    """The first try fails, the next one works."""
    answers = {**base.answers, step.id: (Answer(failure=failure(step, "500")), *base.answers[step.id])}
    return maker.case(
        base.model_copy(update={"answers": answers}),
        name=f"{step.id} recovers",
        group="errors",
        title=f"{step.title} answers 500 once, then works",
        why="its rule is `retry`: the second try must go on as if nothing had happened",
        must_reach=(step.id,),
    )


def _inside_handlers(maker: CaseMaker, step: AnyStep, failed: str) -> Iterator[Case]:
    """An app that fails while an error is being handled."""
    goals = {goal.edge.target: goal for goal in maker.goals.steps()}
    goal = goals.get(failed)
    base = maker.reaching(goal) if goal else maker.usual
    if base is None or failed not in base.answers:
        return
    for name in ("401", "500"):
        answers = {
            **base.answers,
            failed: (Answer(failure=failure(maker.graph.step(failed), "500")),),
            step.id: (Answer(failure=failure(step, name)),),
        }
        yield maker.case(
            base.model_copy(update={"answers": answers}),
            name=f"{step.id} fails {name} while handling",
            group="errors",
            title=f"{step.title} answers {name} while an error of {maker.graph.step(failed).title} is handled",
        )
