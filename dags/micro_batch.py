"""The DAG that reads some sources between the nights."""

from __future__ import annotations

from sales_warehouse.airflow.factory import micro_batch_dag

dag = micro_batch_dag()
