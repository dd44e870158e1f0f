"""The data dictionary, `docs/data.md`: written from the tables and models, and by nobody's hand."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from pydantic import BaseModel

from manageai_assets.analytics.tables import TABLES, DataTable, database_type, frame_type, kind_of
from manageai_assets.store.tables import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Column

PLAIN: dict[object, str] = {str: "text", int: "whole number", bool: "true or false", Decimal: "decimal, as text"}

HEAD = f"""# Data for analysts

Written by `manageai data dictionary -o docs/data.md` from the tables and models of the project; change it there.
Columns keep their names, types and meanings. All tables are in the schema `{SCHEMA}`. Times are in UTC; a day is one of
the agency's time zone (`timezone` in `brand.yaml`). Milliseconds, seconds, operations and currencies are named with
each column.

```python
from manageai_assets import analytics

clients = analytics.load("client_snapshots", days=90)  # a pandas data frame
```

```sh
manageai data                                              # lists the tables
manageai data export client_snapshots clients.parquet --days 365
manageai data role ana                                     # a login that can read these tables, and nothing else
```

A data frame has the same columns and types when it is empty. Amounts of money are floats there and exact decimals in
Parquet; JSON columns are lists and dictionaries there and text in Parquet. `docs/clients.ipynb` is a worked example.
"""

COLUMNS = "| column | PostgreSQL | pandas | Parquet | what it is |\n|---|---|---|---|---|\n"


def dictionary() -> str:
    """The whole dictionary as Markdown."""
    return HEAD + "".join(f"\n{section}" for table in TABLES for section in _sections(table))


def _sections(table: DataTable) -> Iterator[str]:
    key = ", ".join(f"`{column.name}`" for column in table.key)
    when = f"`days` counts by `{table.by}`." if table.by else "It tells how things are now: `days` doesn't matter."
    read = ""
    if table.only:
        read = "\nOther columns of this table can't be read: name those that you want, `select *` is refused.\n"
    rows = [_row(column) for column in table.columns]
    yield f"## {table.name}\n\n{table.what}\n\nOne row for each {key}. {when}\n{read}\n{COLUMNS}" + "".join(rows)
    for name, model in table.nested.items():
        yield f"### {table.name}.{name}\n\n{_nested(model)}"


def _row(column: Column[object]) -> str:
    null = ", or null" if column.nullable else ""
    goes = "".join(f" Refers to `{key.target_fullname.removeprefix(f'{SCHEMA}.')}`." for key in column.foreign_keys)
    what = f"{column.comment or ''}{'.' if goes else ''}{goes}"
    types_ = f"{database_type(column)}{null} | {frame_type(column)} | {kind_of(column).parquet}"
    return f"| `{column.name}` | {types_} | {_cell(what)} |\n"


def _nested(model: type[BaseModel]) -> str:
    """A model as a table, and behind it those of its fields."""
    head = "| field | type | what it is |\n|---|---|---|\n"
    rows = [
        f"| `{name}` | {_cell(_words(field.annotation))} | {_cell(field.description or '')} |\n"
        for name, field in model.model_fields.items()
    ]
    inner = [
        f"\nEach of `{name}`: {_nested(part)}"
        for name, field in model.model_fields.items()
        for part in _models(field.annotation)
    ]
    return f"{' '.join((model.__doc__ or '').split())}\n\n{head}{''.join(rows)}{''.join(inner)}"


def _words(annotation: object) -> str:
    """A type in words."""
    arguments = get_args(annotation)
    origin = get_origin(annotation)
    if origin is Literal:
        return " or ".join(f"`{one}`" for one in arguments)
    if origin is tuple:
        return f"list of {_words(arguments[0])}"
    if origin is dict:
        return f"dictionary of {_words(arguments[0])} to {_words(arguments[1])}"
    if origin in (types.UnionType, typing.Union):
        return " or ".join("null" if one is type(None) else _words(one) for one in arguments)
    return PLAIN.get(annotation, "object")


def _models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif get_origin(annotation) is not Literal:
        for one in get_args(annotation):
            yield from _models(one)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
