"""The truth says exactly which rows are dirty, and as many are as were asked for."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import duckdb
import email_validator
import phonenumbers
import pytest
from demo_reading import chats, crm, filed, handed_over, shop, visits
from stdnum.cn import uscc

from sales_warehouse.demo import tables

KEYS = {"chats": ("session_id",)}  # the name in the nested record


def counts(world: Path) -> dict[tuple[str, str], tuple[int, ...]]:
    """(system, table) → rows handed over: all, clean, repairable, bad, duplicate."""
    rows = duckdb.sql(f"select * from read_parquet('{world}/truth/rows/*.parquet')").fetchall()
    return {(system, table): numbers for system, table, *numbers in rows}


def mistakes(world: Path, kind: str) -> list[tuple]:
    query = f"select table_name, true_key, original, written from read_parquet('{world}/truth/mistakes/*.parquet')"
    return duckdb.sql(f"{query} where kind = '{kind}'").fetchall()


def test_the_share_of_dirty_rows_is_the_one_that_was_asked_for(dirty_world: Path) -> None:
    """Of the rows that are handed over: what a warehouse can count."""
    spoilable = {table.name for table in tables.EVERY if table.mistakes}
    told = [numbers for (_, table), numbers in counts(dirty_world).items() if table in spoilable]
    handed_over, clean = sum(total for total, *_ in told), sum(clean for _, clean, *_ in told)
    assert (handed_over - clean) / handed_over == pytest.approx(0.32, abs=0.01)
    for total, clean, *_ in (numbers for numbers in told if numbers[0] > 400):
        assert (total - clean) / total == pytest.approx(0.32, abs=0.08)


def test_nobody_makes_mistakes_when_none_are_asked_for(clean_world: Path) -> None:
    assert all(total == clean for total, clean, *_ in counts(clean_world).values())
    assert duckdb.sql(f"from read_parquet('{clean_world}/truth/mistakes/*.parquet')").fetchall() == []


@pytest.mark.parametrize("table", tables.EVERY, ids=lambda t: t.name)
def test_the_truth_counts_every_row_that_is_handed_over(dirty_world: Path, table: tables.SourceTable) -> None:
    rows = handed_over(dirty_world, table.system, table.name)
    total, clean, _, repairable, bad, duplicate = counts(dirty_world)[(table.system, table.name)]
    assert len(rows) == total == clean + repairable + bad + duplicate
    # Two rows that lost their keys may be equal by chance.
    again = Counter(
        repr(row) for row in rows if all(row.get(column) != "" for column in KEYS.get(table.name, table.key))
    )
    assert sum(times - 1 for times in again.values()) == duplicate


def test_each_bad_row_is_where_the_truth_says(dirty_world: Path) -> None:
    lines = shop(dirty_world, "order_lines")
    negative = [row for row in lines if row["qty"].startswith("-")]
    told = [m for m in mistakes(dirty_world, "negative_quantity") if m[0] == "order_lines"]
    assert len(negative) == len(told) > 0
    states = sum(row["state"] == "状态异常" for row in shop(dirty_world, "orders"))
    assert states == sum(m[0] == "orders" for m in mistakes(dirty_world, "unknown_status"))
    assert sum(not row["session_id"] for row in chats(dirty_world)) == sum(
        m[0] == "chats" for m in mistakes(dirty_world, "missing_key")
    )
    future = sum(row["拜访日期"].startswith("2099") for row in visits(dirty_world))
    assert future == sum(m[0] == "visits" for m in mistakes(dirty_world, "future_date"))


def test_credit_codes_are_valid_but_for_the_ones_that_were_spoiled(dirty_world: Path) -> None:
    rows = [*crm(dirty_world, "t_kh"), *shop(dirty_world, "members")]
    codes = [code for row in rows if (code := row.get("xydm") or row.get("license_no"))]
    wrong = sum(not uscc.is_valid(code.upper()) for code in codes)
    spoiled = mistakes(dirty_world, "wrong_check_character")
    assert wrong == len(spoiled) > 0
    assert all(uscc.is_valid(original) and not uscc.is_valid(written) for _, _, original, written in spoiled)


def test_half_of_the_bad_rows_come_again_mended(dirty_world: Path) -> None:
    spoiled = {number for table, number, *_ in mistakes(dirty_world, "unknown_status") if table == "calls"}
    calls = filed(dirty_world, "phone", "calls")
    mended = {row["通话编号"].strip() for row in calls if row["方向"].strip() != "状态异常"}
    assert len(spoiled & mended) > 0


def test_a_conversation_is_answered_when_it_says_so(clean_world: Path) -> None:
    unanswered = 0
    for chat in chats(clean_world):
        answers = [message for message in chat["messages"] if message["sender"] == "agent"]
        assert [chat["first_reply_at"]] == [message["sent_at"] for message in answers][:1] or not answers
        assert bool(answers) == (chat["first_reply_at"] is not None)
        moments = [message["sent_at"] for message in chat["messages"]]
        assert moments == sorted(moments)
        assert moments[-1] <= chat["closed_at"]
        unanswered += not answers
    assert unanswered > 0


def test_phones_and_addresses_can_be_ones(clean_world: Path) -> None:
    people = crm(clean_world, "t_lxr")
    numbers = {row["sjh"] for row in people} | {row["sjh"] for row in crm(clean_world, "t_xs")}
    assert len(numbers) > 100
    assert [n for n in numbers if not phonenumbers.is_valid_number(phonenumbers.parse(n, "CN"))] == []
    for address in {row["yx"] for row in people if row["yx"]}:
        email_validator.validate_email(address, check_deliverability=False)
