"""What is true, beside the data: the pipeline never reads it, the proofs do.

truth/mistakes/<day>.parquet   every mistake that was made that night: where, which row, what was written for what
truth/rows/<day>.parquet       rows handed over that night by table: all, clean, of them mended, and
                               repairable, bad, duplicate
truth/customers.parquet        accounts, with their identifier and spelling in each system; the same `company_key`
                               is the same company, `parent_key` the company that one is a branch of
truth/situations.json          what is planted: parameters, the answer by design, the answer in this world
truth/contacts.parquet         contacts; the same `person_key` is the same person
truth/enquiries.parquet        enquiries: the event in another system, the lead that became of it or, where `is_lost`,
                               did not, and whose they are: visitor, account, contact
"""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb

from sales_warehouse.demo.delivery import MEND_VERSION, Delivery
from sales_warehouse.demo.tables import DATABASES
from sales_warehouse.sql import ident, literal

CUSTOMERS = """
select
    account_key, company_key, parent_key, crm_id, member_id, name, crm_name, shop_name,
    case when renamed_at is not null then new_name end as new_name, renamed_at,
    credit_code, region, province, city, industry, opened_at, joined_at
from accounts
order by account_key
"""

CONTACTS = """
select contact_key, contact_id, account_key, person_key, person as name, phone, email, wechat_id
from contacts
order by contact_key
"""

ENQUIRIES = """
select
    lead_key, lead_id, event_system, event_id, visitor_id, happened_at, created_at, is_lost,
    account_key, crm_id, contact_id, person as name, phone, email
from enquiries
where happened_at >= getvariable('start_date')::timestamp
    and created_at < getvariable('last_day')::timestamp + interval 1 day
order by lead_key
"""


def write_night(
    connection: duckdb.DuckDBPyConnection,
    deliveries: list[Delivery],
    since: datetime.date,
    night: datetime.date,
    folder: Path,
) -> None:
    """Keep what was handed over from `since` to `night`; the same night written again replaces its files."""
    marked = f"_at >= {literal(since)}"
    mistakes = " union all ".join(
        f"select {_origin(d)}, _at as visible_at, _name as true_key, _version as version, _kind as kind, "
        f"_severity as severity, _column as column_name, _original as original, {_given(d)} as written "
        f"from {_handed_over(d)} where _kind is not null and {marked}"
        for d in deliveries
    )
    counts = " union all ".join(
        f"select {_origin(d)}, count(*) as row_count, count(*) filter (_kind is null) as clean_count, "
        f"count(*) filter (_version >= {MEND_VERSION}) as mended_count, "
        + ", ".join(f"count(*) filter (_severity = '{s}') as {s}_count" for s in ("repairable", "bad", "duplicate"))
        + f" from {_handed_over(d)} where {marked}"
        for d in deliveries
    )
    _keep(connection, f"{mistakes} order by all", folder / "mistakes" / f"{night}.parquet")
    _keep(connection, f"{counts} order by all", folder / "rows" / f"{night}.parquet")


def write_who_is_who(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Keep which accounts are one company, which contacts are one person, and whose enquiry an event and a lead are."""
    _keep(connection, CUSTOMERS, folder / "customers.parquet")
    _keep(connection, CONTACTS, folder / "contacts.parquet")
    _keep(connection, ENQUIRIES, folder / "enquiries.parquet")


def _origin(delivery: Delivery) -> str:
    return f"{literal(delivery.table.system)} as system, {literal(delivery.table.name)} as table_name"


def _handed_over(delivery: Delivery) -> str:
    """The rows that a reader can see: a database shows the last state of a record only."""
    if delivery.table.system not in DATABASES:
        return ident(delivery.relation)
    latest = "qualify rank() over (partition by _key order by _at desc, _version desc) = 1"
    return f"(select * from {ident(delivery.relation)} {latest})"


def _given(delivery: Delivery) -> str:
    arms = " ".join(
        f"when {literal(column)} then {ident(column)}" for column in sorted({m.column for m in delivery.table.mistakes})
    )
    return f"case _column {arms} end" if arms else "null::varchar"


def _keep(connection: duckdb.DuckDBPyConnection, query: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    scratch = target.with_name(f".{target.name}.tmp")
    connection.execute(f"copy ({query}) to {literal(str(scratch))} (format parquet)")
    scratch.replace(target)
