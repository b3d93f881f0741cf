"""dbt as a child process: what it reports, how it fails, and that it never outlives the run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import psutil
import pytest

from sales_warehouse import dbt_child
from sales_warehouse import transform as transforming
from sales_warehouse.dbt_events import Node, failure_text, read_event
from sales_warehouse.home import Home
from sales_warehouse.sql import ident, literal
from sales_warehouse.transform import TransformError, fingerprint, transform

VARIABLES = {
    "business_date": "2026-07-01",
    "as_of": "2026-07-01 18:00:00",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "pending_loads": [],
    "identity_batch": 1,
    "run_id": "r1",
}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one model and one test, so that the process is tested and not the warehouse."""
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "tests").mkdir()
    (folder / "profiles.yml").write_text((transforming.PROJECT / "profiles.yml").read_text())
    (folder / "dbt_project.yml").write_text(
        "name: sales_warehouse\nprofile: sales_warehouse\nconfig-version: 2\nmodels: {+materialized: table}\n"
    )
    (folder / "models" / "numbers.sql").write_text("select * from (values (1), (2)) as t (n)")
    monkeypatch.setattr(transforming, "PROJECT", folder)
    return folder


def run(home: Home, **more: object) -> transforming.TransformReport:
    return transform(home, variables={**VARIABLES, **more}, full_refresh=False, on_progress=lambda *_: None)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of parsed projects, of this test alone."""
    monkeypatch.setenv("SALES_WAREHOUSE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "dbt"


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "it's [1] {x}", "company")


def test_a_run_reports_each_node_and_keeps_its_results(project: Path, home: Home) -> None:
    told: list[tuple[str, float, int | None]] = []
    done = transform(home, variables=VARIABLES, full_refresh=True, on_progress=lambda *node: told.append(node))
    assert (done.models, done.tests) == (1, 0)
    assert [name for name, _, _ in told] == ["numbers"]
    results = (home.warehouse / "run_results.parquet").open("rb")
    with results, duckdb.connect() as connection:
        copy = project / "results.parquet"
        copy.write_bytes(results.read())
        rows = connection.execute(f"select run_id, node, kind, status, rows from {literal(str(copy))}").fetchall()
    assert rows == [("r1", "numbers", "model", "success", 2)]


def test_nothing_is_written_into_the_project(project: Path, home: Home) -> None:
    before = {path: path.stat().st_mtime_ns for path in project.rglob("*")}
    run(home)
    assert {path: path.stat().st_mtime_ns for path in project.rglob("*")} == before


def test_a_broken_model_is_named_with_its_file_and_what_to_do(project: Path, home: Home) -> None:
    (project / "models" / "numbers.sql").write_text("select cast('x' as integer) as n")
    (project / "models" / "after.sql").write_text("select * from {{ ref('numbers') }}")
    with pytest.raises(TransformError) as failure:
        run(home)
    text = str(failure.value)
    assert "dbt model numbers failed (numbers.sql)" in text and "Could not convert string 'x'" in text
    assert "because they depend on it: 1." in text and "mend the" in text and "dbt.log" in text


def test_a_broken_assumption_is_named_with_the_test(project: Path, home: Home) -> None:
    (project / "tests" / "assert_small.sql").write_text("select * from {{ ref('numbers') }} where n > 1")
    with pytest.raises(TransformError, match=r"dbt test assert_small failed \(assert_small.sql\)[\s\S]*1 result"):
        run(home)


def test_what_does_not_fit_into_memory_beside_another_model_is_built_alone(
    project: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lists of 20 million numbers cannot spill and take 384 MB each when they grow last: one of two fits into 500."""
    monkeypatch.setenv("SALES_WAREHOUSE_MEMORY", "500MB")
    for name in ("left", "right"):
        (project / "models" / f"{name}.sql").write_text("select len(list(i)) as n from range(20_000_000) as t (i)")
    (project / "models" / "together.sql").write_text(
        "select l.n + r.n as n from {{ ref('left') }} as l cross join {{ ref('right') }} as r"
    )
    told: list[str] = []
    done = transform(home, variables=VARIABLES, full_refresh=True, on_progress=lambda name, *_: told.append(name))
    assert done.models == 4 and sorted({node.name for node in done.nodes}) == ["left", "numbers", "right", "together"]
    assert {node.status for node in done.nodes} == {"success"}
    assert len(told) > 4, "the two were never in each other's way, so nothing was tried"
    with duckdb.connect(str(home.warehouse_file)) as connection:
        assert connection.execute("select n from together").fetchall() == [(40_000_000,)]


def test_what_does_not_fit_into_memory_alone_says_so(
    project: Path, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_MEMORY", "100MB")
    (project / "models" / "numbers.sql").write_text("select len(list(i)) as n from range(100_000_000) as t (i)")
    with pytest.raises(TransformError, match=r"numbers failed[\s\S]*SALES_WAREHOUSE_MEMORY, which is 100MB"):
        run(home)


def test_a_project_that_does_not_parse_says_why(project: Path, home: Home) -> None:
    (project / "models" / "numbers.sql").write_text("select * from {{ ref('nobody') }}")
    with pytest.raises(TransformError, match="nobody"):
        run(home)


def test_more_pending_loads_than_can_be_listed_build_everything(home: Home) -> None:
    many = [f"L{n}" for n in range(transforming.MOST_PENDING + 1)]
    command = transforming._build({**VARIABLES, "pending_loads": many}, full_refresh=True)
    assert "--full-refresh" in command and len(" ".join(command)) < 2000


def test_the_fingerprint_follows_every_file_but_not_what_dbt_leaves(project: Path) -> None:
    before = fingerprint()
    (project / "target").mkdir()
    (project / "target" / "manifest.json").write_text("{}")
    assert fingerprint() == before
    (project / "models" / "numbers.sql").write_text("select 1 as n")
    assert fingerprint() != before


def rows(home: Home, table: str = "numbers") -> list[tuple]:
    with duckdb.connect(str(home.warehouse_file), read_only=True) as connection:
        return connection.execute(f"select * from main.{ident(table)} order by all").fetchall()


def test_a_project_is_parsed_once_and_every_run_has_its_own_day(project: Path, home: Home, cache: Path) -> None:
    """Tampering shows that the second run reads the parsed project and not its files."""
    (project / "models" / "numbers.sql").write_text("select '{{ var('business_date') }}' as day, 'word' as said")
    run(home)
    (kept,) = cache.iterdir()
    assert rows(home) == [("2026-07-01", "word")]
    kept.write_bytes(kept.read_bytes().replace(b"'word'", b"'kept'"))
    run(home, business_date="2026-07-02")
    assert rows(home) == [("2026-07-02", "kept")] and list(cache.iterdir()) == [kept]


def test_other_files_are_parsed_again_and_other_variables_are_filled_in(project: Path, home: Home, cache: Path) -> None:
    run(home)
    (project / "models" / "numbers.sql").write_text("select {{ var('rules', 0) }} as n")
    run(home)
    assert rows(home) == [(0,)]
    run(home, rules=7)
    assert rows(home) == [(7,)] and len(list(cache.iterdir())) == 2


IN_SQL = "{{ config(meta={'day': var('business_date')}) }} select '{{ config.get('meta')['day'] }}' as day"
IN_YML = "models: [{name: numbers, config: {meta: {day: \"{{ var('business_date') }}\"}}}]"


@pytest.mark.parametrize("where", ["model", "description"])
def test_what_asks_for_the_day_while_it_is_parsed_is_told_the_day_of_each_run(
    where: str, project: Path, home: Home, cache: Path
) -> None:
    if where == "description":
        (project / "models" / "numbers.yml").write_text(IN_YML)
    sql = IN_SQL if where == "model" else IN_SQL.split("}} ", 1)[1]
    (project / "models" / "numbers.sql").write_text(sql)
    for day in ("2026-07-01", "2026-07-02"):
        run(home, business_date=day)
        assert rows(home) == [(day,)]


def test_what_is_used_stays_kept(project: Path, home: Home, cache: Path) -> None:
    run(home)
    (kept,) = cache.iterdir()
    os.utime(kept, (1, 1))
    for number in range(dbt_child.KEPT - 1):
        (cache / f"{number}.msgpack").write_bytes(b"old")
        os.utime(cache / f"{number}.msgpack", (2, 2))
    run(home)
    (project / "models" / "numbers.sql").write_text("select 1 as n")
    run(home)
    assert kept.exists() and len(list(cache.iterdir())) == dbt_child.KEPT


@pytest.mark.parametrize("damage", [b"", b"\x81\xa1", b"not a manifest"], ids=["empty", "cut short", "something else"])
def test_a_damaged_cache_is_made_again(damage: bytes, project: Path, home: Home, cache: Path) -> None:
    run(home)
    (kept,) = cache.iterdir()
    kept.write_bytes(damage)
    assert run(home).models == 1
    assert kept.stat().st_size > 1000


def test_only_the_last_parsed_projects_are_kept_and_only_their_owner_reads_them(
    project: Path, home: Home, cache: Path
) -> None:
    cache.mkdir(parents=True, mode=0o700)
    for number in range(6):
        (cache / f"{number}.msgpack").write_bytes(b"old")
        os.utime(cache / f"{number}.msgpack", (number, number))
    run(home)
    assert len(list(cache.iterdir())) == dbt_child.KEPT and not (cache / "0.msgpack").exists()


def test_a_cache_that_cannot_be_written_costs_only_time(project: Path, home: Home, cache: Path) -> None:
    cache.parent.mkdir()
    cache.write_text("a file where a folder should be")
    assert run(home).models == 1


def test_dbt_ends_when_the_run_is_killed(project: Path, home: Home) -> None:
    """kill -9 of the run: dbt, which holds the file's lock, is gone a moment later."""
    endless = "select sum(a.range + b.range) as n from range(10000000) as a, range(1000000) as b"
    (project / "models" / "numbers.sql").write_text(endless)
    script = (
        "import pathlib, sys; from sales_warehouse import transform as t; from sales_warehouse.home import Home\n"
        f"t.PROJECT = pathlib.Path({str(project)!r})\n"
        f"t.transform(Home(pathlib.Path({str(home.root)!r}), 'company'), variables={VARIABLES!r}, full_refresh=False, "
        "on_progress=lambda *_: None)"
    )
    with subprocess.Popen([sys.executable, "-c", script]) as parent:
        child = _wait_for_child(parent.pid, home)
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
    _, alive = psutil.wait_procs([child], timeout=5)
    for process in alive:
        process.kill()
    assert not alive


def _wait_for_child(parent: int, home: Home) -> psutil.Process:
    """Wait until dbt has opened the file."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        children = psutil.Process(parent).children()
        if children and home.warehouse_file.exists():
            time.sleep(1)
            return children[0]
        time.sleep(0.1)
    raise AssertionError("dbt did not start")


def test_a_stopped_run_takes_dbt_with_it(project: Path, home: Home) -> None:
    """Whatever is raised while listening (here: by the progress callback), no child is left behind."""

    def refuse(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        transform(home, variables=VARIABLES, full_refresh=False, on_progress=refuse)
    assert not [c for c in psutil.Process().children() if "sales_warehouse.dbt_child" in " ".join(c.cmdline())]


@pytest.mark.parametrize("line", ["", "not json", "[]", '{"info": 1}'], ids=["empty", "text", "a list", "a number"])
def test_a_line_that_is_no_event_is_kept_as_it_is(line: str) -> None:
    assert read_event(line) == (None, line or None)


def test_a_crash_without_a_word_is_still_an_answer(tmp_path: Path) -> None:
    text = failure_text(
        tmp_path / "none.json", [Node("n", "model", "success", 1, "n.sql")], [], -9, tmp_path / "dbt.log"
    )
    assert "ended with code -9" in text


def test_a_query_that_does_not_fit_into_memory_says_which_setting_to_raise(tmp_path: Path) -> None:
    results = tmp_path / "run_results.json"
    told = {
        "unique_id": "model.sales_warehouse.big",
        "status": "error",
        "message": "Out of Memory Error: (1.8 GiB used)",
    }
    results.write_text(json.dumps({"results": [told]}))
    text = failure_text(results, [Node("big", "model", "error", 1, "big.sql")], [], 1, tmp_path / "dbt.log")
    assert "SALES_WAREHOUSE_MEMORY, which is 2GB" in text and "wrong" not in text
