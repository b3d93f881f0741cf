"""What a published version is: complete, comparable, one step away from the version before."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys

import duckdb
import pytest
from marts_for_tests import AS_OF, BUSINESS_DATE, ROWS, make_marts, publish_marts, read_generation

from sales_warehouse import durable, publish
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest, pointer
from sales_warehouse.publish.versions import versions


def test_a_version_holds_duckdb_parquet_board_and_manifest(home: Home) -> None:
    done = publish_marts(home, "night-1")
    assert done.tables == {"dim_products": 5, "fct_order_lines": ROWS}
    assert sorted(str(path.relative_to(done.path)) for path in done.path.rglob("*") if path.is_file()) == [
        "board.html",
        "manifest.json",
        "parquet/dim_products.parquet",
        "parquet/fct_order_lines/2026-04.parquet",
        "parquet/fct_order_lines/2026-05.parquet",
        "parquet/fct_order_lines/2026-06.parquet",
        "warehouse.duckdb",
    ]
    assert home.current.resolve() == done.path
    assert read_generation(home) == 1


def test_the_manifest_tells_run_rows_sizes_and_checksums(home: Home) -> None:
    done = publish_marts(home, "night-1")
    document = json.loads((done.path / "manifest.json").read_text())
    assert document["run_id"] == "night-1"
    assert document["business_date"] == BUSINESS_DATE.isoformat()
    assert document["as_of"] == AS_OF.isoformat()
    assert document["rows"] == {"dim_products": 5, "fct_order_lines": ROWS}
    for name, noted in document["files"].items():
        content = (done.path / name).read_bytes()
        assert noted == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def test_types_comments_and_required_columns_come_over(home: Home) -> None:
    done = publish_marts(home, "night-1")
    with duckdb.connect(str(done.path / "warehouse.duckdb"), read_only=True) as db:
        columns = db.sql(
            "SELECT column_name, data_type, is_nullable, comment FROM duckdb_columns() "
            "WHERE table_name = 'fct_order_lines' ORDER BY column_index"
        ).fetchall()
        table = db.sql("SELECT comment FROM duckdb_tables() WHERE table_name = 'fct_order_lines'").fetchone()
    assert columns[0] == ("order_key", "VARCHAR", False, None)
    assert columns[3] == ("net_amount", "DECIMAL(18,4)", True, "Net amount. 净额。")
    assert table == ("One row is a line of an order. 一行是订单的一行。",)


def test_the_duckdb_file_is_one_that_version_1_4_reads(home: Home) -> None:
    done = publish_marts(home, "night-1")
    with duckdb.connect() as db:
        db.execute(f"ATTACH '{done.path / 'warehouse.duckdb'}' AS published (READ_ONLY)")
        tags = db.sql("SELECT tags FROM duckdb_databases() WHERE database_name = 'published'").fetchone()[0]
    assert tags["storage_version"].startswith("v1.4.0")


def test_months_that_did_not_change_are_linked_and_the_changed_one_is_written(home: Home) -> None:
    first = publish_marts(home, "night-1")
    make_marts(home, 2)
    second = publish_marts(home, "night-2")
    months = "parquet/fct_order_lines/2026-{}.parquet"
    same = {
        month: (first.path / months.format(month)).samefile(second.path / months.format(month))
        for month in ("04", "05", "06")
    }
    assert same == {"04": True, "05": True, "06": False}
    assert (second.linked, second.written) == (2, 2)
    assert read_generation(home) == 2


def _timeline(home: Home, *, column: str = "customer_key", clustered: bool = True) -> None:
    """A large table beside the marts, of 5,000 customers, in no order."""
    said = f"One event. Primary key: event. {'Clustered by: customer_key.' if clustered else ''} 一个事件。"
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute(
            f"CREATE TABLE marts.fct_timeline AS SELECT upper(left(sha256((range % 5000)::VARCHAR), 16)) AS {column}, "
            "range AS event, DATE '2026-04-01' + (range % 90)::INTEGER AS event_date FROM range(600_000)"
        )
        db.execute(f"COMMENT ON TABLE marts.fct_timeline IS '{said}'")


def _scanned(done: publish.Published) -> tuple[int, int]:
    """Rows that a look at one customer goes through, and rows that it finds."""
    with duckdb.connect(str(done.path / "warehouse.duckdb"), read_only=True) as db:
        (key,) = db.execute("SELECT customer_key FROM marts.fct_timeline LIMIT 1").fetchone()
        query = f"EXPLAIN (ANALYZE, FORMAT json) SELECT * FROM marts.fct_timeline WHERE customer_key = '{key}'"
        node = json.loads(db.execute(query).fetchone()[1])
    while node.get("operator_type") != "TABLE_SCAN":
        node = node["children"][0]
    return node["operator_rows_scanned"], node["operator_cardinality"]


def test_a_table_that_is_clustered_lies_customer_by_customer_in_one_piece(home: Home) -> None:
    _timeline(home)
    done = publish_marts(home, "night-1")
    assert (done.path / "parquet" / "fct_timeline.parquet").is_file()
    with duckdb.connect() as db:
        parquet = f"read_parquet('{done.path / 'parquet' / 'fct_timeline.parquet'}', file_row_number=true)"
        db.execute(f"ATTACH '{done.path / 'warehouse.duckdb'}' AS published (READ_ONLY)")
        for rows, place in ((parquet, "file_row_number"), ("published.marts.fct_timeline", "rowid")):
            before = f"lag(customer_key) OVER (ORDER BY {place}) AS before"
            query = f"SELECT count(*) FILTER (customer_key < before) FROM (SELECT customer_key, {before} FROM {rows})"
            assert db.execute(query).fetchone() == (0,)
    assert _scanned(done) == (122_880, 120)  # one row group of five


def test_a_table_that_is_not_clustered_is_searched_in_every_month(home: Home) -> None:
    _timeline(home, clustered=False)
    done = publish_marts(home, "night-1")
    assert not (done.path / "parquet" / "fct_timeline.parquet").exists()
    assert _scanned(done)[0] > 2 * 122_880  # in every month anew


def test_a_table_is_clustered_by_its_first_columns_or_refused(home: Home) -> None:
    _timeline(home, column="customer")
    with pytest.raises(
        publish.Unpublishable, match="fct_timeline is said to be clustered by customer_key, but its first"
    ):
        publish_marts(home, "night-1")


def test_the_same_marts_give_the_same_parquet_bytes_whatever_the_order_of_their_rows(home: Home) -> None:
    first = publish_marts(home, "night-1")
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("CREATE TABLE marts.other AS FROM marts.fct_order_lines ORDER BY hash(order_key)")
        db.execute("DELETE FROM marts.fct_order_lines")
        db.execute("INSERT INTO marts.fct_order_lines FROM marts.other")
        db.execute("DROP TABLE marts.other")
    for path in home.published.rglob("manifest.json"):
        path.write_text(path.read_text().replace('"engine": "duckdb', '"engine": "another'))
    second = publish_marts(home, "night-2")
    assert second.linked == 0, "an engine of another version is not compared by checksum"
    for path in first.path.rglob("*.parquet"):
        assert path.read_bytes() == (second.path / path.relative_to(first.path)).read_bytes()


def test_a_linked_file_that_was_damaged_is_noticed_and_written_again(home: Home) -> None:
    first = publish_marts(home, "night-1")
    damaged = first.path / "parquet/fct_order_lines/2026-04.parquet"
    content = bytearray(damaged.read_bytes())
    content[200:260] = bytes(60)
    damaged.write_bytes(content)
    make_marts(home, 2)
    second = publish_marts(home, "night-2")
    assert second.linked == 0
    assert read_generation(home) == 2


def test_a_mart_that_came_out_different_is_not_published(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_marts(home, "night-1")
    make_marts(home, 2)
    monkeypatch.setattr(
        "sales_warehouse.publish.catalog.piece_filter", lambda table, piece: "generation < 2 AND random() < 0.9"
    )
    with pytest.raises(publish.Mismatch, match="the working warehouse has"):
        publish_marts(home, "night-2")
    assert read_generation(home) == 1


def test_the_same_run_is_published_once(home: Home) -> None:
    first = publish_marts(home, "night-1")
    again = publish_marts(home, "night-1")
    assert (again.version, again.is_new) == (first.version, False)
    assert len(versions(home)) == 1


@pytest.mark.parametrize("type_name", ["HUGEINT", "VARCHAR[]", "STRUCT(a INTEGER)", "TIMESTAMP WITH TIME ZONE"])
def test_a_type_that_not_every_reader_knows_is_refused_by_name(home: Home, type_name: str) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute(f"CREATE TABLE marts.kpi_values (good BIGINT, bad {type_name})")
    with pytest.raises(publish.Unpublishable, match=r"marts\.kpi_values: bad .*cast it in the model"):
        publish_marts(home, "night-1")


def test_the_key_of_a_mart_is_the_one_that_its_description_names(home: Home) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("COMMENT ON TABLE marts.fct_order_lines IS 'A line. Primary key: order_key, order_date. 订单行。'")
        db.execute("COMMENT ON TABLE marts.dim_products IS 'A product. Primary key: all of these columns. 商品。'")
    tables = manifest.read(publish_marts(home, "night-1", keys=None).path).tables
    assert {table.name: table.key for table in tables} == {
        "dim_products": (),
        "fct_order_lines": ("order_key", "order_date"),
    }


def test_an_empty_mart_is_a_table_without_rows(home: Home) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("CREATE TABLE marts.alert_metrics (incident_key VARCHAR)")
    assert publish_marts(home, "night-1").tables["alert_metrics"] == 0


def test_without_a_working_warehouse_the_error_says_what_to_run(home: Home) -> None:
    home.warehouse_file.unlink()
    with pytest.raises(publish.Unpublishable, match="run the transformation first"):
        publish_marts(home, "night-1")


def test_names_with_quotes_are_names(home: Home) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("""CREATE TABLE marts."a'b" ("x""; DROP TABLE y; --" DATE)""")
        db.execute("""INSERT INTO marts."a'b" SELECT DATE '2026-01-01' + range::INTEGER FROM range(40)""")
    assert publish_marts(home, "night-1", monthly_from_rows=10).tables["a'b"] == 40


def test_dates_that_are_no_business_dates_share_one_piece(home: Home) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute(
            "INSERT INTO marts.fct_order_lines (order_key, order_date) VALUES ('a', NULL), ('b', 'infinity'), "
            "('c', '0001-01-01')"
        )
    done = publish_marts(home, "night-1")
    pieces = {piece.name: piece.rows for piece in manifest.read(done.path).table("fct_order_lines").pieces}
    assert pieces == {"2026-04": 1020, "2026-05": 1023, "2026-06": 957, "other": 3}


def test_one_step_back_and_forward_again(home: Home) -> None:
    first = publish_marts(home, "night-1")
    make_marts(home, 2)
    second = publish_marts(home, "night-2")
    assert publish.rollback(home) == first.version
    assert read_generation(home) == 1
    make_marts(home, 3)
    third = publish_marts(home, "night-3")
    assert publish.rollback(home) == first.version, "back to what was seen before, not to the version that was left"
    assert publish.rollback(home, to=third.version) == third.version
    assert [(entry.version, entry.is_current) for entry in versions(home)] == [
        (first.version, False),
        (second.version, False),
        (third.version, True),
    ]


def test_there_is_no_way_back_before_the_first_version(home: Home) -> None:
    publish_marts(home, "night-1")
    with pytest.raises(publish.NoSuchVersion, match="kept: 000001_20260701"):
        publish.rollback(home)


def test_old_versions_go_but_never_the_current_nor_the_one_before(home: Home) -> None:
    for night in range(1, 6):
        make_marts(home, night)
        publish_marts(home, f"night-{night}", keep=3)
    assert pointer.names(home) == ["000003_20260701", "000004_20260701", "000005_20260701"]
    publish.rollback(home, to="000003_20260701")
    make_marts(home, 6)
    publish_marts(home, "night-6", keep=1)
    assert pointer.names(home) == ["000003_20260701", "000006_20260701"]
    assert publish.rollback(home) == "000003_20260701"


def test_a_failing_board_leaves_readers_and_folder_as_they_were(home: Home) -> None:
    publish_marts(home, "night-1")
    make_marts(home, 2)
    with pytest.raises(ZeroDivisionError):
        publish_marts(home, "night-2", extras=lambda folder: 1 // 0)
    assert read_generation(home) == 1
    assert [path.name for path in (home.published / "versions").iterdir()] == ["000001_20260701"]


def test_two_publishes_at_once_are_one_too_many(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sales_warehouse.publish.versions.WAIT_SECONDS", 0.1)
    with durable.lock(home.published / ".lock", wait_seconds=0, purpose="another publish"), pytest.raises(durable.Busy):
        publish_marts(home, "night-1")


def test_a_reader_keeps_its_version_while_the_next_two_are_published(home: Home) -> None:
    first = publish_marts(home, "night-1")
    with duckdb.connect(str(first.path / "warehouse.duckdb"), read_only=True) as reader:
        for night in (2, 3):
            make_marts(home, night)
            publish_marts(home, f"night-{night}")
            assert reader.sql("SELECT max(generation) FROM marts.fct_order_lines").fetchone() == (1,)


def test_a_full_disk_stops_the_publish_cleanly(home: Home) -> None:
    publish_marts(home, "night-1")
    make_marts(home, 2)
    child = (
        "import resource, signal, sys; sys.path.insert(0, sys.argv[2])\n"
        "from pathlib import Path; from sales_warehouse.home import Home; import marts_for_tests as marts\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))\n"
        "marts.publish_marts(Home(Path(sys.argv[1]), 'acme'), 'night-2')\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", child, str(home.root), str(__file__).rsplit("/", 1)[0]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1 and "IO Error: TransactionContext Error" in ended.stderr, ended.stderr
    assert read_generation(home) == 1
    assert [path.name for path in (home.published / "versions").iterdir()] == ["000001_20260701"]
    publish_marts(home, "night-2")
    assert read_generation(home) == 2
