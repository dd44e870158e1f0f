"""Documented tables as pandas data frames and as Parquet files, whose types don't depend on what they hold."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy import Date, and_, select, true
from sqlalchemy.exc import ProgrammingError

from compilers.errors import UserError
from manageai_assets.analytics.tables import JSON_KIND, DataTable, find_table, frame_type, kind_of
from manageai_assets.clients.calendar import day_of
from manageai_assets.documents.brand import our_brand
from manageai_assets.settings import read_settings

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa
    from sqlalchemy import ColumnElement, Engine

DAYS = 90
"""Days that are loaded unless said otherwise: a quarter."""


def load(table: str, days: int | None = DAYS, *, engine: Engine | None = None) -> pd.DataFrame:
    """A documented table as a data frame, its rows ordered by its key: those of the last `days` days, today included,
    in the agency's time zone; all with None, and of tables that tell how things are now.

    Columns and types are those of `docs/data.md`, also when there is no row. JSON columns hold lists and dictionaries.
    It reads the database of the settings (`DATABASE_URL`), or that of an `engine`. Raises `UserError` for a table that
    there isn't, and when the database doesn't answer or refuses."""
    import pandas as pd

    found = find_table(table)
    rows = _rows(found, days, engine)
    columns = {
        column.name: pd.Series([row[place] for row in rows], dtype=frame_type(column))
        for place, column in enumerate(found.columns)
    }
    return pd.DataFrame(columns)


def export(table: str, file: Path, days: int | None = DAYS, *, engine: Engine | None = None) -> int:
    """Writes what `load` gives to a Parquet file, with the descriptions of table and columns; gives the number of rows.
    Amounts are exact decimals there, and JSON is text. Raises `UserError`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = find_table(table)
    rows = _rows(found, days, engine)
    arrays = []
    for place, column in enumerate(found.columns):
        values = [row[place] for row in rows]
        if kind_of(column) == JSON_KIND:
            values = [None if value is None else json.dumps(value, ensure_ascii=False) for value in values]
        arrays.append(pa.array(values, _parquet_type(kind_of(column).parquet)))
    written = file.with_name(f".{file.name}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.Table.from_arrays(arrays, schema=parquet_schema(found)), written, compression="zstd")
        written.replace(file)
    except OSError as error:
        with suppress(OSError):
            written.unlink()
        raise UserError(f"can't be written: {error.strerror or error}", where=str(file)) from None
    return len(rows)


def parquet_schema(table: DataTable) -> pa.Schema:
    """The columns of a Parquet file of this table."""
    import pyarrow as pa

    fields = [
        pa.field(
            column.name,
            _parquet_type(kind_of(column).parquet),
            nullable=bool(column.nullable),
            metadata={"description": column.comment or ""},
        )
        for column in table.columns
    ]
    return pa.schema(fields, metadata={"table": table.name, "description": table.what})


def _parquet_type(name: str) -> pa.DataType:
    import pyarrow as pa

    if name == "timestamp[us, UTC]":
        return pa.timestamp("us", "UTC")
    return pa.decimal128(12, 2) if name == "decimal128(12, 2)" else pa.type_for_alias(name)


def _rows(table: DataTable, days: int | None, engine: Engine | None) -> Sequence[Sequence[object]]:
    if days is not None and days < 1:
        raise UserError("days must be 1 or more, or None for all", where=table.name)
    query = select(*table.columns).where(_recent(table, days)).order_by(*table.key)
    with _opened(engine) as opened:
        try:
            with opened.connect() as connection:
                return connection.execute(query).all()
        except ProgrammingError as error:
            raise _refused(table, str(getattr(error.orig, "pgcode", ""))) from None


def _refused(table: DataTable, code: str) -> UserError:
    """What is wrong and what to do, by PostgreSQL's code of the error."""
    if code in ("42P01", "3F000", "42703"):  # no such table, schema or column
        what, hint = "this database doesn't have it yet", "`make up` makes the tables; check DATABASE_URL"
    else:
        what, hint = "the database refuses to give it", "`manageai data role NAME` gives a role the right to read it"
    return UserError(what, where=table.name, hint=hint)


def _recent(table: DataTable, days: int | None) -> ColumnElement[bool]:
    if days is None or not table.by:
        return true()
    zone = ZoneInfo(our_brand().agency.timezone)
    first = dt.datetime.now(zone).date() - dt.timedelta(min(days, MOST_DAYS) - 1)
    column = table.row.__table__.c[table.by]
    return and_(column >= (first if isinstance(column.type, Date) else day_of(first, zone).start))


MOST_DAYS = 36_500


@contextmanager
def _opened(engine: Engine | None) -> Iterator[Engine]:
    """The engine, or one on the database of the settings. Nothing is migrated: analysts may not."""
    from resources.database import database_url, reachable

    if engine is not None:
        yield engine
        return
    settings = read_settings()
    configured = settings.database_url.get_secret_value() if settings.database_url else None
    with reachable(database_url(configured, settings.data_dir)) as opened:
        yield opened
