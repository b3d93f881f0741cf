"""The DAG that waits for a person's answer to one incident."""

from __future__ import annotations

from sales_warehouse.airflow.factory import respond_dag

dag = respond_dag()
