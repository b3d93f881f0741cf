"""Which contact records are one person: those with the same keyed hash of their first certain address.

A mobile number, else an e-mail, else a WeChat id. Landlines and switchboards are shared, so they prove nothing.
"""

from __future__ import annotations

import duckdb

from sales_warehouse.home import Home
from sales_warehouse.identity.contact_hash import hmac_sql, key_id
from sales_warehouse.identity.records import load_earlier
from sales_warehouse.sql import literal

XREF = "source varchar, contact_id varchar, contact_key varchar, rule varchar, key_id varchar, changed_batch bigint"


def give_codes(connection: duckdb.DuckDBPyConnection, home: Home, batch: int, key: bytes) -> None:
    """Make the table `contact_xref` from `contact_records`."""
    load_earlier(connection, home, "contact_xref", XREF)
    connection.execute(f"""
        create table contact_xref as
        with evidence as (
            select source, contact_id,
                case when is_mobile(phone) then 'phone' when email is not null then 'email'
                    when wechat_id is not null then 'wechat_id' else 'own_record' end as rule,
                coalesce(
                    case when is_mobile(phone) then 'phone:' || phone end,
                    'email:' || lower(email),
                    'wechat_id:' || wechat_id,
                    'record:' || source || ':' || contact_id
                ) as address
            from contact_records
        ),
        assigned as (
            select source, contact_id, rule, 'P' || upper(left({hmac_sql("address", key)}, 24)) as contact_key
            from evidence
        )
        select source, contact_id, assigned.contact_key, assigned.rule, {literal(key_id(key))} as key_id,
            case when old.contact_key = assigned.contact_key then old.changed_batch else {int(batch)} end
                as changed_batch
        from assigned left join old_contact_xref as old using (source, contact_id)
        order by source, contact_id
    """)
