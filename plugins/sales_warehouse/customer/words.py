"""What the terminal and the page call things, in English and Chinese."""

from __future__ import annotations

from typing import Literal

from sales_warehouse.customer.account import Account, Events

Language = Literal["en", "zh"]

WORDS: dict[str, tuple[str, str]] = {
    "customers": ("Customers", "客户"),
    "search": ("Search", "查找"),
    "search_hint": (
        "Name or part of it, customer code, credit code, or the number in a system",
        "名称（或其中一部分）、统一客户编码、统一社会信用代码，或来源系统编号",
    ),
    "none_found": ("No customer is known by", "没有找到客户："),
    "first_found": ("Only the first are shown; type more of the name.", "仅显示前几个，请输入更完整的名称。"),
    "customer_key": ("Customer code", "统一客户编码"),
    "name": ("Name", "名称"),
    "uscc": ("Credit code", "统一社会信用代码"),
    "tier": ("Tier", "等级"),
    "city": ("City", "城市"),
    "place": ("Place", "所在地"),
    "industry": ("Industry", "行业"),
    "size_band": ("Size", "规模"),
    "small": ("small", "小型"),
    "medium": ("medium", "中型"),
    "large": ("large", "大型"),
    "owner": ("Responsible", "负责销售"),
    "first_order": ("First order", "首单"),
    "last_order": ("Last order", "最近下单"),
    "last_active": ("Last active", "最近活跃"),
    "records": ("Records in the systems", "各系统中的记录"),
    "source": ("System", "系统"),
    "number": ("Number", "编号"),
    "match_rule": ("Known by", "匹配依据"),
    "decision": ("a person's decision", "人工决定"),
    "credit_code": ("credit code", "统一社会信用代码"),
    "evidence": ("evidence", "综合证据"),
    "own_record": ("own record", "独立记录"),
    "deleted": ("deleted there", "来源已删除"),
    "chain": ("Decision chain", "决策链"),
    "person": ("Person", "联系人"),
    "title": ("Job", "职务"),
    "role": ("Role", "角色"),
    "decision_maker": ("decision maker", "决策人"),
    "influencer": ("influencer", "影响人"),
    "user": ("user", "使用人"),
    "gatekeeper": ("gatekeeper", "把关人"),
    "unknown": ("unknown", "未知"),
    "left": ("works elsewhere now", "已离职"),
    "touches": ("Touches", "接触次数"),
    "last_touch": ("Last touch", "最近接触"),
    "nobody": ("Nobody at this customer is known.", "尚无联系人。"),
    "deals": ("Open deals", "进行中的商机"),
    "deal": ("Deal", "商机"),
    "product_line": ("Product line", "产品线"),
    "amount": ("Amount", "金额"),
    "expected": ("Expected", "预计成交"),
    "people": ("People", "联系人数"),
    "missing": ("Missing in the chain", "决策链缺失"),
    "untouched": ("decision maker never touched", "决策人从未接触"),
    "nothing": ("nothing", "无"),
    "trend": ("Purchases of the last 24 months", "近24个月采购趋势"),
    "month": ("Month", "月份"),
    "net_sales": ("Net sales", "净销售额"),
    "year_before": ("Year before", "上年同月"),
    "returns": ("Returns", "退货"),
    "orders": ("Orders", "订单数"),
    "running_month": ("still running", "未完"),
    "last_12": ("Last 12 months", "近12个月"),
    "previous_12": ("The 12 months before", "此前12个月"),
    "no_purchases": (
        "Nothing was bought in the last 24 months, nor in the year before them.",
        "近24个月及此前一年均无采购。",
    ),
    "as_table": ("As a table", "查看表格"),
    "timeline": ("Timeline", "时间线"),
    "all": ("All", "全部"),
    "when": ("When", "时间"),
    "what": ("What", "事件"),
    "channel": ("Channel", "渠道"),
    "record": ("Record", "来源记录"),
    "no_events": ("Nothing has happened yet.", "尚无事件。"),
    "newer": ("← newer", "← 较新"),
    "older": ("older →", "较旧 →"),
    "order": ("Orders", "订单"),
    "visit": ("Visits", "拜访"),
    "chat": ("Chats", "会话"),
    "call": ("Calls", "电话"),
    "web_event": ("Web site", "官网"),
    "lead": ("Enquiries", "线索"),
    "quote": ("Quotes", "报价"),
    "return": ("Returns", "退货"),
    "survey": ("Surveys", "满意度"),
    "stage": ("Stages of deals", "商机阶段"),
    "invoice": ("Invoices", "发票"),
    "payment": ("Payments", "回款"),
}


def words(language: Language) -> dict[str, str]:
    """Return every word in one language."""
    return {name: pair[language == "zh"] for name, pair in WORDS.items()}


def shown(language: Language, events: Events) -> str:
    """Say which events of how many are shown."""
    if not events.total:
        return "没有事件" if language == "zh" else "no events"
    first, last = min(events.offset + 1, events.total), min(events.offset + len(events.rows), events.total)
    if language == "zh":
        return f"共 {events.total:,} 条事件，显示第 {first:,}–{last:,} 条，最新在前"
    return f"{first:,}–{last:,} of {events.total:,} events, the newest first"


def cut(language: Language, account: Account, name: str) -> str:
    """Say how many of the records, contacts or deals are shown, where it is not all of them."""
    there, listed = account.totals[name], len(getattr(account, name))
    if listed == there:
        return ""
    return (
        f"共 {there:,} 条，仅显示前 {listed:,} 条"
        if language == "zh"
        else f"the first {listed:,} of {there:,} are shown"
    )
