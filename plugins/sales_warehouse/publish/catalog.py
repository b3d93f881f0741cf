"""What the working warehouse offers for publishing: its marts, their pieces, and the types that readers accept."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from duckdb import DuckDBPyConnection

from sales_warehouse.publish.manifest import Column, Piece, Table
from sales_warehouse.sql import ident, literal

SOURCE = "working"
SCHEMA = "marts"

# Tables from this size on are kept by month, so that a night writes the months that changed and links the others. One
# that is clustered by something else is one piece, so that the rows of one customer lie together in the file.
MONTHLY_FROM_ROWS = 1_000_000

# What every reader understands: DuckDB, Parquet, PostgreSQL and the BI tools behind them.
TYPES = re.compile(r"VARCHAR|BOOLEAN|SMALLINT|INTEGER|BIGINT|FLOAT|DOUBLE|DATE|TIMESTAMP|DECIMAL\(\d+,\d+\)")


class Unpublishable(ValueError):
    """A mart has a shape that readers cannot take."""


def tables(
    db: DuckDBPyConnection, *, keys: Mapping[str, Sequence[str]], monthly_from_rows: int = MONTHLY_FROM_ROWS
) -> tuple[Table, ...]:
    """Describe every mart of the attached working warehouse, in order of name.

    Raises Unpublishable when there is none, or a column's type is not one that every reader understands.
    """
    names = db.execute(
        "SELECT table_name, comment FROM duckdb_tables() "
        "WHERE database_name = $db AND schema_name = $schema ORDER BY 1",
        {"db": SOURCE, "schema": SCHEMA},
    ).fetchall()
    if not names:
        raise Unpublishable(f"the working warehouse has no table in schema {SCHEMA!r}: run the transformation first")
    columns, primary = _columns(db), _primary_keys(db)
    return tuple(
        _table(db, name, comment, columns[name], keys.get(name, primary.get(name)), monthly_from_rows)
        for name, comment in names
    )


def relation(name: str) -> str:
    """The working table of a mart, for SQL."""
    return f"{ident(SOURCE)}.{ident(SCHEMA)}.{ident(name)}"


def month_column(columns: Sequence[Column]) -> str | None:
    """The business date that a large table is divided by: its first column of type DATE."""
    return next((column.name for column in columns if column.type == "DATE"), None)


def piece_filter(table: Table, piece: Piece) -> str:
    """The condition that selects the rows of a piece."""
    column = month_column(table.columns)
    if piece.name == "all" or column is None:
        return "TRUE"
    if piece.name == "other":
        return f"({_has_month(column)}) IS NOT TRUE"
    first = f"DATE {literal(piece.name + '-01')}"
    return f"{ident(column)} >= {first} AND {ident(column)} < {first} + INTERVAL 1 MONTH"


def checksums(
    db: DuckDBPyConnection, source: str, columns: Sequence[Column], month: str | None
) -> dict[str, tuple[int, str]]:
    """Rows and checksum of each piece of the table expression `source`, by the piece's name."""
    label = "'all'"
    if month is not None:
        label = f"CASE WHEN {_has_month(month)} THEN strftime({ident(month)}, '%Y-%m') ELSE 'other' END"
    row = ", ".join(ident(column.name) for column in columns)
    found = db.execute(f"SELECT {label}, count(*), sum(hash({row}))::VARCHAR FROM {source} GROUP BY 1 ORDER BY 1")
    return {name: (rows, checksum) for name, rows, checksum in found.fetchall()} or {"all": (0, "0")}


def _has_month(column: str) -> str:
    """A date that a month's file is worth; the rest (none, infinite, the year 1) shares one file."""
    return f"{ident(column)} >= DATE '1900-01-01' AND {ident(column)} < DATE '3000-01-01'"


def stated_key(comment: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """The key that a model's description ends its English with (`Primary key: order_key, line_number.`), if it does."""
    names = _stated("Primary key", comment)
    return names if set(names) <= {column.name for column in columns} else ()


def stated_order(name: str, comment: str, columns: Sequence[Column]) -> tuple[str, ...]:
    """The columns that a model's description says its rows lie together by (`Clustered by: customer_key.`), if it does.

    A table is written in the order of its columns, so these must be its first ones: Unpublishable otherwise.
    """
    names = _stated("Clustered by", comment)
    first = tuple(column.name for column in columns[: len(names)])
    if names != first:
        raise Unpublishable(
            f"{SCHEMA}.{name} is said to be clustered by {', '.join(names)}, but its first columns are "
            f"{', '.join(first)}: put the columns that rows lie together by first in the model"
        )
    return names


def _stated(what: str, comment: str) -> tuple[str, ...]:
    found = re.search(rf"{what}: ([\w, ]+)\.", comment)
    return tuple(part.strip() for part in found[1].split(",")) if found else ()


def _table(
    db: DuckDBPyConnection,
    name: str,
    comment: str | None,
    columns: tuple[Column, ...],
    key: Sequence[str] | None,
    monthly_from_rows: int,
) -> Table:
    wrong = [f"{column.name} {column.type}" for column in columns if not TYPES.fullmatch(column.type)]
    if wrong:
        raise Unpublishable(
            f"{SCHEMA}.{name}: {', '.join(wrong)}: not every reader understands this type; "
            "cast it in the model (whole numbers to BIGINT, sums to DECIMAL, moments to TIMESTAMP in UTC)"
        )
    rows = db.execute(f"SELECT count(*) FROM {relation(name)}").fetchall()[0][0]
    is_clustered = bool(stated_order(name, comment or "", columns))
    month = month_column(columns) if rows >= monthly_from_rows and not is_clustered else None
    pieces = tuple(
        Piece(piece, f"parquet/{name}.parquet" if month is None else f"parquet/{name}/{piece}.parquet", count, checksum)
        for piece, (count, checksum) in checksums(db, relation(name), columns, month).items()
    )
    if key is None:
        key = stated_key(comment or "", columns)
    return Table(name, comment, columns, tuple(key), pieces)


def _columns(db: DuckDBPyConnection) -> dict[str, tuple[Column, ...]]:
    """The columns of every mart; the catalog is asked once, for it lists all tables of all databases each time."""
    found: dict[str, list[Column]] = {}
    listed = db.execute(
        "SELECT table_name, column_name, data_type, is_nullable, comment FROM duckdb_columns() "
        "WHERE database_name = $db AND schema_name = $schema ORDER BY table_name, column_index",
        {"db": SOURCE, "schema": SCHEMA},
    )
    for table, *column in listed.fetchall():
        found.setdefault(table, []).append(Column(*column))
    return {table: tuple(columns) for table, columns in found.items()}


def _primary_keys(db: DuckDBPyConnection) -> dict[str, Sequence[str]]:
    found = db.execute(
        "SELECT table_name, constraint_column_names FROM duckdb_constraints() "
        "WHERE database_name = $db AND schema_name = $schema AND constraint_type = 'PRIMARY KEY'",
        {"db": SOURCE, "schema": SCHEMA},
    )
    return dict(found.fetchall())
