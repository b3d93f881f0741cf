"""Codes of groups of records: the same from night to night, whatever else happens to the records."""

from __future__ import annotations

import datetime

from sales_warehouse.sql import literal


def keep_codes(groups: str, earlier: str, made: str, at: datetime.datetime, elsewhere: str) -> str:
    """Return the select of the code of every record, and since when it has had it.

    `groups` has unique_id, group_id, is_certain and first_at, `earlier` unique_id, code and since of the night before.
    `made` is the SQL of a new code from `seed`, a text that names the first record of a group, or the group and `at`;
    `elsewhere` the select of the codes of records that are in none of the groups, and keep them.

    A group has the code of its records, of several the oldest one. A code that several groups claim, because records
    went apart, stays with one that is certain (has a credit code), then with the largest, then with the record that it
    was made from. A group without a code gets one made from its first record, and of the moment where another group has
    that one.
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
            select group_id, e.code, count(*) as record_count, min(since) as since, bool_or(is_certain) as is_certain,
                bool_or(e.code = made.code) as is_native
            from {groups} join {earlier} as e using (unique_id) join made using (group_id)
            group by group_id, e.code
        ),
        kept as (
            select * from (
                select *, row_number() over (
                    partition by code order by is_certain desc, record_count desc, is_native desc, group_id
                ) as place
                from claims
            ) where place = 1
        ),
        chosen as (
            select group_id, arg_min(code, (since, code)) as code from kept group by group_id
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


def new_changes(entity: str, record: str, told: str, batch: int, at: datetime.datetime) -> str:
    """Return the select of `<entity>_log`: what it was, and a line for each record that has another code now.

    `record` is the column of its id, `told` what a line says beside the codes. The same batch again adds nothing.
    """
    key = f"{entity}_key"
    return f"""
        select * from old_{entity}_log
        union all
        select {int(batch)}, cast({literal(at)} as timestamp), new.source, new.{record}, old.{key}, new.{key}, {told}
        from {entity}_xref as new join old_{entity}_xref as old using (source, {record})
        where new.{key} <> old.{key} and not exists (
            select 1 from old_{entity}_log as told
            where told.batch = {int(batch)} and told.source = new.source and told.{record} = new.{record}
                and told.new_key = new.{key}
        )
        order by 1, 3, 4"""
