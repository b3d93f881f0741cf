"""Which sources say when their orders were paid: what the mappings of orders give."""

from __future__ import annotations

import datetime
from pathlib import Path

import duckdb
import pytest
from written_company import files_source, write_company

from sales_warehouse import steps
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.run import Run
from sales_warehouse.settings_tables import write_settings

MOMENT = datetime.datetime(2026, 6, 28, 10)
DATED, UNDATED = "{order_id: no, status: state, paid_at: paid}", "{order_id: no, status: state}"
GONE = "{order_id: no}, deleted: 'true'"
OTHERS = "{invoice_id: no}"
# what mappings give → whether the source says when its orders were paid
MAPPINGS = {
    "the moment": ([("orders", DATED)], True),
    "the status alone": ([("orders", UNDATED)], False),
    "no orders": ([("invoices", OTHERS)], False),
    "the moment, and the status alone of other orders": ([("orders", DATED), ("orders", UNDATED)], False),
    "the moment, and which orders are gone": ([("orders", DATED), ("orders", GONE)], True),
    "the moment, and other things": ([("orders", DATED), ("invoices", OTHERS)], True),
}


def run_of(tmp_path: Path, name: str, mappings: list[tuple[str, str]]) -> Run:
    """A run of a company whose shop has a table for each mapping."""
    described = "tables:\n"
    for number in range(len(mappings)):
        described += f"  t{number}: {{files: 't{number}.csv', format: csv, columns: [no, state, paid]}}\n"
    described += "mappings:\n"
    for number, (entity, columns) in enumerate(mappings):
        described += f"  - {{entity: {entity}, from: t{number}, columns: {columns}}}\n"
    (tmp_path / name).mkdir()
    company = load_company(write_company(tmp_path / name, shop=files_source("shop", described)))
    return Run(Home(tmp_path, f"var_{name}"), company, "test", MOMENT, MOMENT.date())


@pytest.mark.parametrize(("mappings", "tells"), MAPPINGS.values(), ids=MAPPINGS.keys())
def test_a_source_says_when_orders_were_paid_if_all_that_give_a_status_do(
    mappings: list[tuple[str, str]], tells: bool, tmp_path: Path
) -> None:
    run = run_of(tmp_path, "small", mappings)
    write_settings(run.home, run.company, as_of=MOMENT, business_date=run.business_date, first_date=run.business_date)
    found = duckdb.sql(f"from read_parquet('{run.home.settings}/payment_sources.parquet')").fetchall()
    assert found == ([("shop",)] if tells else [])


def test_a_mapping_of_which_nothing_has_landed_makes_the_tables_new_where_it_changes_what_paid_is(
    tmp_path: Path,
) -> None:
    """Rows carry it: orders that landed long ago are read otherwise, and no load of theirs was mapped anew."""
    one, same, other = (
        steps._code(run_of(tmp_path, f"c{number}", [("orders", DATED), *more]))
        for number, more in enumerate(([], [("invoices", OTHERS)], [("orders", UNDATED)]))
    )
    assert one == same != other
