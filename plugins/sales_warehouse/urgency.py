"""What people look at first: how grave something is, and what is still to be done, as lists and as orders of SQL."""

from __future__ import annotations

SEVERITIES = ("critical", "warning", "info")
ACTION_STATUSES = ("overdue", "open", "done", "dropped")


def gravity(severity: str | None) -> int:
    """Return the place of a severity, 0 for the gravest; one that is not known comes last."""
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _order(column: str, places: tuple[str, ...]) -> str:
    return f"array_position({list(places)}, {column}) nulls last"


GRAVEST_FIRST = _order("severity", SEVERITIES)
TO_DO_FIRST = f"{_order('action_status', ACTION_STATUSES)}, due_date, action_key"
