"""What Dagster's UI says of the documented tables: their columns, with types and descriptions."""

from dagster import TableColumn, TableColumnConstraints, TableSchema

from manageai_assets.analytics.tables import database_type, find_table

COLUMN_SCHEMA = "dagster/column_schema"
"""Key of the metadata that the UI shows as an asset's columns."""


def column_schema(table: str) -> dict[str, TableSchema]:
    """The metadata of an asset that makes this table. Raises `UserError` for a table that isn't documented."""
    columns = [
        TableColumn(
            column.name,
            database_type(column),
            column.comment,
            TableColumnConstraints(nullable=bool(column.nullable), unique=False),
        )
        for column in find_table(table).columns
    ]
    return {COLUMN_SCHEMA: TableSchema(columns)}
