"""What customers need cites where they said so; a purge takes old texts and nothing of a customer of the first tier."""

from __future__ import annotations

import datetime
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import accepted_files as files
import duckdb
import pytest
from customer_world import Built, message
from typer.testing import CliRunner

from sales_warehouse import ledger, purge, steps
from sales_warehouse.cli import app
from sales_warehouse.company.load import load_company
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.run import Run
from sales_warehouse.sql import read_parquet

pytestmark = pytest.mark.slow


def needs(built: Built, key: str, field: str) -> list[tuple]:
    return built.rows(
        "SELECT need_value, is_latest, stated_date, touchpoint_key, message_number, quoted_text "
        f"FROM fct_customer_needs WHERE customer_key = '{key}' AND field_id = '{field}' ORDER BY stated_at, need_value"
    )


def test_the_latest_statement_counts_and_older_ones_stay_with_their_touchpoint(built: Built) -> None:
    """The seller's 99万 and what the customer writes after the business date are no statements."""
    assert needs(built, "NEEDS", "budget") == [
        ("50万", False, date(2026, 5, 1), "chat:crm:H-NEEDS-1", 1, "预算大概50万"),
        ("60万", False, date(2026, 5, 15), "visit:crm:V-NEEDS-2026-05-15", 0, "预算60万"),
        ("80万", True, date(2026, 6, 1), "chat:crm:H-NEEDS-2", 1, "预算80万"),  # and not 便宜, the second rule
    ]


def test_a_field_of_several_values_has_a_latest_statement_of_each(built: Built) -> None:
    assert needs(built, "NEEDS", "products") == [
        ("monitors", True, date(2026, 5, 5), "quote:crm:Q2/1", 0, None),
        ("血压计", False, date(2026, 5, 31), "chat:crm:H-NEEDS-1", 3, "血压仪"),
        ("监护仪", True, date(2026, 6, 1), "chat:crm:H-NEEDS-2", 1, "监护仪"),
        ("血压计", True, date(2026, 6, 1), "chat:crm:H-NEEDS-2", 1, "血压计"),
        ("制氧机", True, date(2026, 6, 29), "chat:crm:H-NEEDS-2", 3, "制氧机"),  # each word of a text, once
        ("呼吸机", True, date(2026, 6, 29), "chat:crm:H-NEEDS-2", 3, "呼吸机"),
    ]


def test_facts_tell_needs_too(built: Built) -> None:
    assert needs(built, "NEEDS", "content") == [("paper-1", True, date(2026, 5, 20), "web_event:crm:E2", 0, None)]
    assert needs(built, "NEEDS", "intent") == [("price", True, date(2026, 6, 1), "chat:crm:H-NEEDS-2", 0, None)]
    # the role of the person met, and not of one who clicks
    visited = ("decision_maker", True, date(2026, 5, 15), "visit:crm:V-NEEDS-2026-05-15", 0, None)
    assert needs(built, "NEEDS", "role") == [visited]


def test_every_statement_cites_a_touchpoint_of_its_customer(built: Built) -> None:
    query = """
        SELECT count(*), count(t.touchpoint_key) FROM fct_customer_needs n LEFT JOIN fct_touchpoints t
        USING (touchpoint_key, customer_key, touchpoint_type, source)
    """
    [(statements, cited)] = built.rows(query)
    assert statements == cited == 14


# --- purge -------------------------------------------------------------------------------------------------------


@pytest.fixture
def old(built: Built, tmp_path: Path) -> Iterator[Built]:
    """A copy of the home that a purge may change."""
    shutil.copytree(built.home.dir, tmp_path / "small")
    yield Built(Home(tmp_path, "small"), built.folder)


def texts(home: Home) -> dict[tuple[str, int], str]:
    """What is written in the accepted files: by conversation and message, and by visit."""
    said = read_parquet(home.accepted.glob("chat_messages/*/*.parquet"), options="union_by_name = true")
    noted = read_parquet(home.accepted.glob("visits/*/*.parquet"), options="union_by_name = true")
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT chat_id, message_number, text FROM {said} WHERE text IS NOT NULL "
            f"UNION ALL SELECT visit_id, 0, notes FROM {noted} WHERE notes IS NOT NULL"
        ).fetchall()
    return {(record, number): text for record, number, text in rows}


GONE = {("H-NEEDS-1", 1), ("H-NEEDS-1", 3), ("V-NEEDS-2026-05-15", 0), ("H-LOST-1", 1)}


def test_a_dry_run_shows_what_would_go_and_removes_nothing(old: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(old.home.root))
    monkeypatch.setenv("COLUMNS", "160")
    before = texts(old.home)
    shown = CliRunner().invoke(app, ["purge", "--company", str(old.folder)])
    assert shown.exit_code == 0, shown.output
    assert "4 texts as of business date 2026-07-01" in shown.output
    assert "Nothing has been removed" in shown.output and "landing/ keep rows that could not be read" in shown.output
    assert texts(old.home) == before and not purge.lists(old.home)


def test_a_purge_removes_old_texts_for_good_and_keeps_the_conversations(
    old: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(old.home.root))
    before = texts(old.home)
    facts = old.rows("SELECT touchpoint_key, customer_key FROM fct_touchpoints ORDER BY ALL")
    accounts = old.rows("SELECT source, entity, unexplained_count FROM trust_row_accounting ORDER BY ALL")
    done = CliRunner().invoke(app, ["purge", "--company", str(old.folder), "--remove"])
    assert done.exit_code == 0, done.output
    # 30 days are kept: 1 June stays, 31 May goes. LIKELY is A, and nobody knows whose the last one is.
    assert texts(old.home) == {place: text for place, text in before.items() if place not in GONE}
    assert ("H-LIKELY-1", 1) in texts(old.home) and ("H-nobody-1", 1) in texts(old.home)
    assert not old.home.warehouse_file.exists()

    # The source hands an old message over again, and one that is new.
    again = [
        message("NEEDS", 1, 1, "2026-05-01", "你好，预算大概50万"),
        message("NEEDS", 1, 4, "2026-05-02", "预算55万"),
    ]
    files.write_load(old.home, "crm", "20260701T180000_000000", {"chat_messages": again})
    assert purge.apply(old.home) == 1
    assert ("H-NEEDS-1", 1) not in texts(old.home) and texts(old.home)["H-NEEDS-1", 4] == "预算55万"
    assert purge.apply(old.home) == 0

    files.write_ledger(old.home, "purges", [
        dict(zip(("source", "entity", "retention_class", "business_date", "purged_at", "text_count"), row, strict=True))
        for row in purge.counts(old.home)
    ])  # fmt: skip
    old.refresh(full=True)
    assert old.rows("SELECT touchpoint_key, customer_key FROM fct_touchpoints ORDER BY ALL") == facts
    left = old.rows("SELECT source, entity, unexplained_count FROM trust_row_accounting ORDER BY ALL")
    assert left == accounts
    assert [value for value, *_ in needs(old, "NEEDS", "budget")] == ["55万", "80万"]
    assert old.rows("SELECT entity, text_count FROM trust_purges ORDER BY ALL") == [("chat_messages", 3), ("visits", 1)]


@pytest.mark.parametrize("place", ["purge.listed", "purge.cleared"])
def test_a_purge_that_is_killed_is_finished_by_the_next_refresh(old: Built, place: str) -> None:
    before, code = texts(old.home), steps._code(run_of(old))
    environment = os.environ | {"SALES_WAREHOUSE_VAR": str(old.home.root), "SALES_WAREHOUSE_FAILPOINT": place}
    command = [sys.executable, "-m", "sales_warehouse.cli", "purge", "--company", str(old.folder), "--remove"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert steps._code(run_of(old)) != code  # so that everything is built anew
    purge.apply(old.home)
    assert texts(old.home) == {place: text for place, text in before.items() if place not in GONE}


def run_of(built: Built) -> Run:
    return Run(built.home, load_company(built.folder), "r1", datetime.datetime(2026, 7, 1, 18), date(2026, 7, 1))


def test_a_second_purge_adds_its_list_to_the_first(old: Built, tmp_path: Path) -> None:
    """A shorter age, in the same night."""
    steps.purge(run_of(old))
    old.refresh(full=True)
    folder = shutil.copytree(old.folder, tmp_path / "company")
    text = (folder / "lifecycle.yml").read_text(encoding="utf-8")
    (folder / "lifecycle.yml").write_text(text.replace("days: 30", "days: 29"), encoding="utf-8")
    done = steps.purge(run_of(Built(old.home, folder)))
    assert done.rows == {"texts": 1, "accepted_rows": 1, "landed_rows": 0}  # of 1 June
    assert [count for *_, count in purge.counts(old.home)] == [3, 1, 1]
    assert not GONE & texts(old.home).keys()


def test_nothing_is_removed_while_loads_wait(old: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """What has come may make somebody an A."""
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(old.home.root))
    held = replace(ledger.read_applied(old.home), loads={"a load that is judged anew": "mark"})
    ledger.write_applied(old.home, held)
    before = texts(old.home)
    done = CliRunner().invoke(app, ["purge", "--company", str(old.folder), "--remove"])
    assert done.exit_code == 1 and "run a refresh first" in done.output
    assert texts(old.home) == before and not purge.lists(old.home)


def test_nothing_is_removed_while_a_load_has_landed_that_has_not_passed_the_gate(old: Built) -> None:
    there, delivered = texts(old.home), old.home.source_data / "crm" / "1.csv"
    delivered.parent.mkdir(parents=True)
    delivered.write_text("no,created\nO1,2026-06-30 10:00:00\n", encoding="utf-8")
    run = run_of(old)
    assert steps.extract(run, "crm").rows["landed"] == 1
    with pytest.raises(purge.NotPurgeable, match=r"1 loads have not passed the gate as it stands today, .*-crm"):
        steps.purge(run)
    assert texts(old.home) == there and not purge.lists(old.home)


def test_a_purge_later_on_the_day_waits_for_no_row_that_came_due_since_the_night(old: Built) -> None:
    """A source whose clock is ahead has such rows every night: the next night lets them in, and holds new ones back."""
    delivered = old.home.source_data / "crm" / "1.csv"
    delivered.parent.mkdir(parents=True)
    ahead = datetime.datetime.now() + datetime.timedelta(days=2)
    delivered.write_text(f"no,created\nO1,{ahead:%Y-%m-%d %H:%M:%S}\n", encoding="utf-8")
    night = run_of(old)
    for step in (steps.extract, steps.conform, steps.gate):
        done = step(night, "crm")
    assert done.rows["quarantined"] == 1
    marks = ledger.load_fingerprints(ledger.gated(old.home, night.company.sources))
    ledger.write_applied(old.home, replace(ledger.read_applied(old.home), loads=marks))
    later = replace(night, as_of=ahead + datetime.timedelta(days=2))
    assert steps.purge(later).rows["texts"] == len(GONE)


def test_nothing_is_removed_by_marts_of_a_past_day(old: Built) -> None:
    """LIKELY is an A since 20 June; of the marts of 15 June it is a B."""
    old.refresh(date(2026, 6, 15))
    there = texts(old.home)
    with pytest.raises(purge.NotPurgeable, match="of business date 2026-06-15, and 2026-07-01 is over"):
        steps.purge(run_of(old))
    assert texts(old.home) == there and not purge.lists(old.home)
    old.refresh()
    assert steps.purge(run_of(old)).rows["texts"] == len(GONE)
    assert ("H-LIKELY-1", 1) in texts(old.home)


@pytest.mark.parametrize(
    ("file", "before", "after"),
    [("lifecycle.yml", "tier: A\n", "tier: VIP\n"), ("lifecycle.yml", "0.45", "0.95"), ("identity.yml", "[crm]", "[]")],
    ids=["the first tier has another name", "fewer deals make an A", "another record speaks first"],
)
def test_nothing_is_removed_by_marts_of_other_settings(
    old: Built, tmp_path: Path, file: str, before: str, after: str
) -> None:
    """What keeps a text is the tier in the marts; the file says already what the next refresh will make of it."""
    folder = shutil.copytree(old.folder, tmp_path / "company")
    text = (folder / file).read_text(encoding="utf-8")
    assert before in text
    (folder / file).write_text(text.replace(before, after, 1), encoding="utf-8")
    there = texts(old.home)
    with pytest.raises(purge.NotPurgeable, match="run a refresh first"):
        steps.purge(run_of(Built(old.home, folder)))
    assert texts(old.home) == there and not purge.lists(old.home)
    kept = [item.kept for item in purge.find(old.home, load_company(folder))]
    assert sum(kept) == sum(item.kept for item in purge.find(old.home, load_company(old.folder)))


def test_nothing_is_removed_while_a_decision_waits(old: Built) -> None:
    """NEEDS is a C today, and the A customer LIKELY after the next refresh."""
    there, now = texts(old.home), datetime.datetime(2026, 7, 1, 19)
    decisions.merge(old.home, ["crm:NEEDS", "crm:LIKELY"], by="Li", why="one company", at=now)
    with pytest.raises(purge.NotPurgeable, match="decisions"):
        steps.purge(run_of(old))
    assert texts(old.home) == there and not purge.lists(old.home)


def test_nothing_is_removed_by_marts_that_the_audit_refused(old: Built) -> None:
    there = texts(old.home)
    (old.home.warehouse / steps.AUDITED).unlink()  # as a transform leaves it, and an audit that fails
    with pytest.raises(purge.NotPurgeable, match="have not passed the audit"):
        steps.purge(run_of(old))
    assert texts(old.home) == there and not purge.lists(old.home)


def test_nothing_is_removed_by_marts_of_a_refresh_that_was_killed(old: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of them may be of other tiers."""

    def die(*_: object, **__: object) -> None:
        raise InterruptedError

    monkeypatch.setattr(steps, "give_codes", lambda *_: None)
    monkeypatch.setattr("sales_warehouse.transform.transform", die)
    applied = replace(ledger.read_applied(old.home), code=steps._code(run_of(old)))
    ledger.write_applied(old.home, applied)
    with pytest.raises(InterruptedError):
        steps.transform(run_of(old))
    with pytest.raises(purge.NotPurgeable, match="run a refresh first"):
        steps.purge(run_of(old))


def test_a_purge_spares_who_was_in_the_first_tier_on_any_day_of_the_time(old: Built, tmp_path: Path) -> None:
    """LOST was A until 30 April: 61 days before the business date are too short to remember it, 62 are not."""
    folder = shutil.copytree(old.folder, tmp_path / "company")
    kept = {}
    for keep_days in (61, 62):
        text = (old.folder / "lifecycle.yml").read_text(encoding="utf-8")
        changed = text.replace("keep_conversation_days: 30", f"keep_conversation_days: {keep_days}")
        (folder / "lifecycle.yml").write_text(changed, encoding="utf-8")
        found = purge.find(old.home, load_company(folder))
        kept[keep_days] = [(item.entity, item.going, item.kept) for item in found]
    assert kept == {61: [("chat_messages", 1, 0)], 62: [("chat_messages", 0, 1)]}


def test_a_class_without_an_age_is_kept_for_ever(old: Built, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = shutil.copytree(old.folder, tmp_path / "company")
    text = (folder / "lifecycle.yml").read_text(encoding="utf-8")
    (folder / "lifecycle.yml").write_text(text.partition("retention:")[0], encoding="utf-8")
    assert purge.find(old.home, load_company(folder)) == []
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(old.home.root))
    shown = CliRunner().invoke(app, ["purge", "--company", str(folder)])
    assert "Every conversation is kept" in shown.output


def test_without_marts_nothing_is_decided(old: Built, monkeypatch: pytest.MonkeyPatch) -> None:
    old.home.warehouse_file.unlink()
    monkeypatch.setenv("SALES_WAREHOUSE_VAR", str(old.home.root))
    shown = CliRunner().invoke(app, ["purge", "--company", str(old.folder)])
    assert shown.exit_code == 1 and "run a refresh first" in shown.output
