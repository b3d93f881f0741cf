"""Codes of groups of records: the same from night to night, whatever else happens to the records."""

from __future__ import annotations

import datetime
from collections.abc import Iterable

import duckdb

from sales_warehouse.extract.text import earlier_float_sql
from sales_warehouse.identity.records import Entity
from sales_warehouse.sql import literal


def keep_codes(groups: str, earlier: str, made: str, at: datetime.datetime, elsewhere: str) -> str:
    """Return the select of the code of every record, and since when it has had it.

    `groups` has unique_id, group_id, is_certain, first_at and said, a digest of what a record is known by; `earlier`
    unique_id, code, since and said of the night before.
    `made` is the SQL of a new code from `seed`, a text that names the first record of a group, or the group and `at`;
    `elsewhere` the select of the codes of records that are in none of the groups, and keep them.

    A group has the code of its records, of several the oldest one: of those of one night that of the record that was
    created first. A code that several groups claim, because records
    went apart, stays with one that has a record of it that says what it said, then with one that is certain (has a
    credit code), then with the largest, then with the record that it was made from. A group without a code gets one
    made from its first record, and of the moment where another group has that one.
    """
    return f"""
        with made as (
            select group_id, {made} as code
            from (
                select group_id, arg_min(unique_id, (coalesce(first_at, timestamp '9999-12-31'), unique_id)) as seed
                from {groups} group by group_id
            )
        ),
        claims as (
            select group_id, e.code, count(*) as record_count, min(since) as since,
                min(coalesce(first_at, timestamp '9999-12-31')) as first_at, bool_or(is_certain) as is_certain,
                bool_or(e.code = made.code) as is_native, bool_or(e.said is not distinct from g.said) as is_unchanged
            from {groups} as g join {earlier} as e using (unique_id) join made using (group_id)
            group by group_id, e.code
        ),
        kept as (
            select * from (
                select *, row_number() over (
                    partition by code
                    order by is_unchanged desc, is_certain desc, record_count desc, is_native desc, group_id
                ) as place
                from claims
            ) where place = 1
        ),
        chosen as (
            select group_id, arg_min(code, (since, first_at, code)) as code from kept group by group_id
        ),
        taken as (
            select distinct code from ({elsewhere}) as outside (code) where code in (
                select made.code from made anti join chosen using (group_id)
            )
        ),
        made_again as (
            select group_id, {made} as code
            from (select distinct group_id, group_id || {literal(f" {at}")} as seed from {groups})
        ),
        assigned as (
            select g.unique_id,
                coalesce(chosen.code, case when kept.code is null and other.code is null then made.code
                    else made_again.code end) as code
            from {groups} as g join made using (group_id) join made_again using (group_id)
            left join chosen using (group_id)
            left join kept on kept.code = made.code and kept.group_id <> g.group_id
            left join taken as other on other.code = made.code
        )
        select unique_id, assigned.code,
            case when old.code = assigned.code then old.since else cast({literal(at)} as timestamp) end as since
        from assigned left join {earlier} as old using (unique_id)"""


def follow_decisions(
    connection: duckdb.DuckDBPyConnection,
    entity: Entity,
    more: Iterable[str],
    made: str,
    at: datetime.datetime,
) -> None:
    """Make `<entity>_xref`: the code of every record, where decisions count, and since when it has had it.

    `<entity>_groups` has source, id, unique_id, group_id, rule and `more` columns, `base_codes` the codes without
    decisions, when a record was created (first_at) and what it is known by (said); `made` is the SQL of a new code from
    `seed`.

    A base code belongs to the group with the most of its records that nobody split off; who was split off has the codes
    that it had apart from it, before or since. A group takes the oldest code that is its own. One without keeps the
    code that its records have, whatever key it was made with, if that is nobody else's; else one is made.
    """
    one, key, record = entity.one, entity.key, entity.id
    parted = f"{entity.decided} where kind = 'split' and not cast(never_one as boolean)"
    connection.execute(f"""
        create or replace temp table members as
        select g.*, base_codes.base_key, base_codes.base_since, base_codes.said,
            coalesce(first_at, timestamp '9999-12-31') as first_at, old.{key} as old_code, old.since as old_code_since,
            unique_id in (select left_id from {parted}) as is_split_off,
            unique_id in (select right_id from {parted}) as is_left_behind
        from {one}_groups as g join base_codes using (unique_id)
        left join old_{entity.xref} as old using (source, {record})""")
    connection.execute(f"""
        create or replace temp table final_codes as
        with owned as (
            select group_id, base_key as code, min(base_since) as since, min(first_at) as first_at, row_number() over (
                partition by base_key order by bool_or(old_code is not distinct from base_key) desc,
                    count(*) filter (where is_left_behind and not is_split_off) desc,
                    count(*) filter (where not is_split_off) desc, count(*) desc, group_id
            ) as place
            from members group by group_id, base_key
        ),
        had as (
            select group_id, unnest(case when new_key = base_key
                then [struct_pack(code := old_key, since := old_since)]
                else [struct_pack(code := new_key, since := changed_at)] end, recursive := true)
            from members join old_{one}_log using (source, {record}) where is_split_off
        ),
        held as (
            select group_id, min(old_code) as code, min(old_code_since) as since
            from members group by group_id having count(distinct old_code) = 1
        ),
        natives as (
            select group_id, held.code, held.since, bool_or({made} = held.code) as is_made_here
            from (select group_id, 'split:' || unique_id as seed from members) join held using (group_id)
            where group_id in (select group_id from members where is_split_off or is_left_behind)
                or group_id not in (select group_id from owned where place = 1)
            group by all
        ),
        claims as (select *, false as is_made_here from had union all by name from natives),
        left_behind as (
            select group_id, code, min(since) as since, timestamp '9999-12-31' as first_at,
                row_number() over (
                    partition by code order by bool_or(is_made_here) desc, min(since), count(*) desc, group_id
                ) as place
            from claims
            where code not in (select base_key from base_codes)
                and code not in (
                    select base_key from outside_{entity.name} where base_key in (select code from claims)
                )
            group by group_id, code
        ),
        own as (from owned where place = 1 union all by name from left_behind where place = 1)
        select group_id, arg_min(own.code, (held.code is distinct from own.code, own.since, first_at, own.code)) as code
        from own left join held using (group_id)
        group by group_id""")
    columns = ", ".join(f"assigned.{name}" for name in ("rule", *more))
    connection.execute(f"""
        create or replace temp table {entity.xref} as
        with coined as (
            select group_id, {made} as code
            from (
                select group_id, 'split:' || min(unique_id) as seed
                from members anti join final_codes using (group_id) group by group_id
            )
        ),
        coined_again as (
            select group_id, {made} as code
            from (select group_id, group_id || {literal(f" {at}")} as seed from coined)
        ),
        made as (
            select group_id, case when coined.code in (select code from final_codes) then coined_again.code
                else coined.code end as code
            from coined join coined_again using (group_id)
        ),
        assigned as (
            select members.*, coalesce(final_codes.code, made.code) as {key}
            from members left join final_codes using (group_id) left join made using (group_id)
        ),
        earlier as (
            select source, {record}, old_key as {key}, min(old_since) as since from old_{one}_log group by all
        )
        select source, {record}, assigned.{key}, {columns},
            case when old.{key} = assigned.{key} then old.since
                else coalesce(earlier.since, cast({literal(at)} as timestamp)) end as since,
            assigned.base_key, assigned.base_since, assigned.said
        from assigned left join old_{entity.xref} as old using (source, {record})
        left join earlier
            on earlier.source = assigned.source and earlier.{record} = assigned.{record}
            and earlier.{key} = assigned.{key}
        order by source, {record}""")


def keep_left(connection: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Make `<entity>_left`, the last code of records that are gone, and `<entity>_was`, all codes of before.

    A record that comes back with another code than it had has its line, too. So has one whose id is a whole number of
    a column of floats: it was 1234.0 up to the end of November 2026 and is 1234 since.
    """
    one, same = entity.one, f"(source, {entity.id})"
    columns = f"source, {entity.id}, {entity.key}, since"
    connection.execute(f"""
        create or replace temp table {one}_was as
        select {columns} from old_{entity.xref}
        union all
        select {columns} from old_{one}_left anti join old_{entity.xref} using {same}""")
    connection.execute(f"""
        insert into {one}_was
        select source, {entity.id}, {entity.key}, since
        from (
            select * replace ({earlier_float_sql(entity.id)} as {entity.id})
            from {one}_was anti join {entity.xref} using {same}
        )
        semi join {entity.xref} using {same} anti join {one}_was using {same}""")
    connection.execute(f"""
        create or replace temp table {one}_left as
        select {columns} from {one}_was anti join {entity.xref} using {same} order by source, {entity.id}""")


def tell_changes(
    connection: duckdb.DuckDBPyConnection, entity: Entity, told: str, batch: int, at: datetime.datetime
) -> None:
    """Make `<entity>_log`, what it was and a line for each record that has another code now, and `<entity>_rekeyed`.

    `told` is what a line says beside the codes. The latter names the records that are new, or got another code, in any
    run of this batch: what stands on them is computed again. It is kept beside the cross-reference, so that this is as
    it was when codes are.
    """
    one, record, key = entity.one, entity.id, entity.key
    connection.execute(f"""
        create or replace temp table {one}_log as
        select * from old_{one}_log
        union all
        select {int(batch)}, cast({literal(at)} as timestamp), new.source, new.{record}, old.{key}, new.{key}, {told}
        from {entity.xref} as new join {one}_was as old using (source, {record})
        where new.{key} <> old.{key}
        order by 1, 3, 4""")
    connection.execute(f"""
        create or replace temp table {entity.rekeyed} as
        select source, {record}, batch from old_{entity.rekeyed} where batch = {int(batch)}
        union
        select new.source, new.{record}, {int(batch)}
        from {entity.xref} as new left join old_{entity.xref} as old using (source, {record})
        where old.{key} is distinct from new.{key}
        order by all""")
