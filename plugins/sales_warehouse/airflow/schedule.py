"""When the DAGs start, from the environment: a company's folder is not read while DAGs are parsed."""

from __future__ import annotations

import os

from airflow.sdk import Asset, AssetOrTimeSchedule, CronTriggerTimetable


def time_zone() -> str:
    """Business time zone of the schedules: SALES_WAREHOUSE_TIME_ZONE, else Asia/Shanghai."""
    return os.environ.get("SALES_WAREHOUSE_TIME_ZONE", "Asia/Shanghai")


def nightly() -> CronTriggerTimetable:
    """When every source is loaded: SALES_WAREHOUSE_CRON, else 01:00 in business time."""
    return CronTriggerTimetable(os.environ.get("SALES_WAREHOUSE_CRON", "0 1 * * *"), timezone=time_zone())


def micro_batch() -> CronTriggerTimetable | None:
    """When some sources are read between the nights: SALES_WAREHOUSE_MICRO_BATCH_CRON, else never."""
    return _asked("SALES_WAREHOUSE_MICRO_BATCH_CRON")


def purge() -> CronTriggerTimetable | None:
    """When old texts of conversations are removed: SALES_WAREHOUSE_PURGE_CRON, else never by itself."""
    return _asked("SALES_WAREHOUSE_PURGE_CRON")


def required_actions(alerts: Asset) -> AssetOrTimeSchedule:
    """Look for incidents that nobody has answered after each watch, and by SALES_WAREHOUSE_REQUIRED_ACTIONS_CRON, else
    every hour: what a refresh without a scheduler found has no other herald.
    """
    cron = os.environ.get("SALES_WAREHOUSE_REQUIRED_ACTIONS_CRON", "7 * * * *")
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone=time_zone()), assets=[alerts])


def _asked(name: str) -> CronTriggerTimetable | None:
    cron = os.environ.get(name)
    return CronTriggerTimetable(cron, timezone=time_zone()) if cron else None


def accepted_or_late(accepted: list[Asset]) -> AssetOrTimeSchedule:
    """Start when every source has handed over, or at SALES_WAREHOUSE_LATEST_CRON (else 05:00) whatever is missing.

    The time is what a source can hold the others up at most: a worker that was lost, or a DAG that is paused.
    """
    latest = CronTriggerTimetable(os.environ.get("SALES_WAREHOUSE_LATEST_CRON", "0 5 * * *"), timezone=time_zone())
    return AssetOrTimeSchedule(timetable=latest, assets=accepted)
