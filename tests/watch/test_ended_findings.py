"""How findings end that no rule of alerts.yml watches: recovered, taken back, or judged by nobody."""

from __future__ import annotations

import pytest
from late_nights import LateNights
from lone_models import on, sql_of

TABLES = {
    "stg_settings__playbook_causes": "playbook_id varchar, cause varchar",
    "stg_settings__playbooks": "playbook_id varchar, owner varchar, priority integer",
}
OPENED, N1, N2 = "2026-06-14", "2026-06-20", "2026-06-21"
SPIKE = "return_spike|east|2026-06-08"


class Findings(LateNights):
    def __init__(self) -> None:
        super().__init__()
        for table, schema in TABLES.items():
            self.db.execute(f"create or replace table {table} ({schema})")
        self.db.execute("insert into stg_settings__funnel values (90)")
        self.db.execute(
            "create table kpi_metrics as from (values ('lead_first_response_hours', 'Sales operations'), "
            "('repurchase_rate', 'Sales'), ('return_rate', 'Quality')) t(metric_id, owner_en)"
        )

    def live(self, date: str, mark: str = "r1") -> list[tuple[str, str, bool, str | None]]:
        with on(date):
            self.db.execute(f"create or replace table alert_findings as {sql_of('alert_findings')}")
        return super().live(date, mark)

    def returns(self, **weeks: bool) -> None:
        """Say of weeks of the east (w0608 began on 8 June) whether returns spiked; nothing else was tested."""
        self.db.execute("delete from kpi_return_rates")
        for week, is_spike in weeks.items():
            start = f"2026-{week[1:3]}-{week[3:]}"
            row = ["east", "week", start, is_spike, 0.01 if is_spike else 0.5, 80, 12 if is_spike else 2, 2000, 50]
            self.db.execute("insert into kpi_return_rates values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    def teams(self, date: str, **statuses: str) -> None:
        self.db.execute("delete from kpi_team_responses")
        for team, status in statuses.items():
            self.db.execute("insert into kpi_team_responses values (?, ?, 3, ?)", [team, status, date])

    def repurchases(self, date: str, **statuses: str) -> None:
        self.db.execute("delete from kpi_repurchase")
        for category, status in statuses.items():
            row = [category, f"{date[:8]}01", date, status, status == "fell", -6]
            self.db.execute("insert into kpi_repurchase values (?, 'high', ?, ?, ?, ?, ?)", row)


def spiked() -> Findings:
    nights = Findings()
    nights.returns(w0601=False, w0608=True)
    assert nights.live(OPENED) == [(SPIKE, "opened", True, None)]
    return nights


def test_a_spike_of_returns_that_were_corrected_is_taken_back() -> None:
    nights = spiked()
    nights.returns(w0601=False, w0608=False)
    assert nights.live(N1) == [(SPIKE, "retracted", True, "data")]


def test_a_spike_that_is_looked_at_no_more_has_passed() -> None:
    """The week from 8 June is looked at until the end of August; the weeks since had no spike."""
    nights = spiked()
    nights.returns(w0608=True, w0824=False)
    assert nights.live("2026-08-31") == []
    assert nights.live("2026-09-01") == [(SPIKE, "resolved", True, None)]


def test_a_region_that_sells_no_more_has_not_recovered() -> None:
    nights = spiked()
    nights.db.execute("update kpi_return_rates set region_key = 'west', is_spike = false")
    assert nights.live("2026-06-24") == []
    assert nights.live("2026-06-25") == [(SPIKE, "lapsed", True, None)]


def test_returns_that_no_source_maps_any_more_close_nothing() -> None:
    nights = spiked()
    nights.returns()
    assert nights.live(N2) == nights.live("2026-09-30") == []


@pytest.mark.parametrize(("finding", "bad"), [("teams", "slower"), ("repurchases", "fell")])
@pytest.mark.parametrize(
    ("later", "ends"),
    [
        ({"ours": "fine", "other": "fine"}, "resolved"),
        ({"ours": "too_few", "other": "fine"}, None),
        ({"other": "fine"}, "lapsed"),
        ({}, None),
    ],
    ids=["judged and fine", "too few to judge", "not there any more", "nothing is mapped any more"],
)
def test_what_nobody_has_judged_has_not_recovered(finding: str, bad: str, later: dict, ends: str | None) -> None:
    """The finding looked at 1 to 10 June: ten days, so that two such periods have passed on the 25th."""
    nights = Findings()
    getattr(nights, finding)("2026-06-10", ours=bad, other="fine")
    [(key, kind, _, _)] = nights.live("2026-06-10")
    assert (key.split("|")[0], kind) == ({"teams": "slow_team", "repurchases": "repurchase_fall"}[finding], "opened")
    getattr(nights, finding)("2026-06-25", **later)
    assert nights.live("2026-06-25") == ([(key, ends, True, None)] if ends else [])
