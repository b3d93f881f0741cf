"""What the terminal and the page on who is who call things, in English and Chinese."""

from __future__ import annotations

from typing import Literal

REASONS: dict[str, tuple[str, str]] = {
    "in_doubt": ("the evidence is not enough", "证据不足"),
    "two_codes": ("it would make one of two credit codes", "会将两个统一社会信用代码合并为一"),
    "shared_code": ("many unlike names have the same credit code", "多个不同名称共用同一统一社会信用代码"),
    "decisions": ("one decision joins what another one, or a code, keeps apart", "决定之间或与信用代码相矛盾"),
}
WORDS: dict[str, tuple[str, str]] = {
    **REASONS,
    "who_is_who": ("Who is who", "客户与联系人识别"),
    "waiting": ("Pairs that wait for a person", "待人工判断"),
    "people_waiting": ("People that wait for a person", "待人工判断的联系人"),
    "people_waiting_hint": (
        "They share an address, one of them has no name, and they are at different customers.",
        "双方共用一个联系方式，其中一方没有姓名，且属于不同客户。",
    ),
    "both_have": ("Both have", "共用"),
    "phone": ("the same mobile number", "手机号"),
    "email": ("the same e-mail", "邮箱"),
    "wechat_id": ("the same WeChat id", "微信号"),
    "none_waits": ("No pair waits.", "暂无待判断的记录。"),
    "more_wait": ("Only the most probable are shown.", "仅显示概率最高的部分。"),
    "probability": ("Probability", "概率"),
    "one_record": ("Record", "记录"),
    "other_record": ("Other record", "另一条记录"),
    "city": ("City", "城市"),
    "why_waiting": ("Why it waits", "原因"),
    "are_one": ("They are one", "是同一客户"),
    "are_two": ("They are two", "不是同一客户"),
    "people_are_one": ("They are one", "是同一人"),
    "people_are_two": ("They are two", "不是同一人"),
    "why": ("Why", "理由"),
    "decide": ("Decide", "人工决定"),
    "decide_hint": (
        "One code or record (<source>:<id>) in each line. The next refresh follows; every decision can be taken back.",
        "每行一个统一编码或来源记录（<来源>:<编号>）。下次刷新时生效，任何决定都可以撤销。",
    ),
    "about": ("About", "对象"),
    "customer": ("customer", "客户"),
    "contact": ("contact", "联系人"),
    "merge": ("these are one", "合并"),
    "split": ("these are somebody else than the rest", "拆分"),
    "undo": ("taken back", "撤销"),
    "take_back": ("Take back", "撤销"),
    "decisions_of_customer": ("Decisions about customers", "客户的决定"),
    "decisions_of_contact": ("Decisions about contacts", "联系人的决定"),
    "none_decided": ("Nothing was decided yet.", "暂无决定。"),
    "decision": ("Decision", "决定"),
    "at": ("When (UTC)", "时间（UTC）"),
    "by": ("Who", "决定人"),
    "what": ("What", "内容"),
    "records": ("Records", "记录"),
    "stands": ("Stands", "是否有效"),
    "no": ("taken back", "已撤销"),
    "kept": ("Kept; the next refresh follows it", "已保存，下次刷新时生效"),
    "refused": ("Nothing was decided", "未保存任何决定"),
}


def words(language: Literal["en", "zh"]) -> dict[str, str]:
    """Return every word in one language."""
    return {name: pair[language == "zh"] for name, pair in WORDS.items()}
