"""DAGs: exactly these, wired by assets, following the rules of the house, and cheap to parse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from airflow.sdk import DAG, TriggerRule
from policy_rules import complaints
from small_company import SOURCES

from sales_warehouse import settings
from sales_warehouse.airflow import factory, order
from sales_warehouse.airflow.sources import source_list

DAG_FILES = sorted((settings.PROJECT / "dags").glob("*.py"))
IDS = {
    "ingest_crm", "ingest_shop", "micro_batch", "purge", "replay", "required_actions", "respond", "warehouse", "watch",
}  # fmt: skip


def test_there_are_exactly_these_dags(dags: dict[str, DAG]) -> None:
    assert set(dags) == IDS


def test_sources_are_the_names_of_the_files(company: Path) -> None:
    assert source_list(company) == list(SOURCES)


def test_a_file_name_that_cannot_be_a_source_is_named(tmp_path: Path) -> None:
    (tmp_path / "sources").mkdir()
    (tmp_path / "sources" / "My Shop.yml").touch()
    with pytest.raises(ValueError, match=r"My Shop\.yml.*Rename the file"):
        source_list(tmp_path)


def test_steps_of_a_source_come_in_their_order(dags: dict[str, DAG]) -> None:
    assert _path(dags["ingest_shop"]) == ["extract", "conform", "gate", "hand_over", "verdict"]


def test_steps_of_the_warehouse_come_in_their_order(dags: dict[str, DAG]) -> None:
    assert _path(dags["warehouse"]) == ["past_night", "identify", "transform", "audit", "publish", "publish_postgres"]


def test_corrected_rows_are_let_in_before_the_marts_are_refreshed(dags: dict[str, DAG]) -> None:
    assert _path(dags["replay"]) == ["correct", "let_in", "refresh_marts"]
    assert not order.has_own_time(dags["replay"])
    assert not order.triggers(dags["replay"])


def test_between_the_nights_nothing_starts_by_itself_until_somebody_says_when(
    dags: dict[str, DAG], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert _path(dags["micro_batch"]) == ["read_now", "refresh_marts"]
    assert not order.has_own_time(dags["micro_batch"])
    monkeypatch.setenv("SALES_WAREHOUSE_MICRO_BATCH_CRON", "*/10 8-20 * * *")
    assert order.has_own_time(factory.micro_batch_dag())


def test_nothing_is_purged_by_itself_until_somebody_says_when(
    dags: dict[str, DAG], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And by hand it is only shown, unless the form says otherwise."""
    assert _path(dags["purge"]) == ["purge", "refresh_marts"]
    assert not order.has_own_time(dags["purge"]) and not order.triggers(dags["purge"])
    assert dags["purge"].params["remove"] is False
    monkeypatch.setenv("SALES_WAREHOUSE_PURGE_CRON", "0 6 1 * *")
    assert order.has_own_time(factory.purge_dag())
    assert factory.purge_dag().params["remove"] is True


def test_people_are_asked_and_what_they_need_not_answer_is_withdrawn(dags: dict[str, DAG]) -> None:
    """Each for itself: a night without a question may have one to withdraw."""
    asking = {task.task_id: task.downstream_task_ids for task in dags["required_actions"].tasks}
    assert asking == {"undecided": {"ask"}, "ask": set(), "settled": {"withdraw"}, "withdraw": set()}
    assert _path(dags["respond"]) == ["ask", "record"]


def test_the_warehouse_stops_at_the_first_step_that_fails(dags: dict[str, DAG]) -> None:
    assert {task.trigger_rule for task in dags["warehouse"].tasks} == {TriggerRule.ALL_SUCCESS}


def test_the_verdict_is_the_only_leaf_of_a_source(dags: dict[str, DAG]) -> None:
    assert [task.task_id for task in dags["ingest_shop"].leaves] == ["verdict"]


def test_assets_start_the_warehouse_and_then_the_alerts(dags: dict[str, DAG]) -> None:
    assert order.triggers(dags["warehouse"]) == {"accepted/crm", "accepted/shop"}
    assert order.triggers(dags["watch"]) == {"published"}


def test_the_warehouse_also_starts_by_the_clock(dags: dict[str, DAG]) -> None:
    assert order.has_own_time(dags["warehouse"])
    assert not order.has_own_time(dags["watch"])


def test_every_asset_that_somebody_waits_for_has_a_producer(dags: dict[str, DAG]) -> None:
    produced = set().union(*(order.outlets(dag) for dag in dags.values()))
    read = {inlet.name for dag in dags.values() for task in dag.tasks for inlet in task.inlets}
    assert read | order.triggers(dags["warehouse"]) | order.triggers(dags["watch"]) <= produced


def test_without_a_scheduler_producers_run_before_their_consumers(dags: dict[str, DAG]) -> None:
    assert [dag.dag_id for dag in order.in_order(dags)] == [
        "ingest_crm",
        "ingest_shop",
        "micro_batch",
        "purge",
        "replay",
        "respond",
        "warehouse",
        "watch",
        "required_actions",
    ]


def test_every_dag_follows_the_rules_of_the_house(dags: dict[str, DAG]) -> None:
    assert [text for dag in dags.values() for text in complaints(dag)] == []


def _untag(dag: DAG) -> None:
    dag.tags = {"misc"}


def _forget_triage(dag: DAG) -> None:
    dag.doc_md = "### What\nSomething."


def _disown(dag: DAG) -> None:
    dag.task_dict["extract"].owner = "airflow"


def _unpool(dag: DAG) -> None:
    dag.task_dict["extract"].pool = "default_pool"


def _unlimit(dag: DAG) -> None:
    dag.task_dict["extract"].execution_timeout = None


def _try_once(dag: DAG) -> None:
    dag.task_dict["extract"].retries = 0


def _catch_up(dag: DAG) -> None:
    dag.catchup = True


def _overlap(dag: DAG) -> None:
    dag.max_active_runs = 16


@pytest.mark.parametrize(
    ("break_rule", "complaint"),
    [
        pytest.param(_untag, "use one or more of policy.Tag", id="a tag outside the list"),
        pytest.param(_forget_triage, "'### When it fails'", id="no notes on what to do when it fails"),
        pytest.param(_disown, "owner 'airflow'", id="nobody of ours owns a task"),
        pytest.param(_unpool, "pool 'default_pool'", id="a task outside our pools"),
        pytest.param(_unlimit, "no time limit", id="a task may run for ever"),
        pytest.param(_try_once, "is not tried again", id="a task without retries"),
        pytest.param(_catch_up, "catchup is on", id="catchup"),
        pytest.param(_overlap, "two runs may overlap", id="overlapping runs"),
    ],
)
def test_a_dag_that_breaks_a_rule_is_told_how_to_mend_it(break_rule: Callable[[DAG], None], complaint: str) -> None:
    dag = factory.ingest_dag("shop")
    assert complaints(dag) == []
    break_rule(dag)
    assert complaint in "\n".join(complaints(dag))


def test_the_pause_between_tries_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_RETRY_SECONDS", "7")
    assert factory.ingest_dag("shop").task_dict["extract"].retry_delay == timedelta(seconds=7)


WATCHED_PARSE = """
import json, runpy, sys
import airflow.sdk, airflow.providers.standard.operators.python, croniter
touched = []
def hook(event, arguments):
    if event in ("open", "os.listdir", "os.scandir", "socket.connect", "subprocess.Popen", "sqlite3.connect"):
        touched.append([event, str(arguments[0])])
sys.addaudithook(hook)
for file in sys.argv[1:]:
    runpy.run_path(file)
print(json.dumps({"touched": touched, "modules": sorted(sys.modules)}))
"""


def _parse(company: Path, *files: Path) -> dict:
    environment = {**os.environ, "SALES_WAREHOUSE_COMPANY": str(company)}
    command = [sys.executable, "-c", WATCHED_PARSE, *map(str, files)]
    answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(answer.stdout.splitlines()[-1])


def _touched_of_company(seen: dict, company: Path) -> list[list[str]]:
    """Return what was done to the company's folder, the network, databases and processes; the one list is allowed."""
    allowed = str(company / "sources")
    outside = ("socket.connect", "subprocess.Popen", "sqlite3.connect")
    return [[e, what] for e, what in seen["touched"] if e in outside or (str(company) in what and what != allowed)]


def test_parsing_reads_nothing_but_the_list_of_sources(company: Path) -> None:
    seen = _parse(company, *DAG_FILES)
    assert _touched_of_company(seen, company) == []
    assert any(what == str(company / "sources") for _, what in seen["touched"])
    assert {"duckdb", "pandas", "pyarrow", "dbt", "great_expectations"} & set(seen["modules"]) == set()


def test_a_dag_file_that_reads_more_is_caught(company: Path, tmp_path: Path) -> None:
    curious = tmp_path / "curious.py"
    curious.write_text(f"open({str(company / 'company.yml')!r}).read()\nimport duckdb\n", encoding="utf-8")
    seen = _parse(company, curious)
    assert _touched_of_company(seen, company) == [["open", str(company / "company.yml")]]
    assert "duckdb" in seen["modules"]


def _path(dag: DAG) -> list[str]:
    return [task.task_id for task in dag.topological_sort()]
