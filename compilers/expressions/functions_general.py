"""General functions. `if`, `ifempty` and `switch` are lazy: the evaluator and the n8n writer have a method for each."""

from __future__ import annotations

from compilers.expressions.functions import Function, row
from compilers.expressions.values import Value, by_path, loose_equal, text


def get(value: Value, path: Value = None) -> Value:
    return by_path(value, text(path))


def pick(value: Value, *names: Value) -> Value:
    wanted = {text(name) for name in names}
    return _chosen(value, wanted, True)


def omit(value: Value, *names: Value) -> Value:
    unwanted = {text(name) for name in names}
    return _chosen(value, unwanted, False)


def _chosen(value: Value, names: set[str], keep: bool) -> Value:
    """The fields with these names, or those without; an array's are its elements, as in JavaScript."""
    if value is None:
        return None
    if isinstance(value, list):
        value = {str(position): item for position, item in enumerate(value)}
    return {key: item for key, item in value.items() if (key in names) is keep} if isinstance(value, dict) else {}


FUNCTIONS: tuple[Function, ...] = (
    row("if", "general", "condition: any, then: any, otherwise?: any", "any",
        "`then` if the condition holds, else `otherwise`; only that one is evaluated", None, ""),
    row("ifempty", "general", "value: any, otherwise: any", "any",
        "the value, or `otherwise` if it is null or empty text; [], 0 and false aren't empty", None, ""),
    row("switch", "general", "value: any, case: any, result: any, more...: any", "any",
        "the result of the first case that equals the value as text; a last one alone is the default", None, ""),
    row("get", "general", "value: any, path: text", "any",
        "what lies at a dotted path; array positions count from 1", get, "_get"),
    row("pick", "general", "collection: object, key: text, keys...: text", "any",
        "the collection with these keys only", pick, "_pick"),
    row("omit", "general", "collection: object, key: text, keys...: text", "any",
        "the collection without these keys", omit, "_omit"),
    row("equal", "general", "left: any, right: any", "boolean",
        "whether both are equal, as `=`", lambda left=None, right=None: loose_equal(left, right), "_equal"),
)  # fmt: skip
