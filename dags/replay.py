"""The DAG that lets corrected rows in."""

from __future__ import annotations

from sales_warehouse.airflow.factory import replay_dag

dag = replay_dag()
