"""The benchmark's files have as many lines as were asked for, and hang together."""

from __future__ import annotations

from pathlib import Path

import duckdb

from sales_warehouse.company.load import load_company
from sales_warehouse.demo.volume import Volume, write_volume


def test_as_many_lines_as_asked_for_each_with_its_order(tmp_path: Path) -> None:
    rows = write_volume(tmp_path, Volume(lines=10_001, customers=100))
    lines, orders = f"read_csv('{tmp_path}/order_lines_*.csv')", f"read_csv('{tmp_path}/orders_*.csv')"
    assert duckdb.sql(f"select count(*) from {lines}").fetchone() == (10_001,)
    assert rows["order_lines"] == 10_001
    assert duckdb.sql(f"select count(*), count(distinct order_id) from {orders}").fetchone() == (2501, 2501)
    assert duckdb.sql(f"select count(*) from {lines} anti join {orders} using (order_id)").fetchone() == (0,)
    customers = f"read_csv('{tmp_path}/customers.csv')"
    assert duckdb.sql(f"select count(*) from {orders} anti join {customers} using (customer_id)").fetchone() == (0,)


def test_the_same_volume_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        write_volume(folder, Volume(lines=4000, customers=20))
    names = sorted(file.name for file in first.iterdir())
    assert names == sorted(file.name for file in second.iterdir())
    assert all((first / name).read_bytes() == (second / name).read_bytes() for name in names)


def test_the_benchmark_company_validates() -> None:
    assert load_company(Path("benchmarks/company")).sources["bulk"].mappings


def test_parquet_holds_the_rows_of_the_csv(tmp_path: Path) -> None:
    for kind in ("csv", "parquet"):
        write_volume(tmp_path / kind, Volume(lines=4000, customers=20, kind=kind))
    for table in ("customers", "orders_*", "order_lines_*"):
        written = duckdb.read_parquet(f"{tmp_path}/parquet/{table}.parquet")
        types = ", ".join(f"'{name}': '{kind}'" for name, kind in zip(written.columns, written.types, strict=True))
        read = f"read_csv('{tmp_path}/csv/{table}.csv', header = true, columns = {{{types}}})"
        assert duckdb.sql("select count(*) from written").fetchone() != (0,)
        assert duckdb.sql(f"from written except all from {read}").fetchall() == []
        assert duckdb.sql(f"from {read} except all from written").fetchall() == []
