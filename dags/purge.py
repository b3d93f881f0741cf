"""The DAG that removes old texts of conversations."""

from __future__ import annotations

from sales_warehouse.airflow.factory import purge_dag

dag = purge_dag()
