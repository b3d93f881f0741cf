"""The history of what was repaired: rows that were held back once and are not any more."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, literal, read_parquet

ROW = "source_table, file, row_number"


def remember(home: Home, before: Sequence[Path], now: Sequence[Path], history: Path, at: datetime.datetime) -> None:
    """Add the rows that the files `before` held back and those of `now` do not to `history`, with the moment `at`.

    The files are all of one entity and load, whichever mapping they came by. A row that is held back again and let in
    again keeps its first entry. Killed in between, it does the same again.
    """
    if not before:
        return
    known = sorted(history.parent.glob("[!.]*.parquet"))
    scratch = history.with_name(f".{history.name}{durable.TEMPORARY}")
    with connect(temp=home.tmp) as connection:
        connection.execute(
            f"create table gone as select distinct *, cast({literal(at)} as timestamp) as repaired_at "
            f"from {_files(before)} where ({ROW}) not in ({_rows(now)}) and ({ROW}) not in ({_rows(known)})"
        )
        if connection.execute("select 1 from gone limit 1").fetchone() is None:
            return
        scratch.parent.mkdir(parents=True, exist_ok=True)
        older = f"union all by name from {_files([history])}" if history.exists() else ""
        connection.execute(
            f"copy (select * from (from gone {older}) order by repaired_at, {ROW}, rule, column_name) "
            f"to {literal(str(scratch))} (format parquet, compression zstd)"
        )
    durable.move(scratch, history)


def _rows(files: Sequence[Path]) -> str:
    return f"select {ROW} from {_files(files)}" if files else "select null, null, null where false"


def _files(files: Sequence[Path]) -> str:
    return read_parquet(files, options="union_by_name = true")
