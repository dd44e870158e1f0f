"""The flow in the words of a language: what a step is and does, when it runs, what happens when it fails.

What the registry says of an app's operations is English; elsewhere the step's own title says what it does.
"""

from __future__ import annotations

from compilers.graph import SpecGraph
from compilers.registry import registry
from compilers.spec import (
    AggregateStep,
    AnyStep,
    Condition,
    DirectiveStep,
    Edge,
    Filter,
    NativeStep,
    OnError,
    OperationStep,
    RouterStep,
    Spec,
    StopStep,
)
from manageai_assets.build.flow_words import SIGNS, app_name, operand
from manageai_assets.build.outline import Item
from manageai_assets.documents.messages import Messages


def kind(step: AnyStep, say: Messages) -> str:
    """The app, or the construct of the flow."""
    match step:
        case OperationStep(app=app):
            return app_name(app)
        case NativeStep(platform=platform, module=module):
            return say("facts.kind.native", module=module, platform=platform)
        case RouterStep(mode=mode):
            return say(f"facts.kind.router_{mode}")
        case AggregateStep(mode=mode):
            return say(f"facts.kind.{mode}")
        case StopStep(outcome=outcome):
            return say(f"facts.kind.stop_{outcome}")
        case _:
            return say(f"facts.kind.{step.kind}")


def does(step: AnyStep, say: Messages) -> str:
    """What the step does beyond what its kind and title say; empty where there is nothing to add."""
    if isinstance(step, DirectiveStep):
        return strategy(step.directive, say)
    if isinstance(step, OperationStep) and say.language == "en":
        operation = registry().find(step.app, step.operation)
        return operation.summary[:1].lower() + operation.summary[1:] if operation else ""
    return ""


def strategy(on_error: OnError, say: Messages) -> str:
    """What happens to a failed record, in one phrase."""
    if on_error.strategy != "retry":
        return say(f"facts.error.{on_error.strategy}")
    form = "one" if on_error.attempts == 1 else "other"
    return say(f"facts.error.retry_{form}", n=on_error.attempts, minutes=on_error.interval_minutes)


def on_failure(step: AnyStep, graph: SpecGraph, say: Messages) -> str:
    """What the spec says for a failure of this step: its error route, then its strategy; empty when it says nothing."""
    handler = graph.handler(step.id)
    parts = [say("facts.error.handler", step=handler.title)] if handler else []
    parts += [strategy(step.on_error, say)] if step.on_error else []
    return say("facts.error.then").join(parts)


def condition(item: Condition, say: Messages) -> str:
    """`lead.budget > 10000`."""
    group, _, verb = item.operator.rpartition(":")
    if not group and verb in ("exists", "not_exists"):
        return say(f"facts.condition.{'there' if verb == 'exists' else 'missing'}", left=operand(item.left))
    known = f"facts.verb.{verb}"
    told = say(known) if say.has(known) else SIGNS.get(verb, verb.replace("_", " "))
    return say("facts.condition.compared", left=operand(item.left), verb=told, right=operand(item.right))


def conditions(item: Filter, say: Messages) -> str:
    """All conditions of a filter in one line."""
    groups = [say("facts.condition.and").join(condition(part, say) for part in group) for group in item.any_of if group]
    return say("facts.condition.or").join(groups)


def way(edge: Edge, say: Messages) -> str:
    """What leads along an edge: its label, the filter's, or the filter's conditions."""
    if edge.label or (edge.filter and edge.filter.label):
        words = edge.label or (edge.filter.label if edge.filter else "")
        otherwise = say("facts.lead.otherwise")
        if not edge.fallback:
            return words
        return otherwise if words.lower() in ("otherwise", otherwise.lower()) else f"{otherwise}: {words}"
    if edge.fallback:
        return say("facts.lead.otherwise")
    told = conditions(edge.filter, say) if edge.filter else ""
    return say("facts.lead.when", what=told) if told else ""


def lead(item: Item, graph: SpecGraph, say: Messages) -> str:
    """What leads to the steps below a line that is no step."""
    edge = item.edge
    if edge is None:
        return say("facts.lead.loose")
    if edge.kind == "error":
        return say("facts.lead.fails")
    if edge.kind == "next":
        told = edge.label or (edge.filter.label or conditions(edge.filter, say) if edge.filter else "")
        return say("facts.lead.filter", what=told) if told else say("facts.lead.always")
    words = way(edge, say) or say("facts.lead.always")
    several = len({one.source for one in graph.incoming(edge.target)}) > 1
    return say("facts.lead.straight", what=words) if several else words


def starts(spec: Spec, say: Messages) -> str:
    """When the automation runs, in one phrase."""
    trigger, schedule = spec.trigger, spec.schedule
    operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, OperationStep) else None
    if schedule is None or schedule.kind == "immediately":
        polls = operation is not None and not operation.instant and schedule is None
        return say(f"facts.starts.{'found' if polls else 'instant'}", trigger=trigger.title)
    at = say("facts.starts.at", time=f"{schedule.at:%H:%M}") if schedule.at else ""
    if at:
        at = f" {at}"
    match schedule.kind:
        case "every":
            minutes = schedule.minutes or 15
            when = say("facts.starts.minute") if minutes == 1 else say("facts.starts.minutes", n=say.number(minutes))
        case "daily":
            when = say("facts.starts.daily", at=at)
        case "weekly":
            days = tuple(say(f"facts.weekday.day_{day}") for day in sorted(set(schedule.weekdays)))
            when = say("facts.starts.weekly", days=say.listed(days) or say("facts.starts.week"), at=at)
        case "monthly":
            numbers = tuple(str(day) for day in sorted(set(schedule.month_days))) or ("1",)
            when = say("facts.starts.monthly", days=say.listed(numbers), at=at)
        case "once":
            day = schedule.date
            if day is None:
                return say("facts.starts.once_undated")
            return say("facts.starts.once", day=f"{say.date(day.date())} {day:%H:%M}")
        case _:
            return say("facts.starts.by_hand")
    return say("facts.starts.zone", when=when, zone=spec.settings.timezone)
