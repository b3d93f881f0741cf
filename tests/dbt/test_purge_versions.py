"""A purge reaches the texts that a source has deleted or emptied since: their first versions are still there."""

from __future__ import annotations

import datetime
from datetime import date
from pathlib import Path

import accepted_files as files
import duckdb
from customer_world import COMPANY, chat, deal, message, visit

from sales_warehouse import purge
from sales_warehouse.company.load import load_company
from sales_warehouse.company.models import Company
from sales_warehouse.home import Home
from sales_warehouse.settings_tables import write_settings

OLD, NEW = "20260201T180000_000000", "20260620T180000_000000"
GONE = {"_is_deleted": True}


MOMENT = datetime.datetime(2026, 7, 1, 18)


def world(folder: Path) -> tuple[Home, Company]:
    """A company that keeps texts for 30 days, of 1 July 2026: K is B; F is C since that day, and was A; T is A."""
    for name, text in COMPANY.items():
        (folder / "small" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "small" / name).write_text(text, encoding="utf-8")
    home = Home(folder / "var", "small")
    company = load_company(folder / "small")
    write_settings(home, company, as_of=MOMENT, business_date=date(2026, 7, 1), first_date=date(2025, 1, 1))
    home.warehouse.mkdir(parents=True)
    with duckdb.connect(str(home.warehouse_file)) as db:
        db.execute("""
            create schema marts; create schema intermediate;
            create table marts.dim_customer_tiers as from (values ('K', 'B', 'standard', true, null::date),
                ('F', 'A', 'full_history', false, date '2026-06-30'), ('F', 'C', 'standard', true, null),
                ('T', 'A', 'full_history', true, null))
                t(customer_key, tier, retention_class, is_current, valid_to_date);
            create table intermediate.int_customers_identified as
                from (values ('crm:K', 'K'), ('crm:F', 'F'), ('crm:T', 'T')) t(customer_record_key, customer_key);
            create table intermediate.int_contacts_identified as
                select '' as contact_record_key, '' as customer_key where false;
        """)
    return home, company


def test_quotes_and_conversations_of_the_first_tier_are_never_touched(tmp_path: Path) -> None:
    """Twelve years old, in one load with those of a B, whose texts go and whose quotes stay as well."""
    home, company = world(tmp_path)
    day = "2014-01-10"
    files.write_load(home, "crm", OLD, {
        "chats": [chat(key, 1, day) for key in "TK"],
        "chat_messages": [message(key, 1, 1, day, f"said by {key}") for key in "TK"],
        "visits": [visit(key, day) | {"notes": f"noted of {key}"} for key in "TK"],
        "opportunities": [deal(key, day, "0.9") for key in "TK"],
        "quotes": [{"quote_id": f"Q-{key}", "version": version, "opportunity_id": f"D-{key}",
                    "created_at": f"{day} 02:00:00", "amount": "100"} for key in "TK" for version in (1, 2)],
    })  # fmt: skip
    kept = {file: file.read_bytes() for name in ("chats", "opportunities", "quotes")
            for file in (home.accepted / name).rglob("*.parquet")}  # fmt: skip
    assert len(kept) == 3
    before = _rows_of(home, "T")
    done = purge.purge(home, company, MOMENT)
    assert (done.texts, done.rows) == (2, 2)
    assert {file: file.read_bytes() for file in kept} == kept
    assert _rows_of(home, "T") == before
    assert [row for row in _rows_of(home, "K") if "K" in str(row[-1])] == []


def _rows_of(home: Home, key: str) -> list[tuple]:
    """Return what is accepted of the conversations of a customer, whole, with the text last."""
    with duckdb.connect() as db:
        return [row for name, text in (("chat_messages", "text"), ("visits", "notes")) for row in db.execute(f"""
            select * exclude ({text}), {text} from read_parquet('{home.accepted}/{name}/*/*.parquet')
            where {"chat_id" if name == "chat_messages" else "visit_id"} like '%-{key}-%' order by all
        """).fetchall()]  # fmt: skip


def test_what_the_source_deleted_or_emptied_goes_with_the_rest(tmp_path: Path) -> None:
    """Of K: a deleted chat, an emptied message, deleted notes. H-L-1 was nobody's, H-F-1 of an A."""
    home, company = world(tmp_path)
    day = "2026-01-10"
    files.write_load(home, "crm", OLD, {
        "chats": [chat("K", 1, day), chat("K", 2, day), chat("F", 1, day),
                  {"chat_id": "H-L-1", "started_at": f"{day} 02:00:00"}],
        "chat_messages": [message("K", 1, 1, day, "deleted"), message("K", 2, 1, day, "emptied"),
                          message("K", 2, 2, "2026-06-25", "new"), message("F", 1, 1, day, "first tier"),
                          message("L", 1, 1, day, "of nobody")],
        "visits": [visit("K", day) | {"notes": "noted"}, visit("K", "2026-01-11") | {"notes": " "}],
    })  # fmt: skip
    files.write_load(home, "crm", NEW, {
        "chats": [{"chat_id": "H-K-1"} | GONE],
        "chat_messages": [{"chat_id": "H-K-1", "message_number": 1} | GONE,
                          message("K", 2, 1, day, "") | {"text": None}],
        "visits": [{"visit_id": f"V-K-{day}"} | GONE],
    })  # fmt: skip
    found = [(item.entity, item.going, item.kept, item.oldest) for item in purge.find(home, company)]
    assert found == [("chat_messages", 2, 1, date(2026, 1, 10)), ("visits", 1, 0, date(2026, 1, 10))]
    done = purge.purge(home, company, MOMENT)
    assert (done.texts, done.rows) == (3, 3)
    with duckdb.connect() as db:
        assert db.execute(f"select distinct list_form from '{done.file}'").fetchall() == [(purge.FORM,)]
        said = db.execute(f"""
            select text from read_parquet('{home.accepted}/chat_messages/*/*.parquet') where text is not null
            union all select notes from read_parquet('{home.accepted}/visits/*/*.parquet') where trim(notes) <> ''
        """).fetchall()
    assert {text for (text,) in said} == {"new", "first tier", "of nobody"}
    assert purge.find(home, company)[0].going == 0
