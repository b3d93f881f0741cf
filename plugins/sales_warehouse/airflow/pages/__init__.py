"""Pages inside Airflow's UI: board, customers, who is who, data docs, quarantine, refreshes and models."""
