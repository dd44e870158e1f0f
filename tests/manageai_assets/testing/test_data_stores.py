"""Data stores: what each operation does to the records, and what it gives."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from compilers.expressions import Context, Value
from manageai_assets.testing.transforms import Bundle, State, StepFailure, transform

STORE = "45264"
PEOPLE: dict[str, dict[str, JsonValue]] = {
    "ada": {"name": "Ada", "size": 7, "tags": ["new", "vip"], "address": {"city": "Prague"}, "seen": "2026-03-09"},
    "ben": {"name": "ben", "size": "12", "tags": [], "active": True},
    "cyd": {"name": "Cyd", "size": None, "seen": "2026-03-10T12:00:00Z", "active": "false"},
}


def run(operation: str, state: State, /, **inputs: Value) -> list[Bundle]:
    """What an operation gives."""
    function = transform("data_store", operation)
    assert function is not None, operation
    return function({"store": STORE, **inputs}, Context(), state)


def failure(operation: str, state: State, /, **inputs: Value) -> str:
    """Make's name for how an operation fails."""
    with pytest.raises(StepFailure) as caught:
        run(operation, state, **inputs)
    return caught.value.type


def people() -> State:
    """A state whose store holds three records."""
    return State.of({STORE: PEOPLE})


def found(bundles: Sequence[Bundle]) -> list[Value]:
    """The keys of what a search gave."""
    return [bundle["key"] for bundle in bundles]


# -- written ---------------------------------------------------------------------------------------------------------


def test_a_record_is_added_once() -> None:
    state = State()
    assert run("add_record", state, key="a", record={"n": 1}) == [{"key": "a", "data": {"n": 1}}]
    assert failure("add_record", state, key="a", record={"n": 2}) == "DuplicateDataError"
    assert failure("add", state, key="a", record={"n": 2}) == "DuplicateDataError"
    assert state.stores[STORE] == {"a": {"n": 1}}


def test_a_record_is_replaced_whole() -> None:
    state = people()
    assert run("replace_record", state, key="ada", record={"n": 1}) == [{"key": "ada", "data": {"n": 1}}]
    assert run("get_record", state, key="ada") == [{"record": {"n": 1}}]
    assert found(run("search_records", state)) == ["ada", "ben", "cyd"]


def test_keys_are_texts() -> None:
    state = State()
    run("replace_record", state, key=7, record={"n": 1})
    assert run("record_exists", state, key="7") == [{"exists": True}]


def test_appended_records_get_keys_of_their_own() -> None:
    state = State()
    keys = {str(run("append_record", state, record={"n": number})[0]["key"]) for number in range(20)}
    assert len(keys) == 20
    assert all(len(key) == 12 and set(key) <= set("0123456789abcdef") for key in keys)
    assert run("count_records", state) == [{"count": 20}]


def test_an_update_changes_what_it_names() -> None:
    state = people()
    change: Value = {"size": 8, "name": None, "tags": ["old"], "address": {"zip": "11000"}, "note": ""}
    [bundle] = run("update_record", state, key="ada", record=change)
    assert bundle == {
        "key": "ada",
        "data": {
            "name": "Ada",
            "size": 8,
            "tags": ["new", "vip", "old"],
            "address": {"city": "Prague", "zip": "11000"},
            "seen": "2026-03-09",
        },
    }
    assert run("get_record", state, key="ada") == [{"record": bundle["data"]}]


@pytest.mark.parametrize("replace_lists", [True, "true"])
def test_an_update_can_replace_lists(replace_lists: Value) -> None:
    [bundle] = run("update_record", people(), key="ada", record={"tags": ["old"]}, replace_lists=replace_lists)
    assert isinstance(bundle["data"], dict)
    assert bundle["data"]["tags"] == ["old"]


def test_an_update_of_nothing_fails_unless_it_may_insert() -> None:
    state = State()
    assert failure("update_record", state, key="a", record={"n": 1}) == "DataError"
    assert run("count_records", state) == [{"count": 0}]
    assert run("update_record", state, key="a", record={"n": 1}, insert=True) == [{"key": "a", "data": {"n": 1}}]


def test_put_adds_or_changes() -> None:
    state = State()
    assert run("put", state, key="a", record={"n": 1, "list": [1]}) == [{"key": "a"}]
    assert run("put", state, key="a", record={"m": 2, "list": [2]}) == [{"key": "a"}]
    assert run("get", state, key="a") == [{"record": {"n": 1, "m": 2, "list": [2]}}]


def test_what_is_given_later_does_not_change_what_was_given() -> None:
    state = people()
    before = run("get_record", state, key="ada")
    run("update_record", state, key="ada", record={"tags": ["x"], "address": {"city": "Brno"}})
    assert before == [{"record": PEOPLE["ada"]}]


# -- read and deleted ------------------------------------------------------------------------------------------------


def test_a_missing_record_gives_an_empty_one() -> None:
    for operation in ("get_record", "get"):
        assert run(operation, people(), key="nobody") == [{"record": {}}]
    for operation in ("record_exists", "exists"):
        assert run(operation, people(), key="nobody") == [{"exists": False}]


def test_what_is_deleted_is_gone() -> None:
    state = people()
    for operation, key in (("delete_record", "ada"), ("delete", "ben"), ("delete", "nobody")):
        assert run(operation, state, key=key) == [{}]
    assert found(run("search_records", state)) == ["cyd"]
    assert run("delete_all_records", state) == [{}]
    assert run("count_records", state) == [{"count": 0}]


def test_stores_are_apart() -> None:
    state = people()
    other = transform("data_store", "count_records")
    assert other is not None
    assert other({"store": "other"}, Context(), state) == [{"count": 0}]


# -- searches --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("a", "o", "b", "keys"),
    [
        ("name", "text:equal", "Ada", ["ada"]),
        ("name", "text:equal:ci", "BEN", ["ben"]),
        ("name", "text:notequal", "Ada", ["ben", "cyd"]),
        ("name", "text:contain:ci", "D", ["ada", "cyd"]),
        ("name", "text:startwith", "A", ["ada"]),
        ("name", "text:endwith", "n", ["ben"]),
        ("name", "text:pattern", "^[A-Z]", ["ada", "cyd"]),
        ("name", "text:notpattern:ci", "^[AB]", ["cyd"]),
        ("name", None, "Ada", ["ada"]),
        ("key", "text:equal", "ben", ["ben"]),
        ("address.city", "text:equal", "Prague", ["ada"]),
        ("size", "number:greater", 7, ["ben"]),
        ("size", "number:greaterorequal", "7", ["ada", "ben"]),
        ("size", "number:less", 10, ["ada"]),
        ("size", "number:notless", 10, ["ben", "cyd"]),
        ("size", "exist", None, ["ada", "ben"]),
        ("size", None, None, ["ada", "ben"]),
        ("size", "notexist", None, ["cyd"]),
        ("tags", "array:contain", "vip", ["ada"]),
        ("tags", "array:notcontain", "vip", ["ben", "cyd"]),
        ("tags", "array:equal", 0, ["ben", "cyd"]),
        ("tags", "array:greater", 1, ["ada"]),
        ("seen", "date:less", "2026-03-10", ["ada"]),
        ("seen", "date:greaterorequal", "2026-03-10T12:00:00Z", ["cyd"]),
        ("active", "boolean:equal", True, ["ben"]),
        ("active", "boolean:equal", "false", ["cyd"]),
        ("active", "boolean:notequal", True, ["ada", "cyd"]),
    ],
)
def test_one_condition(a: str, o: str | None, b: Value, keys: list[str]) -> None:
    assert found(run("search_records", people(), where=[[{"a": a, "o": o, "b": b}]])) == keys


def test_groups_are_alternatives_of_conditions_that_all_hold() -> None:
    ada: Value = {"a": "name", "b": "Ada"}
    big: Value = {"a": "size", "o": "number:greater", "b": 10}
    small: Value = {"a": "size", "o": "number:less", "b": 10}
    assert found(run("search_records", people(), where=[[ada, big]])) == []
    assert found(run("search_records", people(), where=[[ada, small], [big]])) == ["ada", "ben"]
    nothing: tuple[Value, ...] = ([], [[]], None)
    for where in nothing:
        assert found(run("search_records", people(), where=where)) == ["ada", "ben", "cyd"]


def test_a_search_sorts_and_stops() -> None:
    def keys(**options: Value) -> list[Value]:
        return found(run("search_records", people(), **options))

    assert keys(sort=[{"key": "name", "order": 1}]) == ["ada", "cyd", "ben"]
    assert keys(sort=[{"key": "name", "order": "-1"}]) == ["ben", "cyd", "ada"]
    assert keys(sort=[{"key": "size", "order": 1}]) == ["cyd", "ada", "ben"]
    assert keys(sort=[{"key": "active", "order": -1}, {"key": "name", "order": 1}])[-1] == "ada"
    assert keys(limit=2) == keys(limit="2") == ["ada", "ben"]
    assert keys(limit=None) == keys(limit=0) == keys(limit="") == ["ada", "ben", "cyd"]


def test_a_search_that_finds_nothing_ends_unless_it_goes_on() -> None:
    nobody: Value = [[{"a": "name", "b": "Nobody"}]]
    assert run("search_records", people(), where=nobody) == []
    assert run("search_records", people(), where=nobody, always=True) == [{}]


def test_a_pattern_that_is_none_fails() -> None:
    assert failure("search_records", people(), where=[[{"a": "name", "o": "text:pattern", "b": "("}]]) == "DataError"


def test_a_search_by_columns() -> None:
    assert run("search", people(), where={"name": "Ada"}, limit=100) == [{"key": "ada", "record": PEOPLE["ada"]}]
    assert found(run("search", people(), where={"size": 12, "key": "ben"}, limit=100)) == ["ben"]
    assert found(run("search", people(), where=None, limit=2)) == ["ada", "ben"]
    assert run("search", people(), where={"name": "Nobody"}, limit=100) == []


# -- for all records -------------------------------------------------------------------------------------------------

KEYS = st.sampled_from("abc")
RECORDS = st.dictionaries(st.sampled_from(["n", "m"]), st.integers(0, 9), min_size=1)
CHANGES = st.lists(st.tuples(st.sampled_from(["replace_record", "update_record", "delete_record"]), KEYS, RECORDS))


@given(CHANGES)
def test_a_store_is_what_was_done_to_it(changes: list[tuple[str, str, dict[str, Value]]]) -> None:
    state, model = State(), dict[str, dict[str, Value]]()
    for operation, key, record in changes:
        run(operation, state, key=key, record=record, insert=True)
        if operation == "delete_record":
            model.pop(key, None)
        else:
            model[key] = record if operation == "replace_record" else {**model.get(key, {}), **record}
    assert {str(one["key"]): one["data"] for one in run("search_records", state)} == model
    assert run("count_records", state) == [{"count": len(model)}]


@given(st.lists(RECORDS, max_size=8), st.integers(0, 9), st.integers(1, 4))
def test_a_search_gives_the_first_of_all_that_hold_in_order(
    records: list[dict[str, JsonValue]], least: int, limit: int
) -> None:
    state = State.of({STORE: {str(number): record for number, record in enumerate(records)}})
    bundles = run(
        "search_records",
        state,
        where=[[{"a": "n", "o": "number:greaterorequal", "b": least}]],
        sort=[{"key": "n", "order": -1}],
        limit=limit,
    )
    sizes = [number for record in records if isinstance(number := record.get("n"), int) and number >= least]
    given_sizes = [one["data"]["n"] for one in bundles if isinstance(one["data"], dict)]
    assert given_sizes == sorted(sizes, reverse=True)[:limit]
