"""Exports of Salesforce, HubSpot, Zendesk and Intercom become channels by configuration alone."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from sales_warehouse import steps

HERE = Path(__file__).parent
SETTING = "SALES_WAREHOUSE_TEST_DATA"
EXPORTS = Path(os.environ.get(SETTING, "")) / "connector_shapes"

pytestmark = [
    pytest.mark.data,
    pytest.mark.slow,
    pytest.mark.skipif(not os.environ.get(SETTING), reason=f"{SETTING} names no folder; see tests/README.md"),
]

MARTS = (  # beside those that chain.py has anyway
    "fct_opportunities", "fct_opportunity_stage_events", "fct_calls", "fct_chats", "fct_chat_messages", "fct_visits",
)  # fmt: skip


def export(name: str) -> list[dict[str, str]]:
    with (EXPORTS / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


def is_true(text: str) -> bool:
    return text.lower() == "true"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published file after one refresh of the company that has all four systems."""
    state = tmp_path_factory.mktemp("connectors")
    ended = subprocess.run(
        [sys.executable, str(HERE.parent / "refresh" / "chain.py"), "docs/connectors"],
        env={
            **os.environ, "SALES_WAREHOUSE_VAR": str(state), "EXPORTS": str(EXPORTS),
            "SALES_WAREHOUSE_TEST_FEW_MARTS": " ".join(MARTS),
        },
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr[-3000:]
    return state / "connectors" / "published" / "current" / "warehouse.duckdb"


def select(published: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(published), read_only=True) as connection:
        return connection.execute(query).fetchall()


def books(published: Path, source: str, entity: str) -> dict[str, int]:
    columns = ["landed", "excluded", "quarantined", "deleted", "merged", "current", "unexplained"]
    listed = ", ".join(f"{column}_count" for column in columns)
    where = f"source = '{source}' and entity = '{entity}'"
    (row,) = select(published, f"select {listed} from marts.trust_row_accounting where {where}")
    return dict(zip(columns, row, strict=True))


def test_every_row_of_every_export_is_accounted_for(published: Path) -> None:
    rows = select(published, "select source, entity, landed_count, unexplained_count from marts.trust_row_accounting")
    assert {source for source, *_ in rows} == {"salesforce", "hubspot", "zendesk", "intercom"}
    assert len(rows) == 27  # three tables of HubSpot are only joined
    assert all(landed > 0 and unexplained == 0 for *_, landed, unexplained in rows)


def test_deleted_opportunities_leave_the_marts(published: Path) -> None:
    rows = export("salesforce/sf_opportunity_data")
    gone = sum(is_true(row["is_deleted"]) for row in rows)
    told = books(published, "salesforce", "opportunities")
    assert (told["landed"], told["deleted"], told["current"]) == (len(rows), gone, len(rows) - gone)
    found = select(published, "select count(*) from marts.fct_opportunities where opportunity_key like 'salesforce:%'")
    assert found == [(len(rows) - gone,)]


def test_opportunities_have_their_history(published: Path) -> None:
    stages = export("hubspot/deal_stage_data")
    known = {row["deal_id"] for row in export("hubspot/deal_data") if not is_true(row["is_deleted"])}
    entries = {(row["deal_id"], row["date_entered"]) for row in stages if row["deal_id"] in known}
    found = select(published, "select count(*) from marts.fct_opportunity_stage_events")
    assert found == [(len(entries),)]
    assert books(published, "hubspot", "opportunities")["current"] == len(known) == 44


def test_opportunities_have_the_values_of_the_export(published: Path) -> None:
    status = {"closedwon": "won", "closedlost": "lost"}
    told = {
        f"hubspot:{row['deal_id']}": (
            Decimal(row["property_amount"] or 0),  # a deal that has none yet counts with 0
            row["property_createdate"] or None,
            status.get(row["deal_pipeline_stage_id"], "open"),
        )
        for row in export("hubspot/deal_data")
        if not is_true(row["is_deleted"])
    }
    query = "select opportunity_key, amount, created_at, opportunity_status from marts.fct_opportunities"
    rows = select(published, f"{query} where opportunity_key like 'hubspot:%'")
    assert {key: (amount, at and f"{at:%Y-%m-%d %H:%M:%S}", word) for key, amount, at, word in rows} == told


def accepted(source: str, query: str, temp: Path, patched: pytest.MonkeyPatch, **changed: list[dict[str, str]]) -> list:
    """Ask the accepted rows of a source, some files of whose export are these ones; `{entity}` is an entity's rows."""
    shutil.copytree(EXPORTS, temp / "exports")
    for name, rows in changed.items():
        with (temp / "exports" / source / f"{name}.csv").open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    patched.setenv("SALES_WAREHOUSE_VAR", str(temp / "var"))
    patched.setenv("EXPORTS", str(temp / "exports"))
    run = steps.make_run(Path("docs/connectors"), business_date=None)
    for step in (steps.extract, steps.conform, steps.gate):
        step(run, source)
    entities = ("calls", "opportunities", "opportunity_stage_events")
    files = {name: f"read_parquet('{run.home.accepted}/{name}/_load_id=2*/*.parquet')" for name in entities}
    return duckdb.sql(query.format(**files)).fetchall()


def test_a_task_that_says_so_is_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No task of the export is a call, so one is made one."""
    rows = export("salesforce/sf_task_data")
    rows[0] |= {"task_subtype": "Call", "call_type": "Inbound", "call_duration_in_seconds": "95"}
    query = f"select direction, duration_seconds, started_at from {{calls}} where call_id = '{rows[0]['id']}'"
    ((direction, seconds, at),) = accepted("salesforce", query, tmp_path, monkeypatch, sf_task_data=rows)
    assert (direction, seconds, f"{at:%Y-%m-%d %H:%M:%S}") == ("inbound", 95, rows[0]["activity_date"])


STAGES = "select stage, stage_order from {opportunity_stage_events} order by entered_at desc limit 3"


def test_stages_of_hubspot_have_the_places_of_their_pipeline_and_say_which_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names of stages are a matter of taste; 100 % is won, 0 % is lost."""
    deals = export("hubspot/deal_data")
    one, other = deals[:2]
    one["deal_pipeline_stage_id"], other["deal_pipeline_stage_id"] = "72", "73"
    places = export("hubspot/deal_pipeline_stage_data")
    kinds = (("71", "Talks", "0.4", "1"), ("72", "Yes!", "1.0", "2"), ("73", "Oh no", "0.0", "3"))
    places += [
        places[0] | {"stage_id": key, "label": label, "probability": probability, "display_order": order}
        for key, label, probability, order in kinds
    ]
    entered = export("hubspot/deal_stage_data")
    for deal, stage, day in ((one, "71", "07"), (one, "72", "06"), (other, "73", "05")):
        entered.append(
            entered[0] | {"deal_id": deal["deal_id"], "value": stage, "date_entered": f"2023-06-{day} 10:00:00"}
        )
    changed = {
        "deal_data": deals, "deal_pipeline_stage_data": places, "deal_stage_data": entered,
    }  # fmt: skip
    assert accepted("hubspot", STAGES, tmp_path / "stages", monkeypatch, **changed) == [
        ("Talks", 2), ("Closed Won", 3), ("Closed Lost", 4),
    ]  # fmt: skip
    status = "select opportunity_id, status from {opportunities} where status <> 'open' order by 2"
    assert accepted("hubspot", status, tmp_path / "status", monkeypatch, **changed) == [
        (other["deal_id"], "lost"), (one["deal_id"], "won"),
    ]  # fmt: skip


def test_stages_of_salesforce_have_their_places_and_say_which_close(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history = export("salesforce/sf_opportunity_history_data")
    for stage, day, is_closed, is_won in (
        ("Negotiation/Review", "07", "false", "false"), ("Done", "06", "true", "true"), ("Gone", "05", "true", "false"),
    ):  # fmt: skip
        history.append(
            history[0]
            | {"stage_name": stage, "is_closed": is_closed, "is_won": is_won, "is_deleted": "false"}
            | {"_fivetran_start": f"2023-06-{day} 10:00:00"}
        )
    found = accepted("salesforce", STAGES, tmp_path, monkeypatch, sf_opportunity_history_data=history)
    assert found == [("Negotiation/Review", 8), ("Closed Won", None), ("Closed Lost", None)]


def test_tasks_and_events_become_calls_and_visits(published: Path) -> None:
    events = export("salesforce/sf_event_data")
    calls = sum(row["type"] == "Call" for row in events)
    tasks = export("salesforce/sf_task_data")
    found = select(published, "select duration_seconds from marts.fct_calls where source = 'salesforce'")
    assert len(found) == calls
    seconds = {int(float(row["duration_in_minutes"])) * 60 for row in events if row["type"] == "Call"}
    assert {duration for (duration,) in found} == seconds
    visits = select(published, "select count(*) from marts.fct_visits where source = 'salesforce'")
    assert visits == [(len(events) - calls,)]
    told = books(published, "salesforce", "calls")
    assert told["landed"] == len(events) + len(tasks)
    assert told["excluded"] == len(tasks) + len(events) - calls  # not one of these tasks is a call


def test_conversations_have_their_messages(published: Path) -> None:
    parts = [row for row in export("intercom/conversation_part_history_data") if row["part_type"] != "note"]
    active = [row for row in export("intercom/conversation_history_data") if is_true(row["_fivetran_active"])]
    tickets = export("zendesk/ticket_data")
    chats = dict(select(published, "select source, count(*) from marts.fct_chats group by source"))
    assert chats == {
        "intercom": len({row["id"] for row in active}),
        "zendesk": sum(row["status"] != "deleted" for row in tickets),
    }
    messages = dict(select(published, "select source, count(*) from marts.fct_chat_messages group by source"))
    assert messages == {"intercom": len(parts), "zendesk": len(export("zendesk/ticket_comment_data"))}


def test_everything_that_has_a_customer_or_not_is_on_the_timeline(published: Path) -> None:
    found = dict(select(published, "select touchpoint_type, count(*) from marts.fct_touchpoints group by 1"))
    for kind, mart in (("call", "fct_calls"), ("visit", "fct_visits"), ("chat", "fct_chats")):
        assert [(found[kind],)] == select(published, f"select count(*) from marts.{mart}")
