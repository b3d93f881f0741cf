"""The DAG that sends alerts about what was published."""

from __future__ import annotations

from sales_warehouse.airflow.factory import watch_dag

dag = watch_dag()
