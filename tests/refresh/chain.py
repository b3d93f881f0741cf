"""Runs the steps of a refresh one after the other in this process, as a child of a test: `chain.py COMPANY [DATE]`.

A step of a source that fails does not stop the others, as in the DAGs. Exit code 0, or 1 when a step failed. With
SALES_WAREHOUSE_TEST_FEW_MARTS=1 the marts below are built and no others: what is tested is then the way, not the
figures. The setting may also name more of them, with spaces between them.
"""

from __future__ import annotations

import atexit
import datetime
import os
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import duckdb

from sales_warehouse import settings, steps
from sales_warehouse.run import Run

sys.path.insert(0, str(Path(__file__).parents[1]))
from few_marts import only

FEW_MARTS = (
    "fct_sales_daily", "fct_touchpoints", "dim_customer_records", "trust_row_accounting", "trust_source_freshness",
    "trust_quarantine_reasons", "alert_metrics",
)  # fmt: skip


def suites_of_few_marts() -> None:
    """Let the audit read suites from a folder from which those can be removed whose marts are not built."""
    suites = Path(tempfile.mkdtemp())
    atexit.register(shutil.rmtree, suites, ignore_errors=True)
    shutil.copytree(settings.PROJECT / "expectations", suites / "expectations")
    steps.settings = SimpleNamespace(**{**vars(settings), "PROJECT": suites})


def leave_out_suites(run: Run) -> None:
    """Remove the suites of marts that were not built."""
    with duckdb.connect(str(run.home.warehouse_file), read_only=True) as connection:
        query = "select table_name from duckdb_tables() where schema_name = 'marts'"
        built = {name for (name,) in connection.execute(query).fetchall()}
    for suite in (steps.settings.PROJECT / "expectations" / "marts").glob("*.yml"):
        if suite.stem not in built:
            suite.unlink()


def main(company: Path, business_date: datetime.date | None) -> int:
    run = steps.make_run(company, business_date=business_date)
    failed = 0
    for source in run.company.sources:
        for step in (steps.extract, steps.conform, steps.gate):
            try:
                step(run, source)
            except Exception as error:
                print(f"{step.__name__} {source}: {error}", file=sys.stderr)
                failed = 1
    steps.identify(run)
    steps.transform(run)
    if steps.settings is not settings:
        leave_out_suites(run)
    for step in (steps.audit, steps.publish, steps.publish_postgres, steps.watch):
        step(run)
    return failed


if __name__ == "__main__":
    asked = os.environ.get("SALES_WAREHOUSE_TEST_FEW_MARTS", "")
    few = (*FEW_MARTS, *(name for name in asked.split() if name not in ("1", *FEW_MARTS))) if asked else ()
    if few:
        suites_of_few_marts()
    given = datetime.date.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else None
    with only(*few):
        sys.exit(main(Path(sys.argv[1]), given))
