"""What is planted in the demo company is said beside the alert that it causes, and answered by the playbook for it."""

from __future__ import annotations

from pathlib import Path

import around_world
import pytest

COMPETITOR = {"region": "华东", "category": "配方奶粉", "weeks_before_end": 1, "weeks": 1, "fall": 0.35}
FALL = {
    "region_fall": {"region": "华东", "weeks_before_end": 1, "fall": 0.35}, "competitor_promotion": COMPETITOR,
}  # fmt: skip
WEEKLY = {
    "kind": "percent_change", "metric": "net_sales", "dimension": "region", "grain": "week", "threshold_rate": 0.15,
    "minimum_amount": 1000, "owner": "o", "playbook": "regional_fall",
}  # fmt: skip
QUARTERLY = {
    "kind": "percent_change", "metric": "win_rate", "dimension": "region", "grain": "quarter", "against": "year_before",
    "threshold_rate": 0.1, "owner": "o",
}  # fmt: skip
DEALS = {"customers": 1200, "days": 600, "orders_per_day": 10}
SIZE = {"customers": 300, "days": 200, "orders_per_day": 110}
FALLEN = "watched|华东|2026-06-22"


@pytest.mark.slow
def test_a_competitor_in_the_region_that_fell_is_linked_and_answered_first(tmp_path: Path) -> None:
    db = around_world.build(tmp_path, SIZE, {**FALL, "slow_team": {}}, WEEKLY, "alert_playbooks")
    fallen = db.sql("select dimension_value from alert_metrics order by 1").fetchall()
    assert ("华东",) in fallen and len(fallen) > 1  # the others fell by chance, or after a holiday
    linked = db.sql(
        "select incident_key, event_type, category, placebo_score <= 0.1, share_rate > 0 "
        "from alert_events where actor = 'competitor' order by all"
    ).fetchall()
    assert linked == [(FALLEN, "buy_one_get_one", "配方奶粉", True, True)]
    offered = db.sql(
        "select incident_key, playbook_id, playbook_name_zh, department from alert_playbooks "
        "where playbook_number = 1 and occasion_type = 'alert' order by incident_key"
    ).fetchall()
    assert (FALLEN, "promotion_interception", "节假日拦截促销", "市场部") in offered
    assert {playbook for key, playbook, *_ in offered if "华东" not in key} == {"regional_fall"}
    trained = "select incident_key, playbook_id from alert_playbooks where occasion_type = 'finding'"
    assert db.sql(trained).fetchall() == [("slow_team|东北组|2026-06-01", "script_training")]
    wrong = db.sql(
        "select a.incident_key from alert_metrics as a join alert_causes as c using (incident_key) "
        "group by all having sum(c.contribution_value) <> a.value - a.base_value"
    )
    assert wrong.fetchall() == []


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("competitor", "told"),
    [
        ("off", []),
        (COMPETITOR | {"region": "华南"}, [("华南", "2026-06-22")]),
        (COMPETITOR | {"weeks_before_end": 4}, [("华东", "2026-06-01")]),
    ],
    ids=["no competitor did anything", "in another region", "three weeks earlier"],
)
def test_a_region_that_fell_without_a_competitor_is_answered_otherwise(
    tmp_path: Path, competitor: str | dict[str, object], told: list[tuple[str, str]]
) -> None:
    """Its alert is there for all that: the promotion is off, or it is not where or when the region fell."""
    planted = {"region_fall": FALL["region_fall"], "competitor_promotion": competitor}
    db = around_world.build(tmp_path, SIZE, planted, WEEKLY, "alert_playbooks")
    assert (FALLEN,) in db.sql("select incident_key from alert_metrics").fetchall()
    milk = "from dim_market_events where actor = 'competitor' and category = '配方奶粉'"
    assert db.sql(f"select region_key, starts_date::varchar {milk}").fetchall() == told
    beside = f"select event_type from alert_events where incident_key = '{FALLEN}' and actor = 'competitor'"
    assert db.sql(beside).fetchall() == []
    offered = db.sql(
        f"select playbook_id, playbook_name_zh from alert_playbooks where incident_key = '{FALLEN}' "
        "order by playbook_number"
    ).fetchall()
    assert offered[0][0] == "regional_fall"
    assert "节假日拦截促销" not in {name for _, name in offered}


@pytest.mark.slow
@pytest.mark.long
@pytest.mark.parametrize(
    ("planted", "regions", "first"),
    [
        ("price_rise", {"华南", "华北", "华东"}, {("price_change", None)}),
        ("competitor_entry", {"华南"}, {("low_price_offer", "华南")}),
    ],
    ids=["our own prices rose", "a competitor came into one region"],
)
def test_why_fewer_deals_are_won_is_told_apart(
    tmp_path: Path, planted: str, regions: set[str], first: set[tuple[str, str | None]]
) -> None:
    """Prices rose in every region, which order lines say too; the entrant is beside the alert of its region alone."""
    situations = {planted: {"days_before_end": 240}}
    db = around_world.build(tmp_path, DEALS, situations, QUARTERLY, "alert_events")
    told = db.sql(
        "select m.dimension_value, e.event_type, e.region_key from alert_events as e "
        "join alert_metrics as m using (incident_key) where e.event_number = 1 and e.actor <> 'public'"
    ).fetchall()
    assert {region for region, *_ in told} == regions
    assert {tuple(cause) for _, *cause in told} == first
    prices = db.sql("select count(*) from alert_events where is_own_fact and event_type = 'price_change'").fetchall()
    assert (prices[0][0] > 0) == (planted == "price_rise")


@pytest.mark.slow
@pytest.mark.long
def test_prices_that_rose_in_order_lines_alone_are_the_first_cause(tmp_path: Path) -> None:
    """Nobody wrote the rise down as an event: the company's own facts come first in every region that wins less."""
    situations = {"price_rise": {"days_before_end": 240}}
    db = around_world.build(tmp_path, DEALS, situations, QUARTERLY, "alert_events", events_told=False)
    first = db.sql(
        "select m.dimension_value, e.event_type, e.is_own_fact from alert_events as e "
        "join alert_metrics as m using (incident_key) where e.event_number = 1 order by all"
    ).fetchall()
    assert first == [(region, "price_change", True) for region in ("华东", "华北", "华南")]
