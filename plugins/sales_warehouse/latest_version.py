"""Which of the rows of one record counts: the twin of `dbt_project/macros/latest_version.sql`, for what runs before it.

1. Rows are told in the order in which they landed: by load, file and row.
2. A deletion without a version says that the record was gone by then: nothing that landed before it counts any more,
   and what lands after it counts afresh, whatever its version. The record is back, then.
3. Of what is left the latest version counts, a missing one is the oldest; of equal ones the one that landed last. The
   deletion itself is the oldest. A deletion with a version is a row like any other.
"""

from __future__ import annotations

from collections.abc import Sequence

from sales_warehouse.sql import ident

ORDER = "_load_id, _file, _row_number"


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
where _ended is null or ({order}) >= _ended
qualify row_number() over (partition by {names} order by {newest}) = 1"""
