"""The DAG that builds, checks and publishes the marts."""

from __future__ import annotations

from sales_warehouse import settings
from sales_warehouse.airflow.factory import warehouse_dag
from sales_warehouse.airflow.sources import source_list

dag = warehouse_dag(source_list(settings.company_folder()))
