"""Evidence that two customer records are one company, where no credit code says so.

The model (`model`, the one of `match`) learns from the company's own records: pairs with one credit code show how often
one company agrees in each field, pairs drawn at random how often others do. It is kept, so that a night changes no
probability of records that did not change; a night compares new and changed records with all, and the others not again.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from sales_warehouse import durable
from sales_warehouse.home import Home
from sales_warehouse.identity import candidates, model
from sales_warehouse.identity.company_name import take_apart
from sales_warehouse.identity.comparisons import compare_category, compare_company, compare_sets
from sales_warehouse.identity.model import Model
from sales_warehouse.identity.records import load_earlier, save
from sales_warehouse.sql import literal, only_row

LEAST_PAIRS = 50  # with one credit code, to learn from
SHARED_KEY = 200  # records that may have one core in one place: more are no few that could be one
FORM = 2  # raise it when the fields or their comparison change: the model is learnt anew then
RECORDS, CHANGED, STANDING = "evidence_records", "changed_records", "standing_records"
NAMES = "company_names_known"  # a file beside the cross-references: it may be removed at any time
KEYS, PAIRS = "evidence_keys", "evidence_pairs"
FIELDS = "core, place, industry, phones, emails, domains"
COMPARISONS = (
    compare_company("core"),
    compare_category("place"),
    compare_category("industry"),
    compare_sets("phones"),
    compare_sets("emails"),
    compare_sets("domains"),
)


def prepare(connection: duckdb.DuckDBPyConnection, home: Home, shared_limit: int) -> None:
    """Make the table of evidence from `customer_records` and `contact_records`: one row for each customer record.

    A phone, an e-mail or a domain that more than `shared_limit` customers have proves nothing (a hotline, a webmail).
    """
    _take_names_apart(connection, home)
    connection.execute("""
        create or replace temp table addresses as
        select distinct source || ':' || customer_id as unique_id, address
        from (
            select c.source, c.customer_id, unnest([
                'phone:' || p.phone, 'email:' || lower(p.email), 'domain:' || lower(split_part(p.email, '@', 2))
            ]) as address
            from customer_records as c
            join contact_records as p on p.customer_id = c.source || ':' || c.customer_id
        )
        where address is not null""")
    connection.execute(f"""
        create or replace temp table {RECORDS} as
        with telling as (
            select addresses.* from addresses
            join (select address from addresses group by address having count(*) <= {int(shared_limit)})
                using (address)
        ),
        gathered as (
            select unique_id,
                list_sort(list(address) filter (starts_with(address, 'phone:'))) as phones,
                list_sort(list(address) filter (starts_with(address, 'email:'))) as emails,
                list_sort(list(address) filter (starts_with(address, 'domain:'))) as domains
            from telling group by unique_id
        ),
        named as (
            select source || ':' || customer_id as unique_id, uscc, industry, core, coalesce(city, named_place) as place
            from customer_records left join company_names using (name)
        )
        select unique_id, uscc, core, place, industry, phones, emails, domains,
            hash({FIELDS}) as digest
        from named left join gathered using (unique_id)""")


def _take_names_apart(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Make the table `company_names`; names that were taken apart with the same places are remembered."""
    places = "select city as place from customer_records"
    (digest,) = only_row(
        connection, f"select coalesce(sum(hash(place)), 0)::varchar from (select distinct * from ({places}))"
    )
    load_earlier(connection, home, NAMES, "name varchar, core varchar, named_place varchar, places varchar")
    connection.execute(
        f"create or replace temp table known_names as "
        f"select * exclude (places) from old_{NAMES} where places = {literal(f'{FORM} {digest}')}"
    )
    names = "select name from customer_records"
    take_apart(connection, names, places, "company_names", known="known_names")
    connection.execute(f"""
        create table {NAMES} as
        select *, {literal(f"{FORM} {digest}")} as places from company_names semi join ({names}) using (name)
        order by name""")
    save(connection, home, NAMES)


def is_learnt(kept: Path) -> bool:
    """Tell whether there is a model of these fields."""
    return _learnt(kept) is not None


def _learnt(kept: Path) -> Model | None:
    """Return the kept model, None where there is none of these fields."""
    told = durable.read_json(kept, {})
    return Model(**told["model"]) if told.get("form") == FORM else None


def score(connection: duckdb.DuckDBPyConnection, kept: Path, least: float) -> bool:
    """Make the table `scored_pairs` of changed records with all others; pairs below `least` are left out.

    Return False when there is nothing to learn from yet: too few records have one credit code.
    """
    connection.execute(
        "create or replace temp table scored_pairs (left_id varchar, right_id varchar, probability double)"
    )
    learnt = _learnt(kept) or _learn(connection, kept)
    if learnt is None:
        return False
    _find_pairs(connection)
    if only_row(connection, f"select count(*) from {PAIRS}")[0]:
        scored = model.score(connection, RECORDS, COMPARISONS, learnt, PAIRS, least=least)
        connection.execute(f"insert into scored_pairs select unique_id_l, unique_id_r, match_probability from {scored}")
    return True


def _learn(connection: duckdb.DuckDBPyConnection, kept: Path) -> Model | None:
    """Learn from the pairs of records with one credit code, and keep what was learnt."""
    connection.execute(f"""
        create or replace temp table coded_pairs as
        select l.unique_id as join_key_l, r.unique_id as join_key_r, '0' as match_key
        from {RECORDS} as l join {RECORDS} as r on l.uscc = r.uscc and l.unique_id < r.unique_id""")
    if only_row(connection, "select count(*) from coded_pairs")[0] < LEAST_PAIRS:
        return None
    learnt = model.learn(connection, RECORDS, COMPARISONS, known="coded_pairs")
    durable.write_json(kept, {"form": FORM, "model": learnt.as_json()})
    return learnt


def _find_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of pairs of a changed record with any other: one core in one place, one telephone, one domain."""
    connection.execute(f"""
        create or replace temp table {KEYS} as
        select unique_id, hash(core, place) as key from {RECORDS} where core is not null and place is not null
        union all select unique_id, hash(unnest(phones)) from {RECORDS}
        union all select unique_id, hash(unnest(domains)) from {RECORDS}""")
    candidates.pair_up(connection, KEYS, SHARED_KEY, PAIRS, changed=CHANGED)
