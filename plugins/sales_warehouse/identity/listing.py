"""Pairs that wait for a person, and what people decided: for the page, and as tables on the terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from sales_warehouse.home import Home
from sales_warehouse.identity import decisions
from sales_warehouse.identity.decisions import Decision
from sales_warehouse.identity.records import latest
from sales_warehouse.identity.words import REASONS, WORDS
from sales_warehouse.sql import connect, read_parquet
from sales_warehouse.terminal import add_row


class NothingIdentified(Exception):
    """No night has said yet who is who."""


@dataclass(frozen=True)
class Pair:
    """Two customer records, each with name and city, that may be one; `why` is a key of REASONS."""

    probability: float
    why: str
    left: str
    left_name: str | None
    left_city: str | None
    right: str
    right_name: str | None
    right_city: str | None


@dataclass(frozen=True)
class Waiting:
    """The first of the pairs that a person has to look at, the most probable first, and how many there are."""

    pairs: list[Pair]
    total: int


@dataclass(frozen=True)
class ContactPair:
    """Two contact records, each with its customer record, that share an address of a `kind`; one has no name."""

    kind: str
    left: str
    left_customer: str | None
    right: str
    right_customer: str | None


@dataclass(frozen=True)
class ContactsWaiting:
    """The first of the pairs of people that somebody has to look at, and how many there are."""

    pairs: list[ContactPair]
    total: int


@dataclass(frozen=True)
class Told:
    """A decision, and whether it stands; None for one that takes another back."""

    decision: Decision
    stands: bool | None


def waiting(home: Home, limit: int) -> Waiting:
    """Return what waits for a person. Raises NothingIdentified."""
    file = home.identity / "customer_review.parquet"
    if not file.exists():
        raise NothingIdentified("nothing was identified yet: `sales-warehouse run` first")
    named, pairs = latest(home, "customers", "customer_id"), read_parquet([file])
    with connect(temp=home.tmp) as connection:
        rows = connection.execute(f"""
            with named as (select _source || ':' || customer_id as record, name, city from ({named}))
            select probability, why, left_record, l.name, l.city, right_record, r.name, r.city
            from {pairs}
            left join named as l on l.record = left_record left join named as r on r.record = right_record
            order by probability desc, left_record, right_record limit {int(limit)}""").fetchall()
        [(total,)] = connection.execute(f"select count(*) from {pairs}").fetchall()
    return Waiting([Pair(*row) for row in rows], total)


def contacts_waiting(home: Home, limit: int) -> ContactsWaiting:
    """Return which people wait for a person; nobody is named. Raises NothingIdentified."""
    file = home.identity / "contact_review.parquet"
    if not file.exists():
        raise NothingIdentified("nothing was identified yet: `sales-warehouse run` first")
    known, pairs = latest(home, "contacts", "contact_id"), read_parquet([file])
    with connect(temp=home.tmp) as connection:
        rows = connection.execute(f"""
            with known as (select _source || ':' || contact_id as record, customer_id from ({known}))
            select kind, left_record, l.customer_id, right_record, r.customer_id
            from {pairs}
            left join known as l on l.record = left_record left join known as r on r.record = right_record
            order by left_record, right_record limit {int(limit)}""").fetchall()
        [(total,)] = connection.execute(f"select count(*) from {pairs}").fetchall()
    return ContactsWaiting([ContactPair(*row) for row in rows], total)


def told(home: Home, entity: str) -> list[Told]:
    """Return every decision about an entity, the oldest first."""
    listed = [item for item in decisions.history(home) if item.entity == entity]
    stand = {item.decision_id for item in decisions.standing(listed)}
    return [Told(item, None if item.kind == "undo" else item.decision_id in stand) for item in listed]


def show_review(home: Home, limit: int, console: Console) -> None:
    """Print the pairs that a person has to look at, the most probable first."""
    try:
        found = waiting(home, limit)
    except NothingIdentified as error:
        console.print(f"{error}", highlight=False)
        return
    table = Table(
        "probability", "record", "name", "city", "other record", "name", "city", "why", box=None, pad_edge=False
    )
    for pair in found.pairs:
        cells = (pair.left, pair.left_name, pair.left_city, pair.right, pair.right_name, pair.right_city)
        add_row(table, f"{pair.probability:.1%}", *cells, REASONS[pair.why][0])
    if found.pairs:
        console.print(table)
    console.print(
        f"{found.total:,} pairs wait, {len(found.pairs):,} are shown; "
        "decide with `sales-warehouse customers merge` or `apart`",
        highlight=False,
        soft_wrap=True,
    )


def show_contact_review(home: Home, limit: int, console: Console) -> None:
    """Print the pairs of people that somebody has to look at."""
    try:
        found = contacts_waiting(home, limit)
    except NothingIdentified as error:
        console.print(f"{error}", highlight=False)
        return
    table = Table("record", "customer", "other record", "customer", "both have", box=None, pad_edge=False)
    for pair in found.pairs:
        add_row(table, pair.left, pair.left_customer, pair.right, pair.right_customer, WORDS[pair.kind][0])
    if found.pairs:
        console.print(table)
    console.print(
        f"{found.total:,} pairs wait, {len(found.pairs):,} are shown: one of each has no name; "
        "decide with `sales-warehouse contacts merge` or `apart`",
        highlight=False,
        soft_wrap=True,
    )


def show_decisions(home: Home, entity: str, console: Console) -> None:
    """Print every decision about an entity, the oldest first, and whether it stands."""
    listed = told(home, entity)
    table = Table("decision", "at (UTC)", "by", "what", "records", "why", "stands", box=None, pad_edge=False)
    for each in listed:
        item = each.decision
        records = item.undoes or ", ".join(item.records)
        if item.others:
            records += f" from {len(item.others)} others"
        mark = {None: "", True: "yes", False: "undone"}[each.stands]
        add_row(table, item.decision_id, item.at[:16], item.by, item.kind, records, item.why, mark)
    if listed:
        console.print(table)
    console.print(f"{len(listed):,} decisions, {sum(bool(each.stands) for each in listed):,} stand", highlight=False)
