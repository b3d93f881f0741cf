"""The short summary at the end of a refresh, from what was published and from the log of the run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.publish import manifest
from sales_warehouse.publish.reading import look
from sales_warehouse.sql import literal, only_row

TEXTS = {
    "en": {
        "rows": "Rows", "read": "read", "accepted": "accepted", "quarantined": "quarantined", "merged": "merged",
        "excluded": "excluded", "this_run": "this refresh", "all": "whole history", "targets": "KPIs against target",
        "metric": "metric", "actual": "actual", "target": "target", "progress": "progress", "status": "status",
        "alerts": "Alerts", "none": "none", "where": "Where", "steps": "Time", "step": "step", "seconds": "seconds",
        "orchestration": "orchestration", "total": "total", "stale": "Sources that are not fresh",
        "reasons": "Most frequent reasons for quarantine",
        "note": "a row that feeds several entities is counted once for each in all but this refresh's rows read",
    },
    "zh": {
        "rows": "行数", "read": "读取", "accepted": "接收", "quarantined": "隔离", "merged": "合并", "excluded": "排除",
        "this_run": "本次刷新", "all": "全部历史", "targets": "指标与目标", "metric": "指标", "actual": "实际",
        "target": "目标", "progress": "进度", "status": "状态", "alerts": "预警", "none": "无", "where": "位置",
        "steps": "耗时", "step": "步骤", "seconds": "秒", "orchestration": "调度", "total": "合计",
        "stale": "未及时更新的来源", "reasons": "最常见的隔离原因",
        "note": "除本次读取的行数外，一行数据进入几种实体就计几次",
    },
}  # fmt: skip


@dataclass
class Summary:
    """What happened in a refresh. `rows` and `history` count rows by fate; every list holds plain values."""

    rows: dict[str, int] = field(default_factory=dict)
    history: dict[str, int] = field(default_factory=dict)
    reasons: list[tuple] = field(default_factory=list)
    targets: list[tuple] = field(default_factory=list)
    alerts: list[tuple] = field(default_factory=list)
    stale: list[tuple] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    places: dict[str, Path] = field(default_factory=dict)


def summarise(home: Home, steps: Iterable[dict[str, Any]], language: str) -> Summary:
    """Read the published marts and the steps of a run."""
    summary = Summary(steps=list(steps))
    for step in summary.steps:
        for name in ("landed", "accepted", "quarantined"):
            summary.rows[name] = summary.rows.get(name, 0) + step["rows"].get(name, 0)
    version = home.current
    if version.exists():
        with look(home, version) as connection:
            _read_marts(connection, summary, language, durable.read_json(version / manifest.NAME)["business_date"])
        summary.places = {
            "board": version / "board.html",
            "duckdb": version / "warehouse.duckdb",
            "parquet": version / "parquet",
            "quarantine": home.quarantine,
            "data docs": home.data_docs / "index.html",
            "messages": home.messages,
        }
    return summary


def _read_marts(connection: duckdb.DuckDBPyConnection, summary: Summary, language: str, business_date: str) -> None:
    name = "zh" if language == "zh" else "en"
    columns = ("landed", "excluded", "accepted", "quarantined", "merged")
    sums = ", ".join(f"coalesce(sum({column}_count), 0)" for column in columns)
    counts = only_row(connection, f"select {sums} from trust_row_accounting")
    summary.history = dict(zip(columns, map(int, counts), strict=True))
    summary.reasons = connection.execute(
        f"select source, entity, coalesce(column_name, ''), reason{'_zh' if name == 'zh' else ''}, sum(row_count) as n "
        "from trust_quarantine_reasons group by all order by n desc, source, entity limit 5"
    ).fetchall()
    summary.targets = connection.execute(
        f"select target_name_{name}, metric_id, actual_value, target_value, progress_rate, status "
        f"from kpi_targets where date {literal(business_date)} between starts_on and due_on order by target_id"
    ).fetchall()
    summary.alerts = connection.execute(
        f"select severity, reason_{name} from alert_metrics "
        "order by case severity when 'critical' then 1 when 'warning' then 2 else 3 end, incident_key"
    ).fetchall()
    summary.stale = connection.execute(
        f"select label_{name}, freshness_status, coalesce(last_error, '') from trust_source_freshness "
        "where freshness_status <> 'fresh' order by source"
    ).fetchall()


def show(summary: Summary, console: Console, *, language: str, seconds: float, orchestration_seconds: float) -> None:
    """Print a summary for people."""
    text = TEXTS["zh" if language == "zh" else "en"]
    _show_rows(summary, console, text)
    _show_targets(summary, console, text)
    console.print(f"\n[bold]{text['alerts']}[/bold]")
    for severity, reason in summary.alerts:
        console.print(f"  [red]{severity}[/red] {reason}")
    if not summary.alerts:
        console.print(f"  {text['none']}")
    if summary.stale:
        console.print(f"\n[bold]{text['stale']}[/bold]")
        for label, status, error in summary.stale:
            console.print(f"  [yellow]{label}[/yellow] {status} {error}", highlight=False)
    _show_steps(summary, console, text, seconds, orchestration_seconds)
    console.print(f"\n[bold]{text['where']}[/bold]")
    for name, path in summary.places.items():
        console.print(f"  {name:<11} {path}", highlight=False, soft_wrap=True)


def _show_rows(summary: Summary, console: Console, text: dict[str, str]) -> None:
    console.print(f"\n[bold]{text['rows']}[/bold]")
    run, whole = summary.rows, summary.history
    console.print(
        f"  {text['this_run']}: {text['read']} {run.get('landed', 0):,} · {text['accepted']} {run.get('accepted', 0):,}"
        f" · {text['quarantined']} {run.get('quarantined', 0):,}"
    )
    if whole:
        shown = (("read", "landed"), ("accepted", "accepted"), ("quarantined", "quarantined"), ("merged", "merged"),
                 ("excluded", "excluded"))  # fmt: skip
        console.print(f"  {text['all']}: " + " · ".join(f"{text[a]} {whole[b]:,}" for a, b in shown))
        console.print(f"  [dim]({text['note']})[/dim]", highlight=False)
    if summary.reasons:
        console.print(f"  {text['reasons']}:")
        for source, entity, column, reason, count in summary.reasons:
            console.print(f"    {count:>7,}  {source} {entity}.{column}: {reason}", highlight=False)


def _show_targets(summary: Summary, console: Console, text: dict[str, str]) -> None:
    table = Table(title=text["targets"], title_justify="left", title_style="bold", box=None, pad_edge=True)
    for name in ("metric", "actual", "target", "progress", "status"):
        table.add_column(text[name], justify="left" if name in ("metric", "status") else "right")
    for label, _, actual, target, progress, status in summary.targets:
        table.add_row(label, _number(actual), _number(target), "—" if progress is None else f"{progress:.0%}", status)
    console.print()
    console.print(table)


def _number(value: Any) -> str:
    if value is None:
        return "—"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"


def _show_steps(summary: Summary, console: Console, text: dict[str, str], seconds: float, orchestration: float) -> None:
    table = Table(title=text["steps"], title_justify="left", title_style="bold", box=None, pad_edge=True)
    table.add_column(text["step"])
    table.add_column(text["seconds"], justify="right")
    for step in summary.steps:
        name = f"{step['step']} {step['subject']}" if step["subject"] else step["step"]
        mark = "" if step["status"] == "ok" else f" [red]{step['status']}[/red]"
        table.add_row(name + mark, f"{step['seconds']:.1f}")
    table.add_row(text["orchestration"], f"{orchestration:.1f}")
    table.add_row(f"[bold]{text['total']}[/bold]", f"{seconds:.1f}")
    console.print()
    console.print(table)
