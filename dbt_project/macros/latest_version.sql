{% macro latest_version(staging, key, columns, version_by=none) -%}
{#-
    The latest version of each key: by version_by, then by what the mapping of the source calls its version (a missing
    one is the oldest), then by load, file and row. Two files of one load are told apart by name, because their rows are
    numbered from 1 each.

    Incrementally it reads the pending loads alone and compares them with the rows that the keys have now, so an
    older version that arrives late replaces nothing, and applying the same loads again changes nothing.
    `_changed_load_id` is the load that last changed a row's content: a source that sends its whole table every
    night makes work for what changed only.

    A record that its source deleted keeps its row with is_deleted, or an older version would bring it back; who reads
    records that are there says present().

    Keys with one row (nearly all) never enter the sort.
-#}
{%- set columns = columns + ['is_deleted', '_version_at'] -%}
{%- set version = (version_by ~ ' desc nulls last, ' if version_by else '') ~ '_version_at desc nulls last, ' -%}
{%- set content = columns | reject('in', key) | reject('in', ['_version_at', '_load_id', '_file', '_row_number']) | list -%}
{%- if is_incremental() -%}
with
incoming as (
    select
        {{ columns | join(',\n        ') }}
    from {{ ref(staging) }}
    where {{ is_pending('_load_id') }}
),

current_rows as (
    select kept.*
    from {{ this }} as kept
    inner join (select distinct {{ key | join(', ') }} from incoming) as touched
        on {% for column in key %}kept.{{ column }} = touched.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
),

candidates as (
    select
        {{ columns | join(',\n        ') }}
    from incoming
    union all
    select
        {{ columns | join(',\n        ') }}
    from current_rows
    where not ({{ is_pending('_load_id') }})
),

ranked as (
    select
        {{ columns | join(',\n        ') }},
        row_number() over (
            partition by {{ key | join(', ') }}
            order by {{ version }}_load_id desc, _file desc, _row_number desc
        ) as version_rank
    from candidates
)

select
    {% for column in columns %}
    ranked.{{ column }},
    {% endfor %}
    case
        when
            current_rows._load_id is not null
            {% for column in content %}
            and coalesce(ranked.{{ column }} = current_rows.{{ column }}, ranked.{{ column }} is null and current_rows.{{ column }} is null)
            {% endfor %}
            then current_rows._changed_load_id
        else ranked._load_id
    end as _changed_load_id
from ranked
left join current_rows
    on {% for column in key %}ranked.{{ column }} = current_rows.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

where ranked.version_rank = 1
{%- else -%}
with
repeated as (
    select {{ key | join(', ') }}
    from {{ ref(staging) }}
    group by {{ key | join(', ') }}
    having count(*) > 1
),

ranked as (
    select
        versions.*,
        row_number() over (
            partition by {% for column in key %}versions.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

            order by {{ version }}_load_id desc, _file desc, _row_number desc
        ) as version_rank
    from {{ ref(staging) }} as versions
    inner join repeated
        on {% for column in key %}versions.{{ column }} = repeated.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

)

select
    {% for column in columns %}
    versions.{{ column }},
    {% endfor %}
    versions._load_id as _changed_load_id
from {{ ref(staging) }} as versions
left join repeated
    on {% for column in key %}versions.{{ column }} = repeated.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}

where repeated.{{ key[0] }} is null
union all
select
    {{ columns | join(',\n    ') }},
    _load_id as _changed_load_id
from ranked
where version_rank = 1
{%- endif -%}
{%- endmacro %}

{% macro present(model) -%}
{#- The records of a model with is_deleted that their source did not delete. -#}
(select * from {{ ref(model) }} where not is_deleted)
{%- endmacro %}

{% macro forget(records, key) -%}
{#-
    Take out of this table what the pending loads say is deleted: a post-hook of an incremental model, whose other
    statements replace rows and never only remove them. `key` names the columns of both.
-#}
{%- set same = [] -%}
{%- for name in key -%}
{%- do same.append(this ~ '.' ~ name ~ ' = deleted.' ~ name) -%}
{%- endfor -%}
{%- if is_incremental() -%}
delete from {{ this }}
where exists (
    select 1
    from {{ ref(records) }} as deleted
    where
        deleted.is_deleted
        and {{ is_pending('deleted._changed_load_id') }}
        and {{ same | join(' and ') }}
)
{%- else -%}
select 1
{%- endif -%}
{%- endmacro %}
