"""Two kinds of expectation of our own, for what one comparison of columns cannot say, and a count of our own.

`expect_rows_to_satisfy` is a CHECK constraint: a row fails when its condition is false, and
passes when it is true or null. `expect_table_to_satisfy` is a condition over the whole table
(aggregates), which must be true. Both are SQL from the suite files, never from data, and are
computed in the same scan as all other rules.

How many rows repeat a key is counted by the key alone: Great Expectations joins every row of the table to its number,
which takes three times as long and spills to disk.

Importing this module registers all three with Great Expectations.
"""

from __future__ import annotations

from typing import Any, ClassVar, cast

import sqlalchemy as sa
from great_expectations.core.metric_domain_types import MetricDomainTypes
from great_expectations.core.metric_function_types import MetricFunctionTypes, MetricPartialFunctionTypes
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.expectations.expectation import BatchExpectation, ColumnMapExpectation
from great_expectations.expectations.metrics import ColumnMapMetricProvider, ColumnValuesUnique, CompoundColumnsUnique
from great_expectations.expectations.metrics.map_metric_provider import column_condition_partial
from great_expectations.expectations.metrics.metric_provider import metric_partial
from great_expectations.expectations.metrics.table_metric_provider import TableMetricProvider
from great_expectations.expectations.registry import register_metric
from great_expectations.util import get_sqlalchemy_selectable

from sales_warehouse.guard.datasource import GuardExecutionEngine


class RowsSatisfy(ColumnMapMetricProvider):
    """Row by row: is the condition true or null?"""

    condition_metric_name = "sales_warehouse.rows_satisfy"
    condition_value_keys = ("condition",)
    filter_column_isnull = False

    @column_condition_partial(engine=SqlAlchemyExecutionEngine)
    def _sqlalchemy(cls, column: Any, condition: str, **kwargs: Any) -> Any:  # noqa: N805 - the decorator's form
        return sa.literal_column(f"({condition})")


class ExpectRowsToSatisfy(ColumnMapExpectation):
    """Expect every row to satisfy a SQL condition; `column` is the one whose value is shown when it fails."""

    condition: str
    map_metric = "sales_warehouse.rows_satisfy"
    success_keys = ("condition",)
    args_keys = ("column", "condition")

    def _validate(self, metrics: dict, *args: Any, **kwargs: Any) -> Any:
        # The base class calls a batch whose column is null everywhere a success, whatever the condition says.
        output = super()._validate(metrics, *args, **kwargs)
        return {**output, "success": not output["result"]["unexpected_count"]}


class TableSatisfies(TableMetricProvider):
    """Over the table: is the condition true?"""

    metric_name = "sales_warehouse.table_satisfies"
    value_keys = ("condition",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(cls, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> Any:  # noqa: N805
        condition = metric_value_kwargs["condition"]
        return sa.literal_column(f"coalesce(({condition}), false)"), metric_domain_kwargs, {}


class TableObserved(TableMetricProvider):
    """An aggregate that is shown beside the condition."""

    metric_name = "sales_warehouse.table_observed"
    value_keys = ("observed",)

    @metric_partial(
        engine=SqlAlchemyExecutionEngine,
        partial_fn_type=MetricPartialFunctionTypes.AGGREGATE_FN,
        domain_type=MetricDomainTypes.TABLE,
    )
    def _sqlalchemy(cls, metric_domain_kwargs: dict, metric_value_kwargs: dict, **kwargs: Any) -> Any:  # noqa: N805
        return sa.literal_column(f"({metric_value_kwargs['observed']})"), metric_domain_kwargs, {}


class ExpectTableToSatisfy(BatchExpectation):
    """Expect a SQL condition over the whole table to be true; null is a failure."""

    condition: str
    observed: str = "count(*)"
    metric_dependencies: ClassVar[tuple[str, ...]] = (TableSatisfies.metric_name, TableObserved.metric_name)
    success_keys: ClassVar[tuple[str, ...]] = ("condition", "observed")
    args_keys: ClassVar[tuple[str, ...]] = ("condition", "observed")

    def _validate(self, metrics: dict, runtime_configuration: Any = None, execution_engine: Any = None) -> dict:
        return {
            "success": bool(metrics[TableSatisfies.metric_name]),
            "result": {"observed_value": metrics[TableObserved.metric_name]},
        }


def _repeated_rows(
    cls: Any,
    execution_engine: GuardExecutionEngine,
    metric_domain_kwargs: dict,
    metric_value_kwargs: dict,
    metrics: dict,
    **kwargs: Any,
) -> int:
    """Rows whose key is not alone; a key with a null part is none.

    As many different hashes as rows: no key is there twice. Only otherwise are the keys themselves grouped.
    """
    names = metric_domain_kwargs.get("column_list") or [metric_domain_kwargs["column"]]
    key: list[sa.ColumnClause[Any]] = [sa.column(str(name)) for name in names]
    table: Any = get_sqlalchemy_selectable(
        cast("sa.Select[Any]", execution_engine.get_domain_records(metric_domain_kwargs))
    )
    rows = sa.select(*key).select_from(table).where(*(part.is_not(None) for part in key))
    alike = sa.select(sa.func.count() == sa.func.count(sa.distinct(sa.func.hash(*key)))).select_from(rows.subquery())
    if execution_engine.execute_query(alike).scalar():
        return 0
    groups = sa.select(sa.func.count().label("size")).select_from(rows.subquery()).group_by(*key)
    repeated = groups.having(sa.func.count() > 1).subquery()
    return int(execution_engine.execute_query(sa.select(sa.func.sum(repeated.c.size))).scalar() or 0)


for provider in (ColumnValuesUnique, CompoundColumnsUnique):
    register_metric(
        metric_name=f"{provider.condition_metric_name}.unexpected_count",
        metric_domain_keys=provider.condition_domain_keys,
        metric_value_keys=provider.condition_value_keys,
        execution_engine=GuardExecutionEngine,
        metric_class=provider,
        metric_provider=_repeated_rows,
        metric_fn_type=MetricFunctionTypes.VALUE,
    )
