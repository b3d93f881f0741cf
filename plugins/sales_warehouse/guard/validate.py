"""Runs a suite over a relation in a DuckDB file; everything is computed as SQL in DuckDB."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from sales_warehouse import settings
from sales_warehouse.guard.errors import GuardError
from sales_warehouse.guard.results import RuleResult, Validation
from sales_warehouse.guard.suites import Rule, Suite
from sales_warehouse.sql import gist, ident

__all__ = ["Judge", "RuleResult", "Validation", "opened", "validate"]

# Counts and SQL, never values: results, pages and logs must not hold personal data.
RESULT_FORMAT = {
    "result_format": "BASIC",
    "partial_unexpected_count": 0,
    "exclude_unexpected_values": True,
    "include_unexpected_rows": False,
    "return_unexpected_index_query": True,
}


class Judge:
    """A schema of a DuckDB file, open for as many suites as there are relations in it."""

    def __init__(self, datasource: Any, database: Path, schema: str) -> None:
        self._datasource, self._database, self._schema = datasource, database, schema

    def judge(self, relation: str, suite: Suite, *, row_id: str | None = "_row_id", about: str = "") -> Validation:
        """Judge a table or view.

        `row_id` names the column that identifies a row; None gives no `failing_rows_sql`. `about` is kept with the
        results, for people. Raises GuardError, with suite, rule and cause, when a rule cannot be judged.
        """
        if not suite.rules:
            raise GuardError(f"suite {suite.name} has no rules; a guard that checks nothing would let everything pass")
        batch = self._batch(relation)
        _check_columns(suite, relation, _columns(batch, relation, self._schema), row_id)
        gx_suite = _gx_suite(suite)
        outcome = batch.validate(gx_suite, result_format=_result_format(row_id))
        by_rule = {result.expectation_config.meta["rule"]: result for result in outcome.results}
        causes = [cause for cause in map(_cause, by_rule.values()) if cause]
        if causes:
            raise GuardError(_explain(suite, relation, batch, gx_suite, causes[0]))
        table = f"{ident(self._schema)}.{ident(relation)}"
        results = [_rule_result(rule, by_rule[rule.id], table, row_id) for rule in suite.rules]
        return Validation(suite.name, relation, results, _without_sql(outcome.to_json_dict()), about)

    def _batch(self, relation: str) -> Any:
        """The relation as a batch of Great Expectations."""
        try:
            asset = self._datasource.add_table_asset(name=relation, table_name=f'"{relation}"')
        except _great_expectations().datasource.fluent.interfaces.TestConnectionError as error:
            raise GuardError(f"{relation} cannot be read in {self._database}: {gist(str(error))}") from error
        return asset.add_batch_definition_whole_table(name="all").get_batch()


@contextlib.contextmanager
def opened(database: Path, *, schema: str = "main", temp: Path | None = None) -> Iterator[Judge]:
    """A DuckDB file to judge relations in: opened read-only, once, and let go of at the end.

    `temp` is where DuckDB may spill. Raises GuardError when the file is not there or cannot be opened.
    """
    gx = _great_expectations()
    from sales_warehouse.guard.datasource import open_datasource

    if not database.is_file():
        raise GuardError(f"there is no DuckDB file {database} to validate in")
    temp = temp or database.with_name(database.name + ".tmp")
    try:
        datasource = open_datasource(database, schema, temp)
    except gx.datasource.fluent.interfaces.TestConnectionError as error:
        raise GuardError(f"{database} cannot be opened: {gist(str(error))}") from error
    try:
        # Great Expectations opens the file once and again for its engine, which costs nothing while it is open here.
        with duckdb.connect(str(database), read_only=True, config=settings.duckdb_config(temp)):
            yield Judge(datasource, database, schema)
    finally:
        datasource.get_execution_engine().engine.dispose()
        datasource.get_engine().dispose()


def validate(
    database: Path,
    relation: str,
    suite: Suite,
    *,
    schema: str = "main",
    row_id: str | None = "_row_id",
    temp: Path | None = None,
    about: str = "",
) -> Validation:
    """Judge one table or view of a DuckDB file: `opened` and `Judge.judge` in one."""
    with opened(database, schema=schema, temp=temp) as file:
        return file.judge(relation, suite, row_id=row_id, about=about)


def _great_expectations() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"  # nothing may be sent anywhere
    import great_expectations
    import great_expectations.datasource.fluent.interfaces

    from sales_warehouse.guard import expectations  # noqa: F401 - registers our own kinds

    return great_expectations


def _columns(batch: Any, relation: str, schema: str) -> list[str]:
    import sqlalchemy as sa

    inspector = sa.inspect(batch.datasource.get_engine())
    return [column["name"] for column in inspector.get_columns(relation, schema=schema)]


def _check_columns(suite: Suite, relation: str, columns: list[str], row_id: str | None) -> None:
    if row_id and row_id not in columns:
        raise GuardError(f"{relation} has no column {row_id} to name failing rows by; pass row_id=None to do without")
    for rule in suite.rules:
        missing = [column for column in rule.columns if column not in columns]
        if missing:
            known = ", ".join(columns)
            raise GuardError(
                f"suite {suite.name}, rule {rule.id}: {relation} has no column {missing[0]}; it has {known}"
            )


def _gx_suite(suite: Suite) -> Any:
    import great_expectations as gx

    expectations = []
    for rule in suite.rules:
        kwargs = {**dict(rule.arguments), **dict(rule.kind.constants)}
        try:
            configuration = {"type": rule.type, "kwargs": kwargs, "severity": rule.severity, "meta": {"rule": rule.id}}
            expectations.append(gx.ExpectationSuite(name=rule.id, expectations=[configuration]).expectations[0])
        except Exception as error:  # Great Expectations raises what its parts raise
            raise GuardError(f"suite {suite.name}, rule {rule.id}: {gist(str(error))}") from error
    return gx.ExpectationSuite(name=suite.name, expectations=expectations)


def _result_format(row_id: str | None) -> dict[str, Any]:
    return {**RESULT_FORMAT, "unexpected_index_column_names": [row_id]} if row_id else RESULT_FORMAT


def _rule_result(rule: Rule, outcome: Any, table: str, row_id: str | None) -> RuleResult:
    found = outcome.result
    points_at_rows = rule.kind.points_at_rows
    return RuleResult(
        rule=rule.id,
        column=rule.column,
        severity=rule.severity,
        success=bool(outcome.success),
        element_count=found.get("element_count"),
        unexpected_count=(found.get("unexpected_count") or 0) if points_at_rows else None,
        failing_rows_sql=_row_ids(rule, found, table, row_id) if points_at_rows and row_id else None,
        reason_en=rule.reason_en,
        reason_zh=rule.reason_zh,
        observed=None if points_at_rows else str(found.get("observed_value")),
    )


def _row_ids(rule: Rule, found: dict[str, Any], table: str, row_id: str) -> str:
    if rule.type == "expect_compound_columns_to_be_unique":
        return _repeated(rule.arguments["column_list"], table, row_id)
    query = found["unexpected_index_query"].strip().rstrip(";")
    return f"SELECT {ident(row_id)} FROM (\n{query}\n) AS failing"


def _repeated(columns: list[str], table: str, row_id: str) -> str:
    """Rows whose combination is not alone. Great Expectations' own query for this kind names a column twice."""
    names = [ident(column) for column in columns]
    whole = " AND ".join(f"{name} IS NOT NULL" for name in names)
    return (
        f"SELECT {ident(row_id)} FROM {table} WHERE {whole} QUALIFY count(*) OVER (PARTITION BY {', '.join(names)}) > 1"
    )


def _cause(result: Any) -> str | None:
    """The first error inside an expectation, or None; a failed expectation is not an error."""
    info = result.exception_info or {}
    entries = [info] if "raised_exception" in info else list(info.values())
    messages = [entry.get("exception_message") or "unknown error" for entry in entries if entry["raised_exception"]]
    return gist(messages[0]) if messages else None


def _explain(suite: Suite, relation: str, batch: Any, gx_suite: Any, first: str) -> str:
    """Name the rules that cannot be judged: rules share one query, so each is tried again alone."""
    causes = []
    for expectation in gx_suite.expectations:
        cause = _cause(batch.validate(expectation, result_format="BOOLEAN_ONLY"))
        if cause:
            causes.append(f"rule {expectation.meta['rule']}: {cause}")
    found = "; ".join(causes) or f"all rules together: {first}"
    return f"suite {suite.name} could not be judged on {relation} (this is no finding about the data): {found}"


def _without_sql(result: dict[str, Any]) -> dict[str, Any]:
    for entry in result["results"]:
        entry["result"].pop("unexpected_index_query", None)
    return result
