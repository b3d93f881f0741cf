"""The DAG that asks people about incidents."""

from __future__ import annotations

from sales_warehouse.airflow.factory import required_actions_dag

dag = required_actions_dag()
