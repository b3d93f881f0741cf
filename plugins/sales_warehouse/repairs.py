"""The history of what was repaired: values for which a row was held back once and is not any more."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, literal, read_parquet

VALUE = ("source_table", "file", "row_number", "rule", "column_name", "value")


def remember(home: Home, before: Sequence[Path], now: Sequence[Path], history: Path, at: datetime.datetime) -> None:
    """Add what the files `before` held back and those of `now` do not to `history`, with the moment `at`.

    The files are all of one entity and load, whichever mapping they came by. Each value counts by itself, for of two
    in a row, or in a list in one of its cells, one may be mended before the other. What is held back again and let in
    again keeps its first entry. Killed in between, it does the same again.
    """
    if not before:
        return
    known = sorted(history.parent.glob("[!.]*.parquet"))
    scratch = history.with_name(f".{history.name}{durable.TEMPORARY}")
    with connect(temp=home.tmp) as connection:
        connection.execute(
            f"create table gone as select distinct held.*, cast({literal(at)} as timestamp) as repaired_at "
            f"from {_files(before)} as held {_unless(now, 'still')} {_unless(known, 'told')}"
        )
        if connection.execute("select 1 from gone limit 1").fetchone() is None:
            return
        scratch.parent.mkdir(parents=True, exist_ok=True)
        older = f"union all by name from {_files([history])}" if history.exists() else ""
        connection.execute(
            f"copy (select * from (from gone {older}) order by repaired_at, {', '.join(VALUE)}) "
            f"to {literal(str(scratch))} (format parquet, compression zstd)"
        )
    durable.move(scratch, history)


def _unless(files: Sequence[Path], name: str) -> str:
    """Return the SQL that leaves out what is `held` and in some files, too."""
    same = " and ".join(f"held.{column} is not distinct from {name}.{column}" for column in VALUE)
    return f"anti join {_files(files)} as {name} on {same}" if files else ""


def _files(files: Sequence[Path]) -> str:
    return read_parquet(files, options="union_by_name = true")
