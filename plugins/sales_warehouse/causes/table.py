"""A table of leaf cells as arrays: a code for each member of each attribute, and what was seen and expected."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from sales_warehouse.sql import gist, ident, literal, read_parquet

MOST_ATTRIBUTES = 20
MOST = 1e100  # beside which no figure is: its square is a number still
PIECE = 1 << 20  # bytes
MISSING = "(none)"  # how an empty member is written


class TableRefused(ValueError):
    """A table in which no cause can be looked for; the message says what is wrong and what to do."""


@dataclass(frozen=True)
class Measure:
    """The columns of a figure and of its forecast; with denominators, the figure is a ratio of sums."""

    actual: str
    forecast: str
    actual_denominator: str | None = None
    forecast_denominator: str | None = None

    @property
    def is_ratio(self) -> bool:
        return self.actual_denominator is not None

    @property
    def columns(self) -> list[str]:
        named = (self.actual, self.forecast, self.actual_denominator, self.forecast_denominator)
        return [column for column in named if column is not None]


@dataclass(frozen=True)
class LeafTable:
    """One row for each combination of members that occurs. `figures` are the columns of the measure, in its order."""

    attributes: tuple[str, ...]
    members: tuple[tuple[str, ...], ...]
    codes: np.ndarray
    figures: tuple[np.ndarray, ...]

    def named(self, element: Sequence[tuple[int, int]]) -> dict[str, str]:
        return {self.attributes[attribute]: self.members[attribute][member] for attribute, member in element}


def read_table(db: duckdb.DuckDBPyConnection, file: Path, attributes: Sequence[str], measure: Measure) -> LeafTable:
    """Read a delimited file (compressed or not) or .parquet; rows with the same members are added up.

    Raises TableRefused.
    """
    relation = f"read_csv({literal(str(file))}, hive_partitioning = false, all_varchar = true)"
    if file.suffix == ".parquet":
        relation = read_parquet([file])
    if file.suffix == ".gz":
        _check_whole(file)
    try:
        db.execute(f"CREATE OR REPLACE TEMP TABLE leaf_rows AS SELECT * FROM {relation}")
    except duckdb.Error as error:
        raise TableRefused(f"{file}: cannot be read as a table: {gist(str(error))}") from error
    return leaf_table(db, "leaf_rows", attributes, measure, where=str(file))


def leaf_table(
    db: duckdb.DuckDBPyConnection, relation: str, attributes: Sequence[str], measure: Measure, *, where: str
) -> LeafTable:
    """The leaf cells of a table of the database; `where` is its name for people. Raises TableRefused."""
    _check_columns(db, relation, attributes, measure, where)
    _check_figures(db, relation, measure, where)
    keys = [
        f"coalesce(nullif({ident(name)}::VARCHAR, ''), {literal(MISSING)}) AS k{at}"
        for at, name in enumerate(attributes)
    ]
    sums = [f"fsum({ident(name)}::DOUBLE) AS f{at}" for at, name in enumerate(measure.columns)]
    # all: by a name, DuckDB would group by a column of the table that is called like one of these
    found = db.execute(f"SELECT {', '.join(keys + sums)} FROM {relation} GROUP BY ALL ORDER BY ALL").to_arrow_table()
    if not found.num_rows:
        raise TableRefused(f"{where}: has no rows")
    members, codes = zip(*(coded(found.column(at)) for at in range(len(keys))), strict=True)
    figures = tuple(found.column(len(keys) + at).to_numpy() for at in range(len(sums)))
    return LeafTable(tuple(attributes), members, np.stack(codes, axis=1), figures)


def coded(column: pa.ChunkedArray) -> tuple[tuple[str, ...], np.ndarray]:
    """The members in the order of their text, and the place of each row's among them."""
    encoded = column.combine_chunks().dictionary_encode()
    members = encoded.dictionary.to_pylist()
    order = sorted(range(len(members)), key=members.__getitem__)
    places = np.empty(len(members), np.int32)
    places[order] = np.arange(len(members))
    return tuple(members[at] for at in order), places[encoded.indices.to_numpy()]


def _check_whole(file: Path) -> None:
    """DuckDB reads a gzip file that is cut short as far as it goes, without a word."""
    try:
        with gzip.open(file) as unpacked:
            while unpacked.read(PIECE):
                pass
    except (OSError, EOFError, zlib.error) as error:
        raise TableRefused(f"{file}: cannot be unpacked, {error}; get a whole copy of it") from error


def _check_columns(
    db: duckdb.DuckDBPyConnection, relation: str, attributes: Sequence[str], measure: Measure, where: str
) -> None:
    there = [row[0] for row in db.execute(f"DESCRIBE {relation}").fetchall()]
    wanted = [*attributes, *measure.columns]
    if not attributes:
        raise TableRefused("no attributes: name at least one column to look in, as --attributes region,channel")
    if len(attributes) > MOST_ATTRIBUTES:
        raise TableRefused(f"{len(attributes)} attributes are more than {MOST_ATTRIBUTES}: leave some out")
    if twice := sorted({name for name in wanted if wanted.count(name) > 1}):
        raise TableRefused(f"named twice: {', '.join(twice)}; every attribute and figure is a column of its own")
    if missing := [name for name in wanted if name not in there]:
        raise TableRefused(f"{where}: has no column {', '.join(missing)}; its columns are {', '.join(there)}")
    if (measure.actual_denominator is None) != (measure.forecast_denominator is None):
        raise TableRefused("a ratio has two denominators: name both --actual-denominator and --forecast-denominator")


def _check_figures(db: duckdb.DuckDBPyConnection, relation: str, measure: Measure, where: str) -> None:
    for name in measure.columns:
        number = f"try_cast({ident(name)} AS DOUBLE)"
        wrong = f"{number} IS NULL OR NOT abs({number}) <= {MOST}"
        if name in (measure.actual_denominator, measure.forecast_denominator):
            wrong += f" OR {number} < 0"
        found = db.execute(
            "SELECT count(*), min(row_number), min_by(value, row_number) FROM ("
            f"SELECT row_number() OVER () AS row_number, {ident(name)}::VARCHAR AS value, {wrong} AS is_wrong "
            f"FROM {relation}) WHERE is_wrong"
        ).fetchone()
        assert found is not None
        if found[0]:
            what = "empty" if not found[2] else f"“{found[2][:40]}”"
            rest = f", and {found[0] - 1:,} more like it" if found[0] > 1 else ""
            denominator = " that is not negative" if name in measure.columns[2:] else ""
            raise TableRefused(
                f"{where}: column {name}, row {found[1]}: {what} is not a number{denominator}, or beyond {MOST:g}{rest}"
                "; mend the table, or write 0 where nothing was seen or expected"
            )
