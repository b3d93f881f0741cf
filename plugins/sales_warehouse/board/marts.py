"""Reads what the board needs from a published warehouse; a part that is not published is left out, and named."""

from __future__ import annotations

import datetime
import logging
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse.board.payload import encode_table
from sales_warehouse.board.periods import board_periods
from sales_warehouse.board.queries import LISTINGS, Listing, alerts, statements
from sales_warehouse.sql import ident, literal

log = logging.getLogger(__name__)


class MartReader:
    """One read-only look at a warehouse. `missing` says which part could not be read, and why."""

    def __init__(self, warehouse: Path, settings: Path | None) -> None:
        self.db = duckdb.connect()
        self.db.execute("SET TimeZone = 'UTC'")
        self.db.execute(f"attach {literal(str(warehouse))} as published (read_only)")
        self.db.execute("create schema settings")
        for file in sorted(settings.glob("*.parquet")) if settings else []:
            self.db.execute(
                f"create view settings.{ident(file.stem)} as from read_parquet({literal(str(file))})"
            )
        self.db.execute("use published")
        self.missing: dict[str, str] = {}

    def __enter__(self) -> MartReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    def table(self, name: str, query: str) -> dict[str, Any] | None:
        """The encoded answer, or None when a table or column that the query names is not there."""
        try:
            result = self.db.execute(query)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            return self._absent(name, str(error).splitlines()[0])
        return encode_table([column[0] for column in result.description], result.fetchall())

    def listing(self, name: str, listing: Listing) -> dict[str, Any] | None:
        for relation in listing.relations:
            published = self._columns(relation)
            if published:
                return self.table(name, _select(relation, listing, published))
        return self._absent(name, f"{listing.relations[0]} is not published")

    def business_date(self) -> datetime.date:
        """The company's business date, else the last day with a sale, else the first day there is."""
        for query in (
            *(f"select max(business_date) from {relation}" for relation in LISTINGS["company"].relations),
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
                "select column_name from duckdb_columns() where schema_name = ? and table_name = ?", [schema, table]
            ).fetchall()
        }

    def _absent(self, name: str, why: str) -> None:
        log.warning("board: no %s: %s", name, why)
        self.missing[name] = why


def _select(relation: str, listing: Listing, published: set[str]) -> str:
    columns = ", ".join(
        ident(column) if column in published else f"null as {ident(column)}" for column in listing.columns
    )
    where = f" where {listing.where}" if listing.where != "true" else ""
    where_settings = relation.replace("settings.", "memory.settings.")
    return f"select {columns} from {where_settings}{where} order by {listing.order}"


def read_marts(warehouse: Path, settings: Path | None = None) -> dict[str, Any]:
    """Everything that the page shows, encoded. Raises duckdb.IOException when `warehouse` cannot be opened."""
    with MartReader(warehouse, settings) as reader:
        date = reader.business_date()
        periods = board_periods(date)
        tables = {name: reader.listing(name, listing) for name, listing in LISTINGS.items()}
        tables["alerts"] = reader.listing("alerts", alerts(date))
        tables |= {name: reader.table(name, query) for name, query in statements(date, periods).items()}
        return {
            "business_date": str(date),
            "periods": [period.as_json() for period in periods],
            "tables": {name: table for name, table in tables.items() if table is not None},
            "missing": reader.missing,
        }
