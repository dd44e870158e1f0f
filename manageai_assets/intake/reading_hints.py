"""What to do about an intake that isn't as its model says: pydantic's words made plain, with the likely mend."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, JsonValue

from compilers.errors import shorten
from compilers.registry import registry
from manageai_assets.intake.clauses import names_of
from manageai_assets.intake.models import Client, Contact, ErrorPreference, Intake, System
from manageai_assets.intake.naming import id_of
from manageai_assets.intake.plan import (
    ActionPlan,
    Answer,
    Collect,
    CollectPlan,
    ErrorPlan,
    ForEachPlan,
    GetPlan,
    IfPlan,
    RepeatPlan,
    RespondPlan,
    RoutePlan,
    RoutesPlan,
    SchedulePlan,
    SentencePlan,
    SetPlan,
    StopPlan,
    SubScenarioPlan,
    TriggerPlan,
    WaitPlan,
)

Place = Sequence[str | int]
_MODELS: Final[Mapping[str, type[BaseModel]]] = MappingProxyType(
    {
        "customer": Client, "contact": Contact, "systems": System, "errors": ErrorPreference, "trigger": TriggerPlan,
        "schedule": SchedulePlan, "routes": RoutePlan, "collect": Collect, "respond": Answer, "on_error": ErrorPlan,
        "step:action": ActionPlan, "step:routes": RoutesPlan, "step:if": IfPlan, "step:for_each": ForEachPlan,
        "step:repeat": RepeatPlan, "step:collect": CollectPlan, "step:wait": WaitPlan, "step:set": SetPlan,
        "step:get": GetPlan, "step:respond": RespondPlan, "step:stop": StopPlan,
        "step:run_scenario": SubScenarioPlan, "step:say": SentencePlan,
    }
)  # fmt: skip
_SAME: Final[Mapping[str, str]] = MappingProxyType(
    {"client": "customer", "company": "customer", "name": "label", "type": "app", "action": "operation",
     "description": "request", "platforms": "targets", "tools": "systems", "condition": "when", "parameters": "inputs",
     "fields": "inputs", "params": "inputs", "step": "steps", "then": "do", "timezone": "timezone"}
)  # fmt: skip
"""Keys that people write for others."""
_EXPECTED: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "tuple_type": ("a list belongs here", "begin each entry on a line of its own with `- `"),
        "dict_type": ("a map belongs here", "write `key: value` lines under it"),
        "model_type": ("a map belongs here", "write `key: value` lines under it"),
        "string_type": ("a text belongs here", "put it in quotes"),
        "int_parsing": ("a whole number belongs here", "write digits alone, such as 300"),
        "int_type": ("a whole number belongs here", "write digits alone, such as 300"),
        "int_from_float": ("a whole number belongs here", "write digits alone, such as 300"),
        "date_from_datetime_parsing": ("not a date", "write it as year-month-day, such as 2026-10-05"),
        "date_parsing": ("not a date", "write it as year-month-day, such as 2026-10-05"),
        "date_type": ("not a date", "write it as year-month-day, such as 2026-10-05"),
        "time_parsing": ("not a time of the day", "write it as `07:30`"),
    }
)


def explained(kind: str, message: str, loc: Place, value: JsonValue) -> tuple[str, str]:
    """What is wrong at a place, and what to do. `loc` is pydantic's, with its names of union members."""
    key = str(loc[-1]) if loc else ""
    if kind == "extra_forbidden":
        return f"`{shorten(key, 60)}` is not a key that can stand here", _instead(key, keys_at(loc[:-1]))
    if kind == "missing":
        return f"`{key}` is missing", f"add `{key}:`"
    if kind == "string_pattern_mismatch" and isinstance(value, str):
        return _misspelt(key, value)
    if kind == "literal_error" and isinstance(value, str):
        options = [
            part.strip("'") for part in message.replace(" or ", ", ").removeprefix("Input should be ").split(", ")
        ]
        return f"`{shorten(value, 60)}` is none of {', '.join(f'`{one}`' for one in options)}", _like(value, options)
    return _EXPECTED.get(kind, (shorten(message.removeprefix("Value error, ")), ""))


def keys_at(loc: Place) -> tuple[str, ...]:
    """The keys that may stand at a place."""
    model = next((_MODELS[str(part)] for part in reversed(loc) if str(part) in _MODELS), Intake)
    spellings: Mapping[str, str] = getattr(model, "SPELLINGS", {})
    friendly = {name: key for key, name in spellings.items()}
    return tuple(friendly.get(name, name) for name in model.model_fields)


def _instead(key: str, keys: Sequence[str]) -> str:
    same = _SAME.get(key.lower())
    if same in keys:
        return f"did you mean `{same}`?"
    if like := _like(key, keys):
        return like
    if "inputs" in keys and _is_input(key):
        return "put it under `inputs:`"
    return f"these can: {', '.join(keys)}"


def _is_input(key: str) -> bool:
    return any(key in item.inputs for app in registry().apps.values() for item in app.operations.values())


def _like(word: str, options: Sequence[str]) -> str:
    close = get_close_matches(word.lower(), options, 1, 0.6)
    return f"did you mean `{close[0]}`?" if close else ""


def _misspelt(key: str, value: str) -> tuple[str, str]:
    shown = shorten(value, 60)
    if key == "app":
        named = [name for name, app in registry().apps.items() if value.lower().strip() in names_of(name, app)]
        hint = f"did you mean `{named[0]}`?" if named else "`manageai apps` lists the names"
        return f"`{shown}` is not the name of an app", hint
    if key == "id":
        return f"`{shown}` can't be an id: lower case letters, digits and `_`", f"such as `{id_of(value)}`"
    return f"`{shown}` is not written as it must be: lower case letters, digits and `_`, or `-` in a slug", ""
