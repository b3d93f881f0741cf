"""In which order DAGs run when no scheduler is there: producers of assets before their consumers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter

from airflow.sdk import DAG, Asset
from airflow.sdk.definitions.asset import BaseAsset


def outlets(dag: DAG) -> set[str]:
    """Return the names of the assets that a DAG's tasks produce."""
    return {outlet.name for task in dag.tasks for outlet in task.outlets}


def triggers(dag: DAG) -> set[str]:
    """Return the names of the assets that start a DAG."""
    return _names(getattr(dag.timetable, "asset_condition", None))


def _names(condition: BaseAsset | None) -> set[str]:
    if isinstance(condition, Asset):
        return {condition.name}
    return set().union(*(_names(part) for part in getattr(condition, "objects", ())))


def has_own_time(dag: DAG) -> bool:
    """Tell whether a DAG also starts without its assets: by a time of its own."""
    return bool(dag.timetable.can_be_scheduled) and (not triggers(dag) or hasattr(dag.timetable, "timetable"))


def in_order(dags: Mapping[str, DAG]) -> list[DAG]:
    """Return the DAGs so that every producer comes before its consumers; names decide between equals.

    Raises graphlib.CycleError when DAGs start each other.
    """
    ids = sorted(dags)
    needs = {consumer: _producers(dags[consumer], dags.values()) for consumer in ids}
    return [dags[dag_id] for dag_id in TopologicalSorter(needs).static_order()]


def _producers(consumer: DAG, dags: Iterable[DAG]) -> list[str]:
    wanted = triggers(consumer)
    return sorted(dag.dag_id for dag in dags if dag is not consumer and outlets(dag) & wanted)
