"""What each alert on a metric asks, and what its period is held against."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import duckdb

from sales_warehouse.causes.measured import BEFORE, NOW, Span
from sales_warehouse.urgency import gravity

PLACES = Decimal("0.00000001")
# How near the facts must come to the figure that the alert is about: to its share of it, or to its last place.
AGREES, LAST_PLACE = Fraction(1, 1_000_000), Fraction(PLACES)
TOTAL = "total"


@dataclass(frozen=True)
class Question:
    """An alert on a metric: its member, its period, and the comparable period before that its causes are told from.

    `base_value` is the figure of that period, as if it had had the days of this one, so that a holiday is no cause;
    None where there is no such period; `base_rate` is how many times it counts for that. `held_value` is the limit or
    the expectation of a rule that compares with no period: how far the figure is from it is said apart, for nothing
    ever fell from a limit.
    """

    incident_key: str
    severity: str
    metric_id: str
    dimension_name: str
    dimension_value: str
    period_start_date: datetime.date
    period_end_date: datetime.date
    direction: str
    base_start_date: datetime.date
    base_end_date: datetime.date
    value: Decimal
    base_value: Decimal | None
    base_rate: Decimal | None = None
    held_value: Decimal | None = None
    is_limit: bool = False

    @property
    def scope(self) -> dict[str, str]:
        return {} if self.dimension_name == TOTAL else {self.dimension_name: self.dimension_value}

    @property
    def change(self) -> Decimal:
        return Decimal(0) if self.base_value is None else self.value - self.base_value

    @property
    def times(self) -> Fraction:
        """How many times the period before counts, so that it has the days of this one."""
        return Fraction(1 if self.base_rate is None else self.base_rate)

    @property
    def went_well(self) -> bool:
        """Whether the figure moved away from what is bad: it is beyond its limit, and was further beyond it before."""
        return self.change > 0 if self.direction == "fall" else self.change < 0

    @property
    def spans(self) -> tuple[Span, Span]:
        return (
            Span(NOW, self.period_start_date, self.period_end_date),
            Span(BEFORE, self.base_start_date, self.base_end_date),
        )


# Where no period before is comparable (a goal, a week of holidays) events are looked for beside the calendar's.
_ALERTS = """
    select incident_key, severity, metric_id, dimension_name, dimension_value, period_start_date, period_end_date,
        direction,
        coalesce(base_start_date, cast(case period_grain
            when 'day' then period_start_date - interval 1 day
            when 'week' then period_start_date - interval 7 day
            when 'quarter' then period_start_date - interval 3 month
            else period_start_date - interval 1 month
        end as date)),
        coalesce(base_end_date, period_start_date - 1),
        cast(value as decimal(28, 8)), cast(base_value as decimal(28, 8)), base_rate,
        case when kind <> 'percent_change' then cast(coalesce(compared_value, threshold_value) as decimal(28, 8)) end,
        compared_value is null
    from alert_metrics
"""


def questions(db: duckdb.DuckDBPyConnection) -> list[Question]:
    """Read what `alert_metrics` asks, the most severe and the largest first; `db` has it in its search path."""
    asked = [Question(*row) for row in db.execute(_ALERTS).fetchall()]
    return sorted(asked, key=lambda each: (gravity(each.severity), -_relative(each), each.incident_key))


def agree(told: Fraction | None, published: Decimal | Fraction) -> bool:
    """Whether a figure of the facts is the one that is published."""
    figure = Fraction(published)
    return told is not None and abs(told - figure) <= max(AGREES * abs(figure), LAST_PLACE)


def _relative(alert: Question) -> Decimal:
    return abs(alert.change / alert.base_value) if alert.base_value else abs(alert.change)
