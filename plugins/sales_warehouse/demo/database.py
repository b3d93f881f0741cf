"""The SQL database of a system, through SQLAlchemy: SQLite for the demo, any other by its URL."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
from sqlalchemy import BigInteger, Column, Connection, DateTime, Engine, MetaData, Table, Text, bindparam, create_engine

from sales_warehouse.demo.delivery import Delivery
from sales_warehouse.sql import ident

BATCH_ROWS = 5000


class SystemDatabase:
    """Tables of a system: a running number, columns of text, and the local moment of the last change.

    The running number is the database's own (`id`); two equal rows differ in nothing else.
    """

    def __init__(self, url: str) -> None:
        self.engine: Engine = create_engine(url)
        self.metadata = MetaData()

    def __enter__(self) -> SystemDatabase:
        return self

    def __exit__(self, *_: object) -> None:
        self.engine.dispose()

    def upsert(self, connection: duckdb.DuckDBPyConnection, deliveries: list[Delivery]) -> dict[str, int]:
        """Bring the latest state of each delivered record in, all tables in one transaction; return rows by table."""
        tables = [self._table(delivery) for delivery in deliveries]
        self.metadata.create_all(self.engine)
        with self.engine.begin() as target:
            return {
                delivery.table.name: _replace(connection, delivery, target, table)
                for delivery, table in zip(deliveries, tables, strict=True)
            }

    def _table(self, delivery: Delivery) -> Table:
        name = delivery.table.name
        if name in self.metadata.tables:
            return self.metadata.tables[name]
        return Table(
            name,
            self.metadata,
            Column("id", BigInteger, primary_key=True, autoincrement=False),
            *(Column(column, Text) for column in delivery.columns),
            Column("updated_at", DateTime, index=True),
        )


def _replace(connection: duckdb.DuckDBPyConnection, delivery: Delivery, target: Connection, table: Table) -> int:
    """Remove what the delivered records were before, the second of two equal rows included, and add what they are."""
    written = 0
    names = ["id", *delivery.columns, "updated_at"]
    for batch in _batches(connection, f"select distinct _key from {ident(delivery.relation)} order by _key"):
        old = [{"old": key * 2 + copy} for (key,) in batch for copy in (0, 1)]
        target.execute(table.delete().where(table.c.id == bindparam("old")), old)
    for batch in _batches(connection, _latest(delivery)):
        target.execute(table.insert(), [dict(zip(names, row, strict=True)) for row in batch])
        written += len(batch)
    return written


def _latest(delivery: Delivery) -> str:
    columns = ", ".join(map(ident, delivery.columns))
    return (
        f"select _key * 2 + _copy, {columns}, _at from {ident(delivery.relation)} "
        "qualify rank() over (partition by _key order by _at desc, _version desc) = 1 order by _key, _copy"
    )


def _batches(connection: duckdb.DuckDBPyConnection, query: str) -> Iterator[list[tuple]]:
    cursor = connection.execute(query)
    while batch := cursor.fetchmany(BATCH_ROWS):
        yield batch
