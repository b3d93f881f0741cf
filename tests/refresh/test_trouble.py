"""Trouble in the middle of a refresh: what it stops, what it does not, and what the marts say of it."""

from __future__ import annotations

import datetime
import sqlite3
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from refreshes import chain, environment, marts
from typer.testing import CliRunner

from sales_warehouse import durable, settings, steps
from sales_warehouse.cli import app
from sales_warehouse.identity.contact_hash import ContactKeyError
from sales_warehouse.nights.inputs import DRAFT, Inputs
from sales_warehouse.nights.rerun import only_one
from sales_warehouse.nights.store import Kept
from sales_warehouse.run import FutureDate

HEADER = "no,sold_at,product,quantity,price"
STALL = """\
source: stall
label: {en: Market stall, zh: 市集}
owner: shop-team
expected_within_hours: 36
connection: {type: files, path: stall}
tables:
  sales: {files: "*.csv", format: csv, columns: [no, sold_at, product, quantity, price]}
mappings:
  - entity: orders
    from: sales
    columns:
      order_id: no
      ordered_at: {from: sold_at, normalise: timestamp}
      status: "'paid'"
      currency: "'CNY'"
  - entity: order_lines
    from: sales
    columns: {order_id: no, line_number: "1", product_id: product, quantity: QUANTITY, unit_price_amount: price}
"""
DESK = """\
source: desk
label: {en: Office, zh: 办公室}
owner: sales
expected_within_hours: 36
connection: {type: files, path: desk}
tables:
  buyers: {files: "buyers.csv", format: csv, columns: [id, name, code]}
  sales: {files: "sales.csv", format: csv, columns: [no, sold_at, buyer]}
mappings:
  - entity: customers
    from: buyers
    columns: {customer_id: id, name: name, uscc: {from: code, normalise: uscc}}
  - entity: orders
    from: sales
    columns:
      order_id: no
      ordered_at: {from: sold_at, normalise: timestamp}
      customer_id: buyer
      status: "'paid'"
      currency: "'CNY'"
  - entity: order_lines
    from: sales
    columns: {order_id: no, line_number: "1", product_id: "'a'", quantity: "1", unit_price_amount: "100"}
"""


def _desk(company: Path, code: str) -> None:
    (company / "sources" / "desk.yml").write_text(DESK, encoding="utf-8")
    (company / "desk").mkdir(exist_ok=True)
    (company / "desk" / "buyers.csv").write_text(f"id,name,code\nB1,Hospital,{code}\n", encoding="utf-8")
    (company / "desk" / "sales.csv").write_text("no,sold_at,buyer\nD1,2026-03-02,B1\n", encoding="utf-8")


def _stall(company: Path, quantity: str, *files: str) -> None:
    (company / "sources" / "stall.yml").write_text(STALL.replace("QUANTITY", f'"{quantity}"'), encoding="utf-8")
    (company / "stall").mkdir(exist_ok=True)
    for number, rows in enumerate(files):
        (company / "stall" / f"{number}.csv").write_text(f"{HEADER}\n{rows}\n", encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """State folder of steps that run in this process."""
    for name, value in environment(tmp_path / "var").items():
        monkeypatch.setenv(name, value)
    return tmp_path / "var"


def _ingest(company: Path, source: str, day: str = "2026-03-31") -> steps.Run:
    run = steps.make_run(company, business_date=datetime.date.fromisoformat(day))
    for step in (steps.extract, steps.conform, steps.gate):
        step(run, source)
    return run


def test_an_expression_that_fails_on_one_row_sends_that_row_to_quarantine(teahouse: Path, here: Path) -> None:
    _stall(teahouse, "cast(quantity as integer) * 2", "S1,2026-03-02,a,2,5\nS2,2026-03-02,a,n/a,5\nS3,2026-03-02,a,1,5")
    run = _ingest(teahouse, "stall")
    gated = {item.batch.entity: item for item in steps.ledger.gated(run.home, run.company.sources)}
    assert (gated["order_lines"].accepted, gated["order_lines"].quarantined) == (2, 1)
    assert [reason["column_name"] for reason in gated["order_lines"].reasons] == ["quantity"]


def test_what_the_marts_do_not_hold_yet_is_news(teahouse: Path, here: Path) -> None:
    """Also when whoever let it in was killed before the marts were refreshed."""
    _stall(teahouse, "quantity", "S1,2026-03-02,a,2,5")
    run = _ingest(teahouse, "stall")
    assert steps.has_news(run)
    held = steps.ledger.load_fingerprints(list(steps.ledger.gated(run.home, run.company.sources)))
    steps.ledger.write_applied(run.home, steps.Applied(1, "", held))
    assert not steps.has_news(run)


def _select(state: Path, query: str) -> list[tuple]:
    file = state / "teahouse" / "published" / "current" / "warehouse.duckdb"
    with duckdb.connect(str(file), read_only=True) as connection:
        connection.execute("set schema = 'marts'")
        return connection.execute(query).fetchall()


def _of_the_desk(state: Path) -> list[tuple]:
    return _select(state, "select customer_key, net_amount from fct_order_lines where order_key = 'desk:D1'")


@pytest.mark.slow
def test_a_load_that_cannot_be_mapped_holds_nobody_up_and_makes_its_source_not_fresh(
    teahouse: Path, tmp_path: Path
) -> None:
    """Beside it a customer is held back whose credit code has one wrong character: its order counts, and comes home."""
    window = "sum(cast(quantity as integer)) over (partition by no)"  # a window cannot be tried row by row
    _stall(teahouse, window, "S1,2026-03-02,a,n/a,5")
    _desk(teahouse, "91350100M000100Y44")
    state = tmp_path / "var"
    first = chain(teahouse, state)
    assert first.returncode == 1
    assert "sales → order_lines" in first.stderr
    assert "n/a" not in first.stderr, "an error must not quote the data"
    rows = marts(state, "teahouse")
    assert len(rows["fct_order_lines"]) == 6
    assert _of_the_desk(state) == [("unknown", 100)]
    assert any(row[:2] == ("desk", "customers") for row in rows["trust_quarantine_reasons"])
    assert "failed" in next(row for row in rows["trust_source_freshness"] if row[0] == "stall")
    # the next load of the same source is fine, and gets in although the first one still waits
    (teahouse / "stall" / "1.csv").write_text(f"{HEADER}\nS2,2026-03-03,a,2,5\n")
    _desk(teahouse, "91350100M000100Y43")
    assert chain(teahouse, state).returncode == 1
    rows = marts(state, "teahouse")
    assert len(rows["fct_order_lines"]) == 7
    [(key,)] = _select(state, "select customer_key from dim_customer_records where source = 'desk'")
    assert key != "unknown" and _of_the_desk(state) == [(key, 100)]
    waiting = {row[1]: row for row in rows["trust_row_accounting"] if row[0] == "stall"}
    assert {row[2] for row in waiting.values()} == {2}, "rows that wait are counted as landed"


def test_a_refresh_as_of_a_past_day_does_not_take_later_rows_for_rows_of_the_future(teahouse: Path, here: Path) -> None:
    run = _ingest(teahouse, "till", "2026-03-05")
    gated = {item.batch.entity: item for item in steps.ledger.gated(run.home, run.company.sources)}
    assert gated["orders"].accepted == 5


def test_a_date_of_the_future_does_not_hide_later_changes(teahouse: Path, here: Path) -> None:
    file = teahouse / "book.db"
    with sqlite3.connect(file) as book:
        book.execute("create table sale (no text, sold_at text, product text, quantity int, price real, changed text)")
        book.execute("insert into sale values ('B1', '2026-03-02', 'a', 1, 5, '2026-03-02 10:00:00')")
        book.execute("insert into sale values ('B2', '2026-03-02', 'a', 1, 5, '2099-01-01 10:00:00')")
    text = STALL.replace("QUANTITY", "quantity").replace(
        "type: files, path: stall", f'type: database, url: "sqlite:///{file}"'
    )
    described = "{table: sale, cursor: changed, columns: [no, sold_at, product, quantity, price, changed]}"
    old = '{files: "*.csv", format: csv, columns: [no, sold_at, product, quantity, price]}'
    (teahouse / "sources" / "stall.yml").write_text(text.replace(old, described), encoding="utf-8")
    _ingest(teahouse, "stall")
    with sqlite3.connect(file) as book:
        book.execute("insert into sale values ('B3', '2026-03-03', 'a', 1, 5, '2026-03-03 10:00:00')")
    run = _ingest(teahouse, "stall")
    lines = [item for item in steps.ledger.gated(run.home, run.company.sources) if item.batch.entity == "order_lines"]
    assert len(lines) == 2
    assert sum(item.accepted for item in lines) >= 3


def test_marts_that_did_not_pass_the_audit_are_not_published(teahouse: Path, here: Path) -> None:
    run = steps.make_run(teahouse)
    run.home.warehouse.mkdir(parents=True)
    run.home.warehouse_file.write_bytes(b"marts")
    with pytest.raises(steps.AuditFailed, match="have not passed the audit"):
        steps.publish(run)
    durable.write_json(run.home.warehouse / steps.AUDITED, {"batch": 0, "bytes": 5, "modified": 0})
    with pytest.raises(steps.AuditFailed, match="have not passed the audit"):
        steps.publish(run)
    assert not run.home.current.exists()


@pytest.mark.parametrize("step", [steps.audit, steps.publish], ids=["audit", "publish"])
@pytest.mark.parametrize("more", [{"days": 1}, {"minutes": 5}], ids=["of yesterday", "of five minutes ago"])
def test_a_task_of_an_older_run_does_not_publish_the_marts_of_a_newer_one_as_its_own(
    teahouse: Path, here: Path, step, more: dict[str, int]
) -> None:
    """A red `publish` of yesterday that somebody clears after today's transform and audit."""
    run = steps.make_run(teahouse, business_date=datetime.date(2026, 3, 31))
    run.home.warehouse.mkdir(parents=True)
    run.home.warehouse_file.write_bytes(b"marts")
    moment = {"business_date": "2026-03-31", "as_of": f"{run.as_of:%Y-%m-%d %H:%M:%S.%f}"}
    inputs = Inputs("today", "duckdb", "models", "rules", 1, moment, Kept((), "", 0, "0/0"), {})
    durable.write_json(run.home.warehouse / DRAFT, inputs.as_json())
    audited = steps._state_of_marts(run)
    assert {"business_date": "2026-03-31", "as_of": moment["as_of"]}.items() <= audited.items()
    durable.write_json(run.home.warehouse / steps.AUDITED, audited)
    before = datetime.timedelta(**more)
    older = replace(run, as_of=run.as_of - before, business_date=(run.business_date - datetime.timedelta(before.days)))
    with pytest.raises(steps.AuditFailed, match=r"made for business date 2026-03-31.*clear its task `transform`"):
        step(older)
    assert not run.home.current.exists()
    steps._demand_marts_of(run)


def test_a_business_date_that_has_not_come_is_refused(teahouse: Path, here: Path) -> None:
    """A typo in the year; as of it, every night that can be run again would be an old one."""
    today = steps.make_run(teahouse).today
    assert steps.make_run(teahouse, business_date=today).business_date == today
    tomorrow = today + datetime.timedelta(days=2)  # should midnight pass meanwhile
    with pytest.raises(FutureDate, match=rf"business date {tomorrow} has not come yet.*Shanghai"):
        steps.make_run(teahouse, business_date=tomorrow)
    asked = ["run", "--company", str(teahouse), "--business-date", "2062-03-31"]
    refused = CliRunner().invoke(app, asked)
    assert refused.exit_code == 2 and "2062-03-31 has not come yet" in " ".join(refused.output.split())
    assert not steps.make_run(teahouse).home.runs.exists()


def test_without_the_key_of_the_hashes_nothing_is_extracted(
    teahouse: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was there when hashes were made, and a new file waits at the stall; with the key back the file is read."""
    monkeypatch.delenv("SALES_WAREHOUSE_CONTACT_KEY")
    steps.identify(_ingest(teahouse, "till"))
    home = steps.make_run(teahouse).home
    key = home.secrets / "contact.key"
    kept = key.rename(home.root / "backup.key")
    _stall(teahouse, "quantity", "S1,2026-03-02,a,2,5")
    before = sorted(home.dir.rglob("*"))
    with pytest.raises(ContactKeyError, match=rf"{key} is not there and SALES_WAREHOUSE_CONTACT_KEY is not set"):
        _ingest(teahouse, "stall")
    refused = CliRunner().invoke(app, ["run", "--company", str(teahouse)])
    assert refused.exit_code == 2 and "Restore it from your backup" in " ".join(refused.output.split())
    assert sorted(home.dir.rglob("*")) == before
    kept.rename(key)
    assert steps.has_news(_ingest(teahouse, "stall"))


def test_the_demo_has_a_clock_of_its_own(here: Path) -> None:
    run = steps.make_run(settings.PROJECT / "config" / "demo", business_date=datetime.date(2062, 3, 31))
    assert (run.business_date, run.today) == (datetime.date(2062, 3, 31), datetime.date(2062, 4, 1))


def test_what_a_killed_rerun_left_is_gone_when_a_transform_or_a_purge_begins(
    teahouse: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds texts and the contact key where no purge reaches them; one that is at work is left alone."""
    run = steps.make_run(teahouse)
    left = run.home.tmp / "rerun" / "secrets" / "contact.key"

    def leave() -> None:
        left.parent.mkdir(parents=True, exist_ok=True)
        left.touch()

    def begin(*_: object) -> None:
        raise InterruptedError(f"{left.exists()}")

    monkeypatch.setattr(steps.nights, "settle", begin)
    monkeypatch.setattr(steps, "has_news", begin)
    for step in (steps.transform, steps.purge):
        leave()
        with pytest.raises(InterruptedError, match="False"):
            step(run)
    leave()
    with only_one(run.home):
        with pytest.raises(durable.Busy, match="running a past night again"):
            steps.purge(run)
        with pytest.raises(InterruptedError, match="True"):
            steps.transform(run)
        assert "another one is at work" in steps._clear_remains(run)[0]
    assert left.exists() and steps._clear_remains(run) == [] and not left.exists()
