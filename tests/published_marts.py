"""Marts in a published file, in the shape that the models promise, with the rows that a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache

import duckdb
from ruamel.yaml import YAML

from sales_warehouse import settings
from sales_warehouse.sql import ident, literal

Rows = Mapping[str, Sequence[Mapping[str, object]]]


def write_marts(db: duckdb.DuckDBPyConnection, marts: Rows) -> None:
    """Create each mart with its rows; what a row does not say is NULL."""
    db.execute("create schema if not exists marts")
    for mart, rows in marts.items():
        db.execute(f"create table marts.{ident(mart)} ({_columns(mart)})")
        for row in rows:
            values = ", ".join(f"{literal(value)} as {ident(name)}" for name, value in row.items())
            db.execute(f"insert into marts.{ident(mart)} by name select {values}")


@cache
def _columns(mart: str) -> str:
    described = settings.PROJECT / "dbt_project" / "models" / "marts" / f"{mart}.yml"
    columns = YAML(typ="safe").load(described.read_text(encoding="utf-8"))["models"][0]["columns"]
    return ", ".join(f"{ident(column['name'])} {column['data_type']}" for column in columns)
