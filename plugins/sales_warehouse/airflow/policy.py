"""House rules that every DAG follows: owner, tags, pools, retries, time limits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

OWNER = "data-engineering"


class Tag(StrEnum):
    """The closed list of tags: what a person filters by in the UI."""

    SOURCE = "source"
    WAREHOUSE = "warehouse"
    ALERTS = "alerts"


@dataclass(frozen=True)
class Pool:
    """A pool of Airflow: at most `slots` tasks in it run at once."""

    name: str
    slots: int
    description: str


SOURCES_POOL = "sources"
WAREHOUSE_POOL = "warehouse"


def pools() -> list[Pool]:
    """Pools that the DAGs need; SALES_WAREHOUSE_SOURCE_SLOTS says how many sources load side by side (default 2)."""
    slots = int(os.environ.get("SALES_WAREHOUSE_SOURCE_SLOTS", "2"))
    return [
        Pool(SOURCES_POOL, slots, "Sources that load side by side."),
        Pool(WAREHOUSE_POOL, 1, "The working warehouse has one writer: never more than one slot."),
    ]


def retry_delay(default_seconds: float = 30.0) -> timedelta:
    """Pause before a task is tried again: SALES_WAREHOUSE_RETRY_SECONDS, else the default."""
    return timedelta(seconds=float(os.environ.get("SALES_WAREHOUSE_RETRY_SECONDS", default_seconds)))


def task_defaults(pool: str, time_limit: timedelta, *, retries: int = 2) -> dict[str, Any]:
    """Return the `default_args` of a DAG whose tasks share one pool and one time limit."""
    return {
        "owner": OWNER,
        "pool": pool,
        "retries": retries,
        "retry_delay": retry_delay(),
        "execution_timeout": time_limit,
    }
