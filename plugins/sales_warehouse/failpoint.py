"""Named places where a test may end the process, to prove that a run survives it there."""

from __future__ import annotations

import os
import signal

NAMES = (
    "collect.before_commit",
    "collect.after_commit",
    "collect.before_rename",
    "collect.after_rename",
    "land.before_commit",
    "land.after_commit",
    "conform.after_entity",
    "gate.before_commit",
    "gate.after_accept",
    "gate.after_commit",
    "identify.before_commit",
    "identify.after_commit",
    "identify.after_file",
    "identify.after_write",
    "transform.before_dbt",
    "transform.after_dbt",
    "purge.listed",
    "purge.cleared",
    "purge.landing",
    "purge.originals",
    "publish.before_rename",
    "publish.before_swap",
    "publish.after_swap",
    "watch.after_enqueue",
    "watch.before_send",
    "watch.after_send",
)


def reach(name: str) -> None:
    """Kill this process without a word when SALES_WAREHOUSE_FAILPOINT names this place."""
    if name not in NAMES:
        raise ValueError(f"{name} is not a declared failpoint")
    if os.environ.get("SALES_WAREHOUSE_FAILPOINT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
