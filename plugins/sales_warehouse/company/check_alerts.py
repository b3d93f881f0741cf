"""Rules that could never fire, would always fire, or look at what there is not, are refused before a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sales_warehouse.company.alerts import AlertRule
from sales_warehouse.company.load import Document, Problem, suggestion
from sales_warehouse.company.models import Company
from sales_warehouse.metrics import Metric

# Quotients whose denominator is money; that of any other counts records or units.
OF_MONEY = frozenset({
    "win_rate_by_amount", "pipeline_coverage_ratio", "quota_attainment", "collection_rate", "top3_customer_share",
    "customer_hhi",
})  # fmt: skip
# What rules of these kinds may look at; anything else has kind threshold.
ABOUT = {
    "concentration": ("top3_customer_share", "customer_hhi"),
    "freshness": ("source_freshness_hours",),
    "quality": ("dirty_rate", "entry_within_24h_rate", "capture_completeness_rate"),
}
MONTHS = ("month", "quarter")  # what kpi_values has of the dimensions in by_month
# What opens incidents without a rule of alerts.yml has these names (int_alerts_united).
TAKEN = ("deadline", "slow_team", "repurchase_fall", "return_spike")


def check_alerts(company: Company, document: Document, metrics: Mapping[str, Metric]) -> Iterator[Problem]:
    """Yield the mistakes of alerts.yml; `metrics` is the registry by metric."""
    playbooks = {playbook.id for playbook in company.playbooks.playbooks}
    seen: set[str] = set()
    for at, rule in enumerate(company.alerts.rules):
        if rule.id in seen:
            yield document.problem(f"{rule.id!r} is there twice; rename one", "rules", at, "id")
        seen.add(rule.id)
        if rule.id in TAKEN:
            text = f"{rule.id!r} is the name of an alert that needs no rule; rename this one, {rule.id}_2 for instance"
            yield document.problem(text, "rules", at, "id")
        if rule.playbook and rule.playbook not in playbooks:
            yield document.problem(f"unknown playbook{suggestion(rule.playbook, playbooks)}", "rules", at, "playbook")
        name = rule.metric or rule.metric_id
        if name is None:
            continue
        if name not in metrics:
            yield document.problem(f"unknown metric{suggestion(name, metrics)}", "rules", at, "metric")
            continue
        yield from _members(company, rule, document, at)
        if rule.kind == "pace_behind_target":
            yield from _pace(company, rule, document, at)
        else:
            yield from _series(rule, document, at, metrics[name])
            yield from _thresholds(rule, document, at, metrics[name])
            yield from _volumes(rule, document, at, metrics[name])


def _pace(company: Company, rule: AlertRule, document: Document, at: int) -> Iterator[Problem]:
    told_by_sources = any(m.entity == "targets" for source in company.sources.values() for m in source.mappings)
    goals = [target.id for target in company.targets.targets]
    for place, member in enumerate(rule.members):
        if member not in goals and not told_by_sources:
            yield document.problem(f"unknown goal{suggestion(member, goals)}", "rules", at, "members", place)
    if rule.threshold_rate is not None and rule.threshold_rate > 1:
        text = f"no goal is behind by more than 100 %; {rule.threshold_rate:g} is {rule.threshold_rate:.0%}"
        yield document.problem(text, "rules", at, "threshold_rate")


def _series(rule: AlertRule, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    dimensions = ("total", *metric.dimensions, *metric.by_month)
    if rule.dimension_name not in dimensions:
        text = f"{metric.id} is not measured by{suggestion(rule.dimension_name, dimensions)}"
        yield document.problem(text, "rules", at, "dimension")
    grains = [grain for grain in metric.grains if grain != "all"]
    if rule.dimension_name in metric.by_month and rule.grain not in MONTHS:
        text = f"{metric.id} by {rule.dimension_name} is there by {' and '.join(MONTHS)} alone; say one of them"
        yield document.problem(text, "rules", at, "grain")
    elif rule.grain is not None and rule.grain not in grains:
        yield document.problem(f"{metric.id} has no{suggestion(rule.grain, grains)}", "rules", at, "grain")
    elif rule.grain_of(metric) is None:
        yield document.problem(f"say which period is judged; {metric.id} has {', '.join(grains)}", "rules", at, "grain")
    if rule.direction_of(metric) is None:
        text = f"neither more nor less of {metric.id} is better, so a rule of it says `direction`: fall or rise"
        yield document.problem(text, "rules", at, "direction")
    if rule.kind in ("percent_change", "seasonal_band") and _is_level(metric):
        text = f"{metric.id} is a level of one day, which is compared with no other; use kind threshold"
        yield document.problem(text, "rules", at, "kind")
    # heads are counted again in each period, and what they sold is divided by them
    is_count = metric.aggregation in ("sum", "distinct") and metric.decomposition == "additive"
    if rule.allow_late and not (is_count and rule.direction_of(metric) == "fall"):
        text = "allow_late is for sums and counts that fall; of anything else give wait_days"
        yield document.problem(text, "rules", at, "allow_late")
    about = ABOUT.get(rule.kind, (metric.id,))
    if metric.id not in about:
        text = f"kind {rule.kind} is about {' or '.join(about)}; a limit on {metric.id} is of kind threshold"
        yield document.problem(text, "rules", at, "kind")
    elif rule.kind in ABOUT and rule.direction == {"up": "rise", "down": "fall"}[metric.direction]:
        good = f"{metric.id} is good when it {rule.direction}s"
        text = f"{good}, which is no {rule.kind} to wake for; leave direction out"
        yield document.problem(text, "rules", at, "direction")


def _is_level(metric: Metric) -> bool:
    return metric.id in ("source_freshness_hours", "quota_attainment")


def _thresholds(rule: AlertRule, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    if rule.threshold_pp is not None and metric.unit != "rate":
        text = f"{metric.id} is no rate and does not change by percentage points; give threshold_rate"
        yield document.problem(text, "rules", at, "threshold_pp")
    falls = rule.direction_of(metric) == "fall"
    if rule.threshold_rate is not None and falls and rule.threshold_rate > 1:
        text = f"nothing falls by more than 100 %; {rule.threshold_rate:g} is {rule.threshold_rate:.0%}"
        yield document.problem(text, "rules", at, "threshold_rate")
    value, most = rule.threshold_value, metric.most
    if metric.is_share and rule.threshold_pp is not None and rule.threshold_pp > 100:
        text = f"no rate changes by more than 100 points; {rule.threshold_pp:g} is never reached"
        yield document.problem(text, "rules", at, "threshold_pp")
    if value is None:
        return
    if metric.is_share and value > 1:
        text = f"{metric.id} is a rate from 0 to 1, so {value:g} is never reached; {value:g} % is {value / 100:g}"
        yield document.problem(text, "rules", at, "threshold_value")
    elif most is not None and value > most and not falls:
        text = f"no {metric.id} is above {most:g}, so {value:g} is never reached; give less"
        yield document.problem(text, "rules", at, "threshold_value")
    elif most is not None and falls and value >= most:
        yield document.problem(f"every {metric.id} is {most:g} or less; give less", "rules", at, "threshold_value")
    elif value < 0 or (value == 0 and not falls):
        text = f"every {metric.id} reaches {value:g}; give more than 0" if not falls else "give 0 or more"
        yield document.problem(text, "rules", at, "threshold_value")


def _volumes(rule: AlertRule, document: Document, at: int, metric: Metric) -> Iterator[Problem]:
    """The least volume is asked of what stands below a quotient, else of the figure itself, in its own unit."""
    if rule.minimum_amount is None and rule.minimum_count is None:
        return
    said = "minimum_amount" if rule.minimum_amount is not None else "minimum_count"
    is_sum = metric.decomposition == "additive"
    of_money = metric.unit == "money" if is_sum else metric.id in OF_MONEY
    meant = "minimum_amount" if of_money else "minimum_count"
    if said != meant:
        behind = f"what {metric.id} counts" if is_sum else f"what {metric.id} is divided by"
        text = f"{behind} is {'money' if of_money else 'a number of things'}; give {meant}"
        yield document.problem(text, "rules", at, said)
    if is_sum and rule.kind not in ("percent_change", "seasonal_band") and rule.direction_of(metric) == "fall":
        text = f"the less {metric.id} is, the less it would be judged; leave {said} out and name the `members` to judge"
        yield document.problem(text, "rules", at, said)


def _members(company: Company, rule: AlertRule, document: Document, at: int) -> Iterator[Problem]:
    """Members that the configuration names elsewhere are known before a run."""
    known = {
        "region": [region.id for region in company.regions.regions],
        "source": list(company.sources),
        "channel": list(company.about.channels),
    }.get(rule.dimension_name)
    for place, member in enumerate(rule.members):
        if known and member not in known:
            text = f"unknown {rule.dimension_name}{suggestion(member, known)}"
            yield document.problem(text, "rules", at, "members", place)
