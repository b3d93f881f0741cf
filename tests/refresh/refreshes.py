"""Start refreshes as processes of their own, and compare what they published."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import duckdb
from written_company import files_source

CHAIN = Path(__file__).with_name("chain.py")
CLI = Path(sys.executable).with_name("sales-warehouse")

# When a load was read is not what it says: two ways to the same marts may differ here and nowhere else.
READ_TIMES = {
    "dim_customer_records": ("since",),
    "dim_contact_records": ("since",),
    "trust_source_freshness": ("last_load_at", "age_hours"),
    "trust_quarantine_reasons": ("last_load_at",),
    "trust_repairs": ("last_load_at",),
    "trust_schema_drift": ("first_seen_at", "last_seen_at"),
    "trust_refused_files": ("first_refused_at", "last_refused_at"),
}

FEW = {"SALES_WAREHOUSE_TEST_FEW_MARTS": "1"}  # see chain.py

# A source of conversations that can be corrected and deleted; its files lie in the folder `desk` of the company.
DESK = files_source(
    "desk",
    """\
tables:
  talks: {files: "*.csv", format: csv, columns: [no, at, changed, state]}
mappings:
  - entity: chats
    from: talks
    deleted: state = 'gone'
    version: changed
    columns: {chat_id: no, started_at: at, platform: "'web'", intent: state}
""",
)

# Metrics about loads themselves: how old, how dirty. They follow when and how often something was read.
ABOUT_LOADS = ("dirty_rate", "source_freshness_hours")


def environment(state: Path, **more: str) -> dict[str, str]:
    """The environment of a child: its own state folder, one contact key for all, no hurry in locks."""
    fixed = {"SALES_WAREHOUSE_VAR": str(state), "SALES_WAREHOUSE_CONTACT_KEY": "a key for the tests of refreshes"}
    return {**os.environ, **fixed, "SALES_WAREHOUSE_LOCK_SECONDS": "120", **more}


def chain(
    company: Path, state: Path, *arguments: str, whole: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run every step once, without Airflow; a quarter of the marts is enough to see the way, `whole` has them all."""
    command = [sys.executable, str(CHAIN), str(company), *arguments]
    given = environment(state, **more, **({} if whole else FEW))
    return subprocess.run(command, env=given, capture_output=True, text=True, timeout=600)


def refresh(company: Path, state: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run `sales-warehouse run`: the same steps through Airflow."""
    command = [str(CLI), "run", "--company", str(company), *arguments]
    return subprocess.run(command, env=environment(state, **more), capture_output=True, text=True, timeout=1200)


def marts(state: Path, company_id: str, without: Mapping[str, tuple[str, ...]] = READ_TIMES) -> dict[str, list[tuple]]:
    """Every row of every published mart, in an order of its own, without some columns: the times of reading."""
    file = state / company_id / "published" / "current" / "warehouse.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        names = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
        ).fetchall()
        return {name: _rows(connection, name, without.get(name, ())) for (name,) in names}


def _rows(connection: duckdb.DuckDBPyConnection, name: str, without: tuple[str, ...]) -> list[tuple]:
    columns = [row[0] for row in connection.execute(f"describe marts.{name}").fetchall()]
    kept = ", ".join(column for column in columns if column not in without)
    rows = f"where metric_id not in {ABOUT_LOADS}" if name == "kpi_values" else ""
    return connection.execute(f"select {kept} from marts.{name} {rows} order by all").fetchall()


def assert_same(left: dict[str, list[tuple]], right: dict[str, list[tuple]]) -> None:
    """Say which marts differ, and in which rows."""
    assert left.keys() == right.keys()
    for name in left:
        missing, added = set(left[name]) - set(right[name]), set(right[name]) - set(left[name])
        shown = f"only left: {sorted(map(str, missing))[:3]}; only right: {sorted(map(str, added))[:3]}"
        assert left[name] == right[name], f"{name}: {shown}"
