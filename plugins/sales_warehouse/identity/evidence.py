"""Evidence that two customer records are one company, where no credit code says so.

The model (`model`, the one of `match`) learns from the company's own records: pairs with one credit code show how often
one company agrees in each field, pairs drawn at random how often others do. It is kept, so that a night changes no
probability of records that did not change; a night compares new and changed records with all, and the others not again.
What is gathered of a record is kept as well (`kept`), and gathered again only where something that it follows from
changed: the record, its contacts, a place that its name may begin with, or how many share one of its addresses.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa

from sales_warehouse import durable
from sales_warehouse.identity import candidates, clusters, model
from sales_warehouse.identity.address import FORMER, HEAD, below_cities, locate
from sales_warehouse.identity.company_name import plain_place, take_apart
from sales_warehouse.identity.comparisons import compare_category, compare_company, compare_part, compare_sets
from sales_warehouse.identity.model import Model
from sales_warehouse.identity.pinyin import sound
from sales_warehouse.identity.records import CONTACTS, CUSTOMERS
from sales_warehouse.sql import only_row

LEAST_PAIRS = 50  # with one credit code, to learn from
SHARED_KEY = 200  # records that may have one core in one place, or one code to learn from: more are no few
LEAST_CORE = 2  # characters of a core that another one may begin with and be like it
FORM = 8  # raise it when the fields, their comparison, branches or districts change: all is learnt and said anew then
OF_A_BRANCH = 0.5  # what it says of a branch and its parent, or of two branches, that all else is the same: nothing
RECORDS, CHANGED = "evidence_records", "changed_records"
KEYS, PAIRS = "evidence_keys", "evidence_pairs"
FIELDS = "core, sounds, place, district, industry, phones, emails, domains"
COMPARISONS = (
    compare_company("core", "sounds"),
    compare_category("place"),
    compare_part("district", "place", FORMER),
    compare_category("industry"),
    compare_sets("phones"),
    compare_sets("emails"),
    compare_sets("domains"),
)


def gather(connection: duckdb.DuckDBPyConnection, shared_limit: int, *, whole: bool) -> None:
    """Bring the table of evidence up to date with the records: one row for each customer record.

    CHANGED becomes the table of those that say something else than before (`own`), or whose evidence is another
    (`digest`). A phone, an e-mail or a domain that more than `shared_limit` customers have proves nothing (a
    hotline, a webmail); records of one credit code count as one customer. When it is made `whole`, `digests_before`
    tells what was known.
    """
    connection.execute(f"create or replace temp table affected as select unique_id from {CUSTOMERS.changed}")
    _take_names_apart(connection, whole)
    _locate(connection, whole)
    _judge_codes(connection, shared_limit, whole)
    _gather_addresses(connection, shared_limit, whole)
    rows = _evidence(shared_limit, "" if whole else "semi join affected using (unique_id)")
    if whole:
        connection.execute(f"create or replace table {RECORDS} as {rows}")
        connection.execute(f"""
            create or replace temp table {CHANGED} as
            select r.unique_id from {RECORDS} as r left join digests_before as o using (unique_id)
            where o.digest is distinct from r.digest or o.own is distinct from r.own""")
        connection.execute(f"create or replace table {KEYS} as {_keys(RECORDS)}")
        return
    connection.execute(f"create or replace temp table gathered as {rows}")
    connection.execute(f"""
        create or replace temp table {CHANGED} as
        select coalesce(n.unique_id, o.unique_id) as unique_id
        from gathered as n
        full join (select * from {RECORDS} semi join affected using (unique_id)) as o using (unique_id)
        where o.digest is distinct from n.digest or o.own is distinct from n.own""")
    connection.execute(f"delete from {RECORDS} where unique_id in (select unique_id from affected)")
    connection.execute(f"insert into {RECORDS} by name from gathered")
    connection.execute(f"delete from {KEYS} where unique_id in (select unique_id from {CHANGED})")
    connection.execute(
        f"insert into {KEYS} by name {_keys(f'(select * from gathered semi join {CHANGED} using (unique_id))')}"
    )


def _take_names_apart(connection: duckdb.DuckDBPyConnection, whole: bool) -> None:
    """Bring `company_names` up to date: with new names, and those that a new place, or one less, may split elsewhere.

    Whose name is taken apart again is affected.
    """
    if whole:
        connection.execute("""
            create table if not exists company_names (
                name varchar, core varchar, sounds varchar[], branch varchar, named_place varchar, asked varchar[]
            )""")
        connection.execute("create table if not exists places (place varchar, plain varchar, sound varchar)")
        connection.execute("""
            delete from company_names
            where name not in (select name from customer_records where name is not null)""")
    _list_places(connection)
    connection.execute("""
        create or replace temp table names_again as
        select name from (select name, unnest(asked) as text from company_names) join (
            (from places_now except from places) union all (from places except from places_now)
        ) on starts_with(text, place) group by name""")
    if only_row(connection, "select count(*) from names_again")[0]:
        connection.execute("delete from company_names where name in (from names_again)")
        if not whole:
            connection.execute("""
                insert into affected select unique_id from customer_records where name in (from names_again)""")
    connection.execute("create or replace table places as from places_now")
    mine = "" if whole else "where unique_id in (select unique_id from affected)"
    connection.execute(f"""
        create or replace temp table names_new as
        select name from (select distinct name from customer_records {mine}) anti join company_names using (name)""")
    take_apart(connection, "from names_new", "select place from places", "names_apart_now")
    connection.execute("insert into company_names by name from names_apart_now")


def _locate(connection: duckdb.DuckDBPyConnection, whole: bool) -> None:
    """Bring `located` up to date: the city and the district of every street address that records have."""
    heads = f"""
        select distinct coalesce(city, '') as city, {HEAD.format("address")} as head from customer_records
        where address is not null"""
    if whole:
        connection.execute(
            "create table if not exists located (city varchar, head varchar, place varchar, district varchar)"
        )
        connection.execute(f"delete from located where (city, head) not in ({heads})")
    mine = "" if whole else "and unique_id in (select unique_id from affected)"
    locate(connection, f"from ({heads} {mine}) anti join located using (city, head) where head <> ''", "located_now")
    connection.execute("insert into located by name from located_now")


def _list_places(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `cities_now`, what each city of a record is called plainly, and `places_now`, what a name may say of it.

    `below_now` tells of a place that lies in a city in which.
    """
    cities = connection.execute("select distinct city from customer_records where city <> '' order by city").fetchall()
    plain = {city: plain_place(city) for (city,) in cities}
    written = sorted({(form, said.plain) for said in plain.values() for form in said})
    for name, columns in (
        ("cities", {"city": list(plain), "place": [said.plain for said in plain.values()]}),
        (
            "places",
            {
                "place": [form for form, _ in written],
                "plain": [place for _, place in written],
                "sound": [sound(place) for _, place in written],
            },
        ),
        (
            "below",
            {
                "place": list(below_cities()),
                "city": [where.city for where in below_cities().values()],
                "district": [where.district for where in below_cities().values()],
            },
        ),
    ):
        listed = pa.table({column: pa.array(values, pa.string()) for column, values in columns.items()})
        connection.register("listed", listed)
        connection.execute(f"create or replace temp table {name}_now as from listed")
        connection.unregister("listed")


def _judge_codes(connection: duckdb.DuckDBPyConnection, shared_limit: int, whole: bool) -> None:
    """Bring `shared_codes` up to date: credit codes that more than `shared_limit` unlike names have, with each core.

    Such a code is a placeholder, or the one of whoever typed it. Alike (`name_group`) are names with one core, one
    sound, or of which one begins the other. `codes_turned` becomes the table of those that are so now or were before,
    and were looked at.
    """
    if whole:
        connection.execute("create or replace table shared_codes (uscc varchar, core varchar, name_group varchar)")
        connection.execute("create or replace temp table codes_met as select distinct uscc from customer_records")
    else:
        connection.execute(f"""
            create or replace temp table codes_met as
            select uscc from customer_records semi join affected using (unique_id)
            union select uscc from {CUSTOMERS.before}""")
    connection.execute(f"""
        create or replace temp table coded_names as
        with named as (
            select uscc, core, list_distinct(flatten(list(coalesce(sounds, [])))) as sounds
            from customer_records join company_names using (name) semi join codes_met using (uscc)
            where core is not null group by uscc, core
        )
        select *, uscc || ':' || core as unique_id, count(*) over (partition by uscc) as core_count
        from named qualify core_count > {int(shared_limit)}""")
    connection.execute(f"""
        create or replace temp table names_alike as
        select l.unique_id as unique_id_l, r.unique_id as unique_id_r
        from coded_names as l join coded_names as r on l.uscc = r.uscc and l.core < r.core
        where l.core_count <= {SHARED_KEY} and (
            (length(l.core) >= {LEAST_CORE} and starts_with(r.core, l.core)) or list_has_any(l.sounds, r.sounds)
        )""")
    clusters.chain(connection, "names_alike", "names_chained")
    connection.execute(f"""
        create or replace temp table shared_now as
        select uscc, core, coalesce(chain, unique_id) as name_group
        from coded_names left join names_chained using (unique_id)
        qualify count(distinct name_group) over (partition by uscc) > {int(shared_limit)}""")
    connection.execute("""
        create or replace temp table codes_turned as
        select uscc from shared_codes semi join codes_met using (uscc) union select uscc from shared_now""")
    connection.execute("delete from shared_codes where uscc in (from codes_met)")
    connection.execute("insert into shared_codes by name from shared_now")


def _gather_addresses(connection: duckdb.DuckDBPyConnection, shared_limit: int, whole: bool) -> None:
    """Bring `addresses` up to date, with the `customer` behind each: records of one telling credit code are one.

    Who has an address that now proves something, or nothing any more, is affected.
    """
    of_contacts = """
        select distinct unique_id, reached.address,
            coalesce('uscc:' || case when s.uscc is null then r.uscc end, unique_id) as customer
        from (
            select customer_id as unique_id, unnest([
                'phone:' || phone, 'email:' || lower(email), 'domain:' || lower(split_part(email, '@', 2))
            ]) as address
            from contact_records where customer_id in (select unique_id from {0})
        ) as reached
        join {0} as r using (unique_id)
        left join (select distinct uscc from shared_codes) as s on s.uscc = r.uscc
        where reached.address is not null"""
    if whole:
        connection.execute(f"create or replace table addresses as {of_contacts.format('customer_records')}")
        return
    connection.execute(f"""
        create or replace temp table owners as
        select unique_id from {CUSTOMERS.changed}
        union select customer_id from contact_records semi join {CONTACTS.changed} using (unique_id)
        union select customer_id from {CONTACTS.before}
        union select unique_id from customer_records semi join codes_turned using (uscc)""")
    connection.execute("""
        create or replace temp table living as
        from customer_records semi join owners using (unique_id)""")
    connection.execute(f"create or replace temp table addresses_now as {of_contacts.format('living')}")
    connection.execute("""
        create or replace temp table addresses_then as from addresses semi join owners using (unique_id)""")
    connection.execute("""
        create or replace temp table moved as
        select distinct address from (
            (from addresses_now except from addresses_then) union all (from addresses_then except from addresses_now)
        )""")
    customers = """
        select address, count(distinct customer) as customers
        from addresses semi join moved using (address) group by address"""
    connection.execute(f"create or replace temp table shared_before as {customers}")
    connection.execute("delete from addresses where unique_id in (select unique_id from owners)")
    connection.execute("insert into addresses by name from addresses_now")
    connection.execute(f"""
        create or replace temp table turned as
        select address from ({customers}) as now left join shared_before as before using (address)
        where (now.customers <= {int(shared_limit)}) <> (coalesce(before.customers, 0) <= {int(shared_limit)})""")
    connection.execute("""
        insert into affected
        select unique_id from owners union select unique_id from addresses semi join turned using (address)""")


def _evidence(shared_limit: int, which: str) -> str:
    """Return the select of the evidence of the customer records that a clause leaves."""
    cells = ("name", "city", "named_city", "named_district", "industry", "array_to_string(every, chr(31))")
    own = ", ".join(f"coalesce({cell}, '')" for cell in cells)
    return f"""
        with mine as (from addresses {which}),
        telling as (
            select mine.* from mine join (
                select address from addresses {"semi join mine using (address)" if which else ""}
                group by address having count(distinct customer) <= {int(shared_limit)}
            ) using (address)
        ),
        gathered as (
            select unique_id,
                list_sort(list(address) filter (starts_with(address, 'phone:'))) as phones,
                list_sort(list(address) filter (starts_with(address, 'email:'))) as emails,
                list_sort(list(address) filter (starts_with(address, 'domain:'))) as domains
            from telling group by unique_id
        ),
        reached as (select unique_id, list_sort(list(address)) as every from mine group by unique_id),
        named as (
            select unique_id, source, customer_id, created_at, uscc, name, r.city, industry, core,
                coalesce(cities_now.place, located.place, said.plain) as spot,
                coalesce(below_now.city, spot) as place,
                located.place as named_city, located.district as named_district,
                coalesce(located.district, below_now.district) as district,
                list_sort(list_distinct(sounds || [places.sound || sounds[1]])) as sounds,
                company_names.branch
            from (from customer_records {which}) as r
            left join company_names using (name)
            left join cities_now using (city)
            left join located on located.city = coalesce(r.city, '') and located.head = {HEAD.format("r.address")}
            left join places as said on said.place = named_place
            left join places on places.place = coalesce(cities_now.place, said.plain)
            left join below_now on below_now.place = coalesce(cities_now.place, located.place, said.plain)
        )
        select unique_id, source, customer_id, created_at, uscc, core, branch, sounds, place, district, industry,
            phones, emails, domains, hash({FIELDS}) as digest,
            md5(concat_ws(chr(31), {int(shared_limit)}, {own})) as own
        from named left join gathered using (unique_id) left join reached using (unique_id)"""


def _keys(records: str) -> str:
    """Return the select of what makes two records worth a look: one core in one place, one telephone, one domain."""
    return f"""
        select unique_id, hash(core, place) as key from {records} where core is not null and place is not null
        union all select unique_id, hash(unnest(phones)) from {records}
        union all select unique_id, hash(unnest(domains)) from {records}"""


def is_learnt(kept: Path) -> bool:
    """Tell whether there is a model of these fields."""
    return _learnt(kept) is not None


def _learnt(kept: Path) -> Model | None:
    """Return the kept model, None where there is none of these fields."""
    told = durable.read_json(kept, {})
    return Model(**told["model"]) if told.get("form") == FORM else None


def score(connection: duckdb.DuckDBPyConnection, kept: Path, least: float) -> bool:
    """Make the table `scored_pairs` of changed records with all others; pairs below `least` are left out.

    A branch, which has its parent's name, switchboard and domain, is another customer until a person says that it is
    not; so is another branch.

    Return False when there is nothing to learn from yet: too few records have one credit code. When it is learnt just
    now, every record is a changed one.
    """
    connection.execute(
        "create or replace temp table scored_pairs (left_id varchar, right_id varchar, probability double)"
    )
    learnt = _learnt(kept)
    if learnt is None:
        learnt = _learn(connection, kept)
        if learnt is None:
            return False
        connection.execute(f"create or replace temp table {CHANGED} as select unique_id from {RECORDS}")
    candidates.pair_up(connection, KEYS, SHARED_KEY, PAIRS, changed=CHANGED)
    if only_row(connection, f"select count(*) from {PAIRS}")[0]:
        connection.execute(f"""
            create or replace temp table met_records as
            select * from {RECORDS}
            where unique_id in (select join_key_l from {PAIRS} union select join_key_r from {PAIRS})""")
        scored = model.score(connection, "met_records", COMPARISONS, learnt, PAIRS, least=least, among=RECORDS)
        connection.execute(f"""
            insert into scored_pairs
            select unique_id_l, unique_id_r, case when l.branch is not distinct from r.branch then match_probability
                else least(match_probability, {OF_A_BRANCH}) end as probability
            from {scored}
            join {RECORDS} as l on l.unique_id = unique_id_l join {RECORDS} as r on r.unique_id = unique_id_r
            where probability >= {float(least)}""")
    return True


def _learn(connection: duckdb.DuckDBPyConnection, kept: Path) -> Model | None:
    """Learn from the pairs of records with one credit code that tells, and keep what was learnt."""
    connection.execute(f"""
        create or replace temp table coded_pairs as
        with telling as (
            select uscc from {RECORDS} anti join shared_codes using (uscc) where uscc is not null
            group by uscc having count(*) between 2 and {SHARED_KEY}
        )
        select l.unique_id as join_key_l, r.unique_id as join_key_r, '0' as match_key
        from {RECORDS} as l join {RECORDS} as r on l.uscc = r.uscc and l.unique_id < r.unique_id
        semi join telling on telling.uscc = l.uscc""")
    if only_row(connection, "select count(*) from coded_pairs")[0] < LEAST_PAIRS:
        return None
    learnt = model.learn(connection, RECORDS, COMPARISONS, known="coded_pairs")
    durable.write_json(kept, {"form": FORM, "model": learnt.as_json()})
    return learnt
