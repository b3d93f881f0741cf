"""Runs the steps of a refresh one after the other in this process, as a child of a test: `chain.py COMPANY [DATE]`.

`chain.py COMPANY --killed-at-each` runs them once for each failpoint that it reads from its input.

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

from sales_warehouse import settings, steps, transform
from sales_warehouse.run import Run

sys.path.insert(0, str(Path(__file__).parents[1]))
from few_marts import only

FEW_MARTS = (
    "fct_sales_daily", "fct_touchpoints", "dim_customer_records", "trust_row_accounting", "trust_source_freshness",
    "trust_quarantine_reasons",
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


def run_chain(company: Path, business_date: datetime.date | None = None) -> int:
    asked = os.environ.get("SALES_WAREHOUSE_TEST_FEW_MARTS", "")
    few = (*FEW_MARTS, *(name for name in asked.split() if name not in ("1", *FEW_MARTS))) if asked else ()
    if few:
        suites_of_few_marts()
        transform.document = lambda home: home.dir  # nobody looks at the page of a few models
    with only(*few):
        return main(company, business_date)


def killed_at_each(company: Path) -> None:
    """Read failpoints, run the chain once with each in a child, and write how that ended.

    Most of a refresh that is killed early is its imports: all children have those of this process.
    """
    from sales_warehouse.guard import datasource, expectations  # noqa: F401  with Great Expectations, the dearest

    for line in sys.stdin:
        child = os.fork()
        if not child:
            os.environ["SALES_WAREHOUSE_FAILPOINT"] = line.strip()
            os.dup2(2, 1)
            os._exit(run_chain(company))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    company, asked = Path(sys.argv[1]), sys.argv[2:]
    if asked == ["--killed-at-each"]:
        killed_at_each(company)
    else:
        sys.exit(run_chain(company, datetime.date.fromisoformat(asked[0]) if asked else None))
