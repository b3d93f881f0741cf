"""Rules that look at what there is not, could never fire or always would, are refused with their place and the mend."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from test_configuration_mistakes import COMPANY, LIFECYCLE, SHOP

from sales_warehouse.company.alerts import AlertRule
from sales_warehouse.company.load import CompanyError, load_company, load_for_a_night
from sales_warehouse.company.mistakes_zh import in_chinese
from sales_warehouse.metrics import registry

CHINESE = re.compile("[\u4e00-\u9fff]")
RULES = """\
rules:
  - id: back
    name: {en: Goods come back, zh: 退货}
    kind: threshold
    metric: return_rate
    dimension: region
    grain: week
    threshold_value: 0.2
    owner: sales
    playbook: call
    mute: [{from: 2026-02-15, to: 2026-02-23, reason: Spring Festival}]
  - id: fall
    name: {en: Fall, zh: 下跌}
    kind: percent_change
    metric: net_sales
    grain: week
    threshold_rate: 0.15
    owner: sales
  - id: band
    name: {en: Band, zh: 区间}
    kind: seasonal_band
    metric: net_sales
    grain: day
    false_rate: 0.001
    owner: sales
  - id: stale
    name: {en: Stale, zh: 过期}
    kind: freshness
    threshold_value: 36
    members: [shop]
    owner: data
"""
PLAYBOOKS = (
    "playbooks: [{id: call, name: {en: Call, zh: 致电}, department: sales, owner: li, steps: [{en: Call, zh: 致电}]}]\n"
)
CASES = {
    "an unknown metric": ("metric: return_rate", "metric: retun_rate", [":5: rules.0.metric", "'return_rate'"]),
    "a dimension that the metric has not": (
        "dimension: region", "dimension: dealer", [":6: rules.0.dimension", "return_rate is not measured by 'dealer'"]
    ),
    "a period that the metric has not": ("grain: week\n    threshold_value", "grain: quarter\n    threshold_value",
                                         [":7: rules.0.grain", "return_rate has no 'quarter'", "month, week"]),
    "no period where there are several": ("    grain: day\n", "", [":19: rules.2.grain", "say which", "day, week"]),
    "a threshold of 0 %": ("threshold_rate: 0.15", "threshold_rate: 0", [":17: rules.1.threshold_rate", "greater"]),
    "a fall by more than all": ("threshold_rate: 0.15", "threshold_rate: 15", [":17:", "more than 100 %; 15 is 1500%"]),
    "a band of no width": ("false_rate: 0.001", "false_rate: 0.6", [":24: rules.2.false_rate", "equal to 0.1"]),
    "a rate above 1": ("threshold_value: 0.2", "threshold_value: 20", [":8: rules.0.threshold_value", "20 % is 0.2"]),
    "more than all customers can be concentrated": (
        "kind: freshness\n    threshold_value: 36\n    members: [shop]",
        "kind: concentration\n    metric: customer_hhi\n    threshold_value: 20000",
        [":30: rules.3.threshold_value", "no customer_hhi is above 10000, so 20000 is never reached; give less"],
    ),
    "a limit that every figure is below": (
        "kind: freshness\n    threshold_value: 36\n    members: [shop]",
        "kind: threshold\n    metric: customer_hhi\n    direction: fall\n    threshold_value: 10000",
        [":31: rules.3.threshold_value", "every customer_hhi is 10000 or less; give less"],
    ),
    "a source that is too fresh": (
        "threshold_value: 36", "threshold_value: 36\n    direction: fall",
        [":30: rules.3.direction", "good when it falls, which is no freshness to wake for; leave direction out"],
    ),
    "rows that are too good": (
        "kind: freshness\n    threshold_value: 36",
        "kind: quality\n    metric: entry_within_24h_rate\n    grain: week\n    dimension: team\n"
        "    direction: rise\n    threshold_value: 0.9",
        [":32: rules.3.direction", "good when it rises, which is no quality to wake for"],
    ),
    "a rate that every period reaches": ("threshold_value: 0.2", "threshold_value: 0", [":8:", "give more than 0"]),
    "points of what is no rate": ("threshold_rate: 0.15", "threshold_pp: 4", [":17: rules.1.threshold_pp", "no rate"]),
    "two thresholds": ("threshold_rate: 0.15", "threshold_rate: 0.15\n    threshold_pp: 4", [":12: rules.1", "one of"]),
    "late records of a quotient": ("threshold_value: 0.2", "threshold_value: 0.2\n    allow_late: true",
                                   [":9: rules.0.allow_late", "sums and counts that fall", "wait_days"]),
    "late records of what heads sold": (
        "metric: return_rate\n    dimension: region\n    grain: week\n    threshold_value: 0.2",
        "metric: revenue_per_head\n    dimension: region\n    grain: month\n    threshold_value: 20\n"
        "    allow_late: true",
        [":9: rules.0.allow_late", "sums and counts that fall", "wait_days"],
    ),
    "a week of single products": (
        "metric: net_sales\n    grain: week\n    threshold_rate: 0.15",
        "metric: net_sales\n    dimension: product\n    grain: week\n    threshold_rate: 0.15",
        [":17: rules.1.grain", "net_sales by product is there by month and quarter alone; say one of them"],
    ),
    "no period of single products": (
        "metric: net_sales\n    grain: week\n    threshold_rate: 0.15",
        "metric: net_sales\n    dimension: product\n    threshold_rate: 0.15",
        [": rules.1", "net_sales by product is there by month and quarter alone; say one of them"],
    ),
    "waiting for what is allowed for": ("threshold_rate: 0.15", "threshold_rate: 0.15\n    allow_late: true\n"
                                        "    wait_days: 3", [":12: rules.1", "wait_days or allow_late, one of"]),
    "a rule without an owner": ("    owner: data\n", "", [":26: rules.3.owner", "is missing"]),
    "an owner who is nobody": ("owner: data", 'owner: " "', [":31: rules.3.owner", "at least 1 character"]),
    "an id twice": ("id: band", "id: fall", [":19: rules.2.id", "'fall' is there twice; rename one"]),
    "no number": ("threshold_value: 36", "threshold_value: .nan", [":29: rules.3.threshold_value", "finite number"]),
    "a limit without end": ("threshold_value: 36", "threshold_value: .inf", [":29: rules.3.threshold_value", "finite"]),
    "a limit that no figure has": ("threshold_value: 36", "threshold_value: 1.0e+25", [":29:", "less than or equal"]),
    "a change that rounds to none": ("threshold_rate: 0.15", "threshold_rate: 1.0e-9", [":17:", "greater than or"]),
    "more points than there are": (
        "metric: net_sales\n    grain: week\n    threshold_rate: 0.15",
        "metric: win_rate\n    grain: month\n    threshold_pp: 150",
        [":17: rules.1.threshold_pp", "150 is never reached"],
    ),
    "a goal behind by more than all": (
        "kind: percent_change\n    metric: net_sales\n    grain: week\n    threshold_rate: 0.15",
        "kind: pace_behind_target\n    threshold_rate: 10",
        [":15: rules.1.threshold_rate", "more than 100 %; 10 is 1000%"],
    ),
    "the name of what needs no rule": ("id: band", "id: slow_team", [":19: rules.2.id", "rename this one"]),
    "an unknown playbook": ("playbook: call", "playbook: cal", [":10: rules.0.playbook", "did you mean 'call'"]),
    "a mute that ends before it begins": ("to: 2026-02-23", "to: 2026-02-01", [":11: rules.0.mute.0", "turn the two"]),
    "an unknown source": ("members: [shop]", "members: [shap]", [":30: rules.3.members.0", "did you mean 'shop'"]),
    "what the kind does not have": ("    false_rate: 0.001\n", "    threshold_rate: 0.1\n",
                                    [":19: rules.2", "kind seasonal_band has no threshold_rate; it takes metric"]),
    "what the kind needs": ("    threshold_value: 36\n", "", [":26: rules.3", "kind freshness needs threshold_value"]),
    "the kind of old": ("kind: percent_change", "kind: week_on_week_fall", [":14: rules.1.kind", "'percent_change'"]),
    "an amount below a quotient of units": ("threshold_value: 0.2", "threshold_value: 0.2\n    minimum_amount: 200000",
                                            [":9: rules.0.minimum_amount", "divided by is a number", "minimum_count"]),
    "a number below a sum of money": ("threshold_rate: 0.15", "threshold_rate: 0.15\n    minimum_count: 30",
                                      [":18: rules.1.minimum_count", "net_sales counts is money", "minimum_amount"]),
    "a limit that the smallest never reach": (
        "kind: percent_change\n    metric: net_sales\n    grain: week\n    threshold_rate: 0.15",
        "kind: threshold\n    metric: net_sales\n    grain: week\n    threshold_value: 5\n    minimum_amount: 9",
        [":18: rules.1.minimum_amount", "the less it would be judged", "leave minimum_amount out"],
    ),
    "the quality of sales": ("kind: freshness", "kind: quality\n    metric: net_sales\n    grain: day",
                             [":28: rules.3.kind", "is about dirty_rate or", "is of kind threshold"]),
    "a goal that is not there": (
        "kind: percent_change\n    metric: net_sales\n    grain: week\n    threshold_rate: 0.15",
        "kind: pace_behind_target\n    members: [nowhere]",
        [":15: rules.1.members.0", "unknown goal", "nowhere"],
    ),
    "a metric with no bad side": ("metric: return_rate\n    dimension: region\n    grain: week\n",
                                  "metric: dealer_days_of_supply\n", [":2: rules.0", "says `direction`"]),
}  # fmt: skip


def written(folder: Path) -> Path:
    """Write a company with RULES into a folder."""
    (folder / "sources").mkdir()
    files = {
        "company.yml": COMPANY, "lifecycle.yml": LIFECYCLE, "sources/shop.yml": SHOP, "playbooks.yml": PLAYBOOKS,
        "alerts.yml": RULES,
    }  # fmt: skip
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return written(tmp_path)


def test_rules_of_several_kinds_are_taken(folder: Path) -> None:
    back, fall, band, stale = load_company(folder).alerts.rules
    metrics = registry()
    assert (back.direction_of(metrics["return_rate"]), fall.direction_of(metrics["net_sales"])) == ("rise", "fall")
    assert (stale.metric_id, stale.dimension_name) == ("source_freshness_hours", "source")
    assert stale.grain_of(metrics["source_freshness_hours"]) == "day"
    assert band.band_width == pytest.approx(3.0902, abs=1e-4)


@pytest.mark.parametrize(("old", "new", "told"), CASES.values(), ids=CASES.keys())
def test_a_mistake_is_told_with_its_place_and_its_mend(folder: Path, old: str, new: str, told: list[str]) -> None:
    assert RULES.count(old) == 1
    (folder / "alerts.yml").write_text(RULES.replace(old, new), encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert all(text in str(caught.value) for text in told), caught.value
    (left_out,) = load_for_a_night(folder).left_out_rules
    assert CHINESE.search(in_chinese(left_out.mistake)), left_out.mistake


def test_a_mistake_is_told_in_chinese_with_what_was_written() -> None:
    assert in_chinese("unknown metric 'retun_rate'; did you mean 'return_rate'?") == (
        "未知的指标 'retun_rate'，是否为 'return_rate'？"
    )
    assert in_chinese("Input should be greater than 0; found -1") == "应大于 0；现为 -1"
    assert in_chinese("something that nobody has put into words") == "something that nobody has put into words"


def test_no_rate_of_the_registry_is_above_one_but_those_that_divide_by_something_else() -> None:
    unbounded = {metric.id for metric in registry().values() if metric.unit == "rate" and metric.most != 1}
    assert unbounded == {"quota_attainment", "channel_sell_through_rate"}
    bounds = {metric.id: metric.most for metric in registry().values() if metric.unit != "rate" and metric.most}
    assert bounds == {"customer_hhi": 10_000}


def test_every_rule_that_two_mistakes_have_is_told_of(folder: Path) -> None:
    spoilt = RULES.replace("metric: return_rate", "metric: x").replace("playbook: call", "playbook: y")
    (folder / "alerts.yml").write_text(spoilt, encoding="utf-8")
    with pytest.raises(CompanyError) as caught:
        load_company(folder)
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize("grain", ["month", "quarter"])
def test_net_sales_of_single_products_are_judged_by_month_and_quarter(folder: Path, grain: str) -> None:
    asked = RULES.replace(
        "metric: net_sales\n    grain: week", f"metric: net_sales\n    dimension: product\n    grain: {grain}"
    )
    (folder / "alerts.yml").write_text(asked, encoding="utf-8")
    assert load_company(folder).alerts.rules[1].dimension == "product"


def test_a_metric_said_by_itself_is_not_cut_as_the_usual_one() -> None:
    rule = AlertRule.model_validate({
        "id": "hhi", "name": {"en": "a", "zh": "a"}, "kind": "concentration", "metric": "customer_hhi",
        "threshold_value": 2500, "owner": "sales",
    })  # fmt: skip
    assert (rule.metric_id, rule.dimension_name) == ("customer_hhi", "total")
