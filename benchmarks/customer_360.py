"""Measure how fast one customer is read from what is published, at 10 million order lines.

`python benchmarks/customer_360.py` writes accepted rows of every channel (2.5 million orders with 10 million lines and
seven million other events of 100,000 customers, the largest of whom has 2 % of everything), lets dbt build the marts,
publishes them, and then reads 1,000 random customers and the largest one. The way in is left out: other benchmarks
measure it.
"""

from __future__ import annotations

import datetime
import json
import os
import random
import shutil
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from measured import machine

from sales_warehouse import ledger, nights, publish, settings, sql
from sales_warehouse.company.load import load_company
from sales_warehouse.contracts import load_contracts
from sales_warehouse.customer import find, opened, published, read_account
from sales_warehouse.customer.account import TREND
from sales_warehouse.home import Home
from sales_warehouse.identity import identify
from sales_warehouse.identity.contacts import XREF as CONTACTS
from sales_warehouse.identity.customers import XREF
from sales_warehouse.metrics import analysis_rows, metric_rows
from sales_warehouse.settings_tables import SCHEMAS, write_settings, write_table
from sales_warehouse.sql import ident, literal
from sales_warehouse.transform import transform
from sales_warehouse.watch import decisions

COMPANY = Path(__file__).parent / "company"
SOURCE, LOAD = "bulk", "20260630T180000_000000"
DAY, AS_OF = datetime.date(2026, 6, 30), datetime.datetime(2026, 6, 30, 18)

# How many rows of each channel there are for a million order lines.
SHARE = {
    "orders": 250_000, "order_lines": 1_000_000, "returns": 20_000, "invoices": 100_000, "payments": 90_000,
    "visits": 50_000, "calls": 50_000, "chats": 50_000, "web_events": 200_000, "leads": 20_000,
    "opportunities": 20_000, "opportunity_stage_events": 60_000, "quotes": 30_000, "satisfaction_scores": 20_000,
    "customers": 10_000, "contacts": 20_000, "sales_reps": 20, "products": 50,
}  # fmt: skip

LETTERS = {"contacts": "P", "opportunities": "D", "products": "P", "sales_reps": "S"}


def _rows(count: dict[str, int]) -> dict[str, str]:
    """The columns of each channel that are filled, as SQL over the number `i` of the row."""

    def some(entity: str, salt: int) -> str:
        return f"'{SOURCE}:{LETTERS[entity]}' || (hash(i, {salt}) % {count[entity]})"

    # A cube lies near 0 most often: few customers have most of the rows, as in a real company.
    customer = f"'{SOURCE}:C' || cast(floor({count['customers']} * pow((hash(i, 7) % 1000003) / 1000003, 3)) as bigint)"
    at = "timestamp '2024-07-01' + to_seconds((hash(i, 3) % 63000000)::bigint)"
    place = "['华东', '华南', '华北', '华中', '西南'][1 + (hash(i, 9) % 5)::integer]"
    number, rep, contact = "(hash(i, 5) % 900)::integer", some("sales_reps", 2), some("contacts", 8)
    return {
        "customers": "'C' || i as customer_id, '客户' || i || '有限公司' as name, '华中' as region, '武汉' as city",
        "contacts": f"""'P' || i as contact_id, '{SOURCE}:C' || (i % {count["customers"]}) as customer_id,
            '联系人' || i as name,
            ['decision_maker', 'influencer', 'user', 'gatekeeper', 'unknown'][1 + {number} % 5] as role""",
        "sales_reps": f"'S' || i as rep_id, 'Rep ' || i as name, {place} as region",
        "products": "'P' || i as product_id, 'Product ' || i as name, 'line ' || (i % 9) as product_line",
        "orders": f"""'O' || i as order_id, {customer} as customer_id, {rep} as owner_rep_id,
            ['online_store', 'field', 'phone'][1 + {number} % 3] as channel, {place} as region, 'CNY' as currency,
            case when {number} % 50 = 0 then 'cancelled' else 'paid' end as status, {at} as ordered_at""",
        "order_lines": f"""'O' || (i // 4) as order_id, i % 4 + 1 as line_number,
            {some("products", 4)} as product_id, 1 + {number} % 9 as quantity, 10 + {number} as unit_price_amount,
            0 as discount_amount, 0 as tax_amount""",
        "returns": f"""'T' || i as return_id, '{SOURCE}:O' || (i * 12) as order_id, 1 as line_number, 1 as quantity,
            5 as refund_amount, 'broken' as reason, {at} as returned_at""",
        "invoices": f"""'I' || i as invoice_id, '{SOURCE}:O' || (i * 2) as order_id, 100 as amount,
            cast({at} as date) as due_date""",
        "payments": f"'Y' || i as payment_id, '{SOURCE}:I' || i as invoice_id, 100 as amount, {at} as paid_at",
        "visits": f"""'V' || i as visit_id, {customer} as customer_id, {contact} as contact_id, {rep} as rep_id,
            {at} as started_at, '已沟通' as outcome""",
        "calls": f"""'K' || i as call_id, {customer} as customer_id, {rep} as rep_id, 'outbound' as direction,
            {at} as started_at, 60 as duration_seconds""",
        "chats": f"'H' || i as chat_id, {customer} as customer_id, 'wechat' as platform, {at} as started_at",
        "web_events": f"""'E' || i as event_id, {contact} as contact_id, 'page_view' as event_type,
            {at} as occurred_at""",
        "leads": f"""'L' || i as lead_id, {customer} as customer_id, 'website' as channel, {at} as created_at,
            'new' as status""",
        "opportunities": f"""'D' || i as opportunity_id, {customer} as customer_id, {rep} as owner_rep_id,
            1000 as amount, {at} as created_at, ['open', 'won', 'lost'][i % 3 + 1] as status,
            case when i % 3 > 0 then {at} + interval 30 day end as closed_at""",
        "opportunity_stage_events": """'D' || (i // 3) as opportunity_id,
            timestamp '2025-01-01' + to_days((i % 3 * 9)::integer) as entered_at,
            ['需求确认', '方案确认', '商务谈判'][i % 3 + 1] as stage, i % 3 + 1 as stage_order, 1000 as amount""",
        "quotes": f"""'Q' || i as quote_id, 1 as version, {some("opportunities", 6)} as opportunity_id, 900 as amount,
            {at} as created_at""",
        "satisfaction_scores": f"""'Z' || i as survey_id, '{SOURCE}:O' || i as order_id, 4 as score, 5 as max_score,
            {at} as answered_at""",
    }


def main(
    lines: Annotated[int, typer.Option(help="Order lines.", min=100_000)] = 10_000_000,
    customers: Annotated[int, typer.Option(help="Random customers that are read.")] = 1_000,
    folder: Annotated[Path | None, typer.Option(help="Where state goes; default: var/benchmark_360.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the state, and read it again next time.")] = False,
) -> None:
    """Make, build, publish and read; print Markdown."""
    home = Home((folder or settings.state_folder() / "benchmark_360").resolve(), "benchmark")
    if not (home.current / "warehouse.duckdb").exists():
        shutil.rmtree(home.root, ignore_errors=True)
        make(home, lines)
        build(home)
    print(f"{machine()}; load {os.getloadavg()[0]:.1f}\n")
    _sizes(home)
    _read(home, customers)
    if not keep:
        shutil.rmtree(home.root, ignore_errors=True)


def make(home: Home, lines: int) -> None:
    """Write accepted rows of every channel for so many order lines, and who is the customer."""
    count = {entity: max(1, share * lines // 1_000_000) for entity, share in SHARE.items()}
    filled, company = _rows(count), load_company(COMPANY)
    named: dict[Path, tuple[dict[str, str], str | None]] = {}
    with sql.connect(temp=home.tmp) as db:
        for entity, contract in load_contracts().items():
            target = home.accepted / entity / f"_load_id={LOAD}"
            target.mkdir(parents=True)
            select = f"select i, {filled[entity]} from range({count[entity]}) as t(i)" if entity in filled else None
            if entity in ("customers", "contacts"):
                _copy(db, contract.schema, None, target / f"{SOURCE}.parquet")
                named[target / f"{SOURCE}.parquet"] = (contract.schema, select)
            else:
                _copy(db, contract.schema, select, target / f"{SOURCE}.parquet")
        # The tables of identity as they are when nobody is known; then everybody has a code of their own.
        identify(home, company.identity, 1, AS_OF)
        for file, (schema, select) in named.items():
            _copy(db, schema, select, file)
        keys = {"customer": "'C' || upper(left(sha256(i::varchar), 16))", "contact": "'P' || i"}
        for name, schema in (("customer", XREF), ("contact", CONTACTS)):
            letter = {"customer": "C", "contact": "P"}[name]
            row = f"""'{SOURCE}' as source, '{letter}' || i as {name}_id, {keys[name]} as {name}_key,
                'own_record' as rule"""
            select = f"select {row} from range({count[name + 's']}) as t(i)"
            _copy(db, _columns(schema), select, home.identity / f"{name}_xref.parquet")
    ledger.write_ledger(home, company, [], [], "benchmark")
    nights.settle(home)
    decisions.write_table(home)
    write_settings(home, company, as_of=AS_OF, business_date=DAY, first_date=datetime.date(2024, 7, 1))
    # the sources of the company map less than is written here
    every = {f"{entity}.{column}" for entity, contract in load_contracts().items() for column in contract.columns}
    with sql.connect(temp=home.tmp) as db:
        write_table(db, SCHEMAS["metrics"], metric_rows(company.metrics, every), home.settings / "metrics.parquet")
        write_table(db, SCHEMAS["analyses"], analysis_rows(every), home.settings / "analyses.parquet")


def _columns(schema: str) -> dict[str, str]:
    return {part.split()[0]: part.split()[1] for part in schema.split(", ")}


def _copy(db: duckdb.DuckDBPyConnection, schema: dict[str, str], select: str | None, target: Path) -> None:
    """Write the columns of a schema, those that the query does not have as nulls."""
    given = [column[0] for column in db.sql(select).limit(0).description] if select else []
    values = {"_source": literal(SOURCE), "_file": "'rows'", "_row_number": "i"} if select else {}
    columns = ", ".join(
        f"cast({ident(name) if name in given else values.get(name, 'null')} as {kind}) as {ident(name)}"
        for name, kind in schema.items()
        if name != "_load_id"
    )
    rows = f"from ({select})" if select else "limit 0"
    db.execute(f"copy (select {columns} {rows}) to {literal(str(target))} (format parquet)")


def build(home: Home) -> None:
    """Let dbt build the marts and publish them; print how long it took."""
    variables = {
        "business_date": f"{DAY}", "as_of": f"{AS_OF}", "time_zone": "Asia/Shanghai", "currency": "CNY",
        "pending_loads": [], "identity_batch": 1, **load_company(COMPANY).analyses.model_dump(),
    }  # fmt: skip
    started = time.monotonic()
    done = transform(home, variables=variables, full_refresh=True, on_progress=lambda *_: None)
    print(f"dbt build: {time.monotonic() - started:.1f} s; of which")
    ours = ("fct_customer_", "fct_deal_", "trust_customer_", "trust_order_", "fct_touchpoints", "fct_order_lines",
            "assert_timeline_", "assert_customer_")  # fmt: skip
    for node in done.nodes:
        if node.name.startswith(ours):
            print(f"- {node.name}: {node.seconds:.1f} s")
    started = time.monotonic()
    publish.publish(home, run_id="benchmark", business_date=DAY, as_of=AS_OF)
    print(f"\npublish: {time.monotonic() - started:.1f} s")


def _sizes(home: Home) -> None:
    with opened(home) as db:
        query = "select count(*), count(distinct customer_key) from "
        for mart in ("fct_order_lines", "fct_customer_timeline", "fct_customer_months"):
            rows, keys = db.execute(query + mart).fetchall()[0]
            print(f"- {mart}: {rows:,} rows of {keys:,} customers")
    print(f"- file: {(home.current / 'warehouse.duckdb').stat().st_size / 2**20:,.0f} MiB\n")


def _read(home: Home, customers: int) -> None:
    with opened(home) as db:
        everyone = db.execute(
            "select customer_key, count(*) from fct_customer_timeline where customer_key <> 'unknown' "
            "group by 1 order by 2 desc, 1"
        ).fetchall()
    largest, events = everyone[0]
    keys = random.Random(360).sample([key for key, _ in everyone], min(customers, len(everyone)))  # noqa: S311 - a sample
    _scanned(home, largest, keys[0])
    print(f"\nThe largest customer has {events:,} events, the middle one {everyone[len(everyone) // 2][1]:,}.\n")
    print("| what | connection | customers | p50 ms | p95 ms | max ms | CPU p50 | CPU p95 | CPU max |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    with opened(home) as db:
        _line("purchase trend, one query", "warm", keys, lambda key: db.execute(TREND, {"key": key}).fetchall())
        _line("the whole account", "warm", keys, lambda key: read_account(db, key))
        _line("the whole account, the largest", "warm", [largest] * 10, lambda key: read_account(db, key))
        _line("search by key", "warm", keys[:100], lambda key: find(db, key))
        _line("search by part of the name", "warm", keys[:50], lambda key: find(db, "客户" + str(len(key)) + "7"))
    _line("the whole account", "as the page looks", keys, lambda key: _looked(home, key))
    _line("the whole account", "opened anew for each", keys[:50], lambda key: _fresh(home, key))
    _line("the whole account, the largest", "opened anew for each", [largest] * 10, lambda key: _fresh(home, key))
    _line("the timeline as a view", "warm", keys[:3], _view(home))


def _looked(home: Home, key: str) -> None:
    """A look as the page takes it: the file stays open from look to look."""
    with opened(home) as db:
        read_account(db, key)


def _fresh(home: Home, key: str) -> None:
    """A look as the command takes it, whose process opens the file."""
    published._kept.cache_clear()
    _looked(home, key)


def _view(home: Home) -> Callable[[str], object]:
    """The same timeline as a view: what dbt made of the model, with the customer asked for from outside."""
    (compiled,) = home.warehouse.glob("dbt_target/compiled/**/marts/fct_customer_timeline.sql")
    database = sql.connect(home.warehouse_file, temp=home.tmp, read_only=True)
    query = f"select * from ({compiled.read_text(encoding='utf-8')}) where customer_key = $key"
    return lambda key: database.execute(query, {"key": key}).fetchall()


def _line(what: str, connection: str, keys: list[str], read: Callable[[str], object]) -> None:
    wall, cpu = [], []
    for key in keys:
        started, worked = time.perf_counter(), time.process_time()
        read(key)
        wall.append((time.perf_counter() - started) * 1000)
        cpu.append((time.process_time() - worked) * 1000)
    cuts, worked = (statistics.quantiles(taken, n=20, method="inclusive") for taken in (wall, cpu))
    figures = (cuts[9], cuts[18], max(wall), worked[9], worked[18], max(cpu))
    print(
        f"| {what} | {connection} | {len(keys):,} | {' | '.join(f'{figure:.1f}' for figure in figures)} |", flush=True
    )


def _scanned(home: Home, largest: str, other: str) -> None:
    """Say how many rows the scan for a customer looks at: groups of 122,880 rows of others are skipped."""
    with opened(home) as db:
        for key in (other, largest):
            for mart in ("fct_customer_timeline", "fct_customer_months", "fct_touchpoints"):
                query = f"explain (analyze, format json) select * from {mart} where customer_key = {literal(key)}"
                node = json.loads(db.execute(query).fetchall()[0][1])
                while node.get("operator_type") != "TABLE_SCAN":
                    node = node["children"][0]
                scanned, gave = node["operator_rows_scanned"], node["operator_cardinality"]
                print(f"- {mart}: {scanned:,} rows scanned for {gave:,}")


if __name__ == "__main__":
    sys.exit(typer.run(main))
