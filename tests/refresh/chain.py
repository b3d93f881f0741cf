"""Runs the steps of a refresh one after the other in this process, as a child of a test: `chain.py COMPANY [DATE]`.

A step of a source that fails does not stop the others, as in the DAGs. Exit code 0, or 1 when a step failed.
"""

from __future__ import annotations

import datetime
import sys
from pathlib import Path

from sales_warehouse import steps


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
    for step in (steps.identify, steps.transform, steps.audit, steps.publish, steps.publish_postgres, steps.watch):
        step(run)
    return failed


if __name__ == "__main__":
    given = datetime.date.fromisoformat(sys.argv[2]) if len(sys.argv) > 2 else None
    sys.exit(main(Path(sys.argv[1]), given))
