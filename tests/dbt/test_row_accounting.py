"""What became of the rows of a record that was corrected so that it gives less than before."""

from __future__ import annotations

import ast

import duckdb
from lone_models import entity_keys, rows_of


def test_what_ended_is_superseded_and_no_row_is_counted_that_no_source_sent() -> None:
    """Night 1: order O1 with two lines. Night 2: the same with one line, as a test order, which `where` leaves out."""
    connection = duckdb.connect()
    for entity, key in ast.literal_eval(entity_keys()).items():
        columns = ", ".join(f"{name} varchar" for name in dict.fromkeys(["source", *key, "_load_id"]))
        for model in (f"stg_accepted__{entity}", f"int_{entity}_deduplicated"):
            connection.execute(f"create table {model} ({columns}, is_deleted boolean, is_ended boolean)")
    for model, both in (("stg_accepted__{}", True), ("int_{}_deduplicated", False)):
        orders, lines = model.format("orders"), model.format("order_lines")
        for night, ended in [("1", False)] * both + [("2", True)]:
            connection.execute(f"insert into {orders} values ('s', 'O1', '{night}', {ended}, {ended})")
            connection.execute(
                f"insert into {lines} select 's', 'O1', n, '{night}', {ended}, {ended} from range(2) t(n)"
            )
    counts = ["reported", "landed", "excluded", "folded", "accepted", "repeated", "quarantined", "waiting"]
    listed = ", ".join(f"{name}_count bigint" for name in counts)
    connection.execute(f"create table stg_ledger__row_counts (source varchar, entity varchar, {listed})")
    connection.execute("""
        insert into stg_ledger__row_counts values
        ('s', 'orders', 1, 1, 0, 0, 1, 0, 0, 0), ('s', 'orders', 1, 1, 1, 0, 0, 0, 0, 0),
        ('s', 'order_lines', 2, 2, 0, 0, 2, 0, 0, 0), ('s', 'order_lines', 1, 1, 1, 0, 0, 0, 0, 0)""")
    asked = ["landed", "excluded", "accepted", "current", "deleted", "merged", "superseded", "unexplained"]
    found = rows_of(connection, "trust_row_accounting", ", ".join(["entity", *(f"{name}_count" for name in asked)]))
    assert found == [("order_lines", 3, 1, 2, 0, 0, 2, 2, 0), ("orders", 2, 1, 1, 0, 0, 1, 1, 0)]
