"""What can be planted in the made-up company, and the answer that is known because it was planted.

One class for each situation: its parameters with their defaults, the capabilities that have to find it, and the answer
as numbers by name. A situation is off unless demo.yml names it. How the world bends is in demo/sql/situations.sql,
where the parameters arrive as the variables `<situation>_<parameter>`; demo/measures/<situation>.sql works each answer
out again from the true rows, in a switched world and in a quiet one. Shares are of one; a `change` is relative, not
in points.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from sales_warehouse.company.base import Label, Model

Share = Annotated[float, Field(gt=0, lt=1)]
Factor = Annotated[float, Field(gt=0, le=20)]
Change = Annotated[float, Field(gt=-1, le=5)]
Count = Annotated[int, Field(ge=1, le=1000)]
Answer = Mapping[str, float | str]
STAGES = ("需求确认", "技术方案确认", "报价", "商务谈判", "合同签订")  # of the made-up pipeline, in order
MATURING_DAYS = 120  # from an opportunity to the order that it may become


# Tables of the demo's systems that a situation may change: what follows from a deal, an enquiry or an order.
FIELD_ORDERS = frozenset({"t_dd", "t_ddmx", "t_fp", "t_hk", "t_th"})
DEALS = FIELD_ORDERS | {"t_sj", "t_sjjd", "t_bj", "calls", "visits", "web_events"}
ENQUIRIES = DEALS | {"t_xs", "t_kh", "t_lxr", "chats", "assignments"}
SHOP_LINES = frozenset({"order_lines", "refunds"})
SHOP_ORDERS = SHOP_LINES | {"orders", "order_surveys"}


class Situation(Model):
    """One thing that is planted: the capabilities that have to find it, their words, and the tables that it changes."""

    shows: ClassVar[tuple[str, ...]]
    says: ClassVar[Label]
    changes: ClassVar[frozenset[str]]

    def answer(self) -> Answer:
        """What has to be found: a number or a name by what it measures."""
        raise NotImplementedError

    def variables(self, end: datetime.date) -> dict[str, object]:
        """The parameters as the scripts of the world see them; `end` is the first business date."""
        return dict(self)


class InLastWeeks(Situation):
    """Something that lasts for whole weeks, Monday to Sunday; 1 is the last complete week of the first night."""

    weeks_before_end: Count = 1
    weeks: Count = 1

    def variables(self, end: datetime.date) -> dict[str, object]:
        first, last = week_of(end, self.weeks_before_end)
        return dict(self) | {"first_date": first, "last_date": last + datetime.timedelta(weeks=self.weeks - 1)}


class SinceLately(Situation):
    """Something that began some days before the end and goes on."""

    days_before_end: Count = 60

    def first_date(self, end: datetime.date) -> datetime.date:
        """The day on which it began."""
        return end - datetime.timedelta(days=self.days_before_end - 1)

    def variables(self, end: datetime.date) -> dict[str, object]:
        return dict(self) | {"first_date": self.first_date(end)}


class InOneMonth(Situation):
    """Something in one calendar month; 1 is the last month that is complete, or ends, on the first business date."""

    month_before_end: Count = 1

    def variables(self, end: datetime.date) -> dict[str, object]:
        first, last = month_of(end, self.month_before_end)
        return dict(self) | {"first_date": first, "last_date": last}


# --- deals, leads, visits -----------------------------------------------------------------------------------------


class StageLoss(Situation):
    shows = ("S06",)
    says = Label(en="Deals get lost in one stage", zh="「技术方案确认环节流失率达47%」")
    changes = DEALS
    stage: str = "技术方案确认"
    rate: Share = 0.47

    def answer(self) -> Answer:
        return {"lost_of_exits": self.rate}


class RegionalGap(Situation):
    shows = ("S08", "S09", "S10")
    says = Label(en="One region sells less per head than another", zh="「华北区人均单产比华南低22%」")
    changes = ENQUIRIES
    region: str = "华北"
    peer: str = "华南"
    gap: Share = 0.22
    cause: Literal["saturation", "capability"] = Field(
        default="saturation", description="saturation: fewer opportunities a head; capability: fewer of them are won"
    )

    def answer(self) -> Answer:
        return {"won_amount_per_head_change": -self.gap, "cause": self.cause}


class WeekendEnquiries(Situation):
    shows = ("S43",)
    says = Label(
        en="Three times the enquiries on days off, and fewer become deals",
        zh="「周末的客户咨询量总是工作日的3倍,但成交率反而低40%」",
    )
    changes = ENQUIRIES
    volume: Factor = 3.0
    conversion: Change = -0.40

    def answer(self) -> Answer:
        return {"enquiries_a_day_factor": self.volume, "conversion_change": self.conversion}


class CaptureLoss(Situation):
    shows = ("S17",)
    says = Label(en="Enquiries that other systems saw never reach the CRM", zh="「15%数据损耗率」")
    changes = frozenset({"t_xs", "calls", "assignments"})
    rate: Share = 0.15

    def answer(self) -> Answer:
        return {"lost_of_events": self.rate}


class WhitePapers(Situation):
    shows = ("S52", "S38")
    says = Label(
        en="Who clicks white papers often before a deal is decided buys more often",
        zh="「频繁点击行业白皮书时,后续成交概率提升72%」",
    )
    changes = DEALS
    clicks: Count = 3
    lift: Change = 0.72

    def answer(self) -> Answer:
        return {"win_rate_change": self.lift}


class ConversionFall(Situation):
    shows = ("S41",)
    says = Label(en="Fewer opportunities become orders in one quarter", zh="二季度商机→订单转化率下降15%")
    changes = DEALS
    quarter: Annotated[int, Field(ge=1, le=4)] = 2
    change: Change = -0.15

    def answer(self) -> Answer:
        return {"conversion_change": self.change}

    def variables(self, end: datetime.date) -> dict[str, object]:
        """The latest such quarter whose opportunities have had their time on the first business date."""
        first, last = quarter_of(end - datetime.timedelta(days=MATURING_DAYS), self.quarter)
        return dict(self) | {"first_date": first, "last_date": last}


class RegionalConversion(Situation):
    shows = ("S55",)
    says = Label(
        en="So many deals of a region and quarter become paid orders, and no more",
        zh="「Q3华北区新客转化率提升15%」",
    )
    changes = DEALS
    region: str = "华北"
    quarter: Annotated[int, Field(ge=1, le=4)] = 3
    rate: Share = Field(default=0.23, description="15 % above 20 %; counted off, and rounded up to a whole deal")

    def answer(self) -> Answer:
        return {"won_of_deals": self.rate}

    def variables(self, end: datetime.date) -> dict[str, object]:
        """The latest such quarter whose opportunities have had their time on the first business date."""
        first, last = quarter_of(end - datetime.timedelta(days=MATURING_DAYS), self.quarter)
        return dict(self) | {"first_date": first, "last_date": last}


class SteadyFollowUp(Situation):
    shows = ("S55", "S58")
    says = Label(en="One region's team rings its customers by the clock and does nothing else", zh="「缩短至72小时内」")
    changes = frozenset({"calls", "visits", "t_bj"})
    region: str = "东北"
    hours: Annotated[float, Field(ge=1, le=1000)] = 72.0

    def answer(self) -> Answer:
        return {"follow_up_hours": self.hours}


class UnpaidCohort(InOneMonth):
    shows = ("S04",)
    says = Label(
        en="Many deals of one month's enquiries are invoiced and never paid", zh="「从线索到回款的全流程转化率」"
    )
    changes = frozenset({"t_hk", "t_dd"})
    month_before_end: Count = 9  # an enquiry has its time until the money is there
    rate: Share = 0.5

    def answer(self) -> Answer:
        return {"paid_of_invoiced": 1 - self.rate}


class PriceRise(SinceLately):
    shows = ("S42",)
    says = Label(en="Prices of a line rose, and its quotes get lost", zh="「报价策略失效」")
    changes = DEALS | {"market_events"}
    days_before_end: Count = 150
    product_line: str = "医疗器械"
    rise: Change = 0.12
    change: Change = -0.25

    def answer(self) -> Answer:
        return {"quoted_price_change": self.rise, "win_rate_change": self.change}


class CompetitorEntry(SinceLately):
    shows = ("S42",)
    says = Label(en="A competitor's offer takes the deals of a line in a region", zh="「竞品突然发力」")
    changes = DEALS | {"market_events"}
    days_before_end: Count = 150
    product_line: str = "医疗器械"
    region: str = "华南"
    change: Change = -0.40

    def answer(self) -> Answer:
        return {"win_rate_change": self.change}


class Reversal(Situation):
    shows = ("S44",)
    says = Label(en="One rep wins more in every industry and less over all", zh="辛普森悖论：客户行业×业务员")
    changes = DEALS
    region: str = "华中"

    def answer(self) -> Answer:
        return {"better_in_every_industry": 1, "better_over_all": 0}


class StalledDeals(Situation):
    shows = ("S05", "S07")
    says = Label(en="Deals stand still in a stage", zh="「商机阶段停留超过30天」")
    changes = DEALS
    rate: Share = 0.25
    days: Annotated[int, Field(gt=30, le=120)] = 45

    def answer(self) -> Answer:
        return {"entries_over_30_days": self.rate}


class SlowTeam(Situation):
    shows = ("S54",)
    says = Label(en="One region's team answers enquiries slowly", zh="团队跟进慢，应做话术培训")
    changes = frozenset({"calls"})
    region: str = "东北"
    factor: Factor = 4.0

    def answer(self) -> Answer:
        return {"first_answer_factor": self.factor}


class FirstOrderCycle(SinceLately):
    shows = ("S12",)
    says = Label(en="New customers place their first order sooner", zh="「新客户首单转化周期」缩短")
    changes = ENQUIRIES
    days_before_end: Count = 300  # an order has its time: what began later cannot be told yet
    factor: Factor = 0.8

    def answer(self) -> Answer:
        return {"cycle_factor": self.factor}


class LateEntry(Situation):
    shows = ("S66",)
    says = Label(en="One rep enters visits after three days", zh="业务员三天后才录入拜访")
    changes = frozenset({"visits"})
    rep_no: Count = 5
    hours: Annotated[float, Field(gt=24, le=240)] = 72

    def answer(self) -> Answer:
        return {"entered_within_24h": 0}


# --- orders and customers -----------------------------------------------------------------------------------------


class LoyalSegment(Situation):
    shows = ("S45",)
    says = Label(en="A third of the customers brings most repeat orders", zh="「数量占比35%,但贡献了62%的复购率」")
    changes = SHOP_ORDERS
    size: str = Field(default="中型", description="companies of this size; 35 % of all are 中型")
    repeat_orders: Share = 0.62

    def answer(self) -> Answer:
        return {"share_of_customers": 0.35, "share_of_repeat_orders": self.repeat_orders}


class Concentration(Situation):
    shows = ("S46",)
    says = Label(en="Three customers buy most of one product", zh="「80%销量来自3个过度依赖的大客户」")
    changes = SHOP_ORDERS
    product_no: Count = 1
    customers: Annotated[int, Field(ge=1, le=10)] = 3
    share: Share = 0.80

    def answer(self) -> Answer:
        return {"share_of_largest": self.share}


class CompetitorPromotion(InLastWeeks):
    shows = ("S47", "S48", "S49", "S50")
    says = Label(
        en="A competitor gives one for one in a region, and sales of the category fall there",
        zh="「自动关联出同期竞品在该区域开展了买赠活动」",
    )
    changes = SHOP_LINES | FIELD_ORDERS | {"market_events"}
    region: str = "华东"
    category: str = "配方奶粉"
    fall: Share = 0.35

    def answer(self) -> Answer:
        return {"net_sales_change": -self.fall}


class RegionFall(InLastWeeks):
    shows = ("S47", "S48", "S60")
    says = Label(en="Sales of a region fall in one week", zh="「周环比下跌超预设值」")
    changes = SHOP_ORDERS | FIELD_ORDERS
    region: str = "华东"
    fall: Share = 0.35

    def answer(self) -> Answer:
        return {"net_sales_change": -self.fall}


class PriceBandRepurchase(SinceLately):
    shows = ("S03", "S54")
    says = Label(en="One price band is bought again less than a year ago", zh="「高客单价奶粉的复购率同比下降15%」")
    changes = SHOP_LINES
    days_before_end: Count = 365
    category: str = "配方奶粉"
    price_band: str = "高"
    change: Change = -0.15

    def answer(self) -> Answer:
        return {"repurchase_rate_change": self.change}


class HitsAndSlowMovers(Situation):
    shows = ("S02",)
    says = Label(
        en="The best sellers share a trait, and so do the slow movers", zh="「Top3滞销品与爆款产品的共性特征」"
    )
    changes = SHOP_LINES
    hit_trait: str = "益生元"
    slow_trait: str = "便携"
    factor: Factor = 4.0

    def answer(self) -> Answer:
        return {"hit_trait": self.hit_trait, "slow_trait": self.slow_trait}


class ReturnSpike(InLastWeeks):
    shows = ("S33",)
    says = Label(en="Returns triple in one region", zh="「哪些区域的退货率异常飙升」")
    changes = frozenset({"refunds"})
    weeks_before_end: Count = 8
    weeks: Count = 4
    region: str = "西南"
    factor: Factor = 3.0

    def answer(self) -> Answer:
        return {"return_rate_factor": self.factor}


class OrdersToldTwice(SinceLately):
    shows = ("S61",)
    says = Label(
        en="Sellers enter orders of the web shop in the CRM once more, some of them wrong",
        zh="「数据孤岛」：商城订单在CRM中重复录入，部分金额或客户不一致",
    )
    changes = frozenset({"t_dd", "t_ddmx"})
    days_before_end: Count = 60
    rate: Share = Field(default=0.2, description="of the orders of customers that the CRM knows")
    other_amount: Share = Field(default=0.15, description="of those, how many with another quantity")
    other_customer: Share = Field(default=0.1, description="of those, how many for another customer of the seller")

    def answer(self) -> Answer:
        return {
            "told_twice_of_orders": self.rate,
            "other_amount_of_told_twice": self.other_amount,
            "other_customer_of_told_twice": self.other_customer,
        }


class ShorterRepurchase(SinceLately):
    shows = ("S34",)
    says = Label(en="Customers of one line suddenly buy again sooner", zh="「某个产品线的复购周期突然缩短」")
    changes = SHOP_LINES
    days_before_end: Count = 90
    product_line: str = "医用耗材"
    factor: Factor = 0.6

    def answer(self) -> Answer:
        return {"cycle_factor": self.factor}


class OddCell(InOneMonth):
    shows = ("S29", "S30")
    says = Label(en="One month, line and region is far out of its row and column", zh="「能快速发现数据异常点」")
    changes = SHOP_LINES | FIELD_ORDERS
    month_before_end: Count = 2
    product_line: str = "成人营养"
    region: str = "西北"
    factor: Factor = 4.0

    def answer(self) -> Answer:
        return {"net_sales_factor": self.factor}


class WhiteSpace(Situation):
    shows = ("S62",)
    says = Label(en="A region with customers for a line hardly buys it", zh="「发现潜在区域市场机会」")
    changes = SHOP_LINES | FIELD_ORDERS
    region: str = "西南"
    product_line: str = "婴幼儿营养"
    penetration: Share = 0.2

    def answer(self) -> Answer:
        return {"penetration_factor": self.penetration}


class EmptyMonth(InOneMonth):
    shows = ("S01",)
    says = Label(en="A region sold nothing in one month", zh="某大区某月没有销售")
    changes = SHOP_ORDERS | FIELD_ORDERS
    month_before_end: Count = 4
    region: str = "西北"

    def answer(self) -> Answer:
        return {"net_sales": 0}


class AccountFall(SinceLately):
    shows = ("S40",)
    says = Label(
        en="An account that ordered most often in the shop buys half as often",
        zh="「查看该客户的历史采购趋势」：采购减半",
    )
    changes = SHOP_ORDERS
    days_before_end: Count = 365
    change: Change = -0.5

    def answer(self) -> Answer:
        return {"purchases_change": self.change}


class SalesGoal(Situation):
    shows = ("S56",)
    says = Label(en="A region has reached a known share of its goal", zh="「KPI看板实时追踪目标的完成进度」")
    changes = frozenset({"targets"})
    region: str = "华南"
    progress: Annotated[float, Field(gt=0, le=3)] = 0.6

    def answer(self) -> Answer:
        return {"progress_rate": self.progress}

    def variables(self, end: datetime.date) -> dict[str, object]:
        """The goal of the quarter in which the first business date is."""
        return dict(self) | {"first_date": datetime.date(end.year, 3 * ((end.month - 1) // 3) + 1, 1)}


# --- dealers, touches, people -------------------------------------------------------------------------------------


class DealerSatisfaction(Situation):
    shows = ("S36",)
    says = Label(
        en="What customers say of a dealer shows in its orders a month later",
        zh="「渠道商的订货数据与终端客户满意度评分关联分析」",
    )
    changes = frozenset({"dealer_orders", "dealer_inventory", "store_sales"})
    correlation: Share = 0.7

    def answer(self) -> Answer:
        return {"lag_1_correlation": self.correlation}


class StaleDealer(SinceLately):
    shows = ("S63",)
    says = Label(en="A dealer stops reporting", zh="经销商停止上报")
    changes = frozenset({"dealer_inventory", "store_sales"})
    days_before_end: Count = 21
    dealer_no: Count = 2

    def answer(self) -> Answer:
        return {"dealers_without_a_count": 1}


class StockLeak(InLastWeeks):
    shows = ("S64",)
    says = Label(en="Units vanish at one dealer", zh="经销商库存不明损耗")
    changes = frozenset({"dealer_inventory"})
    weeks_before_end: Count = 3
    dealer_no: Count = 3
    units: Count = 40

    def answer(self) -> Answer:
        return {"unexplained_units": -self.units}


class BestHour(Situation):
    shows = ("S53",)
    says = Label(en="A segment reads at one hour of the week", zh="「优化内容营销的推送时机」")
    changes = frozenset({"web_events"})
    industry: str = "经销商"
    weekday: Annotated[int, Field(ge=1, le=7)] = 2
    hour: Annotated[int, Field(ge=0, le=23)] = 10
    share: Share = 0.5

    def answer(self) -> Answer:
        return {"share_of_clicks": self.share}


class ExperimentEffect(Situation):
    shows = ("S59",)
    says = Label(en="One variant of a follow-up test works better", zh="「测试A/B两种客户跟进策略」")
    changes = ENQUIRIES
    lift: Change = 0.30

    def answer(self) -> Answer:
        return {"conversion_change": self.lift}


class DirtyRows(Situation):
    shows = ("S18", "S19", "S21")
    says = Label(en="A third of the rows is dirty", zh="「32%的脏数据」")
    changes = frozenset()
    rate: Share = 0.32

    def answer(self) -> Answer:
        return {"dirty_of_rows": self.rate}


class LateFiles(SinceLately):
    shows = ("S22",)
    says = Label(en="Files of one system come after close of business", zh="「每日下班前完成数据归集」未达成")
    changes = frozenset()
    days_before_end: Count = 5
    system: str = "phone"
    hour: Annotated[float, Field(ge=18, lt=24)] = 18.5

    def answer(self) -> Answer:
        return {"days_after_the_deadline": self.days_before_end}


class Situations(Model):
    """The switches. A name without parameters, or with `on`, has the defaults; `off` is as if it were not there."""

    stage_loss: StageLoss | None = None
    regional_gap: RegionalGap | None = None
    weekend_enquiries: WeekendEnquiries | None = None
    capture_loss: CaptureLoss | None = None
    white_papers: WhitePapers | None = None
    conversion_fall: ConversionFall | None = None
    regional_conversion: RegionalConversion | None = None
    price_rise: PriceRise | None = None
    competitor_entry: CompetitorEntry | None = None
    reversal: Reversal | None = None
    stalled_deals: StalledDeals | None = None
    slow_team: SlowTeam | None = None
    first_order_cycle: FirstOrderCycle | None = None
    late_entry: LateEntry | None = None
    steady_follow_up: SteadyFollowUp | None = None
    unpaid_cohort: UnpaidCohort | None = None
    loyal_segment: LoyalSegment | None = None
    concentration: Concentration | None = None
    competitor_promotion: CompetitorPromotion | None = None
    region_fall: RegionFall | None = None
    price_band_repurchase: PriceBandRepurchase | None = None
    hits_and_slow_movers: HitsAndSlowMovers | None = None
    return_spike: ReturnSpike | None = None
    shorter_repurchase: ShorterRepurchase | None = None
    orders_told_twice: OrdersToldTwice | None = None
    odd_cell: OddCell | None = None
    white_space: WhiteSpace | None = None
    empty_month: EmptyMonth | None = None
    account_fall: AccountFall | None = None
    sales_goal: SalesGoal | None = None
    dealer_satisfaction: DealerSatisfaction | None = None
    stale_dealer: StaleDealer | None = None
    stock_leak: StockLeak | None = None
    best_hour: BestHour | None = None
    experiment_effect: ExperimentEffect | None = None
    dirty_rows: DirtyRows | None = None
    late_files: LateFiles | None = None

    @model_validator(mode="before")
    @classmethod
    def _switched(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {
            name: {} if value in (None, True, "on") else value for name, value in data.items() if not _is_off(value)
        }

    def active(self) -> Iterator[tuple[str, Situation]]:
        """Yield the situations that are on, with their names."""
        yield from ((name, situation) for name, situation in self if situation is not None)


def _is_off(value: Any) -> bool:
    return value is False or value == "off"


def week_of(end: datetime.date, weeks_before_end: int) -> tuple[datetime.date, datetime.date]:
    """Monday and Sunday of a week; 1 is the last week that is complete on `end`."""
    sunday = end - datetime.timedelta(days=end.isoweekday() % 7, weeks=weeks_before_end - 1)
    return sunday - datetime.timedelta(days=6), sunday


def quarter_of(end: datetime.date, quarter: int) -> tuple[datetime.date, datetime.date]:
    """First and last day of the latest such quarter, 1 to 4, that is complete on `end`."""
    year = end.year if end >= _quarter_end(end.year, quarter) else end.year - 1
    return datetime.date(year, 3 * quarter - 2, 1), _quarter_end(year, quarter)


def _quarter_end(year: int, quarter: int) -> datetime.date:
    following = datetime.date(year + quarter // 4, 3 * quarter % 12 + 1, 1)
    return following - datetime.timedelta(days=1)


def month_of(end: datetime.date, month_before_end: int) -> tuple[datetime.date, datetime.date]:
    """First and last day of a month; 1 is the last month that is complete on `end`."""
    first = (end + datetime.timedelta(days=1)).replace(day=1)
    for _ in range(month_before_end):
        last = first - datetime.timedelta(days=1)
        first = last.replace(day=1)
    return first, last
