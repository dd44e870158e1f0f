"""The tables that analysts may rely on: their columns keep their names and types, and each is described.

A table is listed in `TABLES` once; the data dictionary, the rights of analysts, data frames, Parquet files and the
columns in Dagster's UI all follow from that. What isn't listed is the project's own: it changes, and analysts can't
read it. Columns are described where they are defined, in `manageai_assets.store`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple, cast

from pydantic import BaseModel
from sqlalchemy import JSON, Boolean, Date, DateTime, Float, Integer, Numeric, Text
from sqlalchemy.dialects import postgresql

from compilers.errors import UserError, shorten
from manageai_assets.clients.models import Details, DriftChange, Opportunity, Risk
from manageai_assets.clients.reports.models import Change
from manageai_assets.store.client_tables import ClientSnapshotRow, ConnectionRow, ScenarioDayRow, ScenarioDriftRow
from manageai_assets.store.monitoring_tables import IncidentRow, ScenarioRow, SnapshotRow
from manageai_assets.store.report_tables import ClientReportRow
from manageai_assets.store.tables import Base, Build

if TYPE_CHECKING:
    from sqlalchemy import Column, Table


class Kind(NamedTuple):
    """What a column's values are in a data frame, without and with nulls, and in a Parquet file."""

    frame: str
    frame_with_nulls: str
    parquet: str


JSON_KIND = Kind("object", "object", "string")
KINDS: tuple[tuple[type, Kind], ...] = (
    (Integer, Kind("int64", "Int64", "int64")),
    (Float, Kind("float64", "float64", "double")),
    (Numeric, Kind("float64", "float64", "decimal128(12, 2)")),
    (Boolean, Kind("bool", "boolean", "bool")),
    (Date, Kind("datetime64[us]", "datetime64[us]", "date32")),
    (DateTime, Kind("datetime64[us, UTC]", "datetime64[us, UTC]", "timestamp[us, UTC]")),
    (JSON, JSON_KIND),
    (Text, Kind("str", "str", "string")),
)
"""By the type of the column; the first that fits. Amounts of money are floats in a data frame: with 12 digits they are
exact to the cent, and pandas reckons badly with decimals."""


@dataclass(frozen=True, slots=True)
class DataTable:
    """A documented table. `by` is the column that says when a row is from; empty: it tells how things are now.

    `columns` are those that are documented, all when empty. `nested` are the models of what JSON columns hold."""

    row: type[Base]
    by: str = ""
    only: tuple[str, ...] = ()
    nested: Mapping[str, type[BaseModel]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in the database."""
        return str(self.row.__tablename__)

    @property
    def what(self) -> str:
        """What a row is, in one paragraph."""
        return " ".join((self.row.__doc__ or "").split("; see `")[0].split()).rstrip(".") + "."

    @property
    def columns(self) -> list[Column[object]]:
        """The documented columns, in their order."""
        table = cast("Table", self.row.__table__)
        return [column for column in table.columns if not self.only or column.name in self.only]

    @property
    def key(self) -> list[Column[object]]:
        """The columns that tell rows apart."""
        return [column for column in self.columns if column.primary_key]


TABLES = (
    DataTable(
        ClientSnapshotRow, "snapshot_date", nested={"risks": Risk, "opportunities": Opportunity, "details": Details}
    ),
    DataTable(ScenarioDayRow, "day"),
    DataTable(ScenarioDriftRow, "last_day", nested={"changes": DriftChange}),
    DataTable(ConnectionRow),
    DataTable(
        ClientReportRow, "month", only=("customer_name", "month", "revision", "made_at", "digest", "changes"),
        nested={"changes": Change},
    ),
    DataTable(
        ScenarioRow,
        only=(
            "id", "platform", "external_id", "name", "slug", "version", "customer", "cadence_seconds", "paused",
            "managed", "active", "invalid", "active_changed_at", "incomplete", "seen_at", "gone_at", "deployed_at",
            "created_at",
        ),
    ),
    DataTable(SnapshotRow, "window_start"),
    DataTable(
        IncidentRow,
        "opened_at",
        only=(
            "id", "kind", "severity", "status", "platform", "scenario_id", "parent_id", "since", "opened_at",
            "last_seen_at", "count", "acknowledged_at", "resolved_at",
        ),
    ),
    DataTable(
        Build,
        "submitted_at",
        only=(
            "id", "slug", "version", "customer", "name", "status", "confidence", "grade", "platforms", "submitted_at",
            "finished_at",
        ),
    ),
)  # fmt: skip
"""Left out are names and addresses of people, and what clients wrote or what their apps said: requests, evidence,
error messages."""


def find_table(name: str) -> DataTable:
    """The documented table of that name. Raises `UserError`."""
    known = {one.name: one for one in TABLES}
    if name in known:
        return known[name]
    near = get_close_matches(name, known) or known
    raise UserError(f"there is no table `{shorten(name, 80)}` for analysts", hint=f"take {', '.join(near)}")


def kind_of(column: Column[object]) -> Kind:
    """What a column's values are."""
    return next(kind for type_, kind in KINDS if isinstance(column.type, type_))


def frame_type(column: Column[object]) -> str:
    """The pandas type of a column, which doesn't depend on what it holds."""
    return kind_of(column).frame_with_nulls if column.nullable else kind_of(column).frame


def database_type(column: Column[object]) -> str:
    """The PostgreSQL type of a column."""
    return column.type.compile(dialect=_DIALECT).lower()


_DIALECT = postgresql.dialect()  # type: ignore[no-untyped-call]
