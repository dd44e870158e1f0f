"""What the registry knows of one step of a Zap: which operation it is, and where its outputs stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from compilers.expressions.tree import Field, Path
from compilers.paths import neutral_path
from compilers.registry import App, Operation, registry
from compilers.spec import Schedule
from compilers.zapier import webhooks
from compilers.zapier.schedules import API, CLI, read_schedule
from compilers.zapier.source import Node


@dataclass(frozen=True)
class Known:
    """What a step is known to be; nothing where it is carried as it is."""

    node: Node
    app: App | None = None
    name: str = ""
    operation: Operation | None = None
    schedule: Schedule | None = None


def look_up(node: Node, starts: bool) -> Known:
    """What is known of a step; `starts`: whether it is the Zap's trigger. A step is an operation only where all that it
    has filled in is read, so that nothing is lost on another platform."""
    if starts and node.app in (API, CLI):
        schedule = read_schedule(node.action, node.params)
        if schedule is not None:
            app, operation = registry().app("schedule"), registry().operation("schedule", "tick")
            return Known(node, app, "tick", operation, schedule)
    own = _built_in(node, starts)
    if own is not None:
        app, operation = registry().app(own[0]), registry().operation(*own)
        return Known(node, app, own[1], operation)
    for app, name, operation in registry().for_zapier(node.app, node.action, str(node.data.get("type_of") or "")):
        if (operation.kind == "trigger") is starts and operation.is_zapier_step(node.params):
            return Known(node, app, name, operation)
    return Known(node)


def _built_in(node: Node, starts: bool) -> tuple[str, str] | None:
    """The operation that a step of Webhooks by Zapier is; its inputs are read by `webhooks`."""
    if node.app != webhooks.APP:
        return None
    if starts:
        return webhooks.HOOK if node.action == webhooks.CATCH and not node.params else None
    return webhooks.REQUEST if webhooks.read(node.action, node.params, lambda text: text) else None


def path_reader(known: Known) -> Callable[[Path], Path]:
    """How a path of Zapier's into what the step gives is said neutrally."""
    if known.app and (known.app.app, known.name) == webhooks.HOOK:
        return webhooks.path_of_hook
    if known.app and (known.app.app, known.name) == webhooks.REQUEST:
        return webhooks.path_of_answer
    outputs = known.operation.outputs if known.operation else {}
    return neutral_path(
        (tuple(Field(part) for part in output.zapier.split("__") if part), name)
        for name, output in outputs.items()
        if output.zapier is not None
    )
