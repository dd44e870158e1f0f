"""Roles of the database that may read the documented tables, and nothing else.

Columns that aren't documented can't be read either. A role of this module is known by its comment, so that one that
somebody made for another purpose is never changed."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from compilers.errors import UserError, shorten
from manageai_assets.analytics.tables import TABLES, DataTable
from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
MARK = "manageai: reads the documented tables"
LONGEST_QUERY = "10min"
"""A query that takes longer is stopped: it would hold up what watches production."""
PASSWORD_BYTES = 24


def make_role(engine: Engine, name: str) -> str | None:
    """Makes a role that can log in and read the documented tables, or gives one that is there the rights of this
    version of the project. Gives its password when it was made; nobody can read it again. Raises `UserError`."""
    with _changing(engine, name) as (connection, role):
        known = _known(connection, name)
        password = None if known else secrets.token_urlsafe(PASSWORD_BYTES)
        if password is not None:
            plain = "login noinherit nosuperuser nocreatedb nocreaterole noreplication"
            connection.execute(text(f"create role {role} {plain} password :password"), {"password": password})
            connection.execute(text(f"comment on role {role} is '{MARK}'"))
        connection.execute(text(f"alter role {role} set default_transaction_read_only = on"))
        connection.execute(text(f"alter role {role} set statement_timeout = '{LONGEST_QUERY}'"))
        _revoke(connection, role)
        connection.execute(text(f"grant usage on schema {SCHEMA} to {role}"))
        for table in TABLES:
            connection.execute(text(f"grant select {_columns(table)} on {SCHEMA}.{table.name} to {role}"))
    return password


def remove_role(engine: Engine, name: str) -> None:
    """Takes the role away. Raises `UserError` when it isn't there."""
    with _changing(engine, name) as (connection, role):
        if not _known(connection, name):
            raise UserError("there is no such role", where=name)
        _revoke(connection, role)
        connection.execute(text(f"drop role {role}"))


@contextmanager
def _changing(engine: Engine, name: str) -> Iterator[tuple[Connection, str]]:
    """A transaction, and the name as SQL has it."""
    if not NAME.fullmatch(name):
        hint = "take small letters, digits and `_`, a letter first"
        raise UserError("this can't be the name of a role", where=shorten(name, 80), hint=hint)
    try:
        with engine.begin() as connection:
            yield connection, engine.dialect.identifier_preparer.quote(name)
    except DatabaseError as error:
        # only the driver's first line: the statement may hold a password
        reason = str(error.orig).strip().splitlines()[0] if error.orig else "no reason given"
        hint = "DATABASE_URL must name a user that may make roles, and that owns the tables"
        raise UserError(f"the database refuses: {shorten(reason)}", where=name, hint=hint) from None


def _known(connection: Connection, name: str) -> bool:
    """Whether the role is there. Raises `UserError` when it is somebody else's."""
    query = "select shobj_description(oid, 'pg_authid') as mark from pg_roles where rolname = :name"
    found = connection.execute(text(query), {"name": name}).one_or_none()
    if found is not None and found.mark != MARK:
        hint = "take another name"
        raise UserError("there is a role of that name that wasn't made for analysts", where=name, hint=hint)
    return found is not None


def _revoke(connection: Connection, role: str) -> None:
    connection.execute(text(f"revoke all on all tables in schema {SCHEMA} from {role}"))
    connection.execute(text(f"revoke all on schema {SCHEMA} from {role}"))


def _columns(table: DataTable) -> str:
    """The columns that may be read; none named means all of them, also with `select *`."""
    return f"({', '.join(column.name for column in table.columns)})" if table.only else ""
