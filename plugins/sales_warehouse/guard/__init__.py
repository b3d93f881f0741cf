"""The guard at the door: Great Expectations on DuckDB.

What came in is judged by `expectations/<entity>.yml` (gate), what goes out by
`expectations/marts/<mart>.yml` (audit). `suites.load_suite` reads a suite,
`validate.validate` runs it, `data_docs.build` renders the results for people.

Great Expectations takes seconds and 200 MB to import. Nothing that is imported together
with this package needs it: `validate` imports it when it is first called, so that the
command line, the DAG files and the suite loader stay quick.
"""

from __future__ import annotations

from sales_warehouse.guard.errors import GuardError, SuiteError

__all__ = ["GuardError", "SuiteError"]
