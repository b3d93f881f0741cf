"""Which of the rows of one record counts: the twin of `dbt_project/macros/latest_version.sql`, for what runs before it.

1. Rows are told in the order in which they landed: by load, file and row.
2. A deletion without a version says that the record was gone by then: nothing that landed before it counts any more,
   and what lands after it counts afresh, whatever its version. The record is back, then.
3. Of what is left the latest version counts, a missing one is the oldest; of equal ones the one that landed last. The
   deletion itself is the oldest. A deletion with a version is a row like any other.

A version that is dated ahead of its load may not hide others: the gate holds it back, and here `is_known`.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from sales_warehouse.sql import ident, literal

ORDER = "_load_id, _file, _row_number"


def is_known(version: str, ahead_after: datetime.datetime) -> str:
    """Return the SQL that tells versions that a load may speak of from those that are dated ahead of it."""
    return f"coalesce({version} <= {literal(ahead_after)}, true)"


def latest_version(
    rows: str,
    key: Sequence[str],
    *,
    deleted: str = "_is_deleted",
    version: str = "_version_at",
    order: str = ORDER,
) -> str:
    """Return a select of the row of each `key` that counts, deleted or not; `rows` is a relation in SQL.

    The relation has the columns of the `order` in which rows landed, and those that `deleted` and `version` name.
    """
    names = ", ".join(map(ident, key))
    newest = ", ".join(f"rows_told.{name} desc nulls last" for name in (version, *order.split(", ")))
    return f"""
with rows_told as not materialized (select * from {rows}),
ended as (
    select {names}, max(({order})) as _ended from rows_told where {deleted} and {version} is null group by {names}
)
select rows_told.* from rows_told left join ended using ({names})
where ended._ended is null or ({order}) >= ended._ended
qualify row_number() over (partition by {names} order by {newest}) = 1"""


def versions_told(rows: str, key: Sequence[str], *, deleted: str = "_is_deleted", version: str = "_version_at") -> str:
    """Return a select of the row of each `key` that counts, and of a deleted one the last row that was none beside it.

    `_counts` tells which is which: a deletion says of its record what it carries, and what it leaves out that row says.
    It is the latest version since the last deletion without one that was followed by any.
    """
    names = ", ".join(map(ident, key))
    newest = ", ".join(f"{name} desc nulls last" for name in (version, *ORDER.split(", ")))
    return f"""
with counted as materialized ({latest_version(rows, key, deleted=deleted, version=version)}),
lives as (
    select told.*, count(*) filter ({deleted} and {version} is null) over (
        partition by {names} order by {ORDER} rows between unbounded preceding and current row
    ) as _end_count
    from {rows} as told semi join (select {names} from counted where {deleted}) using ({names})
)
select *, true as _counts from counted
union all by name
select * exclude (_end_count), false as _counts from lives where {deleted} is not true
qualify row_number() over (partition by {names} order by _end_count desc, {newest}) = 1"""
