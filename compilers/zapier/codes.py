"""The Code steps of a Zap that the compiler has written (`code`), and what the steps that they prepare mean by them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import JsonValue

from compilers.documents import Object, members
from compilers.expressions.parser import parse
from compilers.expressions.spec_writer import write_template
from compilers.expressions.tree import Node as Expression
from compilers.spec import AnyStep, AppStep, Filter, IterateStep, SetVariablesStep, SleepStep
from compilers.zapier import loops, webhooks
from compilers.zapier.code import API, Calculation, changed, filter_changed, in_place, read
from compilers.zapier.conditions import asks
from compilers.zapier.source import Node, Zap, criteria_of
from compilers.zapier.tokens import ReadTokens

_INPUT = re.compile(r"\{\{[^{}]+\}\}")
_FIELD = re.compile(r"\{\{(\d+)__(json\d+)\}\}")
_DELAYS = ("DelayAPI", "DelayCLIAPI")
_CODE = API.partition("@")[0]


class Codes:
    """`preparing` are the Code steps that work something out for the step behind them and are no steps of the spec,
    `steps` those that are one. Without a Zap there are none."""

    def __init__(self, zap: Zap | None) -> None:
        self.preparing: dict[str, Calculation] = {}
        self.steps: dict[str, Calculation] = {}
        for node in zap.nodes.values() if zap else ():
            made = read(node.params) if node.app == _CODE and zap and node is not zap.trigger else None
            if made is None or not all(map(_INPUT.fullmatch, made.inputs.values())):
                continue
            if made.step:
                self.steps[node.key] = made
            elif node.parent and not node.parent.is_paths and len(node.children) == 1 and _fits(node, made):
                self.preparing[node.key] = made

    def text(self, key: str, name: str, values: ReadTokens) -> Expression | None:
        """The expression that a field of a Code step holds; None for any other field."""
        made = self.preparing.get(key)
        own = made.texts.get(name) if made else None
        return in_place(parse(own), self._inputs(made, values)).whole if made and own is not None else None

    def whole(self, node: Node, values: ReadTokens) -> dict[str, str]:
        """The texts of a Code step that is a step of the spec."""
        made = self.steps[node.key]
        inputs = self._inputs(made, values)
        return {name: write_template(in_place(parse(text), inputs)) for name, text in made.texts.items()}

    def passes(self, guard: Node, code: Node | None, values: ReadTokens) -> Filter | None:
        """What a filter lets pass that asks a Code step; None for any other."""
        made = self.preparing.get(code.key) if code else None
        if made is None or code is None or made.passes is None or asks(criteria_of(guard)) != f"{code.key}__passes":
            return None
        return self._filter(made, made.passes, values)

    def way(self, guard: Node, values: ReadTokens) -> tuple[Filter | None, bool] | None:
        """The rules of a path that asks a Code step, and whether it is the one that is taken where no other is."""
        code, made = self._choosing(guard.parent)
        if code is None or made is None or made.ways is None or guard.parent is None:
            return None
        at = guard.parent.children.index(guard)
        condition = made.ways.filters[at]
        return condition and self._filter(made, condition, values), made.ways.fallbacks[at]

    def mode(self, paths: Node) -> str:
        """How many of its ways a Paths step takes."""
        _, made = self._choosing(paths)
        return "first" if made and made.ways and made.ways.first else "all"

    def request(self, node: Node, values: ReadTokens) -> Object:
        """The inputs of a request."""

        def json_of(text: str) -> JsonValue:
            found = _FIELD.fullmatch(text)
            made = self.preparing.get(found[1]) if found else None
            if made is None or found is None or found[2] not in made.json:
                return None
            inputs = self._inputs(made, values)
            return changed(made.json[found[2]], lambda template: in_place(template, inputs))

        found = webhooks.read(node.action, node.params, json_of) or {}
        body = found.pop("body") if found.get("body_type") == "json" and node.action == "custom_request" else None
        read_values = members(values.value(found))
        return read_values if body is None else {**read_values, "body": body}

    def _choosing(self, paths: Node | None) -> tuple[Node | None, Calculation | None]:
        code = paths.parent if paths and paths.is_paths else None
        made = self.preparing.get(code.key) if code else None
        return (code, made) if made and made.ways else (None, None)

    def _filter(self, made: Calculation, condition: Filter, values: ReadTokens) -> Filter:
        inputs = self._inputs(made, values)
        return filter_changed(condition, lambda template: in_place(template, inputs))

    @staticmethod
    def _inputs(made: Calculation | None, values: ReadTokens) -> Mapping[str, Sequence[Expression | str]]:
        found = {name: values.single(token) for name, token in made.inputs.items()} if made else {}
        return {name: (node,) for name, node in found.items() if node is not None}


def _fits(code: Node, made: Calculation) -> bool:
    """Whether the step behind a Code step still takes from it what it was written for."""
    behind = code.children[0]
    if made.passes and (not behind.is_filter or asks(criteria_of(behind)) != f"{code.key}__passes"):
        return False
    if made.ways:
        asked = [asks(criteria_of(guard)) for guard in behind.children]
        return behind.is_paths and asked == [f"{code.key}__way{at + 1}" for at in range(len(made.ways.filters))]
    return True


def read_built_in(node: Node, common: Object, values: ReadTokens, codes: Codes) -> AnyStep | None:
    """The step of the spec that one of Zapier's own is; None for all others."""
    made = codes.steps.get(node.key)
    if made is not None and made.step == "compose":
        names: Object = {"app": "tools", "operation": "compose", "inputs": {**codes.whole(node, values)}}
        return AppStep.model_validate({**common, **names})
    if made is not None:
        listed: list[JsonValue] = [{"name": name, "value": text} for name, text in codes.whole(node, values).items()]
        scope = made.step.partition(" ")[2]
        return SetVariablesStep.model_validate({**common, "scope": scope, "variables": listed})
    if node.app in _DELAYS and node.action == "delay_for":
        seconds = _seconds(node.params)
        return SleepStep.model_validate({**common, "seconds": seconds}) if seconds else None
    if node.app == loops.APP and node.action == loops.ACTION:
        source = loops.read(members(values.value(node.params)))
        return IterateStep.model_validate({**common, "array": source}) if source else None
    return None


def _seconds(params: Mapping[str, JsonValue]) -> int:
    """The wait in seconds, where it is one that a spec's step can have; else 0."""
    if {*params} != {"delay_for_value", "delay_for_unit"} or params["delay_for_unit"] != "minutes":
        return 0
    try:
        seconds = float(str(params["delay_for_value"])) * 60
    except ValueError:
        return 0
    return round(seconds) if 1 <= seconds <= 300 and abs(seconds - round(seconds)) < 1e-6 else 0
