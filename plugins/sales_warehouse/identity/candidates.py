"""Which pairs of records are looked at: those that have a key in common which few others have."""

from __future__ import annotations

import duckdb

from sales_warehouse.sql import only_row

LIMITS = (500, 200, 100, 50, 20)  # records that may share a key
MOST_PAIRS, PAIRS_A_RECORD = 500_000, 20
DEPTH = 3  # keys that are taken together


def every_pair(connection: duckdb.DuckDBPyConnection, records: str, into: str) -> bool:
    """Make the table of all pairs; return False where they are too many."""
    (count,) = only_row(connection, f"select count(*) from {records}")
    if count * (count - 1) // 2 > MOST_PAIRS:
        return False
    connection.execute(f"""
        create or replace temp table {into} as
        select l.unique_id as join_key_l, r.unique_id as join_key_r, '0' as match_key
        from {records} as l join {records} as r on l.unique_id < r.unique_id""")
    return True


def choose_limit(connection: duckdb.DuckDBPyConnection, keys: str, records: str) -> int:
    """Return how many records may share a key so that the pairs stay a few for each record."""
    (count,) = only_row(connection, f"select count(*) from {records}")
    most = max(MOST_PAIRS, PAIRS_A_RECORD * count)
    for limit in LIMITS:
        (pairs,) = only_row(
            connection,
            f"select coalesce(sum(n * (n - 1) // 2), 0) from "
            f"(select count(*) as n from {keys} group by key having count(*) <= {limit})",
        )
        if pairs <= most:
            return limit
    return LIMITS[-1]


def combine(connection: duckdb.DuckDBPyConnection, keys: str, limit: int, into: str) -> None:
    """Make a table of keys that at most `limit` records share: of those that more do, two and three together.

    `keys` has `unique_id`, `field` (a number) and `key`; keys of one field are not put together.
    """
    connection.execute(f"create or replace temp table {into} as {_shared(keys, f'between 2 and {limit}')}")
    connection.execute(f"create or replace temp table frequent_keys as {_shared(keys, f'> {limit}')}")
    connection.execute("create or replace temp table many_keys as from frequent_keys")
    for _ in range(1, DEPTH):
        connection.execute("""
            create or replace temp table joint_keys as
            select distinct l.unique_id, r.field, hash(least(l.key, r.key), greatest(l.key, r.key)) as key
            from many_keys as l join frequent_keys as r on l.unique_id = r.unique_id and l.field < r.field""")
        connection.execute(f"insert into {into} {_shared('joint_keys', f'between 2 and {limit}')}")
        connection.execute(f"create or replace temp table many_keys as {_shared('joint_keys', f'> {limit}')}")


def _shared(keys: str, how: str) -> str:
    return f"select * from {keys} where key in (select key from {keys} group by key having count(*) {how})"


def pair_up(
    connection: duckdb.DuckDBPyConnection, keys: str, limit: int, into: str, *, changed: str | None = None
) -> None:
    """Make the table of pairs with a key in common that 2 to `limit` records have.

    With `changed`, a table of records, only pairs that one of them belongs to.
    """
    new = f"where unique_id in (select unique_id from {changed})" if changed else ""
    met = f"(select * from {keys} where key in (select key from {keys} {new}))" if changed else keys
    apart = "l.unique_id <> r.unique_id" if changed else "l.unique_id < r.unique_id"
    connection.execute(f"""
        create or replace temp table {into} as
        with met as (from {met}),
        few as (select key from met group by key having count(*) between 2 and {int(limit)}),
        telling as (select unique_id, key from met semi join few using (key))
        select distinct least(l.unique_id, r.unique_id) as join_key_l, greatest(l.unique_id, r.unique_id) as join_key_r,
            '0' as match_key
        from (select * from telling {new}) as l join telling as r using (key)
        where {apart}""")
