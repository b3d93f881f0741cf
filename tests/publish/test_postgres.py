"""PostgreSQL's readers see exactly one version, never an empty table, whatever the publisher does or dies of."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import psycopg
import pytest
from marts_for_tests import ROWS, make_marts, publish_marts

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.publish import Mismatch, postgres_ledger, postgres_swap, postgres_tables, rollback
from sales_warehouse.publish.pointer import current_folder
from sales_warehouse.publish.postgres import LOCK, BadUrl, PostgresReport, configured_url, publish_to_postgres
from sales_warehouse.publish.postgres_swap import OlderSnapshots

pytestmark = pytest.mark.postgres

# A kill before each statement takes two minutes; every fifth covers each phase of a publish.
EVERY = 5

processes = multiprocessing.get_context("forkserver")

READ = """
    SELECT (SELECT count(*) FROM sales.fct_order_lines), (SELECT max(generation) FROM sales.fct_order_lines),
           (SELECT max(generation) FROM sales.dim_products)
"""


def publish_generation(home: Home, url: str, generation: int, wait_seconds: float = 20) -> PostgresReport:
    make_marts(home, generation)
    done = publish_marts(home, f"night-{generation}")
    return publish_to_postgres(done.path, url, wait_seconds=wait_seconds, temp=home.tmp)


def generation_seen(url: str) -> int:
    with psycopg.connect(url) as db:
        rows, lines, products = db.execute(READ).fetchone()
    assert (rows, lines) == (ROWS, products)
    return lines


def test_tables_have_types_keys_and_comments_of_their_own(home: Home, postgres: str) -> None:
    report = publish_generation(home, postgres, 1)
    assert report.tables == {"dim_products": 5, "fct_order_lines": ROWS}
    with psycopg.connect(postgres) as db:
        columns = db.execute(
            "SELECT attname, format_type(atttypid, atttypmod), attnotnull, col_description(attrelid, attnum) "
            "FROM pg_attribute JOIN pg_index ON indrelid = attrelid AND indisprimary "
            "WHERE attrelid::regclass::text LIKE '%fct_order_lines' AND attnum > 0 ORDER BY attnum"
        ).fetchall()
        total = db.execute("SELECT sum(net_amount), max(ordered_at)::text FROM sales.fct_order_lines").fetchone()
        described = db.execute(
            "SELECT col_description('sales.fct_order_lines'::regclass, 4), "
            "obj_description('sales.fct_order_lines'::regclass)"
        ).fetchone()
    assert columns == [
        ("order_key", "text", True, None),
        ("order_date", "date", False, None),
        ("generation", "integer", False, None),
        ("net_amount", "numeric(18,4)", False, "Net amount. 净额。"),
        ("ordered_at", "timestamp without time zone", False, None),
    ]
    assert total == (Decimal("44985.0000"), "2026-04-01 08:00:00")
    assert described == ("Net amount. 净额。", "One row is a line of an order. 一行是订单的一行。")


def test_the_reader_role_reads_the_views_and_nothing_else(home: Home, postgres: str) -> None:
    publish_generation(home, postgres, 1)
    publish_generation(home, postgres, 2)
    with psycopg.connect(postgres, autocommit=True) as db:
        schema = db.execute("SELECT schema_name FROM sales_publishing.versions WHERE state = 'live'").fetchone()[0]
        db.execute("SET ROLE sales_reader")
        assert db.execute(READ).fetchone() == (ROWS, 2, 2)
        for forbidden in (
            f"SELECT * FROM {schema}.dim_products",
            "DELETE FROM sales.dim_products",
            "SELECT * FROM sales_publishing.versions",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                db.execute(forbidden)


def test_publishing_the_same_version_again_changes_nothing(home: Home, postgres: str) -> None:
    publish_generation(home, postgres, 1)
    again = publish_to_postgres(current_folder(home), postgres, temp=home.tmp)
    assert again.outcome == "unchanged"
    with psycopg.connect(postgres) as db:
        assert db.execute("SELECT count(*) FROM sales_publishing.versions").fetchone() == (1,)


def test_the_version_before_stays_one_publish_longer_and_can_be_returned_to(home: Home, postgres: str) -> None:
    for generation in (1, 2, 3):
        publish_generation(home, postgres, generation)
    with psycopg.connect(postgres) as db:
        states = db.execute("SELECT version, state FROM sales_publishing.versions ORDER BY 1").fetchall()
        schemas = db.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'sales\\_0%'").fetchone()
    assert states == [("000002_20260701", "previous"), ("000003_20260701", "live")]
    assert schemas == (2,)
    rollback(home)
    report = publish_to_postgres(current_folder(home), postgres, temp=home.tmp)
    assert (report.outcome, generation_seen(postgres)) == ("returned", 2)


def test_marts_and_columns_may_come_and_go(home: Home, postgres: str) -> None:
    publish_generation(home, postgres, 1)
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("DROP TABLE marts.dim_products")
        db.execute("ALTER TABLE marts.fct_order_lines DROP COLUMN ordered_at")
        db.execute("ALTER TABLE marts.fct_order_lines ALTER generation TYPE BIGINT")
        db.execute("CREATE TABLE marts.dim_dates AS SELECT DATE '2026-07-01' AS date_day")
    publish_to_postgres(publish_marts(home, "night-2", extras=None).path, postgres, temp=home.tmp)
    with psycopg.connect(postgres) as db:
        views = db.execute("SELECT viewname FROM pg_views WHERE schemaname = 'sales' ORDER BY 1").fetchall()
        column = db.execute("SELECT pg_typeof(generation)::text FROM sales.fct_order_lines LIMIT 1").fetchone()
        allowed = db.execute("SELECT has_table_privilege('sales_reader', 'sales.fct_order_lines', 'SELECT')").fetchone()
    assert (views, column, allowed) == ([("dim_dates",), ("fct_order_lines",)], ("bigint",), (True,))


def test_a_key_that_does_not_hold_is_left_out_with_a_note(home: Home, postgres: str) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("UPDATE marts.fct_order_lines SET order_key = 'shop:1' WHERE order_key = 'shop:2'")
    report = publish_to_postgres(publish_marts(home, "night-1").path, postgres, temp=home.tmp)
    assert len(report.notes) == 1 and "fct_order_lines has no primary key in PostgreSQL" in report.notes[0]
    assert generation_seen(postgres) == 1


def test_large_tables_can_be_asked_for_one_of_many(home: Home, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before readers see them; small tables, and keys that the primary key begins with, need no index of their own."""
    monkeypatch.setattr(postgres_tables, "LARGE", ROWS)
    swap, seen = postgres_swap.swap, []

    def swapped(db: psycopg.Connection, *told: object, **named: object) -> float:
        query = "SELECT indexdef FROM pg_indexes WHERE tablename IN ('fct_order_lines', 'dim_products')"
        seen.append([text for (text,) in db.execute(query).fetchall()])
        return swap(db, *told, **named)

    monkeypatch.setattr(postgres_swap, "swap", swapped)
    for name, keys in (("keyed", {"fct_order_lines": ["order_key"]}), ("not_keyed", {})):
        make_marts(home, len(seen))
        publish_to_postgres(publish_marts(home, name, keys=keys).path, postgres, temp=home.tmp)
    keyed, both = seen
    assert all("UNIQUE" in text for text in keyed)
    [made] = set(both) - set(keyed)
    assert made.endswith("fct_order_lines USING btree (order_key text_pattern_ops)")


def test_text_with_a_nul_character_is_published_without_it(home: Home, postgres: str) -> None:
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("UPDATE marts.dim_products SET product_key = 'a' || chr(0) || 'b' WHERE product_key = 'p1'")
    publish_to_postgres(publish_marts(home, "night-1").path, postgres, temp=home.tmp)
    with psycopg.connect(postgres) as db:
        assert db.execute("SELECT count(*) FROM sales.dim_products WHERE product_key = 'ab'").fetchone() == (1,)


def read_all_the_time(url: str, isolation: str, stop: threading.Event, seen: list[tuple]) -> None:
    """Transactions that take their snapshot first and read the views a moment later."""
    with psycopg.connect(url, autocommit=True) as db:
        while not stop.is_set():
            db.execute(f"BEGIN ISOLATION LEVEL {isolation}")
            db.execute("SELECT count(*) FROM pg_class")
            time.sleep(0.02)
            started = time.monotonic()
            row = db.execute(READ).fetchone()
            seen.append((*row, time.monotonic() - started))
            db.execute("COMMIT")


def loop_readers(url: str, work: Callable[[], None]) -> list[tuple]:
    """Run `work` while readers of both isolation levels read; return all that they saw."""
    stop, seen = threading.Event(), []
    readers = [
        threading.Thread(target=read_all_the_time, args=(url, isolation, stop, seen))
        for isolation in ("READ COMMITTED", "REPEATABLE READ", "REPEATABLE READ")
    ]
    for reader in readers:
        reader.start()
    try:
        work()
    finally:
        stop.set()
        for reader in readers:
            reader.join()
    return seen


@pytest.mark.slow
def test_readers_never_see_an_empty_table_nor_two_versions(home: Home, postgres: str) -> None:
    publish_generation(home, postgres, 1)

    def publish_many() -> None:
        for generation in range(2, 14):
            publish_generation(home, postgres, generation)

    seen = loop_readers(postgres, publish_many)
    wrong = [row for row in seen if row[0] != ROWS or row[1] != row[2]]
    assert wrong == []
    assert len(seen) > 100 and len({row[1] for row in seen}) > 3, "the readers read too little to prove anything"
    assert max(row[3] for row in seen) < 5, "a reader was kept waiting"
    assert generation_seen(postgres) == 13


def test_without_the_wait_an_older_snapshot_would_see_an_empty_table(
    home: Home, postgres: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_generation(home, postgres, 1)
    nobody = "SELECT 1 WHERE %(horizon)s::text = '' AND %(open)s::text[] IS NULL"
    monkeypatch.setattr(postgres_swap, "SNAPSHOTS", nobody)
    with psycopg.connect(postgres, autocommit=True) as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        publish_generation(home, postgres, 2)
        assert reader.execute(READ).fetchone() == (0, None, None), "the wait guards against nothing"


def test_a_snapshot_that_does_not_end_postpones_the_publish_and_is_named(home: Home, postgres: str) -> None:
    publish_generation(home, postgres, 1)
    with psycopg.connect(postgres, autocommit=True, application_name="slow report") as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        with pytest.raises(OlderSnapshots, match=r"slow report.*Readers keep the version before.*publish again"):
            publish_generation(home, postgres, 2, wait_seconds=0.5)
        assert reader.execute(READ).fetchone() == (ROWS, 1, 1)
        reader.execute("COMMIT")
    report = publish_to_postgres(current_folder(home), postgres, temp=home.tmp)
    assert (report.outcome, generation_seen(postgres)) == ("published", 2)


def test_a_connection_that_idles_in_a_transaction_without_a_snapshot_holds_nothing_up(
    home: Home, postgres: str
) -> None:
    publish_generation(home, postgres, 1)
    with psycopg.connect(postgres, autocommit=True) as reader:
        reader.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        reader.execute("SELECT 1")
        assert publish_generation(home, postgres, 2, wait_seconds=2).outcome == "published"


def test_a_publisher_without_rights_still_waits_for_older_transactions(home: Home, postgres: str) -> None:
    role = f"publisher_{os.urandom(3).hex()}"
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute(f"CREATE ROLE {role} LOGIN")
        db.execute(f"GRANT ALL ON DATABASE {db.info.dbname} TO {role}")
    modest = postgres.replace("postgres:@", f"{role}:@")
    assert publish_generation(home, modest, 1).outcome == "published"
    with psycopg.connect(postgres, autocommit=True) as reader:
        reader.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        reader.execute("SELECT 1")
        with pytest.raises(OlderSnapshots):
            publish_generation(home, modest, 2, wait_seconds=0.5)
        reader.execute("COMMIT")
    assert publish_to_postgres(current_folder(home), modest, temp=home.tmp).outcome == "published"
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute(f"DROP OWNED BY {role} CASCADE")
        db.execute(f"DROP ROLE {role}")


def publish_and_die(home: Home, url: str, folder: Path, at_statement: int) -> None:
    """Publish to PostgreSQL and end, without a word, before the n-th statement."""
    statements, execute = 0, psycopg.Connection.execute

    def counting(self: psycopg.Connection, *arguments: object, **options: object) -> psycopg.Cursor:
        nonlocal statements
        statements += 1
        if statements == at_statement:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(self, *arguments, **options)

    psycopg.Connection.execute = counting
    publish_to_postgres(folder, url, temp=home.tmp)


@pytest.mark.slow
def test_killed_before_a_statement_readers_see_old_or_new_and_the_next_publish_is_clean(
    home: Home, postgres: str
) -> None:
    publish_generation(home, postgres, 1)
    kills, generation, code = 0, 1, -signal.SIGKILL
    while code == -signal.SIGKILL:
        generation += 1
        before = generation_seen(postgres)
        make_marts(home, generation)
        folder = publish_marts(home, f"night-{generation}").path
        child = processes.Process(target=publish_and_die, args=(home, postgres, folder, 1 + EVERY * kills))
        child.start()
        child.join(60)
        code = child.exitcode
        assert generation_seen(postgres) in (before, generation)
        kills += code == -signal.SIGKILL
    assert (code, generation_seen(postgres)) == (0, generation)
    assert kills >= 8, f"only {kills} statements to die before: the count is blind"
    with psycopg.connect(postgres) as db:
        schemas = db.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'sales\\_0%'").fetchone()
    assert schemas == (2,), "remains of killed publishes were not dropped"


def test_two_publishers_at_once_are_one_too_many(home: Home, postgres: str) -> None:
    publish_generation(home, postgres, 1)
    with psycopg.connect(postgres) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        with pytest.raises(durable.Busy, match="another publish"):
            publish_generation(home, postgres, 2, wait_seconds=0.3)


def test_rows_that_did_not_arrive_are_noticed(home: Home, postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    publish_generation(home, postgres, 1)
    monkeypatch.setattr("sales_warehouse.publish.postgres_tables.load", lambda *arguments: None)
    with pytest.raises(Mismatch, match="PostgreSQL holds 0 rows"):
        publish_generation(home, postgres, 2)
    assert generation_seen(postgres) == 1


def test_a_schema_that_looks_like_ours_but_is_not_noted_is_left_alone(home: Home, postgres: str) -> None:
    with psycopg.connect(postgres, autocommit=True) as db:
        db.execute("CREATE SCHEMA sales_000009_20260701_theirs")
        publish_generation(home, postgres, 1)
        assert postgres_ledger.live_tables(db) == {"dim_products", "fct_order_lines"}
        assert db.execute("SELECT count(*) FROM pg_namespace WHERE nspname LIKE '%theirs'").fetchone() == (1,)


def test_a_connection_that_cannot_be_read_is_refused_without_its_password(home: Home) -> None:
    publish_marts(home, "night-1")
    with pytest.raises(BadUrl) as refused:
        publish_to_postgres(current_folder(home), "postgresq//me:canary@host/db", temp=home.tmp)
    assert "canary" not in str(refused.value) and refused.value.__cause__ is None


def test_the_connection_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "url"
    file.write_text("postgresql://from-file/db\n")
    assert configured_url({}) is None
    assert configured_url({"SALES_WAREHOUSE_POSTGRES_URL": "postgresql://direct/db"}) == "postgresql://direct/db"
    assert configured_url({"SALES_WAREHOUSE_POSTGRES_URL_FILE": str(file)}) == "postgresql://from-file/db"
