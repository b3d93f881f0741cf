"""Pages inside Airflow's UI: the board, the data docs, the quarantine, the refreshes and the models."""
