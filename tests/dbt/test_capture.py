"""What other systems saw and what the CRM has of it, on a thousand events of three systems."""

from __future__ import annotations

from decimal import Decimal

import duckdb
from lone_models import rows_of

CHANNELS = {  # events, source and key of each channel: table, columns, what makes an enquiry of an event
    "web": ("fct_web_events", "event_key, source, event_type, customer_key, occurred_at, occurred_date", "form_post"),
    "chat": ("fct_chats", "chat_key, source, intent, customer_key, started_at, started_date", "enquiry"),
    "call": ("fct_calls", "call_key, source, outcome, customer_key, started_at, started_date", "enquiry"),
}
EVENTS, LOST = {"web": 600, "chat": 250, "call": 150}, {"web": 80, "chat": 45, "call": 25}
KINDS = ("varchar", "varchar", "varchar", "varchar", "timestamp", "date")


def _typed(columns: str) -> str:
    return ", ".join(f"{name} {kind}" for name, kind in zip(columns.split(", "), KINDS, strict=True))


def test_a_lead_that_was_made_of_the_form_itself_is_none_of_the_crm() -> None:
    """As the source of web forms makes one of every form; two of four forms are in the CRM too."""
    connection = duckdb.connect()
    for table, columns, _ in CHANNELS.values():
        connection.execute(f"create table {table} ({_typed(columns)})")
    connection.execute(
        """insert into fct_web_events select 'website:' || i, 'website', 'form_post', 'unknown', '2026-05-20 09:00:00',
        '2026-05-20' from range(4) t(i)"""
    )
    connection.execute(
        """create table fct_leads as
        select 'website:' || i as lead_key, 'website:' || i as source_event_key, now()::timestamp as created_at
        from range(4) t(i)
        union all select 'crm:' || i, 'website:' || i, now()::timestamp from range(2) t(i)"""
    )
    found = rows_of(connection, "fct_enquiries", "event_key, lead_key, capture_status")
    assert found == [
        ("website:0", "crm:0", "captured"),
        ("website:1", "crm:1", "captured"),
        ("website:2", None, "lost"),
        ("website:3", None, "lost"),
    ]


def test_of_a_thousand_events_of_which_the_crm_has_850_15_0_percent_are_lost_and_the_150_are_named() -> None:
    """Every event is a month old. One that is no enquiry is not missed, and one with two leads counts once."""
    connection = duckdb.connect()
    connection.execute("create table fct_leads (lead_key varchar, source_event_key varchar, created_at timestamp)")
    lost = set()
    for channel, (table, columns, enquiry) in CHANNELS.items():
        connection.execute(f"create table {table} ({_typed(columns)})")
        for number in range(EVENTS[channel] + 10):
            key, kind = f"{channel}:{number}", enquiry if number < EVENTS[channel] else "another"
            row = [key, channel, kind, "unknown", "2026-05-20 09:00:00", "2026-05-20"]
            connection.execute(f"insert into {table} values (?, ?, ?, ?, ?, ?)", row)
            if number < LOST[channel]:
                lost.add(key)
            elif kind == enquiry:
                leads = [f"crm:{key}", f"crm:{key}:again"] if number % 100 == 99 else [f"crm:{key}"]
                for lead in leads:
                    connection.execute("insert into fct_leads values (?, ?, '2026-05-20 10:00:00')", [lead, key])
    found = rows_of(connection, "fct_enquiries", "event_key, capture_status")
    named = {key for key, status in found if status == "lost"}
    assert (len(found), len(named), named) == (1000, 150, lost)
    counts = "source, event_channel, event_count, captured_count, lost_count, waiting_count"
    assert rows_of(connection, "trust_capture", counts) == [
        ("call", "call", 150, 125, 25, 0),
        ("chat", "chat", 250, 205, 45, 0),
        ("web", "web", 600, 520, 80, 0),
    ]
    ((judged, captured),) = connection.execute(
        "select sum(captured_count + lost_count), sum(captured_count) from trust_capture"
    ).fetchall()
    assert (judged, captured) == (1000, 850)
    assert round(Decimal(100) * (judged - captured) / judged, 1) == Decimal("15.0")
