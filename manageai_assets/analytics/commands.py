"""`manageai data`: the tables for analysts, their dictionary, Parquet files, and roles that may read them."""

from __future__ import annotations

import argparse

from pydantic import JsonValue

from manageai_assets import console
from manageai_assets.analytics.dictionary import dictionary
from manageai_assets.analytics.loading import export
from manageai_assets.analytics.roles import make_role, remove_role
from manageai_assets.analytics.tables import TABLES
from manageai_assets.commands import Outcome, write_whole
from manageai_assets.monitoring.connecting import opened_database
from manageai_assets.settings import read_settings


def listed(options: argparse.Namespace) -> Outcome:
    """`data`: the tables."""
    rows = [(one.name, len(one.columns), one.by, one.what) for one in TABLES]
    data: list[JsonValue] = [
        {"table": name, "columns": columns, "days_by": by, "what": what} for name, columns, by, what in rows
    ]
    return Outcome(data, lambda: console.show_table(("table", "columns", "days by", "what a row is"), rows))


def write_dictionary(options: argparse.Namespace) -> Outcome:
    """`data dictionary`: every column, described."""
    found = dictionary()
    if options.output is None:
        return Outcome({"markdown": found}, lambda: print(found, end=""))
    write_whole(options.output, found)
    return Outcome({"file": str(options.output)}, lambda: print(options.output))


def write_parquet(options: argparse.Namespace) -> Outcome:
    """`data export`: a table as a Parquet file. Raises `UserError`."""
    rows = export(options.table, options.file, options.days)
    data: JsonValue = {"table": options.table, "file": str(options.file), "rows": rows}
    return Outcome(data, lambda: print(f"{options.file}: {rows:,} rows of {options.table}"))


def role(options: argparse.Namespace) -> Outcome:
    """`data role`: makes one, gives it the rights of this version, or takes it away. Raises `UserError`."""
    with opened_database(read_settings()) as engine:
        if options.remove:
            remove_role(engine, options.name)
            return Outcome({"role": options.name, "removed": True}, lambda: print(f"{options.name} is removed"))
        password = make_role(engine, options.name)
        url = engine.url.set(drivername="postgresql", username=options.name, password=password)
    address = url.render_as_string(hide_password=False)

    def show() -> None:
        if password is None:
            print(f"{options.name} reads the tables of this version; its password is what it was")
            return
        print(f"{options.name} reads the tables of `manageai data`. Its password is shown this once:")
        print(f"DATABASE_URL={address}")

    data: JsonValue = {"role": options.name, "removed": False}
    if password is not None and isinstance(data, dict):
        data["database_url"] = address
    return Outcome(data, show)
