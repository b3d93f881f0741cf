"""A small shop that lives night by night: late orders, corrections, deletions, merged customers, changed settings.

What a night brings follows from its number alone, so that a world may be as long as a test likes.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterable
from pathlib import Path

from stdnum.cn import uscc
from written_company import COMPANY, files_source

from sales_warehouse import nights, steps
from sales_warehouse.identity import decisions
from sales_warehouse.publish import publish
from sales_warehouse.watch import incidents

FIRST = datetime.date(2026, 3, 2)
NIGHTS = 4  # of the world that the tests of past nights share
SHOP = files_source(
    "shop",
    """\
tables:
  orders: {files: "orders_*.csv", format: csv, columns: [no, customer, state, at, changed, region]}
  lines: {files: "lines_*.csv", format: csv, columns: [no, line, product, pieces, price]}
  customers: {files: "customers_*.csv", format: csv, columns: [id, name, code, changed]}
mappings:
  - entity: orders
    from: orders
    deleted: state = 'gone'
    columns:
      order_id: no
      customer_id: customer
      status: state
      channel: "'phone'"
      region: region
      currency: "'CNY'"
      ordered_at: at
      paid_at: at
      updated_at: changed
  - entity: order_lines
    from: lines
    columns: {order_id: no, line_number: line, product_id: product, quantity: pieces, unit_price_amount: price}
  - {entity: customers, from: customers, columns: {customer_id: id, name: name, uscc: code, updated_at: changed}}
""",
)
CRM = files_source(
    "crm",
    """\
tables:
  accounts: {files: "accounts_*.csv", format: csv, columns: [id, name, code, changed]}
  deals: {files: "deals_*.csv", format: csv, columns: [no, account, state, made, closed]}
  talks: {files: "talks_*.csv", format: csv, columns: [no, account, at, said]}
mappings:
  - {entity: customers, from: accounts, columns: {customer_id: id, name: name, uscc: code, updated_at: changed}}
  - entity: opportunities
    from: deals
    columns:
      opportunity_id: no
      customer_id: account
      status: state
      amount: "100"
      currency: "'CNY'"
      created_at: made
      closed_at: closed
  - {entity: chats, from: talks, columns: {chat_id: no, customer_id: account, started_at: at, platform: "'web'"}}
  - entity: chat_messages
    from: talks
    columns: {chat_id: no, message_number: "1", sender_type: "'customer'", sent_at: at, text: said}
""",
)
LIFECYCLE = """\
tiers:
  - tier: A
    name: {{en: Buys, zh: 购买}}
    rules:
      - id: buys
        reason: {{en: Ordered lately, zh: 近期下单}}
        when: [{{fact: days_since_last_order, at_most: {days}}}]
  - {{tier: B, name: {{en: Others, zh: 其他}}, retention_class: short}}
retention:
  short: {{keep_conversation_days: 1}}
"""


class World:
    """A company whose nights run in this process, each with its business date."""

    def __init__(self, folder: Path, *, is_whole: bool = False) -> None:
        self.folder, self.is_whole = folder, is_whole
        (folder / "sources").mkdir(parents=True, exist_ok=True)
        for name, text in (("company", COMPANY), ("sources/shop", SHOP), ("sources/crm", CRM)):
            (folder / f"{name}.yml").write_text(text, encoding="utf-8")
        self.regions(())
        self.tiers(30)
        for name in ("shop", "crm"):
            (folder / name).mkdir(exist_ok=True)
        self.night = 0

    def tiers(self, days: int) -> None:
        (self.folder / "lifecycle.yml").write_text(LIFECYCLE.format(days=days), encoding="utf-8")

    def regions(self, more: Iterable[str]) -> None:
        listed = [f"  - {{id: {name}, name: {{en: {name}, zh: {name}}}}}\n" for name in ("East", "South", *more)]
        (self.folder / "regions.yml").write_text("regions:\n" + "".join(listed), encoding="utf-8")

    @property
    def date(self) -> datetime.date:
        return day(self.night)

    def run(self) -> steps.Run:
        return steps.make_run(self.folder, business_date=self.date)

    def live(self) -> steps.Run:
        """Let one more night come and run it whole."""
        self.night += 1
        self.happen()
        return self.refresh()

    def happen(self) -> None:
        n = self.night
        self.write("shop", "customers", ["id", "name", "code", "changed"], customers(n))
        self.write("shop", "orders", ["no", "customer", "state", "at", "changed", "region"], orders(n))
        self.write("shop", "lines", ["no", "line", "product", "pieces", "price"], lines(n))
        self.write("crm", "accounts", ["id", "name", "code", "changed"], accounts(n))
        self.write("crm", "deals", ["no", "account", "state", "made", "closed"], deals(n))
        self.write("crm", "talks", ["no", "account", "at", "said"], talks(n))
        if n % 10 == 2:
            self.tiers(30 - n % 7)
        if n % 10 == 4:
            self.regions([f"R{n}"])
        if n % 10 == 3:
            decisions.merge(self.run().home, ["shop:C1", "shop:C2"], by="ann", why="one owner", at=self.run().as_of)
            for found in incidents.incidents(self.run().home):
                incidents.decide(
                    self.run().home, found.key, "acknowledge", by="ann", note="a fair", at=self.run().as_of
                )
        if n % 10 == 8:
            home = self.run().home
            last = decisions.standing(decisions.history(home))[-1]
            decisions.undo(home, last.decision_id, by="ann", why="it was not", at=self.run().as_of)

    def refresh(self) -> steps.Run:
        run = self.run()
        for source in run.company.sources:
            for step in (steps.extract, steps.conform, steps.gate):
                step(run, source)
        steps.transform(run)  # which identifies
        if self.is_whole:
            steps.audit(run)
            steps.publish(run)
        else:  # without the board
            publish(run.home, run_id=run.run_id, business_date=run.business_date, as_of=run.as_of)
            nights.settle(run.home, has_just_published=True)
        return run

    def write(self, source: str, table: str, header: list[str], rows: list[tuple]) -> None:
        if rows:
            with (self.folder / source / f"{table}_{self.night:04d}.csv").open("w", newline="") as text:
                csv.writer(text).writerows([header, *rows])


def day(night: int) -> datetime.date:
    return FIRST + datetime.timedelta(days=night - 1)


def noon(night: int, minute: int = 0) -> str:
    return f"{day(night)} 12:{minute:02d}:00"


def customers(n: int) -> list[tuple]:
    """One new customer a night; the one of three nights ago changes its name."""
    new = (f"C{n}", f"Shop {n} Ltd", code(n), noon(n))
    changed = (f"C{n - 3}", f"Shop {n - 3} Group", code(n - 3), noon(n, 5))
    return [new, changed] if n > 3 else [new]


def accounts(n: int) -> list[tuple]:
    """An account of the CRM has no code when it is new; two nights later it has the one of a shop's customer."""
    new = (f"A{n}", f"Account {n}", "", noon(n))
    return [new, (f"A{n - 2}", f"Account {n - 2}", code(n - 2), noon(n))] if n > 2 else [new]


def orders(n: int) -> list[tuple]:
    region = ("East", "South")[n % 2]
    rows = [(f"O{n}-{k}", f"C{1 + (n * k) % n}", "paid", noon(n, k), noon(n, k), region) for k in range(1, 4)]
    if n > 2:  # two days late
        rows.append((f"L{n}", f"C{n - 2}", "paid", noon(n - 2, 30), noon(n - 2, 30), "East"))
    if n > 1:  # yesterday's first order is cancelled
        rows.append((f"O{n - 1}-1", f"C{1}", "cancelled", noon(n - 1, 1), noon(n, 40), region))
    if n > 3:  # and one of three nights ago was never there
        rows.append((f"O{n - 3}-3", "", "gone", "", noon(n, 41), ""))
    return rows


def lines(n: int) -> list[tuple]:
    rows = [(f"O{n}-{k}", 1, f"P{k}", k, f"{10 + n}.50") for k in range(1, 4)]
    if n > 2:
        rows.append((f"L{n}", 1, "P9", 1, "7.25"))
    if n > 1:  # a corrected price
        rows.append((f"O{n - 1}-2", 1, "P2", 2, f"{9 + n}.00"))
    return rows


def deals(n: int) -> list[tuple]:
    rows = [(f"D{n}", f"A{n}", "open", noon(n), "")]
    if n > 2:
        rows.append((f"D{n - 2}", f"A{n - 2}", ("won", "lost")[n % 2], noon(n - 2), noon(n)))
    return rows


def talks(n: int) -> list[tuple]:
    return [(f"T{n}", f"A{n}", noon(n), f"secret word {n}")]


def code(n: int) -> str:
    """Return a valid unified social credit code, one for each number."""
    body = f"91310115{n:09d}"
    return body + uscc.calc_check_digit(body)
