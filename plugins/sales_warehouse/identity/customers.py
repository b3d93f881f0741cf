"""Which customer records are one customer, and the code of each: the same from night to night.

What a person decided comes first. Records with one unified social credit code (checked, GB 32100-2015) are one, unless
more unlike names have it than may be one customer's: then those alike are one, and the others wait for a person. A
record without a code joins what the evidence says; what is between two thresholds, or fits two codes, waits for a
person.
"""

from __future__ import annotations

import datetime

import duckdb

from sales_warehouse.company.models import CustomerEvidence
from sales_warehouse.home import Home
from sales_warehouse.identity import decisions, evidence, kept
from sales_warehouse.identity.codes import follow_decisions, keep_codes, keep_left, tell_changes
from sales_warehouse.identity.grouping import group
from sales_warehouse.identity.records import CUSTOMERS, load_earlier
from sales_warehouse.sql import read_parquet

XREF = (
    "source varchar, customer_id varchar, customer_key varchar, rule varchar, probability double, since timestamp, "
    "base_key varchar, base_since timestamp, said ubigint"
)
LOG = (
    "batch bigint, changed_at timestamp, source varchar, customer_id varchar, old_key varchar, new_key varchar, "
    "rule varchar, probability double, old_since timestamp"
)
LEFT = "source varchar, customer_id varchar, customer_key varchar, since timestamp"
REKEYED = "source varchar, customer_id varchar, batch bigint"
REVIEW = "left_record varchar, right_record varchar, why varchar, probability double"
PAIRS = "left_id varchar, right_id varchar, probability double"
DIGESTS = "unique_id varchar, digest ubigint, own varchar"
CODE = "'C' || upper(left(sha256(seed), 16))"


def load_pairs(connection: duckdb.DuckDBPyConnection, home: Home, settings: CustomerEvidence) -> None:
    """Make `pairs_before` and `digests_before`: what the evidence said, and of which state of the records.

    They are in the kept tables, or in the files where they were before there were any. Pairs that are not probable
    enough to be kept now are left out; where less probable ones were not kept, no record counts as looked at.
    """
    for name, table, schema in (
        ("customer_pairs", "pairs_before", PAIRS),
        ("customer_digests", "digests_before", DIGESTS),
    ):
        load_earlier(connection, home, name, schema)
        known = name if kept.has_table(connection, name) else f"old_{name}"
        connection.execute(f"create or replace temp table {table} ({schema})")
        connection.execute(f"insert into {table} by name from {known}")
    least = float(settings.review_above)
    connection.execute(f"delete from pairs_before where probability < {least}")
    if not evidence.is_learnt(home.identity / kept.MODEL):
        connection.execute("delete from digests_before")
    elif not _reaches(connection, least):  # all are looked at again; who said the same before still does
        connection.execute("update digests_before set digest = null")


def _reaches(connection: duckdb.DuckDBPyConnection, least: float) -> bool:
    """Tell whether pairs as little probable as `least` were kept."""
    if not kept.has_table(connection, "customer_least"):
        return False
    return bool(connection.execute(f"select 1 from customer_least where least <= {least}").fetchall())


def give_codes(
    connection: duckdb.DuckDBPyConnection,
    home: Home,
    settings: CustomerEvidence,
    told: list[decisions.Decision],
    batch: int,
    at: datetime.datetime,
    *,
    whole: bool,
) -> None:
    """Make `customer_xref`, `customer_log`, `customer_left` and `customer_review` with what was `told`; `at` is UTC.

    Unless it is made `whole`, the cross-reference holds the records in question only, and `outside_customers` those of
    before that stay as they are.
    """
    _weigh(connection, home, settings, whole)
    _choose(connection, told, settings.merge_above, whole)
    _load_earlier(connection, home, whole)
    group(connection, settings.merge_above)
    _keep_chains(connection, whole)
    _assign_base(connection, at)
    follow_decisions(connection, CUSTOMERS, ("probability",), CODE, at)
    keep_left(connection, CUSTOMERS)
    tell_changes(connection, CUSTOMERS, "new.rule, new.probability, old.since", batch, at)
    if not whole:
        _keep_other_reviews(connection)


def _weigh(connection: duckdb.DuckDBPyConnection, home: Home, settings: CustomerEvidence, whole: bool) -> None:
    """Bring `customer_pairs` up to date: what was said of a pair stands while both records say what they said then.

    Where others changed what it counts for (an address that too many have by now), a pair is only ever more probable
    than it was, so that nobody who was left alone is parted. `customer_digests` tells of which evidence the pairs
    speak; it is empty while nothing is learnt. `customer_least` tells how probable the least of them may be.
    """
    evidence.gather(connection, settings.shared_limit, whole=whole)
    is_learnt = evidence.score(connection, home.identity / kept.MODEL, settings.review_above)
    changed = f"select unique_id from {evidence.CHANGED}"
    connection.execute(f"""
        create or replace temp table changed_themselves as
        {changed} except
        select unique_id from {evidence.RECORDS} as n join {"digests_before" if whole else "customer_digests"} as o
        using (unique_id) where n.own = o.own""")
    pairs_now = """
        create or replace temp table pairs_now as
        select left_id, right_id, max(probability) as probability
        from (
            select * from scored_pairs
            union all select * from {0}
            where left_id not in (from changed_themselves) and right_id not in (from changed_themselves)
        ) group by left_id, right_id order by left_id, right_id"""
    if whole:
        known = f"(select unique_id from {evidence.RECORDS})"
        connection.execute(pairs_now.format(f"(from pairs_before where left_id in {known} and right_id in {known})"))
        seen = evidence.RECORDS if is_learnt else f"(from {evidence.RECORDS} where false)"
        connection.begin()
        connection.execute("create or replace table customer_pairs as from pairs_now")
        connection.execute(f"create or replace table customer_digests as select unique_id, digest, own from {seen}")
        connection.execute(
            f"create or replace table customer_least as select {float(settings.review_above)}::double as least"
        )
        connection.commit()
    else:
        gone = f"where left_id in ({changed}) or right_id in ({changed})"
        connection.execute(f"create or replace temp table pairs_gone as select * from customer_pairs {gone}")
        connection.execute(pairs_now.format("pairs_gone"))
        connection.begin()
        connection.execute(f"delete from customer_pairs {gone}")
        connection.execute("insert into customer_pairs from pairs_now")
        if is_learnt:
            seen = f"(from affected union {changed})"
            connection.execute(f"delete from customer_digests where unique_id in {seen}")
            connection.execute(
                f"insert into customer_digests "
                f"select unique_id, digest, own from {evidence.RECORDS} where unique_id in {seen}"
            )
        connection.commit()
    connection.execute("drop table pairs_now")


def _choose(
    connection: duckdb.DuckDBPyConnection, told: list[decisions.Decision], merge_above: float, whole: bool
) -> None:
    """Make `in_question`, the records whose groups are made again, and of these `touched`, where they may be others.

    Groups follow from the records that hang together. What is touched are all records that hung together with one that
    changed, or does now, and every one that a decision names. Pairs that wait for a person are told of groups, so those
    that wait together with them are in question as well.
    """
    if whole:
        connection.execute(f"create or replace temp view touched as select unique_id from {evidence.RECORDS}")
        connection.execute("create or replace temp view in_question as from touched")
        connection.execute(f"create or replace temp view records_in_question as from {evidence.RECORDS}")
        connection.execute("create or replace temp view pairs_in_question as from customer_pairs")
        return
    connection.register("named_records", decisions.named(told, CUSTOMERS))
    connection.execute(f"""
        create or replace temp table begun as
        select unique_id from {evidence.CHANGED} union select unique_id from {CUSTOMERS.changed}
        union select unique_id from {evidence.RECORDS} semi join codes_turned using (uscc)
        union select unique_id from named_records""")
    connection.unregister("named_records")
    connection.execute(f"""
        create or replace temp table seeds as
        from begun
        union select unique_id from {evidence.RECORDS} semi join (
            select uscc from {evidence.RECORDS} semi join begun using (unique_id) where uscc is not null
        ) using (uscc)
        union select unnest([left_id, right_id]) from (from customer_pairs union all from pairs_gone)
        where probability >= {float(merge_above)} and (left_id in (from begun) or right_id in (from begun))""")
    hung = """
        select unique_id from customer_chains
        where chain in (select chain from customer_chains semi join {} using (unique_id))"""
    connection.execute(f"create or replace temp table touched as {hung.format('seeds')} union from begun")
    connection.execute(f"""
        create or replace temp table waiting as
        select unnest([left_id, right_id]) as unique_id from customer_pairs
        where left_id in (from touched) or right_id in (from touched)
        union
        select unique_id from {evidence.RECORDS} semi join (
            select uscc from {evidence.RECORDS} semi join touched using (unique_id) semi join shared_codes using (uscc)
        ) using (uscc)""")
    connection.execute(f"create or replace temp table in_question as {hung.format('waiting')} union from touched")
    connection.execute(f"""
        create or replace temp table records_in_question as
        select unique_id, source, customer_id, created_at, uscc, core, own
        from {evidence.RECORDS} semi join in_question using (unique_id)""")
    connection.execute("""
        create or replace temp table pairs_in_question as
        select * from customer_pairs where left_id in (from in_question) and right_id in (from in_question)""")


def _load_earlier(connection: duckdb.DuckDBPyConnection, home: Home, whole: bool) -> None:
    """Make the tables of what was before: of the records in question, and the codes of the others."""
    load_earlier(connection, home, "customer_log", LOG)
    load_earlier(connection, home, "customer_rekeyed", REKEYED)
    load_earlier(connection, home, "customer_left", LEFT)
    load_earlier(connection, home, "customer_review", REVIEW)
    if whole:
        load_earlier(connection, home, "customer_xref", XREF)
        connection.execute("create or replace temp table outside_customers as from old_customer_xref limit 0")
        # a cross-reference from before there were decisions
        connection.execute("update old_customer_xref set base_key = customer_key where base_key is null")
    else:
        file = read_parquet([home.identity / "customer_xref.parquet"])
        rows = f"(select *, source || ':' || customer_id as unique_id from {file})"
        connection.execute(f"""
            create or replace temp table old_customer_xref as
            select * exclude (unique_id) from {rows} semi join in_question using (unique_id)""")
        connection.execute(f"""
            create or replace temp view outside_customers as
            select * exclude (unique_id) from {rows} anti join in_question using (unique_id)""")


def _keep_chains(connection: duckdb.DuckDBPyConnection, whole: bool) -> None:
    """Keep who hangs together by codes and evidence."""
    chains = """
        select n.unique_id, hash(coalesce(chain, node)) as chain
        from base_nodes as n left join base_chains as c on c.unique_id = n.node"""
    if whole:
        connection.execute(f"create or replace table customer_chains as {chains}")
        return
    connection.execute("delete from customer_chains where unique_id in (from in_question)")
    connection.execute(f"insert into customer_chains by name {chains}")


def _keep_other_reviews(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the pairs that waited and have nothing to do with what was touched."""
    connection.execute("""
        create or replace temp table customer_review as
        from (
            select * from customer_review where left_record in (from touched) or right_record in (from touched)
            union all
            select * from old_customer_review
            where left_record not in (from touched) and right_record not in (from touched)
        ) order by probability desc, left_record, right_record""")


def _assign_base(connection: duckdb.DuckDBPyConnection, at: datetime.datetime) -> None:
    """Make `base_codes`: the code of every record by codes and evidence alone, and since when it has had it.

    Decisions do not touch these codes, so that whatever a decision did is undone by leaving it out. A record is known
    by a credit code that tells, and without one by all that it and its contacts say.
    """
    connection.execute("""
        create or replace temp table base_records as
        select unique_id, group_id, starts_with(group_id, 'uscc:') as is_certain, created_at as first_at,
            md5_number_lower(coalesce(n.uscc, own)) as said
        from records_in_question join base_groups using (unique_id) join base_nodes as n using (unique_id)""")
    connection.execute("""
        create or replace temp table earlier_records as
        select source || ':' || customer_id as unique_id, base_key as code, base_since as since, said
        from old_customer_xref""")
    codes = keep_codes("base_records", "earlier_records", CODE, at, "select base_key from outside_customers")
    connection.execute(f"""
        create or replace temp table base_codes as
        select unique_id, code as base_key, since as base_since, first_at, said
        from ({codes}) join base_records using (unique_id)""")
