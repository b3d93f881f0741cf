"""alerts.yml: which figures wake whom, and how it reaches them."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from statistics import NormalDist
from typing import Annotated, Literal, get_args

from pydantic import Field, StringConstraints, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name
from sales_warehouse.metrics.registry import Grain, Metric

Kind = Literal[
    "threshold", "percent_change", "seasonal_band", "pace_behind_target", "stalled_deals", "concentration", "freshness",
    "quality",
]  # fmt: skip
Severity = Literal["info", "warning", "critical"]
State = Literal["on", "trial", "off"]
STATES = get_args(State)
MOST = 1e15  # what a figure of eight decimal places can be beside
LEAST = 1e-6  # a change or a share below this is none
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]

_VOLUME = ("minimum_amount", "minimum_count")
_SERIES = ("metric", "dimension", "grain", "members", "direction", *_VOLUME, "wait_days")
# What a rule of each kind must say of _PARTICULARS, and what it may say beside that.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "threshold": ("metric", "threshold_value"),
    "percent_change": ("metric",),
    "seasonal_band": ("metric",),
    "pace_behind_target": (),
    "stalled_deals": (),
    "concentration": ("threshold_value",),
    "freshness": ("threshold_value",),
    "quality": ("threshold_value",),
}
_ALLOWED: Mapping[str, tuple[str, ...]] = {
    "threshold": (*_SERIES, "allow_late"),
    "percent_change": (*_SERIES, "threshold_rate", "threshold_pp", "against", "allow_late"),
    "seasonal_band": (*_SERIES, "false_rate", "allow_late"),
    "pace_behind_target": ("metric", "members", "threshold_rate"),
    "stalled_deals": ("minimum_amount",),
    "concentration": _SERIES,
    "freshness": _SERIES,
    "quality": _SERIES,
}
_PARTICULARS = (
    *_SERIES, "against", "threshold_value", "threshold_rate", "threshold_pp", "false_rate", "allow_late",
)  # fmt: skip
# What a rule of these kinds looks at where it does not say it: metric, dimension.
_USUAL = {
    "pace_behind_target": ("quota_attainment", "target"),
    "concentration": ("top3_customer_share", "total"),
    "freshness": ("source_freshness_hours", "source"),
    "quality": ("dirty_rate", "source"),
}
PACE_BEHIND = 0.1
FALSE_RATE = 0.001


class Mute(Model):
    """Days on which a rule says nothing, both included: a period that ends on one of them opens no alert."""

    starts_on: datetime.date = Field(alias="from")
    ends_on: datetime.date = Field(alias="to")
    reason: Text

    @model_validator(mode="after")
    def _in_order(self) -> Mute:
        if self.ends_on < self.starts_on:
            raise ValueError(f"ends on {self.ends_on}, before it begins on {self.starts_on}; turn the two round")
        return self


class AlertRule(Model):
    """A rule that opens an alert."""

    id: Name
    name: Label
    kind: Kind
    metric: Name | None = None
    dimension: Name | None = Field(default=None, description="what the metric is cut by; default: the total")
    grain: Grain | None = Field(default=None, description="period that is judged; default: the only one of the metric")
    members: tuple[str, ...] = Field(default=(), description="the only members judged; default: all")
    direction: Literal["fall", "rise"] | None = Field(default=None, description="default: the bad one of the metric")
    against: Literal["previous", "year_before"] | None = None
    threshold_value: float | None = Field(
        default=None, ge=-MOST, le=MOST, description="value from which on the rule fires"
    )
    threshold_rate: float | None = Field(
        default=None, ge=LEAST, le=1000, description="relative change that is too much, 0.15: 15 %"
    )
    threshold_pp: float | None = Field(
        default=None, ge=LEAST, le=100_000, description="change of a rate in percentage points"
    )
    false_rate: float | None = Field(default=None, ge=LEAST, le=0.1, description="share of ordinary periods that fire")
    minimum_amount: float | None = Field(default=None, gt=0, le=MOST, description="smaller ones are not judged")
    minimum_count: int | None = Field(default=None, gt=0, le=int(MOST), description="smaller ones are not judged")
    wait_days: Annotated[int, Field(ge=0, le=366)] | Literal["measured"] = Field(
        default=0,
        description="days that a period waits for late entries; measured: as long as figures were seen to move",
    )
    allow_late: bool = Field(
        default=False, description="a fall is judged as if what is usually still to come at its age were there"
    )
    cooldown_days: int = Field(default=0, ge=0, le=366, description="a breach so soon after one is no new alert")
    severity: Severity = "warning"
    owner: Text
    playbook: Name | None = None
    mute: tuple[Mute, ...] = ()
    state: State = Field(default="on", description="trial: judged, but nobody is told")

    @model_validator(mode="after")
    def _of_its_kind(self) -> AlertRule:
        allowed = {*_NEEDED[self.kind], *_ALLOWED[self.kind]}
        said = self.model_fields_set
        given = [name for name in _PARTICULARS if name in said and getattr(self, name) not in (None, ())]
        if idle := [name for name in given if name not in allowed]:
            takes = ", ".join(name for name in _PARTICULARS if name in allowed)
            raise ValueError(f"a rule of kind {self.kind} has no {', '.join(idle)}; it takes {takes}")
        if missing := [name for name in _NEEDED[self.kind] if name not in given]:
            raise ValueError(f"a rule of kind {self.kind} needs {', '.join(missing)}")
        if self.kind == "percent_change" and (self.threshold_rate is None) == (self.threshold_pp is None):
            raise ValueError("give threshold_rate or threshold_pp, one of the two")
        if self.minimum_amount is not None and self.minimum_count is not None:
            raise ValueError("give minimum_amount or minimum_count, one of the two")
        if self.allow_late and self.wait_days:
            raise ValueError("give wait_days or allow_late, one of the two")
        return self

    @property
    def metric_id(self) -> str | None:
        """What is judged; of a goal that is behind, how much of it is reached, and `metric` says which goals."""
        return _USUAL["pace_behind_target"][0] if self.kind == "pace_behind_target" else self.metric or self._usual[0]

    @property
    def dimension_name(self) -> str:
        return self.dimension or self._usual[1] or "total"

    @property
    def _usual(self) -> tuple[str | None, str | None]:
        usual = _USUAL.get(self.kind, (None, None))
        return usual if self.metric in (None, usual[0]) or self.kind == "pace_behind_target" else (None, None)

    def grain_of(self, metric: Metric) -> str | None:
        """Return the period that is judged; None where the metric has several and the rule names none."""
        if self.grain:
            return self.grain
        whole = [grain for grain in metric.grains if grain != "all"]
        return (
            "day" if self.kind in ("freshness", "quality") and "day" in whole else whole[0] if len(whole) == 1 else None
        )

    def direction_of(self, metric: Metric) -> str | None:
        """Return the change that is bad; None where the metric has no bad side and the rule names none."""
        return self.direction or {"up": "fall", "down": "rise"}.get(metric.direction)

    @property
    def band_width(self) -> float | None:
        """Return how many standard deviations of a normal distribution are exceeded on one side at the false rate."""
        return NormalDist().inv_cdf(1 - (self.false_rate or FALSE_RATE)) if self.kind == "seasonal_band" else None


class FileCarrier(Model):
    """Messages become files in the state folder."""

    type: Literal["file"]


class AppriseCarrier(Model):
    """Messages leave through Apprise: e-mail, webhook, WeCom, DingTalk, Feishu, Slack and others."""

    type: Literal["apprise"]
    connection: str = Field(description="id of the Airflow connection that holds the addresses")


Carrier = Annotated[FileCarrier | AppriseCarrier, Field(discriminator="type")]


class AlertsFile(Model):
    """alerts.yml: what wakes people, and how it reaches them."""

    rules: tuple[AlertRule, ...] = ()
    required_actions: tuple[Severity, ...] = Field(
        default=("critical",), description="incidents of these severities wait for an answer in Airflow"
    )
    carriers: tuple[Carrier, ...] = (FileCarrier(type="file"),)


class LeftOutRule(Model):
    """A rule that a night had to do without; `place` counts the rules of alerts.yml from 0, `line` its lines from 1.

    `part` is the key of the rule that is wrong, empty for the whole of it, and `mistake` says in one sentence what is
    wrong there; `why` is that with everything that is allowed. What the rule itself says is there as far as it can be
    read.
    """

    place: int
    line: int | None
    part: str
    mistake: str
    why: str
    rule_id: str | None = None
    name_en: str | None = None
    name_zh: str | None = None
    owner: str | None = None
    state: str | None = None


def rule_rows(file: AlertsFile, metrics: Mapping[str, Metric]) -> list[tuple]:
    """Return the rows of the settings table `alert_rules`; `metrics` is the registry as the company has it."""
    rows = []
    for place, r in enumerate(file.rules, 1):
        metric = metrics[r.metric_id] if r.metric_id else None
        rows.append((
            r.id, place, r.kind, r.metric_id, r.metric if r.kind == "pace_behind_target" else None,
            r.grain_of(metric) if metric else None, r.dimension_name, r.direction_of(metric) if metric else None,
            (r.against or "previous") if r.kind == "percent_change" else None, r.threshold_value,
            r.threshold_rate or (PACE_BEHIND if r.kind == "pace_behind_target" else None), r.threshold_pp,
            r.band_width and (r.false_rate or FALSE_RATE), r.band_width, r.minimum_amount or r.minimum_count,
            r.wait_days if r.wait_days != "measured" else None, r.allow_late, r.cooldown_days, r.severity, r.owner,
            r.playbook, r.name.en, r.name.zh, r.state,
        ))  # fmt: skip
    return rows


KINDS = get_args(Kind)
