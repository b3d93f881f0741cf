"""From a DAG run to a moment: parameters first, then what started it, then its own time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from sales_warehouse.airflow.moment import Moment, moment_of

OWN = datetime(2026, 7, 1, 17, 0, tzinfo=UTC)


def _context(params: dict[str, Any] | None = None, events: dict | None = None, logical: datetime | None = OWN) -> dict:
    run = SimpleNamespace(logical_date=logical, run_after=OWN)
    return {"params": params or {}, "triggering_asset_events": events, "dag_run": run}


def _event(as_of: str, run_id: str) -> SimpleNamespace:
    return SimpleNamespace(extra={"as_of": as_of, "run_id": run_id, "business_date": None, "rows": {}})


def test_a_scheduled_run_takes_its_own_time() -> None:
    assert moment_of(_context()) == Moment(OWN, "20260701T170000_000000")


def test_a_run_without_a_logical_date_takes_the_time_it_may_run() -> None:
    assert moment_of(_context(logical=None)).as_of == OWN


def test_sources_of_the_same_night_share_a_run_id() -> None:
    assert moment_of(_context()).run_id == moment_of(_context()).run_id


def test_parameters_win_and_are_turned_into_utc() -> None:
    params = {"as_of": "2026-06-30T02:00:00+08:00", "business_date": "2026-06-29", "full_refresh": True}
    found = moment_of(_context(params, {"shop": [_event("2026-07-01T17:00:00+00:00", "night")]}))
    assert found == Moment(datetime(2026, 6, 29, 18, 0, tzinfo=UTC), "night", date(2026, 6, 29), True)


def test_the_newest_source_gives_the_warehouse_its_moment() -> None:
    events = {
        "crm": [_event("2026-07-01T17:00:00+00:00", "early")],
        "shop": [_event("2026-07-01T19:00:00+00:00", "late")],
    }
    found = moment_of(_context(events=events))
    assert (found.as_of.hour, found.run_id) == (19, "late")


def test_an_event_that_somebody_made_by_hand_has_no_moment() -> None:
    events = {"crm": [SimpleNamespace(extra={})]}
    assert moment_of(_context(events=events)).as_of == OWN


def test_a_moment_survives_the_way_through_an_event() -> None:
    moment = Moment(OWN, "night", date(2026, 7, 1))
    again = moment_of(_context(events={"shop": [SimpleNamespace(extra=moment.extra())]}))
    assert again == moment


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("as_of", "tomorrow", id="a moment in words"),
        pytest.param("business_date", "01/07/2026", id="a date in another notation"),
    ],
)
def test_a_parameter_that_is_no_time_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"parameter {name}: '{value}'"):
        moment_of(_context({name: value}))
