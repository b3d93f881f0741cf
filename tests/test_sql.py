"""Quoting, and connections that run SQL of somebody else."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from sales_warehouse import settings
from sales_warehouse.sql import as_parquet, confine, connect, gist, ident, literal, read_loads, read_parquet


@pytest.mark.parametrize("name", ["plain", 'x" ; DROP TABLE t; --', "客户", "a.b", ""])
def test_a_quoted_name_is_that_name(name: str) -> None:
    shown = name or "empty"
    assert duckdb.sql(f"select 1 as {ident(shown)}").columns == [shown]


@pytest.mark.parametrize("text", ["it's", "'; drop table t; --", "龙井", "\\n", "$$"])
def test_a_quoted_text_is_that_text(text: str) -> None:
    assert duckdb.sql(f"select {literal(text)}").fetchone() == (text,)


def test_a_folder_on_the_way_to_a_file_says_nothing_but_of_which_load_it_is(tmp_path: Path) -> None:
    loads = tmp_path / "_load_id=1" / "id=prod"
    files = [loads / f"_load_id={load}" / "a=b.0.parquet" for load in ("07", "08")]
    for file, columns in zip(files, ("'O1' as id", "'O2' as id, 'other' as _load_id"), strict=True):
        file.parent.mkdir(parents=True)
        duckdb.sql(f"copy (select {columns}) to {as_parquet(file)}")
    assert duckdb.sql(f"from {read_parquet(files[:1])}").fetchall() == [("O1",)]
    assert sorted(duckdb.sql(f"from {read_loads([loads / '*' / '*.parquet'])}").fetchall()) == [
        ("O1", "07"),
        ("O2", "08"),
    ]


def test_every_value_that_is_written_reads_back_in_any_reader(tmp_path: Path) -> None:
    rows = """
        select case when i % 7 > 0 then 'O' || i end as id, case when i % 3 > 0 then repeat('中', i % 40) end as name,
            hash(i)::hugeint::decimal(38, 4) as wide, case when i % 2 > 0 then 9223372036854775807 else -i end as far,
            hash(i) / 7 as fraction, i % 5 as few, null::timestamp as never, i % 3 = 0 as is_so,
            case when i % 999 = 0 then [{'before': i, 'after': null}] end as mended,
            timestamp '2026-01-01' + to_seconds(i * i) as moment
        from range(130_000) as t(i)"""
    file = tmp_path / "rows.parquet"
    with duckdb.connect() as connection:
        connection.execute(f"create table written as {rows}")
        connection.execute(f"copy written to {as_parquet(file)}")
        connection.register("by_arrow", pq.read_table(file))
        for read in (read_parquet([file]), "by_arrow"):
            both = f"(select w from written as w) positional join (select r from {read} as r)"
            assert connection.execute(f"select count(*) from {both} where w is distinct from r").fetchone() == (0,)
        told = "select path_in_schema, list_sort(list(distinct encodings)) from parquet_metadata(?) group by all"
        encodings = dict(connection.execute(told, [str(file)]).fetchall())
    assert encodings["id"] == ["DELTA_LENGTH_BYTE_ARRAY"]  # a dictionary of all of them would be dearer than they are
    assert encodings["few"] == ["RLE_DICTIONARY"]


def test_a_confined_connection_reaches_its_folder_and_nothing_else(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (outside / "secret.csv").write_text("a\n1\n")
    with connect(temp=inside / "tmp") as connection:
        confine(connection, inside)
        connection.execute(f"copy (select 1 as a) to {literal(str(inside / 'x.parquet'))} (format parquet)")
        assert connection.execute(f"from read_parquet({literal(str(inside / 'x.parquet'))})").fetchall() == [(1,)]
        for statement in (
            f"from read_csv({literal(str(outside / 'secret.csv'))})",
            f"from read_csv({literal(str(inside / '..' / 'outside' / 'secret.csv'))})",
            f"copy (select 1) to {literal(str(outside / 'y.csv'))}",
            "set enable_external_access = true",
            "install httpfs",
        ):
            with pytest.raises(duckdb.Error):
                connection.execute(statement)


def test_the_gist_of_an_error_does_not_quote_the_data() -> None:
    with pytest.raises(duckdb.Error) as error:
        duckdb.sql("select cast(x as integer) from (values ('13800138000x')) t(x)").fetchall()
    assert "13800138000" in str(error.value)
    assert "13800138000" not in gist(str(error.value))


@pytest.mark.parametrize(
    ("limit", "most", "meant"),
    [("2GB", 512, "512MiB"), ("300 MB", 512, "300MiB"), ("1.5GiB", 4096, "1536MiB"), ("-1", 512, "512MiB")],
)
def test_memory_for_one_look_is_never_more_than_the_limit(
    limit: str, most: int, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_MEMORY", limit)
    assert settings.memory_below(most) == meant
    duckdb.connect(config={"memory_limit": meant}).close()
