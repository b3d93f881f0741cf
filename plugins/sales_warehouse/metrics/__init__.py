"""The registry of metrics, and what a company makes of it."""

from __future__ import annotations

from sales_warehouse.metrics.registry import (
    Metric,
    MetricsFile,
    absent_because,
    analyses,
    analysis_rows,
    filled_columns,
    in_words,
    metric_rows,
    metrics_of,
    registry,
    wrong_changes,
)

__all__ = [
    "Metric", "MetricsFile", "absent_because", "analyses", "analysis_rows", "filled_columns", "in_words", "metric_rows",
    "metrics_of", "registry", "wrong_changes",
]  # fmt: skip
