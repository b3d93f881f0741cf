"""Who is who: one code for each customer and each person over all sources, the same from night to night."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sales_warehouse import durable, failpoint
from sales_warehouse.company.models import IdentityFile
from sales_warehouse.home import Home
from sales_warehouse.identity import contacts, customers
from sales_warehouse.identity.contact_hash import contact_key
from sales_warehouse.identity.records import latest, save
from sales_warehouse.sql import connect, only_row
from sales_warehouse.telephone import register_mobile

KEPT = (
    "customer_pairs", "customer_digests", "customer_log", "customer_review", "customer_decisions", "contact_log",
    "contact_xref", "customer_xref",
)  # fmt: skip


@dataclass(frozen=True)
class Identified:
    """Records seen, codes given, records that changed their code in this batch, and pairs that wait for a person."""

    customer_records: int
    customers: int
    contact_records: int
    contacts: int
    changed: int
    to_review: int


def identify(home: Home, settings: IdentityFile, batch: int, at: datetime.datetime) -> Identified:
    """Bring the cross-reference tables up to date with every accepted record; `batch` and `at` mark what changed."""
    durable.sweep(home.identity)
    key = contact_key(home)
    with connect(temp=home.tmp) as connection:
        register_mobile(connection)
        versioned = latest(home, "customers", "customer_id")
        connection.execute(f"create temp table customer_records as select _source as source, * from ({versioned})")
        connection.execute(
            f"create temp table contact_records as select _source as source, * "
            f"from ({latest(home, 'contacts', 'contact_id')})"
        )
        customers.give_codes(connection, home, settings.customers, batch, at)
        contacts.give_codes(connection, home, batch, at, key)
        counts = only_row(
            connection,
            "select (select count(*) from customer_xref), (select count(distinct customer_key) from customer_xref), "
            "(select count(*) from contact_xref), (select count(distinct contact_key) from contact_xref), "
            f"(select count(*) from customer_xref where changed_batch = {int(batch)}), "
            "(select count(*) from customer_review)",
        )
        failpoint.reach("identify.before_commit")
        for name in KEPT:
            save(connection, home, name)
    return Identified(*counts)
