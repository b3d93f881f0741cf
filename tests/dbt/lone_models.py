"""One model's SQL over tables made up for it, without a build: what a rule needs twenty small companies for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from types import SimpleNamespace

import duckdb
from jinja2 import Environment
from macros import _macros

from sales_warehouse.metrics import analyses
from sales_warehouse.transform import PROJECT

VARIABLES = {
    "business_date": "2026-06-28",
    "as_of": "2026-06-28 12:00:00",
    "time_zone": "Asia/Shanghai",
    "currency": "CNY",
    "false_discovery_rate": 0.05,
    "return_spike_factor": 1.5,
    "return_maturity_days": 30,
    "concentration_cr3_rate": 0.8,
    "movers_kept": 10,
    "pending_loads": [],
    "identity_batch": 0,
}
ENVIRONMENT = Environment(extensions=["jinja2.ext.do"], autoescape=False)
FLAGS = SimpleNamespace(FULL_REFRESH=True)
KEPT = SimpleNamespace(table="", is_there=False)  # what an incremental model has from the nights before
DBT = SimpleNamespace(
    type_string=lambda: "varchar",
    datediff=lambda first, second, part: f"date_diff('{part}', cast({first} as date), cast({second} as date))",
    dateadd=lambda part, number, day: f"({day} + interval ({number}) {part})",
    last_day=lambda day, part: f"cast(date_trunc('{part}', {day}) + interval 1 {part} - interval 1 day as date)",
    generate_series=lambda most: f"select generated_number from range(1, {most} + 1) t(generated_number)",
)


@cache
def entity_keys() -> str:
    """Return the keys of all entities, as Jinja writes them: a macro that returns them gives a text outside of dbt."""
    return ENVIRONMENT.from_string("{{ entity_keys() }}").render(_macros_read()).strip()


@contextmanager
def on(day: str, hour: str = "18:00:00") -> Iterator[None]:
    """Run models as of an hour (UTC) of another business date."""
    kept = dict(VARIABLES)
    VARIABLES.update(business_date=day, as_of=f"{day} {hour}")
    try:
        yield
    finally:
        VARIABLES.update(kept)


@contextmanager
def in_a_night(pending: list[str], identity_batch: int) -> Iterator[None]:
    """Run models as a night does that brings these loads and new codes, and makes nothing anew."""
    FLAGS.FULL_REFRESH = False
    VARIABLES.update(pending_loads=pending, identity_batch=identity_batch)
    try:
        yield
    finally:
        FLAGS.FULL_REFRESH = True
        VARIABLES.update(pending_loads=[], identity_batch=0)


def sql_of(model: str) -> str:
    """Return the SQL of a model or of a nightly test, which reads tables of the names that it refers to."""
    night = f"{FLAGS.FULL_REFRESH} {VARIABLES['pending_loads']} {VARIABLES['identity_batch']} {KEPT.is_there}"
    return _sql_of(model, f"{VARIABLES['as_of']} {night}")


@cache
def _sql_of(model: str, given: str) -> str:
    folder = "tests" if model.startswith("assert_") else "models"
    (file,) = (PROJECT / folder).rglob(f"{model}.sql")
    text = file.read_text(encoding="utf-8").replace("entity_keys()", entity_keys())
    return ENVIRONMENT.from_string(text).render(_macros_read()).strip()


class _This:
    """The table of the model that is being written, as dbt's `this`."""

    def __str__(self) -> str:
        return KEPT.table


@cache
def _macros_read() -> dict[str, object]:
    """The macros by their names, and what dbt gives them."""
    macros: dict[str, object] = {}

    def dispatch(name: str) -> Callable[..., object]:
        found = macros[f"duckdb__{name}"]
        assert callable(found)
        return found

    given = {
        "ref": lambda name: name, "source": lambda schema, name: f"{schema}_{name}",
        "var": VARIABLES.__getitem__, "dbt": DBT, "return": lambda value: value,
        "adapter": SimpleNamespace(dispatch=dispatch), "flags": FLAGS,
        "config": lambda **_: "", "is_incremental": lambda: KEPT.is_there, "this": _This(),
    }  # fmt: skip
    macros |= ENVIRONMENT.from_string(_macros()).make_module(given).__dict__
    return macros | given


def rows_of(connection: duckdb.DuckDBPyConnection, model: str, columns: str) -> list[tuple]:
    """Run a model over the tables of a connection, and return some columns of its rows in their order.

    Unless the connection says otherwise, sources map what every analysis needs.
    """
    connection.execute(
        "create table if not exists stg_settings__analyses as select * from (values "
        + ", ".join(f"('{analysis.id}', null::varchar)" for analysis in analyses())
        + ") t(analysis_id, absent_reason_en)"
    )
    connection.execute(f"create or replace table {model} as {sql_of(model)}")
    return connection.execute(f"select {columns} from {model} order by all").fetchall()


def carry(connection: duckdb.DuckDBPyConnection, model: str, hook: str) -> None:
    """Run a model that carries months as dbt does: all into no table, else what is due in place of its months."""
    found = connection.execute("select 1 from duckdb_tables() where table_name = ?", [model]).fetchall()
    KEPT.table, KEPT.is_there = model, bool(found)
    try:
        if not found:
            connection.execute(f"create table {model} as {sql_of(model)}")
            return
        connection.execute(f"create or replace temp table fresh as {sql_of(model)}")
        connection.execute(f"delete from {model} where month_start_date in (select month_start_date from fresh)")
        connection.execute(f"insert into {model} from fresh")
        connection.execute(ENVIRONMENT.from_string("{{ " + hook + " }}").render(_macros_read()))
    finally:
        KEPT.table, KEPT.is_there = "", False


def give_months(connection: duckdb.DuckDBPyConnection) -> None:
    """The three years up to the business date, as int_sales_months has them: for what carries months."""
    day = f"date '{VARIABLES['business_date']}'"
    months = f"range(date_trunc('month', {day}) - interval 3 year, {day}, interval 1 month) t(month)"
    connection.execute(
        "create or replace table int_sales_months as select month::date as month_start_date, "
        f"least(last_day(month::date), {day}) as last_date, 'f' as fingerprint, 'q' as quarter_fingerprint, "
        f"'y' as year_fingerprint, true as has_year_facts from {months}"
    )


def give_hours(connection: duckdb.DuckDBPyConnection, opens: int = 9, closes: int = 18, days: int = 5) -> None:
    """Make the calendar of every seller of dim_sales_reps: so many days of the week from hour to hour in Shanghai."""
    parts = ", ".join(f"null::timestamp as opens_{part}_at, null::timestamp as closes_{part}_at" for part in (2, 3, 4))
    connection.execute(f"""
        create or replace table dim_calendar_hours as
        select
            'default' as schedule_id, d::date as date_day, isodow(d) <= {days} as is_open,
            sum((isodow(d) <= {days})::int) over so_far as open_day_number,
            coalesce(sum((isodow(d) <= {days})::int) over before, 0) * {closes - opens} * 3600 as open_seconds_before,
            case when isodow(d) <= {days} then d + interval ({opens - 8}) hour end as opens_1_at,
            case when isodow(d) <= {days} then d + interval ({closes - 8}) hour end as closes_1_at, {parts}
        from range(timestamp '2025-01-01', timestamp '2027-12-31', interval 1 day) t(d)
        window so_far as (order by d), before as (order by d rows between unbounded preceding and 1 preceding)""")
    connection.execute(
        "create or replace table int_sales_reps_scheduled as "
        "select rep_key, 'default' as schedule_id from dim_sales_reps"
    )


def give_rules(connection: duckdb.DuckDBPyConnection, **changes: object) -> None:
    """Make the table of rules: the defaults, but for what is said."""
    rules = {
        "significance": 0.05, "least_change_rate": 0.1, "least_count": 30, "least_segment_count": 10,
        "do_managers_sell": True,
        "minimum_heads": 1, "returns_rate": 0.5, "most_moved_rate": 0.1, "least_gain_rate": 0.1,
    } | changes  # fmt: skip
    named = ", ".join(f"{value} as {name}" for name, value in rules.items())
    connection.execute(f"create or replace table stg_settings__comparison_rules as select {named}")
