"""funnel.yml: which leads are lost, what the stages of deals are, when a deal stands still, and when a step is odd."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field, model_validator

from sales_warehouse.company.base import Model


class StallLimit(Model):
    """Days in a stage that are not yet too many: of the calendar, or those on which the deal's owner works."""

    after_days: int | None = Field(default=None, ge=1)
    after_workdays: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one(self) -> StallLimit:
        if (self.after_days is None) == (self.after_workdays is None):
            raise ValueError("give after_days or after_workdays, one of the two")
        return self

    @property
    def days(self) -> tuple[str, int]:
        """Return which days are counted, and how many are not yet too many."""
        if self.after_days is not None:
            return "calendar", self.after_days
        assert self.after_workdays is not None
        return "business", self.after_workdays


class Stalled(Model):
    """Deals that stand still. A stage of its own limit is not measured by the one of the others."""

    limit: StallLimit = StallLimit(after_days=30)
    stages: dict[str, StallLimit] = Field(default_factory=dict, description="limits by name of the stage")


# What systems call leads that came to nothing, and those that still may come to something or have.
LOST = (
    "lost", "closed", "closed lost", "disqualified", "unqualified", "not qualified", "invalid", "rejected", "dead",
    "junk", "spam", "duplicate", "unreachable", "not interested", "not converted", "closed not converted", "cancelled",
    "无效", "无效线索", "流失", "已流失", "丢失", "关闭", "已关闭", "放弃", "已放弃", "作废", "已作废", "不合格",
    "无意向", "战败", "已战败", "输单", "重复", "未转化", "未成交",
)  # fmt: skip
LIVING = (
    "new", "open", "unassigned", "assigned", "attempted", "contacted", "working", "in progress", "engaged", "nurturing",
    "recycled", "reopened", "qualified", "marketing qualified", "sales qualified", "mql", "sql", "converted",
    "closed converted", "won", "unknown",
    "新建", "新增", "新线索", "待分配", "未分配", "已分配", "待跟进", "未跟进", "跟进中", "已跟进", "已联系", "培育中",
    "有效", "合格", "有意向", "已转化", "已转换", "已转商机", "已成交", "赢单", "未知",
)  # fmt: skip


class LeadStatuses(Model):
    """What statuses of leads mean, beside the usual words and before them; spaces, hyphens and case are all one."""

    lost: tuple[str, ...] = Field(default=(), description="nothing comes of the lead any more")
    living: tuple[str, ...] = Field(default=(), description="it still may become a deal, or has")

    @model_validator(mode="after")
    def _of_one_kind(self) -> LeadStatuses:
        if both := set(map(status_word, self.lost)) & set(map(status_word, self.living)):
            raise ValueError(f"{', '.join(sorted(both))}: lost or living, one of the two")
        return self

    def rows(self) -> Iterator[tuple[str, bool]]:
        """Yield each status as `status_word` writes it, and whether its leads are lost."""
        meant = {status_word(word): lost for words, lost in ((LOST, True), (LIVING, False)) for word in words}
        meant |= {
            status_word(word): lost for words, lost in ((self.lost, True), (self.living, False)) for word in words
        }
        yield from meant.items()


def status_word(status: str) -> str:
    """Return a status without case, spaces, hyphens and underscores, as dbt's macro of that name does."""
    return status.lower().translate(dict.fromkeys(map(ord, " -_")))


# What systems call the stage into which a deal is put when it is won or lost: its outcome, and no stage.
CLOSING = (
    "won", "lost", "closed", "closed won", "closed lost", "won deal", "lost deal", "deal won", "deal lost",
    "cancelled", "canceled", "abandoned", "disqualified",
    "赢单", "已赢单", "输单", "已输单", "丢单", "已丢单", "成交", "已成交", "未成交", "战败", "已战败", "关闭",
    "已关闭",
    "赢单关闭", "输单关闭", "流失", "已流失", "放弃", "已放弃", "作废", "已作废", "结单", "已结单",
)  # fmt: skip


class Stages(Model):
    """The stages of deals: their order where sources tell none, and which are none but the outcome of a deal."""

    order: tuple[str, ...] = Field(default=(), description="stages from the first to the last, before any source")
    closing: tuple[str, ...] = Field(default=(), description="the outcome of a deal, beside the usual words")
    living: tuple[str, ...] = Field(default=(), description="stages, although they are called or look like an outcome")

    @model_validator(mode="after")
    def _of_one_kind(self) -> Stages:
        closing, living = set(map(status_word, self.closing)), set(map(status_word, self.living))
        if both := closing & living:
            raise ValueError(f"{', '.join(sorted(both))}: closing or living, one of the two")
        if ended := ((closing | set(map(status_word, CLOSING))) - living) & set(map(status_word, self.order)):
            raise ValueError(
                f"{', '.join(sorted(ended))}: the outcome of a deal has no place in `order`; what is a stage all the "
                "same stands in `living`"
            )
        if len(set(map(status_word, self.order))) < len(self.order):
            raise ValueError("a stage stands twice in `order`")
        return self

    def rows(self) -> Iterator[tuple[str, int | None, bool | None]]:
        """Yield each stage as `status_word` writes it, its place, and whether it is an outcome; None where unsaid."""
        places = {status_word(stage): place for place, stage in enumerate(self.order, 1)}
        closing = dict.fromkeys(map(status_word, (*CLOSING, *self.closing)), True)
        closing |= dict.fromkeys(map(status_word, (*self.order, *self.living)), False)
        for word in places | closing:
            yield word, places.get(word), closing.get(word)


class OddStep(Model):
    """From when on a step converts so much less than it used to that it is not chance."""

    score: float = Field(default=3.5, gt=0, description="robust standard deviations below its own history")
    minimum_entered: int = Field(default=50, ge=5, description="periods in which fewer entered are not judged")


class FunnelFile(Model):
    """funnel.yml: how the way from lead to cash is judged."""

    maturity_days: int = Field(
        default=90, ge=1, description="within so many days a step leads on, or does not; a cohort is mature after them"
    )
    lead_statuses: LeadStatuses = LeadStatuses()
    stages: Stages = Stages()
    stalled: Stalled = Stalled()
    odd_step: OddStep = OddStep()
