{% macro latest_version(staging, key, columns) -%}
{#-
    Which of the rows of each key counts. Rows are told in the order in which they landed: by load, file and row. Two
    files of one load are told apart by name, because their rows are numbered from 1 each.

    A deletion without a version says that the record was gone by then: nothing that landed before it counts any more,
    and what lands after it counts afresh. Of what is left the latest version counts (a missing one is the oldest), and
    of equal ones the one that landed last. `sales_warehouse/latest_version.py` says the same for what runs before.

    Incrementally it reads the pending loads alone and compares them with the rows that the keys have now, so an
    older version that arrives late replaces nothing, and applying the same loads again changes nothing. That holds
    while the loads of a source are applied in their order; a load that was held up makes a full build (steps.py).
    `_changed_load_id` is the load that last changed a row's content: a source that sends its whole table every
    night makes work for what changed only.

    A record that its source deleted keeps its row with is_deleted, or an older version would bring it back; who reads
    records that are there says present(). With is_ended no row of the source said so: the newest version of the record
    does not give it any more.

    Keys with one row (nearly all) never enter the sort.
-#}
{%- set columns = columns + ['is_deleted', 'is_ended', '_version_at'] -%}
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
        on {{ same_key('kept', 'touched', key) }}
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

ended as (
    {{ last_ends('candidates', key) }}
),

ranked as (
    select
        candidates.*,
        {{ version_rank('candidates', key) }}
    from candidates
    left join ended
        on {{ same_key('candidates', 'ended', key) }}

    where {{ counts_after_end('candidates', key) }}
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
    on {{ same_key('ranked', 'current_rows', key) }}

where ranked.version_rank = 1
{%- else -%}
with
repeated as (
    select {{ key | join(', ') }}
    from {{ ref(staging) }}
    group by {{ key | join(', ') }}
    having count(*) > 1
),

ended as (
    {{ last_ends(ref(staging), key) }}
),

ranked as (
    select
        versions.*,
        {{ version_rank('versions', key) }}
    from {{ ref(staging) }} as versions
    inner join repeated
        on {{ same_key('versions', 'repeated', key) }}

    left join ended
        on {{ same_key('versions', 'ended', key) }}

    where {{ counts_after_end('versions', key) }}
)

select
    {% for column in columns %}
    versions.{{ column }},
    {% endfor %}
    versions._load_id as _changed_load_id
from {{ ref(staging) }} as versions
left join repeated
    on {{ same_key('versions', 'repeated', key) }}

where repeated.{{ key[0] }} is null
union all
select
    {{ columns | join(',\n    ') }},
    _load_id as _changed_load_id
from ranked
where version_rank = 1
{%- endif -%}
{%- endmacro %}

{% macro same_key(left, right, key) -%}
{% for column in key %}{{ left }}.{{ column }} = {{ right }}.{{ column }}{{ ' and ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro last_ends(relation, key) -%}
{#- Of each key the place of the last deletion that has no version. -#}
select
    {{ key | join(', ') }},
    _load_id,
    _file,
    _row_number
from (
    select
        {{ key | join(', ') }},
        _load_id,
        _file,
        _row_number,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by _load_id desc, _file desc, _row_number desc
        ) as end_rank
    from {{ relation }}
    where is_deleted and _version_at is null
) as ends
where end_rank = 1
{%- endmacro %}

{% macro counts_after_end(rows, key) -%}
{#- The end itself counts, too: it is what is left where nothing follows it. -#}
(
    ended.{{ key[0] }} is null
    or {{ rows }}._load_id > ended._load_id
    or (
        {{ rows }}._load_id = ended._load_id
        and (
            {{ rows }}._file > ended._file
            or ({{ rows }}._file = ended._file and {{ rows }}._row_number >= ended._row_number)
        )
    )
)
{%- endmacro %}

{% macro version_rank(rows, key) -%}
row_number() over (
    partition by {% for column in key %}{{ rows }}.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

    order by
        {{ rows }}._version_at desc nulls last, {{ rows }}._load_id desc, {{ rows }}._file desc, {{ rows }}._row_number desc
) as version_rank
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
