"""One customer on the terminal, or as JSON."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from sales_warehouse.customer.account import Account, Row
from sales_warehouse.customer.search import MOST_FOUND, Found
from sales_warehouse.customer.words import Language, cut, shown, words
from sales_warehouse.local_time import in_zone
from sales_warehouse.terminal import add_row

BAR_CELLS = 30


def to_json(account: Account) -> str:
    """The account as JSON: amounts as text, so that no digit is lost; times in UTC, ISO 8601."""
    return json.dumps(asdict(account), ensure_ascii=False, indent=2, default=_plain)


def show_found(found: Sequence[Found], language: Language, console: Console) -> None:
    """Print the customers that a text may mean."""
    say = words(language)
    table = _table(say["customer_key"], say["name"], say["uscc"], say["city"], say["tier"], say["last_order"])
    for each in found:
        add_row(table, each.customer_key, each.customer_name, each.uscc, each.city, each.tier, each.last_order_date)
    console.print(table)
    if len(found) == MOST_FOUND:
        console.print(Text(say["first_found"]))


def show_account(account: Account, language: Language, zone: str, console: Console) -> None:
    """Print who it is, its records, people, open deals, purchases by month and the last events, in business time."""
    say, c = words(language), account.customer
    console.print(Text(f"{c['customer_name']}  {c['customer_key']}", style="bold"))
    console.print(Text(f"{say['tier']} {c['tier']}: {c[f'tier_reason_{language}']}"))
    facts = [
        (say["uscc"], c["uscc"]), (say["industry"], c["industry"]), (say["city"], c["city"]),
        (say["owner"], c["owner_name"]), (say["first_order"], c["first_order_date"]),
        (say["last_order"], c["last_order_date"]),
    ]  # fmt: skip
    console.print(Text(" · ".join(f"{name} {value}" for name, value in facts if value)), highlight=False)
    _show_records(account, language, console)
    _show_people(account, language, zone, console)
    _show_trend(account, say, console)
    _show_events(account, language, zone, console)


def _show_records(account: Account, language: Language, console: Console) -> None:
    say = words(language)
    table = _titled(say["records"], console, say["source"], say["number"], say["name"], say["match_rule"])
    for row in account.records:
        rule = say[row["match_rule"]] + (f", {say['deleted']}" if row["is_deleted"] else "")
        add_row(table, row["source"], row["customer_id"], row["customer_name"], rule)
    _print(table, cut(language, account, "records"), console)


def _show_people(account: Account, language: Language, zone: str, console: Console) -> None:
    say = words(language)
    table = _titled(say["chain"], console, say["person"], say["title"], say["role"], say["touches"], say["last_touch"])
    for row in account.contacts:
        role = say[row["contact_role"]] + ("" if row["is_employed"] else f" ({say['left']})")
        touches, last = f"{row['touch_count']:,}", moment(row["last_touch_at"], zone)
        add_row(table, row["contact_name"] or row["contact_key"], row["title"], role, touches, last)
    _print(table if account.contacts else Text(say["nobody"]), cut(language, account, "contacts"), console)
    if account.deals:
        table = _titled(say["deals"], console, say["deal"], say["amount"], say["people"], say["missing"])
        for row in account.deals:
            missing = ", ".join(say[role] for role in (row["missing_roles"] or "").split()) or say["nothing"]
            add_row(table, row["opportunity_key"], money(row["amount"]), f"{row['contact_count']:,}", missing)
        _print(table, cut(language, account, "deals"), console)


def _show_trend(account: Account, say: dict[str, str], console: Console) -> None:
    table = _titled(say["trend"], console, say["month"], "", say["net_sales"], say["orders"], say["year_before"])
    top = max([month["net_sales_amount"] for month in account.months] + [Decimal(1)])
    for month in account.months:
        net, before = month["net_sales_amount"], month["previous_year_net_sales_amount"]
        name = f"{month['month_start_date']:%Y-%m}" + ("" if month["is_whole_month"] else "…")
        bar = "█" * round(float(net / top) * BAR_CELLS)
        add_row(table, name, bar, money(net), f"{month['order_count']:,}", money(before))
    console.print(table if account.months else Text(say["no_purchases"]))


def _show_events(account: Account, language: Language, zone: str, console: Console) -> None:
    say, events = words(language), account.events
    table = _titled(say["timeline"], console, say["when"], say["what"], say["amount"], say["channel"], say["record"])
    for row in events.rows:
        at, title = when(row, zone), row[f"title_{language}"]
        add_row(table, at, title, money(row["amount"]), row[f"channel_name_{language}"], row["record_key"])
    console.print(table if events.rows else Text(say["no_events"]))
    console.print(Text(shown(language, events)))


def money(amount: Decimal | None) -> str:
    """An amount to read; nothing where there is none."""
    return "" if amount is None else f"{amount:,.2f}"


def moment(at: datetime.datetime | None, zone: str) -> str:
    """A UTC moment in business time, to the minute; nothing where there is none."""
    return f"{in_zone(at, zone):%Y-%m-%d %H:%M}" if at else ""


def when(event: Row, zone: str) -> str:
    """When an event was: of an invoice the day, which is all that is known; nothing where there is nothing."""
    if event["event_type"] == "invoice":
        return f"{event['happened_date'] or ''}"
    return moment(event["happened_at"], zone)


def _titled(title: str, console: Console, *columns: str) -> Table:
    console.print()
    console.print(Text(title, style="bold"))
    return _table(*columns)


def _table(*columns: str) -> Table:
    return Table(*columns, box=None, pad_edge=False)


def _print(content: Table | Text, cut_at: str, console: Console) -> None:
    console.print(content)
    if cut_at:
        console.print(Text(cut_at))


def _plain(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat() + "Z"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
