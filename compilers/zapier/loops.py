"""Looping by Zapier for a step of the spec that goes through a list.

No real export has shown the values of a loop, so what is written follows the step's form, *Create Loop From Line Items*
(a name and a list for each value), and the export says so.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.errors import CompileError
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Call, Literal, Reference, Template
from compilers.spec import IterateStep

APP, ACTION = "ZapierLoopingCLIAPI", "loop"
STEP: Mapping[str, JsonValue] = {"selected_api": APP, "action": ACTION}
UNSEEN = "no export has shown yet what the values of a loop look like"


def write(step: IterateStep, fields: Collection[str]) -> Object:
    """The values of the loop, with the spec's templates in them: a list for each field that is used. Raises
    `CompileError` for what Zapier can't go through."""
    source = parse(step.array).whole if isinstance(step.array, str) else None
    if not isinstance(source, Reference):
        raise CompileError(
            "Zapier's loops go through a list that an earlier step gives, as it is",
            hint="put the list together in a step before",
        )
    engine = sorted({"_index", "_total"} & {*fields})
    if engine:
        what = f"a loop of Zapier gives no `{engine[0]}` that is known"
        raise CompileError(what, hint="choose the loop's own counter in Zapier's editor")
    lists: Object = {}
    for name in sorted(fields) or ["value"]:
        node = source if name == "value" else Call("map", (source, Literal(name)))
        lists[name] = write_template(Template((node,)))
    return {"values": lists}


def read(params: Mapping[str, JsonValue]) -> str | None:
    """The list that a loop goes through, its values being in the spec's notation; None where they are of several."""
    found: set[str] = set()
    lists = members(params.get("values"))
    if not lists or {*params} != {"values"}:
        return None
    for name, text in lists.items():
        node = parse(text).whole if isinstance(text, str) else None
        if isinstance(node, Call) and node.name == "map" and node.args[1:] == (Literal(name),):
            node = node.args[0]
        elif name != "value":
            return None
        if not isinstance(node, Reference):
            return None
        found.add(write_template(Template((node,))))
    return found.pop() if len(found) == 1 else None
