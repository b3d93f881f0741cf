"""Writes a small company's accepted, identity, settings and ledger Parquet by hand, as the earlier steps would."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import duckdb

from sales_warehouse import settings_tables
from sales_warehouse.company.comparisons import ComparisonsFile
from sales_warehouse.company.funnel import LeadStatuses, Stages
from sales_warehouse.contracts import load_contracts
from sales_warehouse.home import Home
from sales_warehouse.metrics import MetricsFile, analysis_rows, metric_rows
from sales_warehouse.nights import incidents, judgements
from sales_warehouse.settings_tables import SCHEMAS
from sales_warehouse.sql import ident, literal
from sales_warehouse.watch import decisions

Row = Mapping[str, object]

SETTINGS = {table: ", ".join(f"{name} {kind}" for name, kind in columns.items()) for table, columns in SCHEMAS.items()}
IDENTITY = {
    "customer_xref": "source VARCHAR, customer_id VARCHAR, customer_key VARCHAR, rule VARCHAR, probability DOUBLE, "
    "since TIMESTAMP",
    "customer_rekeyed": "source VARCHAR, customer_id VARCHAR, batch BIGINT",
    "decisions": "entity VARCHAR, decision_id VARCHAR, kind VARCHAR, record VARCHAR, is_split_off BOOLEAN, "
    "decided_by VARCHAR, why VARCHAR, decided_at TIMESTAMP, undone_by VARCHAR, undone_why VARCHAR, undone_at TIMESTAMP",
    "customer_log": "batch BIGINT, changed_at TIMESTAMP, source VARCHAR, customer_id VARCHAR, old_key VARCHAR, "
    "new_key VARCHAR, rule VARCHAR, probability DOUBLE",
    "customer_review": "left_record VARCHAR, right_record VARCHAR, why VARCHAR, probability DOUBLE",
    "contact_xref": "source VARCHAR, contact_id VARCHAR, contact_key VARCHAR, rule VARCHAR, contact_hash VARCHAR, "
    "key_id VARCHAR, since TIMESTAMP",
    "contact_rekeyed": "source VARCHAR, contact_id VARCHAR, batch BIGINT",
    "contact_log": "batch BIGINT, changed_at TIMESTAMP, source VARCHAR, contact_id VARCHAR, old_key VARCHAR, "
    "new_key VARCHAR, rule VARCHAR",
}
LEDGER = {
    "loads": "source VARCHAR, load_id VARCHAR, status VARCHAR, extracted_at TIMESTAMP, rows_landed BIGINT, "
    "error VARCHAR",
    "row_counts": "source VARCHAR, entity VARCHAR, load_id VARCHAR, reported BIGINT, landed BIGINT, excluded BIGINT, "
    "folded BIGINT, accepted BIGINT, repeated BIGINT, quarantined BIGINT, waiting BIGINT, "
    "repaired BIGINT, dirty BIGINT, doubtful BIGINT",
    "repairs": "source VARCHAR, entity VARCHAR, load_id VARCHAR, column_name VARCHAR, repair VARCHAR, row_count BIGINT",
    "quarantine_counts": "source VARCHAR, entity VARCHAR, load_id VARCHAR, rule VARCHAR, column_name VARCHAR, "
    "reason_en VARCHAR, reason_zh VARCHAR, row_count BIGINT",
    "drift": "source VARCHAR, source_table VARCHAR, origin VARCHAR, kind VARCHAR, column_name VARCHAR, found VARCHAR, "
    "load_id VARCHAR, seen_at TIMESTAMP, is_refused BOOLEAN",
    "refusals": "source VARCHAR, source_table VARCHAR, origin VARCHAR, reason VARCHAR, first_refused_at TIMESTAMP, "
    "last_refused_at TIMESTAMP, refusal_status VARCHAR",
    "arrivals": "source VARCHAR, load_id VARCHAR, origin VARCHAR, arrived_at TIMESTAMP, event_date DATE, "
    "first_event_at TIMESTAMP, last_event_at TIMESTAMP",
    "readings": "source VARCHAR, load_id VARCHAR, read_at TIMESTAMP",
    "purges": "source VARCHAR, entity VARCHAR, retention_class VARCHAR, business_date DATE, purged_at TIMESTAMP, "
    "text_count BIGINT",
    "pending_loads": "load_id VARCHAR",
    "rules": "rules VARCHAR",
}
HISTORY = {
    "kpi_values": "metric_id VARCHAR, period_grain VARCHAR, period_start_date DATE, dimension_name VARCHAR, "
    "dimension_value VARCHAR, numerator DECIMAL(28,8), denominator DECIMAL(28,8), value DECIMAL(28,8), "
    "is_gone BOOLEAN, as_of TIMESTAMP, business_date DATE, version VARCHAR, rules VARCHAR",
    "incident_events": ", ".join(f"{name} {kind}" for name, kind in incidents.SCHEMA.items()) + ", version VARCHAR",
    "alert_judgements": ", ".join(f"{name} {kind}" for name, kind in judgements.SCHEMA.items()),
}
CALENDAR = {
    "calendar": """
        SELECT date_day, is_open AS is_workday, false AS is_holiday, year_number AS fiscal_year_number,
            quarter_number AS fiscal_quarter_number, date_trunc('year', date_day) AS fiscal_year_start_date,
            date_trunc('quarter', date_day) AS fiscal_quarter_start_date
        FROM days ORDER BY date_day""",
    "calendar_hours": """
        SELECT 'default' AS schedule_id, date_day, is_open, 32400 * is_open::INT AS open_seconds,
            count(*) FILTER (is_open) OVER (ORDER BY date_day) AS open_day_number,
            32400 * (count(*) FILTER (is_open) OVER (ORDER BY date_day) - is_open::INT) AS open_seconds_before,
            CASE WHEN is_open THEN date_day + INTERVAL 1 HOUR END AS opens_1_at,
            CASE WHEN is_open THEN date_day + INTERVAL 10 HOUR END AS closes_1_at
        FROM days ORDER BY date_day""",
    "schedules": "SELECT 'default' AS schedule_id, 'The company''s hours' AS name_en, '公司工作时间' AS name_zh",
}


def write_parquet(path: Path, schema: str, rows: Iterable[Row]) -> None:
    """Write rows by column name; a column that a row does not name is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect() as connection:
        connection.execute(f"CREATE TABLE t ({schema})")
        for row in rows:
            names, values = ", ".join(map(ident, row)), ", ".join(map(literal, row.values()))
            connection.execute(f"INSERT INTO t ({names}) VALUES ({values})")
        connection.execute(f"COPY t TO {literal(str(path))} (FORMAT parquet)")


def contract_schema(entity: str) -> str:
    schema = load_contracts()[entity].schema
    return ", ".join(f"{ident(name)} {kind}" for name, kind in schema.items() if name != "_load_id")


def write_empty_company(home: Home) -> None:
    """Write every table that the project reads, without rows but for the calendar of 2025 and 2026."""
    for entity in load_contracts():
        write_parquet(home.accepted / entity / "_load_id=_none" / "_schema.parquet", contract_schema(entity), [])
    for folder, tables in ((home.settings, SETTINGS), (home.identity, IDENTITY), (home.ledger, LEDGER)):
        for table, schema in tables.items():
            write_parquet(folder / f"{table}.parquet", schema, [])
    write_settings(home, "dealer_rules", [{"stale_after_days": 14, "supply_window_days": 28}])
    write_settings(home, "funnel", [
        {"maturity_days": 90, "odd_score": "3.5", "odd_minimum_entered": 50},
    ])  # fmt: skip
    write_settings(home, "lead_statuses", [
        {"status_word": word, "is_lost": is_lost} for word, is_lost in LeadStatuses().rows()
    ])  # fmt: skip
    write_settings(home, "deal_stages", [
        dict(zip(SCHEMAS["deal_stages"], row, strict=True)) for row in Stages().rows()
    ])  # fmt: skip
    write_settings(home, "stall_limits", [{"stage": "*", "limit_type": "calendar", "limit_days": 30}])
    for table in HISTORY:
        write_history(home, table, "_schema", [])
    decisions.write_table(home)
    write_calendar(home, datetime.date(2025, 1, 1), datetime.date(2026, 12, 31))
    write_metrics(home)
    rules = settings_tables.comparison_rules(ComparisonsFile())
    write_settings(home, "comparison_rules", [dict(zip(SCHEMAS["comparison_rules"], rules, strict=True))])


def write_metrics(home: Home, without: Collection[str] = ()) -> None:
    """Write the registry for a company whose sources fill every column but those named, as `entity.column`."""
    columns = {f"{entity}.{column}" for entity, contract in load_contracts().items() for column in contract.columns}
    filled = columns.difference(without)
    for table, rows in (("metrics", metric_rows(MetricsFile(), filled)), ("analyses", analysis_rows(filled))):
        write_settings(home, table, [dict(zip(SCHEMAS[table], row, strict=True)) for row in rows])


def write_calendar(home: Home, first: datetime.date, last: datetime.date) -> None:
    """Write a calendar whose weekdays are worked from 9 to 18 in Shanghai, and whose fiscal year is the year."""
    with duckdb.connect() as connection:
        connection.execute(f"""
            CREATE TABLE days AS
            SELECT d::DATE AS date_day, isodow(d) < 6 AS is_open, year(d) AS year_number, quarter(d) AS quarter_number
            FROM generate_series({literal(first)}::TIMESTAMP, {literal(last)}::TIMESTAMP, INTERVAL 1 DAY) t(d)
        """)
        for table, rows in CALENDAR.items():
            path = home.settings / f"{table}.parquet"
            connection.execute(f"CREATE OR REPLACE TABLE t ({SETTINGS[table]})")
            connection.execute(f"INSERT INTO t BY NAME {rows}")
            connection.execute(f"COPY t TO {literal(str(path))} (FORMAT parquet)")


def write_settings(home: Home, table: str, rows: Iterable[Row]) -> None:
    write_parquet(home.settings / f"{table}.parquet", SETTINGS[table], rows)


def write_history(home: Home, table: str, version: str, rows: Iterable[Row]) -> None:
    write_parquet(home.history / table / f"{version}.parquet", HISTORY[table], rows)


def write_ledger(home: Home, table: str, rows: Iterable[Row]) -> None:
    write_parquet(home.ledger / f"{table}.parquet", LEDGER[table], rows)


def write_load(home: Home, source: str, load_id: str, entities: Mapping[str, Iterable[Row]]) -> None:
    """Write one accepted load of a source; rows are numbered in the order given.

    A reference without a colon names a record of the same source, as `C1` of the shop becomes `shop:C1`. A row is as
    new as the column of its contract says that tells it.
    """
    for entity, rows in entities.items():
        version_by = load_contracts()[entity].version_by
        numbered = [
            {"_source": source, "_file": f"{entity}.csv", "_row_number": number,
             "_version_at": row.get(version_by or ""), **_owned(source, entity, row)}
            for number, row in enumerate(rows, start=1)
        ]  # fmt: skip
        path = home.accepted / entity / f"_load_id={load_id}" / f"{source}.parquet"
        write_parquet(path, contract_schema(entity), numbered)


def _owned(source: str, entity: str, row: Row) -> Row:
    references = load_contracts()[entity].references
    return {
        name: f"{source}:{value}" if name in references and value is not None and ":" not in str(value) else value
        for name, value in row.items()
    }


def write_customer_identities(home: Home, keys: Mapping[tuple[str, str], tuple[str, int]]) -> None:
    """Write the cross-reference, and what is new in it: (source, customer_id) → (customer_key, batch)."""
    since = datetime.datetime(2026, 1, 1)
    more = {"rule": "own_record", "since": since}
    _write_identities(home, "customer", [
        {"source": source, "customer_id": record, "customer_key": key, "batch": batch} | more
        for (source, record), (key, batch) in keys.items()
    ])  # fmt: skip


def write_contact_identities(home: Home, keys: Mapping[tuple[str, str], tuple[str, int]]) -> None:
    """Write the cross-reference, and what is new in it: (source, contact_id) → (contact_key, batch)."""
    _write_identities(home, "contact", [
        {"source": source, "contact_id": record, "contact_key": key, "rule": "own_record", "batch": batch}
        for (source, record), (key, batch) in keys.items()
    ])  # fmt: skip


def _write_identities(home: Home, entity: str, rows: list[dict[str, object]]) -> None:
    for table in (f"{entity}_xref", f"{entity}_rekeyed"):
        names = {part.split()[0] for part in IDENTITY[table].split(", ")}
        kept = [{name: cell for name, cell in row.items() if name in names} for row in rows]
        write_parquet(home.identity / f"{table}.parquet", IDENTITY[table], kept)
