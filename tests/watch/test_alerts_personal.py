"""Which alerts name a person: those of a seller or a manager, and goals that are one's own."""

from __future__ import annotations

import pytest
from united_alerts import united

GOALS = (("company_sales", "total"), ("li_lei_sales", "rep"), ("unit_sales", "manager"))


@pytest.mark.parametrize(
    ("dimension", "member", "is_personal"),
    [
        ("region", "east", False),
        ("team", "team 1", False),
        ("rep", "crm:13800138000", True),
        ("manager", "crm:13800138001", True),
        ("target", "company_sales", False),
        ("target", "li_lei_sales", True),
        ("target", "unit_sales", True),
        ("target", "taken_out", False),
    ],
)  # fmt: skip
def test_an_alert_is_personal_where_it_is_about_one_person(dimension: str, member: str, is_personal: bool) -> None:
    found = united("is_personal", GOALS, incident_key="k", dimension_name=dimension, dimension_value=member)
    assert found is is_personal
