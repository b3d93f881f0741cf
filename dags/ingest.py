"""One DAG for each source of the company."""

from __future__ import annotations

from sales_warehouse import settings
from sales_warehouse.airflow.factory import ingest_dags
from sales_warehouse.airflow.sources import source_list

globals().update(ingest_dags(source_list(settings.company_folder())))  # Airflow collects DAGs from module globals
