"""The one home of quoting and of DuckDB connections."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import settings

# Errors of DuckDB that speak of names; the others may quote values.
ERRORS_ABOUT_NAMES = ("Binder Error", "Catalog Error", "Parser Error", "IO Error", "Connection Error")
DICTIONARY = 4_000  # different values of a column in a row group (122,880 rows), beyond which it gets no dictionary


def ident(name: str) -> str:
    """Quote an identifier; a NUL cannot be part of one."""
    if "\x00" in name:
        raise ValueError(f"a name with a NUL byte cannot be used in SQL: {name!r}")
    return '"' + name.replace('"', '""') + '"'


def literal(value: object) -> str:
    """Render a Python value as a SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    if isinstance(value, datetime.datetime):
        return f"TIMESTAMP '{value:%Y-%m-%d %H:%M:%S.%f}'"
    if isinstance(value, datetime.date):
        return f"DATE '{value:%Y-%m-%d}'"
    return "'" + str(value).replace("\x00", "").replace("'", "''") + "'"


def literals(values: Iterable[object]) -> str:
    """Render values as a bracketed DuckDB list."""
    return "[" + ", ".join(literal(value) for value in values) + "]"


def read_parquet(paths: Iterable[Path], *, options: str = "") -> str:
    """Return a table expression over Parquet files; `options` are further named arguments.

    A folder `name=value` on the way to a file says nothing: DuckDB would take it in place of the file's own column.
    """
    named = ["hive_partitioning = false", *filter(None, [options])]
    return f"read_parquet({', '.join([literals(str(path) for path in paths), *named])})"


def read_loads(paths: Iterable[Path]) -> str:
    """Return a table expression over accepted files with `_load_id`, which the folder `_load_id=…` of each tells.

    Files that earlier versions wrote have it as a column, too.
    """
    files = read_parquet(paths, options="union_by_name = true, filename = '_place'")
    told = "regexp_extract(_place, '/_load_id=([^/]+)/[^/]+$', 1) as _load_id"
    return f"(select columns(name -> name not in ('_load_id', '_place')), {told} from {files})"


def as_parquet(path: Path) -> str:
    """Return a Parquet file as the target of COPY, written the cheap way.

    A higher level takes a tenth more time for a hundredth less room. With delta encodings (version 2), and without
    dictionaries of more values than are worth one, rows take a third less time to write and to read, and less room.
    """
    cheap = f"compression_level 1, parquet_version v2, dictionary_size_limit {DICTIONARY}"
    return f"{literal(str(path))} (format parquet, compression zstd, {cheap})"


def gist(message: str) -> str:
    """The gist of an error. DuckDB quotes the data when it cannot compute a value: such a message is withheld."""
    line = next((part for part in message.splitlines() if part.strip()), "unknown error")
    kind = re.search(r"\b([A-Z]\w*(?: \w+)*? Error):", line)
    if kind and kind[1] not in ERRORS_ABOUT_NAMES:
        return f"{kind[1]} (the rest is withheld: it may quote the data; run the SQL by hand to see it)"
    return line[:500]


def confine(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Let the connection read and write below one folder only, for good: no other file, no extension, no setting."""
    connection.execute(f"SET allowed_directories = [{literal(str(folder))}]")
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def only_row(connection: duckdb.DuckDBPyConnection, query: str) -> tuple[Any, ...]:
    """Return the one row of a query that always has one: an aggregate, or a COPY with its count."""
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def rows_of(
    connection: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] | Mapping[str, Any] = ()
) -> list[dict[str, Any]]:
    """Return the rows of a query, each as its values by the names of the columns."""
    result = connection.execute(query, values)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def connect(
    database: Path | str = ":memory:", *, temp: Path, read_only: bool = False, one_of: int = 1
) -> duckdb.DuckDBPyConnection:
    """Open DuckDB with the memory limit and threads of the settings, spilling below `temp`.

    Connections at work side by side share both: `one_of` says how many they are. Time zone is UTC, and extensions are
    never fetched from the network.
    """
    temp.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(database), read_only=read_only, config=settings.duckdb_config(temp, one_of))
    connection.execute("SET TimeZone = 'UTC'")
    return connection
