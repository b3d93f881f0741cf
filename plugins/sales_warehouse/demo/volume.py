"""Many order lines quickly: the source of the benchmark company, written by DuckDB a month at a time.

`python -m sales_warehouse.demo.volume 10000000 var/volume` writes customers, products, sales_reps, and by month orders
and order_lines as CSV or Parquet. Four lines an order; the rows follow from the seed and their number alone, memory
stays flat.
"""

from __future__ import annotations

import datetime
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import duckdb
import typer

from sales_warehouse.demo.generator import load_lists, run_scripts
from sales_warehouse.sql import connect, literal

LINES_PER_ORDER = 4
START = datetime.date(2024, 7, 1)
MONTHS = 24
Kind = Literal["csv", "parquet"]
OPTIONS: dict[Kind, str] = {"csv": "format csv, header", "parquet": "format parquet, compression snappy"}
REGIONS = ("华东", "华南", "华北", "华中", "西南", "西北", "东北")


@dataclass(frozen=True)
class Volume:
    """How much is written: order lines, and customers, products and sellers to hang them on; from `start` on."""

    lines: int
    customers: int
    products: int = 500
    reps: int = 200
    seed: int = 1
    start: datetime.date = START
    months: int = MONTHS
    kind: Kind = "csv"

    @property
    def orders(self) -> int:
        return -(-self.lines // LINES_PER_ORDER)

    @property
    def days(self) -> int:
        return (self.month(self.months) - self.start).days

    def month(self, number: int) -> datetime.date:
        """The first day of a month, counted from the first one."""
        months = self.start.month - 1 + number
        return datetime.date(self.start.year + months // 12, months % 12 + 1, 1)

    def first_order(self, month: int) -> int:
        """The number of the first order of a month."""
        return (self.month(month) - self.start).days * self.orders // self.days


def write_volume(folder: Path, volume: Volume) -> dict[str, int]:
    """Write the files of a volume into `folder`; return rows by table."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as temp, connect(temp=Path(temp)) as connection:
        _prepare(connection, volume)
        rows = {name: _copy(connection, query, folder / name, volume.kind) for name, query in _masters(volume).items()}
        rows |= {"orders": 0, "order_lines": 0}
        for name, first, last in _months(volume):
            rows["orders"] += _copy(connection, _orders(first, last), folder / f"orders_{name}", volume.kind)
            lines = _order_lines(first * LINES_PER_ORDER, min(last * LINES_PER_ORDER, volume.lines))
            rows["order_lines"] += _copy(connection, lines, folder / f"order_lines_{name}", volume.kind)
    return rows


def _prepare(connection: duckdb.DuckDBPyConnection, volume: Volume) -> None:
    """The macros of the world, its lists, and how densely the orders lie in time."""
    numbers = {"seed": volume.seed, "customers": volume.customers, "products": volume.products, "reps": volume.reps}
    pace = {"start": volume.start, "seconds_per_order": volume.days * 86400 / volume.orders}
    for name, value in {**numbers, **pace}.items():
        connection.execute(f"set variable {name} = {literal(value)}")
    connection.execute("set enable_progress_bar = false")
    load_lists(connection)
    run_scripts(connection, ("macros", "lists"))
    connection.execute(
        "create table account_places as select i as account_key, '91' as entity_class, '310104' as area_code "
        f"from range({volume.customers}) as t(i)"
    )


def _months(volume: Volume) -> Iterator[tuple[str, int, int]]:
    """Yield each month with the range of the orders in it: the number of an order grows with its moment."""
    for number in range(volume.months):
        first, last = (volume.first_order(n) for n in (number, number + 1))
        yield f"{volume.month(number):%Y-%m}", first, last


def _masters(volume: Volume) -> dict[str, str]:
    regions = "[" + ", ".join(map(literal, REGIONS)) + "]"
    return {
        "customers": f"""
            select 'C' || i as customer_id, '客户' || i || '有限公司' as name,
                case when i % 3 > 0 then k.credit_code end as credit_code,
                {regions}[1 + pick('region', i, 7)] as region, 'R' || pick('owner', i, getvariable('reps')) as owner_id,
                '2024-01-01 09:00:00' as created_at
            from range({volume.customers}) as t(i)
            join credit_codes('account_places') as k on k.account_key = i
            order by i""",
        "products": f"""
            select 'P' || i as product_id, '产品' || i as name, p.product_line, p.category, p.price_band,
                (p.list_price * (0.5 + draw('price', i)))::decimal(18, 2) as list_price, p.unit
            from range({volume.products}) as t(i)
            join products as p on p.product_no = 1 + i % (select count(*) from products)
            order by i""",
        "sales_reps": f"""
            select 'R' || i as rep_id, '销售' || i as name, '第' || (i // 10) || '组' as team,
                {regions}[1 + pick('rep region', i, 7)] as region, 'R' || (i // 10 * 10) as manager_id
            from range({volume.reps}) as t(i)""",
    }


def _orders(first: int, last: int) -> str:
    return f"""
        select
            'O' || i as order_id, 'C' || pick('customer', i, getvariable('customers')) as customer_id,
            'R' || pick('rep', i, getvariable('reps')) as rep_id,
            ['online_store', 'field', 'phone', 'dealer'][1 + pick('channel', i, 4)] as channel,
            [{", ".join(map(literal, REGIONS))}][1 + pick('order region', i, 7)] as region,
            ['delivered', 'delivered', 'delivered', 'paid', 'cancelled'][1 + pick('status', i, 5)] as status,
            strftime(moment, '%Y-%m-%d %H:%M:%S') as ordered_at,
            strftime(moment + interval 1 hour, '%Y-%m-%d %H:%M:%S') as updated_at
        from (
            select i, getvariable('start')::timestamp
                + to_seconds((i * getvariable('seconds_per_order'))::bigint) as moment
            from range({first}, {last}) as t(i)
        )"""


def _order_lines(first: int, last: int) -> str:
    # Whole cents and doubles: a product of decimals is a 128-bit number, five times as slow.
    return f"""
        select
            'O' || i // {LINES_PER_ORDER} as order_id, i % {LINES_PER_ORDER} + 1 as line_number,
            'P' || pick('product', i, getvariable('products')) as product_id,
            quantity, (cents / 100)::decimal(18, 2) as price,
            (if(i % 10 = 0, round(cents * quantity * 0.05::double), 0) / 100)::decimal(18, 2) as discount,
            (round(cents * quantity * 0.13::double) / 100)::decimal(18, 2) as tax
        from (
            select i, 1 + pick('quantity', i, 20) as quantity, 500 + pick('unit price', i, 40000) as cents
            from range({first}, {last}) as t(i)
        )"""


def _copy(connection: duckdb.DuckDBPyConnection, query: str, target: Path, kind: Kind) -> int:
    connection.execute(f"copy ({query}) to {literal(f'{target}.{kind}')} ({OPTIONS[kind]})")
    return connection.fetchall()[0][0]


def main(
    lines: Annotated[int, typer.Argument(min=1, help="order lines to write")],
    folder: Annotated[Path, typer.Argument(help="folder of the files")],
    customers: Annotated[int, typer.Option(min=1)] = 50_000,
    kind: Annotated[Kind, typer.Option("--format", help="of the files")] = "csv",
) -> None:
    """Write the source files of the benchmark company; tell rows, rate and peak memory."""
    started = time.monotonic()
    for name, count in write_volume(folder, Volume(lines, customers, kind=kind)).items():
        typer.echo(f"{name}: {count:,}")
    seconds, peak = time.monotonic() - started, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    typer.echo(f"{seconds:.1f} s, {lines / seconds:,.0f} order lines a second, peak memory {peak:,.0f} MiB")


if __name__ == "__main__":
    typer.run(main)
