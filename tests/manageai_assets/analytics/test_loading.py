"""Tables as data frames and Parquet files: what they hold, and types that are the same whether they hold anything."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from sqlalchemy import Engine

from compilers.errors import UserError
from manageai_assets import analytics
from manageai_assets.analytics.tables import TABLES, frame_type
from manageai_assets.cli import EXIT_DONE, EXIT_USAGE, EXIT_WRONG, main
from tests.manageai_assets.clients.estates import CLIENT, deploy, make, ran, scenario

NOW = datetime.now(UTC)
TODAY = NOW.date()


@pytest.fixture
def agency(engine: Engine) -> Engine:
    """A client whose scenario ran 12,000 operations ten days ago, with snapshots of that day and of an older one."""
    since = NOW - timedelta(120)
    deploy(engine, scenario("orders"), since)
    ran(engine, scenario("orders"), [NOW - timedelta(10)], operations=12_000)
    ran(engine, scenario("orders"), [NOW - timedelta(100)], failed=1)
    make(engine, TODAY - timedelta(10), TODAY - timedelta(100))
    return engine


def test_the_last_days_of_a_table(agency: Engine) -> None:
    frame = analytics.load("client_snapshots", days=90)
    assert list(frame["customer_name"]) == [CLIENT]
    row = frame.iloc[0]
    assert row["snapshot_date"] == pd.Timestamp(TODAY - timedelta(10))
    assert row["make_operations_day"] == 12_000
    assert row["details"]["platforms"] == {"make": 1}
    assert len(analytics.load("client_snapshots", days=200)) == 2
    assert len(analytics.load("client_snapshots", days=None, engine=agency)) == 2
    assert len(analytics.load("client_snapshots", days=9)) == 0
    assert list(analytics.load("scenario_days", days=30)["operations"]) == [12_000]
    assert list(analytics.load("scenarios")["customer"]) == [CLIENT]


@pytest.mark.usefixtures("agency")
def test_columns_and_types_do_not_depend_on_the_rows() -> None:
    for table in TABLES:
        expected = {column.name: frame_type(column) for column in table.columns}
        for days in (1, None):
            frame = analytics.load(table.name, days=days)
            assert {name: str(kind) for name, kind in frame.dtypes.items()} == expected, (table.name, days)


@pytest.mark.usefixtures("agency")
def test_a_parquet_file_has_exact_amounts_and_the_descriptions(tmp_path: Path) -> None:
    file = tmp_path / "new" / "clients.parquet"
    assert main(["data", "export", "client_snapshots", str(file), "--days", "all"]) == EXIT_DONE
    table = pq.read_table(file)
    assert table.num_rows == 2
    # the month's rest is expected to bring more: 10,000 operations cost 12, and each further block the same again
    cost = table.column("make_cost").to_pylist()[-1]
    assert isinstance(cost, Decimal)
    assert cost % 12 == 0
    assert cost >= 24
    assert json.loads(table.column("details").to_pylist()[0])["platforms"] == {"make": 1}
    assert table.schema.field("errors").metadata == {b"description": b"executions that ended with an error"}
    assert table.schema.metadata[b"table"] == b"client_snapshots"
    assert str(table.schema.field("snapshot_date").type) == "date32[day]"
    assert [one.name for one in file.parent.iterdir()] == ["clients.parquet"]


@pytest.mark.usefixtures("engine")
def test_a_parquet_file_without_rows_has_the_same_columns(tmp_path: Path) -> None:
    assert analytics.export("incidents", tmp_path / "none.parquet") == 0
    table = pq.read_table(tmp_path / "none.parquet")
    assert table.column_names == [column.name for column in analytics.find_table("incidents").columns]
    assert str(table.schema.field("opened_at").type) == "timestamp[us, tz=UTC]"


@pytest.mark.usefixtures("engine")
def test_what_cannot_be_loaded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError, match="no table `alerts`"):
        analytics.load("alerts")
    with pytest.raises(UserError, match="1 or more"):
        analytics.load("scenario_days", days=0)
    (tmp_path / "file").write_text("")
    assert main(["data", "export", "builds", str(tmp_path / "file" / "x.parquet")]) == EXIT_WRONG
    assert "can't be written" in capsys.readouterr().err
    with pytest.raises(SystemExit) as ended:
        main(["data", "export", "builds", "x", "--days", "0"])
    assert ended.value.code == EXIT_USAGE


def test_a_database_without_tables(empty_engine: Engine) -> None:
    with pytest.raises(UserError, match="doesn't have it yet"):
        analytics.load("client_snapshots", engine=empty_engine)


def test_the_command_lists_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "--json"]) == EXIT_DONE
    assert [one["table"] for one in json.loads(capsys.readouterr().out)] == [table.name for table in TABLES]
    assert main(["data", "dictionary"]) == EXIT_DONE
    assert "## client_snapshots" in capsys.readouterr().out
