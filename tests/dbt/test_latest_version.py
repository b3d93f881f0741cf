"""Which row of a record counts: the SQL that dbt makes, and its twin in Python, against the rule in plain Python."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace

import accepted_files as files
import duckdb
import pytest
import world
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sales_warehouse.home import Home
from sales_warehouse.latest_version import latest_version
from sales_warehouse.sql import literal
from sales_warehouse.transform import PROJECT, child_environment

pytestmark = pytest.mark.slow

MODEL, PENDING = "int_orders_deduplicated", "the pending one"
STAGING, TABLE = '"working"."staging"."stg_accepted__orders"', f'"working"."intermediate"."{MODEL}"'


@dataclass(frozen=True)
class Row:
    """What a source says of an order; `day` is its version."""

    order: str
    file: str
    is_deleted: bool
    day: int | None


Place = tuple[str, str, int]  # load, file, row
Loads = list[list[Row]]
ROWS = st.builds(Row, st.sampled_from("AB"), st.sampled_from("ab"), st.booleans(), st.none() | st.integers(1, 3))
HISTORIES = st.lists(st.lists(ROWS, max_size=4), min_size=1, max_size=5)


def told(loads: Loads) -> list[tuple[Place, Row]]:
    """Return the rows with their places, in the order in which they landed. The rows of each file count from 1."""
    found = []
    for number, rows in enumerate(loads):
        for file in "ab":
            here = [row for row in rows if row.file == file]
            found += [((f"L{number}", file, place), row) for place, row in enumerate(here, 1)]
    return found


def counting(loads: Loads) -> dict[str, tuple[Place, bool]]:
    """The rule: each order → the place of the row that counts, and whether it says that the order is gone."""
    standing: dict[str, list[tuple[Place, Row]]] = {}
    for place, row in told(loads):
        if row.is_deleted and row.day is None:
            standing[row.order] = []
        standing.setdefault(row.order, []).append((place, row))
    winners = {order: max(rows, key=lambda item: (item[1].day or 0, item[0])) for order, rows in standing.items()}
    return {order: (place, row.is_deleted) for order, (place, row) in winners.items()}


@dataclass(frozen=True)
class Statements:
    """What dbt makes of the model: for everything, and for a night with `PENDING` loads."""

    everything: str
    night: str


@pytest.fixture(scope="session")
def statements(tmp_path_factory: pytest.TempPathFactory) -> Statements:
    home = Home(tmp_path_factory.mktemp("compiled"), "empty")
    files.write_empty_company(home)
    shutil.copytree(PROJECT, home.warehouse / "project")
    home.tmp.mkdir()
    dbt(home, "run", "--full-refresh", "--select", "stg_accepted__orders", MODEL)
    return Statements(
        dbt(home, "compile", "--full-refresh", "--select", MODEL), dbt(home, "compile", "--select", MODEL)
    )


def dbt(home: Home, *arguments: str) -> str:
    """Run dbt; return the SQL that it made of the model."""
    variables = json.dumps({**world.VARIABLES, "pending_loads": [PENDING], "identity_batch": 1})
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", *arguments,
         "--profiles-dir", ".", "--target-path", "../target", "--vars", variables],
        cwd=home.warehouse / "project", env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    (made,) = (home.warehouse / "target" / "compiled").rglob(f"{MODEL}.sql")
    return made.read_text(encoding="utf-8")


class Warehouse:
    """The rows of one history, and what the nights so far have made of them."""

    def __init__(self, statements: Statements, loads: Loads) -> None:
        self.statements = statements
        self.connection = duckdb.connect()
        self.connection.execute("attach ':memory:' as working; create schema working.staging")
        self.connection.execute("create schema working.intermediate; set TimeZone = 'UTC'")
        names = sorted(set(re.findall(r"versions\.(\w+)", statements.everything)))
        kinds = {"is_deleted": "boolean", "_version_at": "timestamp", "_row_number": "bigint"}
        schema = ", ".join(f"{name} {kinds.get(name, 'varchar')}" for name in names)
        self.connection.execute(f"create table {STAGING} ({schema}); create view landed as from {STAGING}")
        for (load, file, number), row in told(loads):
            day = row.day and f"2026-06-0{row.day}"
            cells = (row.order, row.is_deleted, day, load, file, number)
            self.connection.execute(
                f"insert into {STAGING} (order_key, is_deleted, _version_at, _load_id, _file, _row_number) "
                f"values ({', '.join(map(literal, cells))})"
            )
        self.all_rows = self.rows(STAGING)

    def rows(self, relation: str) -> list[tuple]:
        return self.connection.execute(f"from {relation}").fetchall()

    def know(self, loads: int) -> None:
        """Let the staging hold the first loads alone."""
        self.connection.execute(f"delete from {STAGING}")
        holes = ", ".join("?" * len(self.connection.execute(f"describe {STAGING}").fetchall()))
        if self.all_rows:
            self.connection.executemany(f"insert into {STAGING} values ({holes})", self.all_rows)
        self.connection.execute(f"delete from {STAGING} where _load_id >= 'L{loads}'")

    def build(self) -> None:
        self.connection.execute(f"create or replace table {TABLE} as {self.statements.everything}")

    def apply(self, pending: list[int]) -> None:
        """Do what dbt's delete+insert does with the rows of a night."""
        names = ", ".join(literal(f"L{number}") for number in pending)
        self.connection.execute(
            f"create or replace temp table made as {self.statements.night.replace(literal(PENDING), names)}"
        )
        self.connection.execute(f"delete from {TABLE} where order_key in (select order_key from made)")
        self.connection.execute(f"insert into {TABLE} by name from made")

    def found(self, relation: str) -> dict[str, tuple[Place, bool]]:
        rows = self.connection.execute(
            f"select order_key, _load_id, _file, _row_number, is_deleted from {relation} order by all"
        ).fetchall()
        assert len({row[0] for row in rows}) == len(rows), "an order counts twice"
        return {order: ((load, file, number), is_deleted) for order, load, file, number, is_deleted in rows}


def test_dbt_makes_two_statements(statements: Statements) -> None:
    assert PENDING not in statements.everything
    assert literal(PENDING) in statements.night


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=HISTORIES)
def test_everything_at_once_is_as_the_rule_says(statements: Statements, loads: Loads) -> None:
    warehouse = Warehouse(statements, loads)
    warehouse.build()
    assert warehouse.found(TABLE) == counting(loads)
    twin = latest_version(STAGING, ["order_key"], deleted="is_deleted")
    assert warehouse.found(f"({twin})") == counting(loads)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=HISTORIES, data=st.data())
def test_night_after_night_is_as_the_rule_says_however_often_a_night_is_applied(
    statements: Statements, loads: Loads, data: st.DataObject
) -> None:
    warehouse = Warehouse(statements, loads)
    warehouse.know(1)
    warehouse.build()
    known = 1
    while known < len(loads):
        before, known = known, data.draw(st.integers(known + 1, len(loads)), "loads after this night")
        warehouse.know(known)
        for _ in range(data.draw(st.integers(1, 2), "times applied")):
            warehouse.apply(list(range(before, known)))
            assert warehouse.found(TABLE) == counting(loads[:known])


GONE, ROW = Row("A", "a", True, None), Row("A", "a", False, None)  # both without a time
LATE, EARLY, GONE_THEN = replace(ROW, day=3), replace(ROW, day=1), replace(GONE, day=2)
NAMED = {
    "deleted, then made again in the same load without a time": ([[LATE], [GONE, ROW]], False),
    "deleted, then made again in the same load with an earlier time": ([[LATE], [GONE, EARLY]], False),
    "made again, then deleted in the same load": ([[ROW, GONE]], True),
    "a deletion of a record that nobody knows": ([[GONE]], True),
    "the record comes after its deletion": ([[GONE], [EARLY]], False),
    "no row has a time": ([[ROW], [GONE], [ROW]], False),
    "a late older version after a deletion with a time": ([[GONE_THEN], [EARLY]], True),
    "a late older version after a deletion without one": ([[LATE], [GONE], [EARLY]], False),
    "a newer version that landed before a deletion with a time": ([[LATE], [GONE_THEN]], False),
    "without a time after a deletion with one": ([[GONE_THEN], [ROW]], True),
    "deleted twice": ([[LATE], [GONE], [EARLY], [GONE]], True),
    "in the second file of a load, deleted in the first": ([[replace(ROW, file="b"), GONE]], False),
}


@pytest.mark.parametrize(("loads", "is_gone"), NAMED.values(), ids=NAMED.keys())
def test_these_cases_end_so(statements: Statements, loads: Loads, is_gone: bool) -> None:
    assert counting(loads)["A"][1] is is_gone
    warehouse = Warehouse(statements, loads)
    warehouse.know(1)
    warehouse.build()
    warehouse.know(len(loads))
    for number in range(1, len(loads)):
        warehouse.apply([number])
    assert warehouse.found(TABLE)["A"][1] is is_gone
    warehouse.build()
    assert warehouse.found(TABLE)["A"][1] is is_gone
