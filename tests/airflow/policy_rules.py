"""The rules of the house for DAGs, each with the sentence that says how to mend a breach."""

from __future__ import annotations

from collections.abc import Iterator

from airflow.sdk import DAG

from sales_warehouse.airflow import factory, policy, runbook

PARTS = ("### What", "### When", "### Who cares", runbook.TRIAGE)


def complaints(dag: DAG) -> list[str]:
    """Return every breach of a rule by a DAG."""
    return [f"{dag.dag_id}: {text}" for text in [*_of_dag(dag), *_of_tasks(dag)]]


def _of_dag(dag: DAG) -> Iterator[str]:
    allowed = {str(tag) for tag in policy.Tag}
    if not dag.tags or not {str(tag) for tag in dag.tags} <= allowed:
        yield f"tags {sorted(dag.tags)}: use one or more of policy.Tag ({', '.join(sorted(allowed))})"
    for part in PARTS:
        if part not in (dag.doc_md or ""):
            yield f"doc_md has no part {part!r}: write it in airflow/runbook.py"
    if dag.catchup:
        yield "catchup is on: a step catches up by itself; give catchup=False"
    if dag.max_active_runs != 1 and dag.dag_id != factory.RESPOND:  # each of its runs waits for another person
        yield "two runs may overlap: give max_active_runs=1"
    missing = {"business_date", "as_of", "full_refresh"} - set(dag.params)
    if missing:
        yield f"parameters {sorted(missing)} are missing: build the DAG with factory._dag"


def _of_tasks(dag: DAG) -> Iterator[str]:
    pools = {pool.name for pool in policy.pools()}
    for task in dag.tasks:
        if task.owner != policy.OWNER:
            yield f"{task.task_id}: owner {task.owner!r}: take default_args from policy.task_defaults"
        if task.pool not in pools:
            yield f"{task.task_id}: pool {task.pool!r}: use one of policy.pools() ({', '.join(sorted(pools))})"
        if task.execution_timeout is None:
            yield f"{task.task_id}: no time limit: take default_args from policy.task_defaults"
        if task.retries < 1 and task.task_id != "verdict":
            yield f"{task.task_id}: is not tried again: give retries; only a verdict stays what it is"
