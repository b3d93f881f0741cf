"""A small working warehouse whose every table tells its generation, and a reader that checks that they agree."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

from sales_warehouse import publish
from sales_warehouse.home import Home

BUSINESS_DATE = datetime.date(2026, 7, 1)
AS_OF = datetime.datetime(2026, 7, 1, 18)
ROWS = 3000


def make_marts(home: Home, generation: int) -> None:
    """Write the working warehouse: a dimension and a fact of 3,000 lines over 3 months, of which the last changes."""
    home.warehouse.mkdir(parents=True, exist_ok=True)
    home.warehouse_file.unlink(missing_ok=True)
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("CREATE SCHEMA marts")
        db.execute(
            f"CREATE TABLE marts.dim_products AS SELECT 'p' || range AS product_key, {generation} AS generation "
            "FROM range(5)"
        )
        db.execute(
            "CREATE TABLE marts.fct_order_lines (order_key VARCHAR NOT NULL, order_date DATE, generation INTEGER, "
            "net_amount DECIMAL(18,4), ordered_at TIMESTAMP)"
        )
        db.execute(
            f"INSERT INTO marts.fct_order_lines SELECT 'shop:' || range, DATE '2026-04-01' + (range % 90)::INTEGER, "
            f"CASE WHEN range % 90 >= 61 THEN {generation} ELSE 0 END, range / 100, TIMESTAMP '2026-04-01 08:00:00' "
            f"FROM range({ROWS})"
        )
        db.execute("COMMENT ON TABLE marts.fct_order_lines IS 'One row is a line of an order. 一行是订单的一行。'")
        db.execute("COMMENT ON COLUMN marts.fct_order_lines.net_amount IS 'Net amount. 净额。'")


def publish_marts(home: Home, run_id: str, **options: object) -> publish.Published:
    """Publish as a refresh does, a board included, with months as pieces."""
    options = {"extras": write_board, "keys": {"fct_order_lines": ["order_key"]}, "monthly_from_rows": 1000} | options
    return publish.publish(home, run_id=run_id, business_date=BUSINESS_DATE, as_of=AS_OF, **options)


def write_board(folder: Path) -> None:
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        generation = db.sql("SELECT max(generation) FROM marts.dim_products").fetchone()[0]
    (folder / "board.html").write_text(f"<p>{generation}</p>")


def read_generation(home: Home) -> int:
    """The generation that a reader sees; AssertionError when its files do not belong together or rows are missing."""
    folder = publish.current_folder(home)
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as db:
        products = db.sql("SELECT DISTINCT generation FROM marts.dim_products").fetchall()
        lines = db.sql("SELECT max(generation), count(*) FROM marts.fct_order_lines").fetchone()
        parquet = db.sql(
            f"SELECT max(generation), count(*) FROM read_parquet('{folder}/parquet/fct_order_lines/*.parquet')"
        ).fetchone()
    board = int((folder / "board.html").read_text().removeprefix("<p>").removesuffix("</p>"))
    assert products == [(board,)], f"dimension {products}, board {board}"
    assert lines == parquet == (board, ROWS), f"lines {lines}, parquet {parquet}, board {board}"
    return board
