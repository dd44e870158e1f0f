"""Data stores: records under a key, kept in the state of a run, with what Make is documented to do to them.

A record's values are kept as JSON has them, as n8n's data tables keep them too: dates become texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import cmp_to_key
from types import MappingProxyType

from compilers.expressions import Context, Value
from compilers.expressions.date_reading import detect_date
from compilers.expressions.regex import javascript_regex
from compilers.expressions.values import Number, compare, field, is_number, json_text, jsonable, milliseconds, number
from compilers.expressions.values import text as as_text
from manageai_assets.testing.transform_base import Bundle, Inputs, Record, State, StepFailure, Transform, pattern_of

_KEY_DIGITS = 12


def _store(inputs: Inputs, state: State) -> dict[str, Record]:
    return state.stores.setdefault(as_text(inputs.get("store")), {})


def _key(inputs: Inputs) -> str:
    return as_text(inputs.get("key"))


def _record(inputs: Inputs) -> Record:
    given = jsonable(inputs.get("record"))
    return given if isinstance(given, dict) else {}


def _whole(key: str, record: Record) -> list[Bundle]:
    return [{"key": key, "data": record}]


# -- records written -------------------------------------------------------------------------------------------------


def append_record(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    key = "".join(f"{int(context.random() * 16):x}" for _ in range(_KEY_DIGITS))
    _store(inputs, state)[key] = record = _record(inputs)
    return _whole(key, record)


def replace_record(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    _store(inputs, state)[_key(inputs)] = record = _record(inputs)
    return _whole(_key(inputs), record)


def add_record(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    key, store = _key(inputs), _store(inputs, state)
    if key in store:
        raise StepFailure("DuplicateDataError", f"The data store has a record with the key {key} already.")
    store[key] = record = _record(inputs)
    return _whole(key, record)


def update_record(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    key, store = _key(inputs), _store(inputs, state)
    if key not in store and inputs.get("insert") is not True:
        raise StepFailure("DataError", f"The data store has no record with the key {key}.")
    replace_lists = as_text(inputs.get("replace_lists")) == "true"
    store[key] = record = _changed(store.get(key, {}), _record(inputs), replace_lists)
    return _whole(key, record)


def put(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    key, store = _key(inputs), _store(inputs, state)
    store[key] = _changed(store.get(key, {}), _record(inputs), replace_lists=True)
    return [{"key": key}]


def add(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    add_record(inputs, context, state)
    return [{"key": _key(inputs)}]


def _changed(before: Record, given: Record, replace_lists: bool) -> Record:
    """The record with the given fields in it: what is empty changes nothing, objects are changed within."""
    after = dict(before)
    for name, value in given.items():
        old = after.get(name)
        if _is_empty(value):
            continue
        if isinstance(value, dict) and isinstance(old, dict):
            after[name] = _changed(old, value, replace_lists)
        elif isinstance(value, list) and isinstance(old, list) and not replace_lists:
            after[name] = [*old, *value]
        else:
            after[name] = value
    return after


# -- records read and deleted ----------------------------------------------------------------------------------------


def get(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    return [{"record": _store(inputs, state).get(_key(inputs), {})}]


def exists(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    return [{"exists": _key(inputs) in _store(inputs, state)}]


def count(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    return [{"count": len(_store(inputs, state))}]


def delete(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    _store(inputs, state).pop(_key(inputs), None)
    return [{}]


def delete_all(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    _store(inputs, state).clear()
    return [{}]


# -- searches --------------------------------------------------------------------------------------------------------


def search(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    given = inputs.get("where")
    where = given if isinstance(given, dict) else {}
    found: list[Bundle] = [
        {"key": key, "record": record}
        for key, record in _store(inputs, state).items()
        if all(as_text(_field(key, record, name)) == as_text(value) for name, value in where.items())
    ]
    return found[: _limit(inputs)]


def search_records(inputs: Inputs, context: Context, state: State) -> list[Bundle]:
    given = inputs.get("where")
    groups = [group for group in (given if isinstance(given, list) else []) if isinstance(group, list) and group]
    found = [
        (key, record)
        for key, record in _store(inputs, state).items()
        if not groups or any(all(_holds(row, key, record, context) for row in group) for group in groups)
    ]
    sort = inputs.get("sort")
    for row in reversed(sort if isinstance(sort, list) else []):
        if isinstance(row, dict):
            _sort(found, as_text(row.get("key")), descending=number(row.get("order")) < 0)
    bundles: list[Bundle] = [{"key": key, "data": record} for key, record in found[: _limit(inputs)]]
    return bundles or ([{}] if inputs.get("always") is True else [])


def _limit(inputs: Inputs) -> int | None:
    limit = number(inputs.get("limit"))
    return int(limit) if math.isfinite(limit) and limit else None


def _sort(found: list[tuple[str, Record]], name: str, descending: bool) -> None:
    def order(one: tuple[str, Record], other: tuple[str, Record]) -> int:
        a, b = (other if descending else one)[1].get(name), (one if descending else other)[1].get(name)
        if a == b:
            return 0
        if a is None or b is None:
            return -1 if a is None else 1
        return -1 if compare(a, b, lambda left, right: left < right) else 1

    found.sort(key=cmp_to_key(order))


def _is_empty(value: Value) -> bool:
    return value is None or value == ""


def _field(key: str, record: Record, name: str) -> Value:
    """A field of a record, by its name or a dotted path; `key` is the key unless there is such a field."""
    if name in record:
        return record[name]
    if name == "key":
        return key
    value: Value = record
    for part in name.split("."):
        value = field(value, part)
    return value


def _as_number(value: Value) -> Number:
    if _is_empty(value) or isinstance(value, bool):
        return math.nan
    return math.nan if isinstance(value, str) and _DATE.match(value) else number(value)


def _as_moment(value: Value, context: Context) -> Number:
    if isinstance(value, str) and value:
        found = detect_date(value, context.zone)
        return math.nan if found is None else milliseconds(found)
    return math.nan if _is_empty(value) or isinstance(value, bool) else number(value)


def _as_list(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [] if _is_empty(value) else [value]


def _as_boolean(value: Value) -> bool | None:
    if _is_empty(value):
        return None
    if isinstance(value, str):
        return value != "false"
    return bool(value) if isinstance(value, bool) or is_number(value) else True


_DATE = javascript_regex(r"\s*\d{4}-\d\d-\d\dT")
_NUMBERS: Mapping[str, Callable[[Number, Number], bool]] = MappingProxyType({
    "equal": lambda a, b: a == b,
    "greater": lambda a, b: a > b,
    "less": lambda a, b: a < b,
    "greaterorequal": lambda a, b: a >= b,
    "lessorequal": lambda a, b: a <= b,
})  # fmt: skip
_TEXTS: Mapping[str, Callable[[str, str], bool]] = MappingProxyType({
    "equal": lambda a, b: a == b,
    "contain": lambda a, b: b in a,
    "startwith": lambda a, b: a.startswith(b),
    "endwith": lambda a, b: a.endswith(b),
})  # fmt: skip


def _holds(row: Value, key: str, record: Record, context: Context) -> bool:
    """Whether one of Make's conditions, `{a, o, b}`, holds for a record; without an operator it asks whether the field
    is the same as `b`, or is there at all."""
    if not isinstance(row, dict):
        return False
    wanted = row.get("b")
    operator = as_text(row.get("o")) or ("exist" if _is_empty(wanted) else "text:equal")
    kind, _, rest = operator.partition(":")
    verb, _, case = rest.partition(":")
    value = _field(key, record, as_text(row.get("a")))
    if kind in ("exist", "notexist"):
        return _is_empty(value) == (kind == "notexist")
    negated = verb.startswith("not")
    return _meets(kind, verb[3:] if negated else verb, (value, wanted), case == "ci", context) != negated


def _meets(kind: str, verb: str, sides: tuple[Value, Value], ignore_case: bool, context: Context) -> bool:
    value, wanted = sides
    match kind:
        case "text" if verb == "pattern":
            return bool(pattern_of(_folded(wanted, False), "i" if ignore_case else "").search(_folded(value, False)))
        case "text":
            return verb in _TEXTS and _TEXTS[verb](_folded(value, ignore_case), _folded(wanted, ignore_case))
        case "number":
            return verb in _NUMBERS and _NUMBERS[verb](_as_number(value), _as_number(wanted))
        case "date" | "time":
            return verb in _NUMBERS and _NUMBERS[verb](_as_moment(value, context), _as_moment(wanted, context))
        case "array" if verb == "contain":
            return _folded(wanted, ignore_case) in [_folded(one, ignore_case) for one in _as_list(value)]
        case "array":
            return verb in _NUMBERS and _NUMBERS[verb](len(_as_list(value)), _as_number(wanted))
    return _as_boolean(value) is not None and _as_boolean(value) is _as_boolean(wanted)


def _folded(value: Value, ignore_case: bool) -> str:
    shown = json_text(value) if isinstance(value, (list, dict)) else as_text(value)
    return shown.lower() if ignore_case else shown


TRANSFORMS: dict[tuple[str, str], Transform] = {
    ("data_store", "append_record"): append_record,
    ("data_store", "replace_record"): replace_record,
    ("data_store", "add_record"): add_record,
    ("data_store", "update_record"): update_record,
    ("data_store", "get_record"): get,
    ("data_store", "record_exists"): exists,
    ("data_store", "search_records"): search_records,
    ("data_store", "delete_record"): delete,
    ("data_store", "delete_all_records"): delete_all,
    ("data_store", "count_records"): count,
    ("data_store", "put"): put,
    ("data_store", "add"): add,
    ("data_store", "get"): get,
    ("data_store", "exists"): exists,
    ("data_store", "search"): search,
    ("data_store", "delete"): delete,
}
