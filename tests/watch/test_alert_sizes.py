"""How large a breach is said to be, by which a restated one is told again."""

from __future__ import annotations

from decimal import Decimal

import pytest
from united_alerts import united


@pytest.mark.parametrize(
    ("alert", "size"),
    [
        ({"direction": "rise", "value": "0.3", "threshold_value": "0.2"}, "1.5"),
        ({"direction": "fall", "value": "40000", "threshold_value": "50000"}, "1.25"),
        ({"direction": "fall", "value": "0.00000001", "threshold_value": "90000000000000000000"}, "1000000"),
        ({"direction": "fall", "value": "-5", "threshold_value": "100"}, None),
        ({"direction": "fall", "value": "80", "threshold_value": "0.1", "change_rate": "-0.2"}, "0.2"),
        ({"direction": "rise", "value": "0.3", "threshold_value": "5", "change_pp": "7"}, "0.07"),
    ],
    ids=["above its limit", "below its limit", "far below", "below nothing", "a change", "a change in points"],
)
def test_a_breach_is_as_large_as_it_is_off(alert: dict, size: str | None) -> None:
    assert united("size_rate", **alert) == (None if size is None else Decimal(size))


def test_an_alert_about_a_goal_says_what_the_goal_asked() -> None:
    goals = [("t1", "team"), ("t2", "rep")]
    assert united("goal_terms", goals, dimension_name="target", dimension_value="t1") == "|team|||||||"
    assert united("goal_terms", goals, dimension_name="region", dimension_value="t1") is None
