"""Orchestration: the DAGs, the refresh without a scheduler, and Airflow's own UI.

The only room of the package that imports Airflow; everything else runs and is tested without it.
"""
