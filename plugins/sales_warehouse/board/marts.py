"""Reads what the board needs from a published warehouse; a part that is not published is left out, and named."""

from __future__ import annotations

import datetime
import logging
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse.board.listings import LISTINGS, Listing, targets
from sales_warehouse.board.payload import encode_table
from sales_warehouse.board.periods import board_periods
from sales_warehouse.board.queries import sales_by_day, statements
from sales_warehouse.sql import connect, ident, literal, read_parquet
from sales_warehouse.weekly.queries import last_week

log = logging.getLogger(__name__)


class MartReader:
    """One read-only look at a warehouse. `missing` says which part could not be read, and why."""

    def __init__(self, warehouse: Path, settings: Path | None, temp: Path) -> None:
        self.db = connect(temp=temp)
        self.db.execute("SET python_enable_replacements = false")  # a missing table is missing, not a Python name
        self.db.execute(f"attach {literal(str(warehouse))} as published (read_only)")
        self._show("marts", {name: f"published.marts.{ident(name)}" for name in self._published()})
        files = sorted(settings.glob("*.parquet")) if settings else []
        self._show("settings", {file.stem: read_parquet([file]) for file in files})
        self.missing: dict[str, str] = {}

    def _published(self) -> list[str]:
        query = """select table_name from duckdb_tables() where database_name = 'published' and schema_name = 'marts'
            union select view_name from duckdb_views() where database_name = 'published' and schema_name = 'marts'"""
        return sorted(name for (name,) in self.db.execute(query).fetchall())

    def _show(self, schema: str, relations: dict[str, str]) -> None:
        self.db.execute(f"create schema {ident(schema)}")
        for name, relation in relations.items():
            self.db.execute(f"create view {ident(schema)}.{ident(name)} as from {relation}")

    def __enter__(self) -> MartReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def table(self, name: str, query: str) -> dict[str, Any] | None:
        """The encoded answer, or None when a table or column that the query names is not there."""
        try:
            result = self.db.execute(query)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            self._absent(name, str(error).splitlines()[0])
            return None
        return encode_table([column[0] for column in result.description], result.fetchall())

    def prepare(self, name: str, statement: str) -> None:
        """Run what later queries read from; without it they are missing too."""
        try:
            self.db.execute(statement)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            self._absent(name, str(error).splitlines()[0])

    def listing(self, name: str, listing: Listing) -> dict[str, Any] | None:
        published = self._columns(listing.relation)
        if not published:
            self._absent(name, f"{listing.relation} is not there")
            return None
        return self.table(name, listing.query(published))

    def business_date(self) -> datetime.date:
        """The company's business date, else the last day with a sale, else the first day there is."""
        for query in (
            "select max(business_date) from settings.company",
            "select max(sales_date) from marts.fct_sales_daily",
        ):
            try:
                found = self.db.execute(query).fetchone()
            except (duckdb.CatalogException, duckdb.BinderException):
                continue
            if found and found[0]:
                return found[0]
        return datetime.date(1970, 1, 1)

    def _columns(self, relation: str) -> set[str]:
        schema, table = relation.split(".")
        return {
            row[0]
            for row in self.db.execute(
                """select column_name from duckdb_columns()
                    where database_name = 'memory' and schema_name = ? and table_name = ?""",
                [schema, table],
            ).fetchall()
        }

    def _absent(self, name: str, why: str) -> None:
        log.warning("board: no %s: %s", name, why)
        self.missing[name] = why


def read_marts(warehouse: Path, settings: Path | None = None) -> dict[str, Any]:
    """Everything that the page shows, encoded. Raises duckdb.IOException when `warehouse` cannot be opened."""
    with (
        tempfile.TemporaryDirectory(prefix="board-") as temp,
        MartReader(warehouse, settings, Path(temp)) as reader,
    ):
        date = reader.business_date()
        periods = board_periods(date)
        tables = {name: reader.listing(name, listing) for name, listing in LISTINGS.items()}
        reader.prepare("sales_by_day", sales_by_day(date))
        tables["targets"] = reader.listing("targets", targets(date))
        tables |= {name: reader.table(name, query) for name, query in statements(date, periods).items()}
        return {
            "business_date": str(date),
            "review_week": str(last_week(date)),
            "periods": [period.as_json() for period in periods],
            "tables": {name: table for name, table in tables.items() if table is not None},
            "missing": reader.missing,
        }
