"""The true rows of a demo world as accepted rows: what the marts say of it, without its systems and its mistakes."""

from __future__ import annotations

import datetime
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import accepted_files as files
import duckdb
from ruamel.yaml import YAML

from sales_warehouse import settings as program
from sales_warehouse.company.comparisons import ComparisonsFile
from sales_warehouse.company.models import DemoFile
from sales_warehouse.company.playbooks import SCHEMAS, PlaybooksFile, playbook_rows
from sales_warehouse.demo.answers import measure
from sales_warehouse.demo.generator import Generator, open_generator
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import comparison_rules
from sales_warehouse.sql import ident, literal
from sales_warehouse.transform import PROJECT, child_environment

END = datetime.date(2026, 6, 28)
SOURCE, LOAD = "crm", "20260628T100000_000000"
# What happened by the evening of the last day; the world's clock is eight hours ahead of UTC.
SEEN = f"<= timestamp '{END} 18:00:00'"
UTC = "{} - interval 8 hour"
Accepted = Mapping[str, tuple[str, Mapping[str, str]]]
ACCEPTED: Accepted = {
    "customers": ("accounts", {
        "customer_id": "account_key", "name": "name", "industry": "industry", "region": "region", "addressable": "true",
    }),
    "products": ("products", {
        "product_id": "crm_id", "name": "product", "product_line": "product_line", "category": "category",
        "price_band": "price_band",
    }),
    "sales_reps": ("reps", {
        "rep_id": "rep_id", "name": "person", "team": "team", "department": "department", "region": "region",
        "manager_rep_id": "'crm:' || manager_id", "fte": "fte", "hired_date": "hired_date", "left_date": "left_date",
    }),
    "leads": (f"enquiries where created_at {SEEN}", {
        "lead_id": "lead_id", "customer_id": "'crm:' || account_key", "channel": "channel", "status": "'working'",
        "created_at": UTC.format("created_at"), "owner_rep_id": "'crm:' || rep_id",
        "first_assigned_at": f"case when assigned_at {SEEN} then {UTC.format('assigned_at')} end",
    }),
    "opportunities": (f"deals where created_at {SEEN}", {
        "opportunity_id": "deal_id", "customer_id": "'crm:' || account_key", "lead_id": "'crm:' || lead_id",
        "owner_rep_id": "'crm:' || owner_id", "product_line": "product_line", "amount": "final_amount",
        "created_at": UTC.format("created_at"),
        "closed_at": f"case when closed_at {SEEN} then {UTC.format('closed_at')} end",
        "status": f"case when closed_at {SEEN} then case when is_won then 'won' else 'lost' end else 'open' end",
    }),
    "orders": (f"""(
            select 'S' || order_key as order_id, account_key, region, null as deal_id, ordered_at, paid_at,
            is_cancelled, 'online_store' as channel
            from shop_orders
            union all
            select 'F' || order_key, account_key, region, deal_id, ordered_at, paid_at, is_cancelled, 'field' from
            field_orders
        ) where ordered_at {SEEN}""", {
        "order_id": "order_id", "customer_id": "'crm:' || account_key", "region": "region", "channel": "channel",
        "opportunity_id": "'crm:' || deal_id", "ordered_at": UTC.format("ordered_at"), "paid_at": UTC.format("paid_at"),
        "status": "case when is_cancelled then 'cancelled' when paid_at is not null then 'paid' else 'shipped' end",
    }),
    "order_lines": (f"""(
            select 'S' || order_key as order_id, line_no, p.crm_id as product_id, quantity, price, discount, ordered_at
            from shop_lines join products as p using (sku)
            union all
            select 'F' || order_key, line_no, product_id, quantity, price, discount, ordered_at from field_lines
        ) where ordered_at {SEEN}""", {
        "order_id": "order_id", "line_number": "line_no", "product_id": "'crm:' || product_id",
        "quantity": "quantity", "unit_price_amount": "price", "discount_amount": "discount",
    }),
    "calls": (f"""calls
            left join (select lead_key * 10 + 1 as call_key, account_key from leads) as l using (call_key)
            left join (select crm_id, min(account_key) as owner_key from accounts group by all) as a using (crm_id)
            where started_at {SEEN} and direction = 'outbound'""", {
        "call_id": "calls.call_id", "rep_id": "'crm:' || calls.rep_id", "direction": "direction",
        "started_at": UTC.format("started_at"), "customer_id": "'crm:' || coalesce(l.account_key, a.owner_key)",
    }),
}  # fmt: skip


def build(
    home: Home,
    temp: Path,
    settings: DemoFile,
    situations: Mapping[str, object],
    *models: str,
    accepted: Accepted = ACCEPTED,
) -> dict[str, Mapping]:
    """Make a world, and the named models of it with all that they need; return the measured answers.

    `accepted` says which of its true rows came in: entity → what follows `from`, and column → expression.
    """
    settings = settings.model_copy(update={"situations": type(settings.situations).model_validate(situations)})
    files.write_empty_company(home)
    write_rules(home)
    write_playbooks(home)
    with open_generator(settings, temp) as world:
        world.unfold(world.start, END)
        write_rows(home, world, accepted)
        days = world.connection.execute(
            f"select day, is_workday, is_holiday from rhythm(date '2024-01-01', date '{END.year}-12-31')"
        ).fetchall()
        answers = {name: measure(world, name, situation) for name, situation in settings.situations.active()}
    files.write_settings(
        home, "calendar", [dict(zip(("date_day", "is_workday", "is_holiday"), day, strict=True)) for day in days]
    )
    run_models(home, *models)
    return answers


def write_rules(home: Home) -> None:
    """Sellers as the demo company counts them: without managers, and without the team that answers online."""
    file = ComparisonsFile.model_validate({"sellers": {"managers": False, "teams_without": ["在线客服组"]}})
    names = ("significance", "least_change_rate", "least_count", "least_segment_count", "do_managers_sell",
             "minimum_heads", "returns_rate", "most_moved_rate", "least_gain_rate")  # fmt: skip
    files.write_settings(home, "comparison_rules", [dict(zip(names, comparison_rules(file), strict=True))])
    files.write_settings(home, "not_selling", [{"unit_type": "team", "unit_name": "在线客服组"}])


def write_playbooks(home: Home) -> None:
    """The playbooks of the demo company."""
    written = YAML(typ="safe").load(program.PROJECT / "config" / "demo" / "playbooks.yml")
    for table, rows in playbook_rows(PlaybooksFile.model_validate(written)).items():
        files.write_settings(home, table, [dict(zip(SCHEMAS[table], row, strict=True)) for row in rows])


def write_rows(home: Home, world: Generator, accepted: Accepted = ACCEPTED) -> None:
    """Write the true rows of a world, and every account as a customer of its own."""
    for entity, (rows, columns) in accepted.items():
        write_accepted(world.connection, home, LOAD, entity, columns, rows)
    keys = world.connection.execute("select account_key::varchar from accounts").fetchall()
    files.write_customer_identities(home, {(SOURCE, key): (f"K{key}", 1) for (key,) in keys})


def write_accepted(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    load: str,
    entity: str,
    columns: Mapping[str, str],
    rows: str,
    source: str = SOURCE,
) -> None:
    """Write an accepted file of an entity: column of the contract → expression, over what follows `from`."""
    path = home.accepted / entity / f"_load_id={load}" / f"{source}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    named = {"_source": f"'{source}'", "_file": "'world'", "_row_number": "row_number() over ()", **columns}
    connection.execute(f"create or replace temp table accepted ({files.contract_schema(entity)})")
    connection.execute(
        f"insert into accepted ({', '.join(map(ident, named))}) select {', '.join(named.values())} from {rows}"
    )
    connection.execute(f"copy accepted to {literal(str(path))} (format parquet)")


def run_models(home: Home, *models: str) -> None:
    """Run dbt for some models and what they need, in a fresh copy of the project."""
    given = {
        "business_date": f"{END}", "as_of": f"{END} 12:00:00", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "pending_loads": [], "identity_batch": 1,
    }  # fmt: skip
    home.warehouse.mkdir(parents=True, exist_ok=True)
    home.tmp.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", str(home.warehouse / "logs"), "build",
         "--full-refresh", "--resource-type", "model", "--resource-type", "seed",
         "--select", *(f"+{model}" for model in models), "--project-dir", str(PROJECT),
         "--profiles-dir", str(PROJECT), "--target-path", str(home.warehouse / "target"), "--vars", json.dumps(given)],
        env=child_environment() | {
            "SALES_WAREHOUSE_HOME_DIR": str(home.dir),
            "SALES_WAREHOUSE_WORKING_FILE": str(home.warehouse / "working.duckdb"),
            "SALES_WAREHOUSE_TEMP": str(home.tmp),
        }, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-6000:]
