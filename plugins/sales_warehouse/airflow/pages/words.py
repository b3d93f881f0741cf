"""What the pages on quarantine and refreshes call things, in English and Chinese."""

from __future__ import annotations

from sales_warehouse.customer.words import Language

WORDS: dict[str, tuple[str, str]] = {
    "quarantine": ("Quarantine", "隔离区"),
    "quarantine_lead": (
        "Rows that are held back now, with every reason. A row that breaks two rules is counted under both.",
        "当前被隔离的行及全部原因；违反两条规则的行在两处都计数。",
    ),
    "none_held": ("No row is in quarantine.", "没有被隔离的行。"),
    "source": ("Source", "数据源"),
    "entity": ("Entity", "数据类型"),
    "source_table": ("Table", "来源表"),
    "column_name": ("Column", "字段"),
    "reason": ("Reason", "原因"),
    "rule": ("Rule", "规则"),
    "rows": ("Rows", "行数"),
    "last_held": ("Last held (UTC)", "最近隔离（UTC）"),
    "mend": ("Mend rows", "修正"),
    "take_sheet": ("Take a sheet:", "下载表格："),
    "change_cells": (
        "Change the cells that are wrong, in Excel or anything else; leave the first six columns as they are. "
        "Save it as CSV.",
        "在 Excel 等软件中改正有误的单元格，前六列保持不变，另存为 CSV。",
    ),
    "hand_it_back": (
        "Hand it back; what differs is kept as corrections, with your name:",
        "提交表格；改动之处记为更正，并记下您的姓名：",
    ),
    "sheet": ("Sheet", "表格"),
    "why": ("Why the new values are right", "新值正确的依据"),
    "hand_back": ("Hand back", "提交"),
    "let_in": (
        "Start the DAG replay, or wait for the next refresh: the rows are let in where they would have been.",
        "启动 DAG replay，或等待下一次刷新：这些行将进入其本应所在之处。",
    ),
    "n_rows": ("{} rows", "{} 行"),
    "file": ("File", "文件"),
    "row": ("Row", "行"),
    "line": ("Line", "文件行号"),
    "value": ("Value", "值"),
    "as_it_came": ("As it came", "原始内容"),
    "load_id": ("Load", "批次"),
    "before": ("← before", "← 上一页"),
    "next": ("next →", "下一页 →"),
    "handed_back": ("Sheet handed back", "已提交表格"),
    "refused": ("Nothing was taken", "未接收任何内容"),
    "corrected": ("{} cells of {} rows corrected", "已更正 {1} 行中的 {0} 个单元格"),
    "nothing_new": ("Nothing new", "没有新内容"),
    "known": ("The sheet says what is known already; nothing changes.", "表格内容均为已知，没有变化。"),
    "refreshes": ("Refreshes", "刷新"),
    "refreshes_lead": (
        "The last refreshes, newest first, from the command line and from the schedule. "
        "Seconds add up all attempts of a step.",
        "最近的刷新，最新在前，含命令行与定时运行；耗时为各次尝试之和。",
    ),
    "no_refresh": ("There has been no refresh yet.", "尚无刷新。"),
    "published": ("published", "已发布"),
    "published, something failed": ("published, something failed", "已发布，部分步骤失败"),
    "not published": ("not published", "未发布"),
    "step": ("Step", "步骤"),
    "state": ("State", "状态"),
    "ok": ("ok", "成功"),
    "failed": ("failed", "失败"),
    "running": ("running", "运行中"),
    "attempts": (" after {} attempts", "（尝试 {} 次）"),
    "seconds": ("Seconds", "耗时（秒）"),
    "n_seconds": ("{} s", "{} 秒"),
}


def words(language: Language) -> dict[str, str]:
    """Return every word in one language."""
    return {name: pair[language == "zh"] for name, pair in WORDS.items()}
