"""The history of what was repaired: rows that were held back once and are not any more."""

from __future__ import annotations

import datetime
from pathlib import Path

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.sql import connect, literal

ROW = "file, row_number"


def remember(home: Home, before: Path, now: Path, history: Path, at: datetime.datetime) -> None:
    """Add the rows of the quarantine file `before` that `now` does not hold to `history`, with the moment `at`.

    A row that is held back again and let in again keeps its first entry. Killed in between, it does the same again.
    """
    if not before.exists():
        return
    held = f"select {ROW} from {_file(now)}" if now.exists() else "select null, null where false"
    known = f"select {ROW} from {_file(history)}" if history.exists() else "select null, null where false"
    scratch = history.with_name(f".{history.name}{durable.TEMPORARY}")
    with connect(temp=home.tmp) as connection:
        connection.execute(
            f"create table gone as select *, cast({literal(at)} as timestamp) as repaired_at from {_file(before)} "
            f"where ({ROW}) not in ({held}) and ({ROW}) not in ({known})"
        )
        if connection.execute("select 1 from gone limit 1").fetchone() is None:
            return
        scratch.parent.mkdir(parents=True, exist_ok=True)
        older = f"union all by name from {_file(history)}" if history.exists() else ""
        connection.execute(
            f"copy (select * from (from gone {older}) order by repaired_at, file, row_number, rule, column_name) "
            f"to {literal(str(scratch))} (format parquet, compression zstd)"
        )
    durable.move(scratch, history)


def _file(path: Path) -> str:
    return f"read_parquet({literal(str(path))}, hive_partitioning = false)"
