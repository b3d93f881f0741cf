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
from sales_warehouse.latest_version import latest_version, versions_told
from sales_warehouse.sql import literal
from sales_warehouse.transform import PROJECT, child_environment

pytestmark = pytest.mark.slow

PENDING = "the pending one"
STAGED = {
    "orders": "order_key",
    "stores": "store_key",
}  # a fact, and a dimension whose deleted members keep their cells
CELLS = {"orders": ("channel", "currency"), "stores": ("store_name", "city")}


@dataclass(frozen=True)
class Row:
    """What a source says of an order, or of a store with its name and city; `day` is its version."""

    order: str
    file: str
    is_deleted: bool
    day: int | None
    cells: tuple[str | None, str | None] = (None, None)


Place = tuple[str, str, int]  # load, file, row
Loads = list[list[Row]]
ROWS = st.builds(Row, st.sampled_from("AB"), st.sampled_from("ab"), st.booleans(), st.none() | st.integers(1, 3))
CELL = st.none() | st.sampled_from("xyz")
SAYING = st.builds(lambda row, *said: replace(row, cells=said), ROWS, CELL, CELL)
TELLING_HISTORIES = st.lists(st.lists(SAYING, max_size=4), min_size=1, max_size=5)
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


def cells(loads: Loads, *, keep: bool = True) -> dict[str, tuple]:
    """The rule: what a record says, or said last where its deletion leaves it out and cells are kept.

    It said last what counted before: of its latest life (each deletion without a version ends one), the latest version.
    """
    found, rows = {}, told(loads)
    for order, (winner, is_deleted) in counting(loads).items():
        life, last = 0, (-1, 0, ("", "", 0), (None, None))
        for place, row in rows:
            if row.order == order:
                life += row.is_deleted and row.day is None
                if not row.is_deleted:
                    last = max(last, (life, row.day or 0, place, row.cells))
        said = next(row.cells for place, row in rows if place == winner)
        pairs = zip(said, last[3], strict=True)
        found[order] = tuple(now or then for now, then in pairs) if is_deleted and keep else said
    return found


def changed(loads: Loads, *, keep: bool) -> dict[str, str]:
    """The rule: each order → the load that last changed what it says, deletions included.

    What is said is looked at after every row. A deletion without a version ends a life, which is a change.
    """
    found: dict[str, str] = {}
    said: dict[str, tuple] = {}
    for number, rows in enumerate(loads):
        landing = [row for file in "ab" for row in rows if row.file == file]
        for count, row in enumerate(landing, 1):
            so_far = [*loads[:number], landing[:count]]
            now = (counting(so_far)[row.order][1], cells(so_far, keep=keep)[row.order])
            if said.get(row.order) != now or (row.is_deleted and row.day is None):
                found[row.order] = f"L{number}"
            said[row.order] = now
    return found


@dataclass(frozen=True)
class Statements:
    """What dbt makes of the model of an entity: for everything, and for a night with `PENDING` loads."""

    entity: str
    everything: str
    night: str

    @property
    def key(self) -> str:
        return STAGED[self.entity]

    @property
    def staging(self) -> str:
        return f'"working"."staging"."stg_accepted__{self.entity}"'

    @property
    def table(self) -> str:
        return f'"working"."intermediate"."int_{self.entity}_deduplicated"'


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Statements]:
    home = Home(tmp_path_factory.mktemp("compiled"), "empty")
    files.write_empty_company(home)
    shutil.copytree(PROJECT, home.warehouse / "project")
    home.tmp.mkdir()
    models = [f"int_{entity}_deduplicated" for entity in STAGED]
    dbt(home, "run", "--full-refresh", "--select", *(f"stg_accepted__{entity}" for entity in STAGED), *models)
    made = []
    for how in (["--full-refresh"], []):
        dbt(home, "compile", *how, "--select", *models)
        found = [next((home.warehouse / "target" / "compiled").rglob(f"{model}.sql")) for model in models]
        made.append([file.read_text(encoding="utf-8") for file in found])
    return {entity: Statements(entity, *texts) for entity, *texts in zip(STAGED, *made, strict=True)}


@pytest.fixture(scope="session")
def statements(compiled: dict[str, Statements]) -> Statements:
    return compiled["orders"]


@pytest.fixture(scope="session")
def keeping(compiled: dict[str, Statements]) -> Statements:
    return compiled["stores"]


def dbt(home: Home, *arguments: str) -> None:
    variables = json.dumps({**world.VARIABLES, "pending_loads": [PENDING], "identity_batch": 1})
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", "../logs", *arguments,
         "--profiles-dir", ".", "--target-path", "../target", "--vars", variables],
        cwd=home.warehouse / "project", env=child_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


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
        self.connection.execute(f"create table {statements.staging} ({schema})")
        for (load, file, number), row in told(loads):
            day = row.day and f"2026-06-0{row.day}"
            told_ = (row.order, row.is_deleted, day, load, file, number, *row.cells)
            columns = [statements.key, "is_deleted", "_version_at", "_load_id", "_file", "_row_number"]
            columns += CELLS[statements.entity]
            self.connection.execute(
                f"insert into {statements.staging} ({', '.join(columns)}) values ({', '.join(map(literal, told_))})"
            )
        self.all_rows = self.rows(statements.staging)

    def rows(self, relation: str) -> list[tuple]:
        return self.connection.execute(f"from {relation}").fetchall()

    def know(self, loads: int) -> None:
        """Let the staging hold the first loads alone."""
        staging = self.statements.staging
        self.connection.execute(f"delete from {staging}")
        holes = ", ".join("?" * len(self.connection.execute(f"describe {staging}").fetchall()))
        if self.all_rows:
            self.connection.executemany(f"insert into {staging} values ({holes})", self.all_rows)
        self.connection.execute(f"delete from {staging} where _load_id >= 'L{loads}'")

    def build(self) -> None:
        self.connection.execute(f"create or replace table {self.statements.table} as {self.statements.everything}")

    def apply(self, pending: list[int]) -> None:
        """Do what dbt's delete+insert does with the rows of a night."""
        names = ", ".join(literal(f"L{number}") for number in pending)
        self.connection.execute(
            f"create or replace temp table made as {self.statements.night.replace(literal(PENDING), names)}"
        )
        key, table = self.statements.key, self.statements.table
        self.connection.execute(f"delete from {table} where {key} in (select {key} from made)")
        self.connection.execute(f"insert into {table} by name from made")

    def found(self, relation: str | None = None) -> dict[str, tuple[Place, bool]]:
        rows = self.connection.execute(
            f"select {self.statements.key}, _load_id, _file, _row_number, is_deleted "
            f"from {relation or self.statements.table} order by all"
        ).fetchall()
        assert len({row[0] for row in rows}) == len(rows), "an order counts twice"
        return {order: ((load, file, number), is_deleted) for order, load, file, number, is_deleted in rows}

    def changed(self) -> dict[str, str]:
        query = f"select {self.statements.key}, _changed_load_id from {self.statements.table}"
        return dict(self.connection.execute(query).fetchall())

    def cells(self, relation: str | None = None) -> dict[str, tuple]:
        columns = f"{self.statements.key}, {', '.join(CELLS[self.statements.entity])}"
        rows = self.connection.execute(f"select {columns} from {relation or self.statements.table}").fetchall()
        return {order: tuple(said) for order, *said in rows}


def test_dbt_makes_two_statements(statements: Statements) -> None:
    assert PENDING not in statements.everything
    assert literal(PENDING) in statements.night


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=HISTORIES)
def test_everything_at_once_is_as_the_rule_says(statements: Statements, loads: Loads) -> None:
    warehouse = Warehouse(statements, loads)
    warehouse.build()
    assert warehouse.found() == counting(loads)
    twin = latest_version(statements.staging, ["order_key"], deleted="is_deleted")
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
            assert warehouse.found() == counting(loads[:known])


@pytest.mark.parametrize("entity", STAGED)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=TELLING_HISTORIES, data=st.data())
def test_the_load_that_changed_a_record_is_the_same_at_once_and_night_after_night(
    compiled: dict[str, Statements], entity: str, loads: Loads, data: st.DataObject
) -> None:
    """Also when a night is applied again, alone or with a load that has come since; with and without kept cells."""
    statements, keep = compiled[entity], entity == "stores"
    at_once = Warehouse(statements, loads)
    at_once.build()
    assert at_once.changed() == changed(loads, keep=keep)
    warehouse = Warehouse(statements, loads)
    warehouse.know(1)
    warehouse.build()
    known = 1
    while known < len(loads):
        before, known = known, data.draw(st.integers(known + 1, len(loads)), "loads after this night")
        for until in sorted({data.draw(st.integers(before + 1, known), "loads of a night that was killed"), known}):
            warehouse.know(until)
            warehouse.apply(list(range(before, until)))
            assert warehouse.changed() == changed(loads[:until], keep=keep)


SAID = Row("A", "a", False, 1, ("x", "y"))
LEFT_OUT = Row("A", "a", True, 2, (None, "y"))  # a deletion that says the second cell alone
SPOKEN, BACK = replace(LEFT_OUT, cells=SAID.cells), replace(SAID, day=3)
CHANGING = {
    "sent again and again": ([[SAID], [SAID], [SAID]], "L0", "L0"),
    "deleted, and the deletion sent again": ([[SAID], [LEFT_OUT], [LEFT_OUT]], "L1", "L1"),
    "deleted, and the deletion says what was kept": ([[SAID], [LEFT_OUT], [SPOKEN]], "L2", "L1"),
    "what a deleted one said last comes late": ([[LEFT_OUT], [SAID], [SAID]], "L0", "L1"),
    "deleted and back as it was": ([[SAID], [LEFT_OUT], [BACK], [BACK]], "L2", "L2"),
}  # fmt: skip


@pytest.mark.parametrize(("loads", "bare", "kept"), CHANGING.values(), ids=CHANGING.keys())
def test_these_loads_changed_a_record(compiled: dict[str, Statements], loads: Loads, bare: str, kept: str) -> None:
    for entity, load in (("orders", bare), ("stores", kept)):
        assert changed(loads, keep=entity == "stores") == {"A": load}
        warehouse = Warehouse(compiled[entity], loads)
        warehouse.know(1)
        warehouse.build()
        warehouse.know(len(loads))
        for number in range(1, len(loads)):
            warehouse.apply([number])
        assert warehouse.changed() == {"A": load}
        warehouse.build()
        assert warehouse.changed() == {"A": load}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(loads=TELLING_HISTORIES, data=st.data())
def test_a_deleted_member_of_a_dimension_keeps_what_its_deletion_leaves_out(
    keeping: Statements, loads: Loads, data: st.DataObject
) -> None:
    """Everything at once, night after night, and in the twin for what runs before dbt."""
    warehouse = Warehouse(keeping, loads)
    warehouse.build()
    assert warehouse.cells() == cells(loads)
    told_, key = versions_told(keeping.staging, [keeping.key], deleted="is_deleted"), keeping.key
    kept = ", ".join(f"coalesce(n.{name}, o.{name}) as {name}" for name in CELLS["stores"])
    assert warehouse.found(f"(from ({told_}) where _counts)") == counting(loads)
    both = f"with t as ({told_}) select n.{key}, {kept} from t as n left join t as o"
    both += f" on o.{key} = n.{key} and not o._counts"
    assert warehouse.cells(f"({both} where n._counts)") == cells(loads)
    warehouse.know(1)
    warehouse.build()
    known = 1
    while known < len(loads):
        before, known = known, data.draw(st.integers(known + 1, len(loads)), "loads after this night")
        warehouse.know(known)
        warehouse.apply(list(range(before, known)))
        assert (warehouse.found(), warehouse.cells()) == (counting(loads[:known]), cells(loads[:known]))


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
    assert warehouse.found()["A"][1] is is_gone
    warehouse.build()
    assert warehouse.found()["A"][1] is is_gone
