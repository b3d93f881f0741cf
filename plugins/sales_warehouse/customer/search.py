"""Finds a customer by what people know of it: its code, credit code, the id in a system, an older code, or its name."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import duckdb

MOST_FOUND = 50

# The first kind that finds anyone is the answer: what is exact does not stand among names that resemble it.
_QUERIES = {
    "key": "select customer_key from dim_customers where customer_key in ($text, upper($text))",
    # A customer of several records may have several codes: the one that counts, and those that they say beside it.
    "credit_code": """select customer_key from dim_customers where uscc = $code
        union
        select customer_key from trust_customer_differences where attribute = 'uscc' and attribute_value = $code""",
    "record": """select customer_key from dim_customer_records
        where customer_record_key = $text or customer_id = $text""",
    # A code that identity gave up: whoever the records that had it are now.
    "old_key": """select records.customer_key from dim_customer_records as records
        join trust_identity_changes as changes on records.customer_record_key = changes.record_key
        where changes.entity = 'customer' and changes.old_key in ($text, upper($text))""",
    "name": """select customer_key from dim_customers
        where contains(lower(customer_name), lower($text)) and customer_key <> 'unknown'
        union
        select customer_key from dim_customer_records
        where contains(lower(customer_name), lower($text)) and customer_key <> 'unknown'""",
}


@dataclass(frozen=True)
class Found:
    """A customer that the words mean; `found_by` is key, credit_code, record, old_key or name."""

    customer_key: str
    customer_name: str
    uscc: str | None
    city: str | None
    tier: str
    last_order_date: str | None
    found_by: str


def find(connection: duckdb.DuckDBPyConnection, text: str, limit: int = MOST_FOUND) -> list[Found]:
    """Return the customers that a text means, names that begin with it first; nothing for a text of spaces."""
    wanted = text.strip()
    if not wanted:
        return []
    code = re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", wanted)).upper()
    for kind, query in _QUERIES.items():
        rows = connection.execute(
            f"""select customer_key, customer_name, uscc, city, tier, cast(last_order_date as varchar)
            from dim_customers where customer_key in ({query})
            order by
                not starts_with(lower(customer_name), lower($text)), length(customer_name), customer_name, customer_key
            limit {int(limit)}""",
            {"text": wanted} | ({"code": code} if kind == "credit_code" else {}),
        ).fetchall()
        if rows:
            return [Found(*(*row, kind)) for row in rows]
    return []
