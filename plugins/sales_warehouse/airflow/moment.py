"""From Airflow's context to a run of the steps: which moment, which business date, which run id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Moment:
    """What identifies one refresh. `business_date` is None when it follows from `as_of`."""

    as_of: datetime
    run_id: str
    business_date: date | None = None
    full_refresh: bool = False

    def extra(self) -> dict[str, Any]:
        """Return what an asset event carries, so that the DAGs behind it continue the same refresh."""
        return {
            "as_of": self.as_of.isoformat(),
            "run_id": self.run_id,
            "business_date": self.business_date.isoformat() if self.business_date else None,
        }


def moment_of(context: Mapping[str, Any]) -> Moment:
    """Read the moment of a DAG run: its parameters, else the events that started it, else its own time.

    Raises ValueError when a parameter is neither a moment nor a date in ISO 8601.
    """
    given = {name: value for name, value in dict(context["params"]).items() if value not in (None, "")}
    known = {**_latest(context.get("triggering_asset_events") or {}), **given}
    own = context["dag_run"].logical_date or context["dag_run"].run_after
    as_of = _utc(known["as_of"]) if "as_of" in known else own.astimezone(UTC)
    return Moment(
        as_of=as_of,
        run_id=known.get("run_id") or f"{as_of:%Y%m%dT%H%M%S_%f}",
        business_date=_date(known.get("business_date")),
        full_refresh=bool(known.get("full_refresh", False)),
    )


def is_backfill(context: Mapping[str, Any]) -> bool:
    """Tell whether a DAG run belongs to a backfill: somebody asks for a past night."""
    kind = getattr(context["dag_run"], "run_type", None)
    return getattr(kind, "value", kind) == "backfill"


def asked_night(context: Mapping[str, Any], time_zone: str) -> tuple[date, str]:
    """Return the business date that a run of a backfill asks for, and a run id of its own.

    A night reports the day before it: the run of 2 July, 05:00, is the night of 1 July.
    """
    moment = moment_of(context)
    day = moment.business_date or moment.as_of.astimezone(ZoneInfo(time_zone)).date() - timedelta(days=1)
    return day, f"rerun_{day:%Y%m%d}"


def _latest(events: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the extras of the event with the latest moment: the newest of the sources decides."""
    extras = [dict(event.extra) for group in events.values() for event in group if (event.extra or {}).get("as_of")]
    newest = max(extras, key=lambda extra: _utc(extra["as_of"]), default={})
    return {name: newest[name] for name in ("as_of", "run_id", "business_date") if newest.get(name)}


def _utc(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"parameter as_of: {text!r} is not a moment; write e.g. 2026-07-01T01:00:00+08:00") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"parameter business_date: {text!r} is not a date; write e.g. 2026-06-30") from None
