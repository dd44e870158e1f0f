"""The data dictionary in the repository is what the models give, and describes everything that analysts read."""

from __future__ import annotations

import pytest

from compilers.errors import UserError
from manageai_assets.analytics import TABLES, DataTable, find_table
from manageai_assets.analytics.assets import COLUMN_SCHEMA, column_schema
from manageai_assets.analytics.dictionary import dictionary
from manageai_assets.settings import PROJECT_ROOT


def test_the_dictionary_in_the_repository_is_up_to_date() -> None:
    """`manageai data dictionary -o docs/data.md` writes it anew; names and types are a promise, so look twice."""
    assert (PROJECT_ROOT / "docs" / "data.md").read_text(encoding="utf-8") == dictionary()


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_column_and_field_is_described(table: DataTable) -> None:
    assert [column.name for column in table.columns if not column.comment] == []
    for model in table.nested.values():
        assert [name for name, field in model.model_fields.items() if not field.description] == []
    assert table.name in dictionary()
    assert not table.only or set(table.only) == {column.name for column in table.columns}


def test_what_people_wrote_and_who_they_are_is_not_for_analysts() -> None:
    told = {(table.name, column.name) for table in TABLES for column in table.columns}
    assert not told & {
        ("scenarios", "contact"), ("incidents", "evidence"), ("incidents", "what"), ("incidents", "assigned_to"),
        ("builds", "intake"), ("builds", "reasons"),
    }  # fmt: skip
    assert not {table.name for table in TABLES} & {"executions", "alerts", "submissions", "build_facts"}


def test_the_ui_shows_the_same_columns() -> None:
    shown = column_schema("client_snapshots")[COLUMN_SCHEMA].columns
    assert [one.name for one in shown] == [column.name for column in find_table("client_snapshots").columns]
    cost = next(one for one in shown if one.name == "make_cost")
    assert (cost.type, cost.constraints.nullable) == ("numeric(12, 2)", True)
    assert cost.description == "list price of the month; null: a quote is needed"


def test_a_table_that_is_not_there_is_told_with_the_nearest() -> None:
    with pytest.raises(UserError, match="client_snapshots"):
        find_table("client_snapshot")
