"""What a step, a condition and an error strategy are called in pictures and documents: short and plain."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

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

Family = Literal["trigger", "action", "search", "data", "choice", "loop", "answer", "error", "manual"]

SIGNS = {
    "greater": ">",
    "less": "<",
    "greater_or_equal": "≥",
    "less_or_equal": "≤",
    "equals": "=",
    "equal": "=",
    "not_equals": "≠",
    "not_equal": "≠",
}

_FLOW_NAMES = {
    "if_else": "If / else",
    "merge": "Branches join",
    "iterate": "For each",
    "repeat": "Repeat",
    "sleep": "Wait",
    "set_variables": "Set variables",
    "get_variables": "Get variables",
    "respond": "Answer",
    "sub_scenario": "Other automation",
}

_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")

_COLLECT = {
    "array": "Collect into a list",
    "text": "Collect into a text",
    "count": "Count",
    "sum": "Add up",
    "avg": "Average",
    "min": "Smallest",
    "max": "Largest",
}

_FAMILIES: dict[str, Family] = {
    "trigger": "trigger",
    "native": "manual",
    "router": "choice",
    "if_else": "choice",
    "merge": "choice",
    "iterate": "loop",
    "repeat": "loop",
    "aggregate": "loop",
    "respond": "answer",
    "stop": "answer",
    "directive": "error",
}


def family(step: AnyStep, is_trigger: bool = False, in_handler: bool = False) -> Family:
    """The group that decides a step's colour."""
    if is_trigger:
        return "trigger"
    if in_handler or isinstance(step, DirectiveStep):
        return "error"
    if isinstance(step, OperationStep):
        operation = registry().find(step.app, step.operation)
        kind = operation.kind if operation else "action"
        return "search" if kind == "search" else "data" if kind == "transform" else "action"
    return _FAMILIES.get(step.kind, "data")


def app_name(name: str) -> str:
    """The app's name for people; the registry's own for an app that it doesn't hold."""
    app = registry().apps.get(name)
    return app.name if app else name.replace("_", " ").capitalize()


def kind_name(step: AnyStep) -> str:
    """What kind of step it is: the app, or the construct of the flow."""
    match step:
        case OperationStep(app=app):
            return app_name(app)
        case NativeStep(platform=platform, module=module):
            return f"{module} ({platform} only)"
        case RouterStep(mode=mode):
            return "Router: every match" if mode == "all" else "Router: first match"
        case AggregateStep(mode=mode):
            return _COLLECT[mode]
        case StopStep(outcome=outcome):
            return "End" if outcome == "success" else "End with an error"
        case DirectiveStep():
            return "Then"
        case _:
            return _FLOW_NAMES.get(step.kind, step.kind)


def action(step: AnyStep) -> str:
    """What the step does, in the registry's words; the kind for steps that aren't calls of apps."""
    if not isinstance(step, OperationStep):
        return strategy(step.directive) if isinstance(step, DirectiveStep) else kind_name(step)
    operation = registry().find(step.app, step.operation)
    return operation.summary if operation else step.operation.replace("_", " ")


def strategy(on_error: OnError) -> str:
    """What happens to a failed bundle, in one phrase."""
    match on_error.strategy:
        case "ignore":
            return "leave this item out and go on"
        case "resume":
            return "go on with a substitute"
        case "retry":
            times = "once" if on_error.attempts == 1 else f"{on_error.attempts} times"
            return f"try again {times}, every {on_error.interval_minutes} min"
        case "commit":
            return "end the run as a success"
        case _:
            return "end the run as an error"


def operand(value: JsonValue) -> str:
    """A condition's operand as people read it: a template of one expression without its braces."""
    if isinstance(value, str):
        inner = value.strip()
        if inner.startswith("{{") and inner.endswith("}}") and inner.count("{{") == 1:
            return inner[2:-2].strip()
        return f'"{value}"'
    return "nothing" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def condition(item: Condition) -> str:
    """`lead.budget > 10000`."""
    kind, _, verb = item.operator.rpartition(":")
    if not kind and verb in ("exists", "not_exists"):
        return f"{operand(item.left)} {'is there' if verb == 'exists' else 'is missing'}"
    return f"{operand(item.left)} {SIGNS.get(verb, verb.replace('_', ' '))} {operand(item.right)}"


def conditions(item: Filter) -> str:
    """All conditions of a filter in one line."""
    groups = [" and ".join(condition(part) for part in group) for group in item.any_of if group]
    return " or ".join(groups)


def edge_words(edge: Edge) -> str:
    """What an edge says: its label, the filter's, or the filter's conditions."""
    words = edge.label or (edge.filter.label or conditions(edge.filter) if edge.filter else "")
    if edge.fallback:
        words = f"Otherwise: {words}" if words and words.lower() != "otherwise" else "Otherwise"
    return f"{words} (off)" if edge.disabled else words


def starts(spec: Spec) -> str:
    """When the automation runs, in one phrase: `every Monday and Friday at 07:30 (Europe/Berlin)`."""
    trigger = spec.trigger
    operation = registry().find(trigger.app, trigger.operation) if isinstance(trigger, OperationStep) else None
    schedule = spec.schedule
    if schedule is None or schedule.kind == "immediately":
        if operation is not None and not operation.instant and schedule is None:
            return f"when it finds something new: {spec.trigger.title}"
        return f"at once, each time this happens: {spec.trigger.title}"
    at = f" at {schedule.at:%H:%M}" if schedule.at else ""
    match schedule.kind:
        case "every":
            when = "every minute" if schedule.minutes == 1 else f"every {schedule.minutes or 15} minutes"
        case "daily":
            when = f"every day{at}"
        case "weekly":
            days = [_WEEKDAYS[day] for day in sorted(set(schedule.weekdays))]
            when = f"every {_listed(days) or 'week'}{at}"
        case "monthly":
            days = [str(day) for day in sorted(set(schedule.month_days))]
            when = f"every month on day {_listed(days) or '1'}{at}"
        case "once":
            return f"once, at {schedule.date:%Y-%m-%d %H:%M %Z}".strip() if schedule.date else "once"
        case _:
            return "when somebody starts it"
    return f"{when} ({spec.settings.timezone})"


def _listed(words: list[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def plural(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
