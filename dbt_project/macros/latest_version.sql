{% macro latest_version(staging, key, columns, keep_cells=false) -%}
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
    night makes work for what changed only. It is the same however often and in which nights the loads were applied, a
    full build included, for it follows from the rows in the order in which they landed: what was said after each is
    compared with what was said before it.

    A record that its source deleted keeps its row with is_deleted, or an older version would bring it back; who reads
    records that are there says present(). With is_ended no row of the source said so: the newest version of the record
    does not give it any more. With keep_cells it says what the deletion carries, and where that says nothing,
    what the record said last: a member of a dimension has its name when it is gone, too.

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
),

{{ settled(staging, key, columns, content, keep_cells) }},

{{ changes(key, content) }}{% if keep_cells %},

{{ changes_of_gone(key, content) }}
{% endif %}

select
    {% for column in columns %}
    settled.{{ column }},
    {% endfor %}  -- noqa: LT02
    -- Of what was known before, and of loads that are applied once more, it is known already.
    coalesce({{ 'gone.changed_load_id, ' if keep_cells }}later.changed_load_id, current_rows._changed_load_id) as _changed_load_id
from settled
left join current_rows
    on {{ same_key('settled', 'current_rows', key) }}

left join (
    select
        {% for column in key %}
        changes.{{ column }},
        {% endfor %}
        max(changes._load_id) as changed_load_id
    from changes
    left join current_rows
        on {{ same_key('changes', 'current_rows', key) }}

    where current_rows._load_id is null or changes._load_id > current_rows._load_id
    group by {% for column in key %}changes.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

) as later
    on {{ same_key('settled', 'later', key) }}
{% if keep_cells %}

left join gone
    on {{ same_key('settled', 'gone', key) }}
{% endif %}
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
),

{{ settled(staging, key, columns, content, keep_cells) }},

{{ changes(key, content) }}{% if keep_cells %},

{{ changes_of_gone(key, content) }}
{% endif %}

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
    {% for column in columns %}
    settled.{{ column }},
    {% endfor %}  -- noqa: LT02
    {{ 'coalesce(gone.changed_load_id, last_changes.changed_load_id)' if keep_cells else 'last_changes.changed_load_id' }}
        as _changed_load_id
from settled
inner join (
    select
        {{ key | join(',\n        ') }},
        max(_load_id) as changed_load_id
    from changes
    group by {{ key | join(', ') }}
) as last_changes
    on {{ same_key('settled', 'last_changes', key) }}
{% if keep_cells %}

left join gone
    on {{ same_key('settled', 'gone', key) }}
{% endif %}
{%- endif -%}
{%- endmacro %}

{% macro settled(staging, key, columns, content, keep_cells) -%}
{#-
    Of `ranked` the row of each key that counts. To keep cells, all that was ever told of the keys that are gone is read
    again: the deletion as it came, and the last row before it that is none (since the last deletion without a version
    that any row followed; `versions_told` of latest_version.py says the same).
-#}
{%- set place = ['_load_id', '_file', '_row_number'] -%}
{%- if keep_cells -%}
winners as (
    select * from ranked where version_rank = 1
),

lives as (
    select
        versions.*,
        sum(case when versions.is_deleted and versions._version_at is null then 1 else 0 end) over (
            partition by {% for column in key %}versions.{{ column }}{{ ', ' if not loop.last }}{% endfor %}

            order by versions._load_id, versions._file, versions._row_number
            rows between unbounded preceding and current row
        ) as end_count
    from {{ ref(staging) }} as versions
    inner join winners
        on {{ same_key('versions', 'winners', key) }} and winners.is_deleted
),

deletions as (
    select
        lives.*,
        row_number() over (
            partition by {{ (key + place) | join(', ') }} order by end_count
        ) as place_rank
    from lives
    where is_deleted
),

last_lives as (
    select
        lives.*,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by end_count desc, _version_at desc nulls last, _load_id desc, _file desc, _row_number desc
        ) as life_rank
    from lives
    where not is_deleted
),

settled as (
    select
        {% for column in columns %}
        {{ or_before(column) if column in content and column != 'is_deleted' else 'winners.' ~ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from winners
    left join deletions
        on {{ same_key('winners', 'deletions', key + place) }} and deletions.place_rank = 1

    left join last_lives
        on {{ same_key('winners', 'last_lives', key) }} and last_lives.life_rank = 1
)
{%- else -%}
settled as (
    select * from ranked where version_rank = 1
)
{%- endif -%}
{%- endmacro %}

{% macro changes(key, content) -%}
{#- Of `ranked` the rows that counted when they landed and said something else than what counted before them. -#}
{%- set partition -%}
partition by {{ key | join(', ') }} order by _load_id, _file, _row_number
{%- endset -%}
standing as (
    select
        ranked.*,
        max(_version_at) over ({{ partition }} rows between unbounded preceding and 1 preceding) as newest_before
    from ranked
),

followed as (
    select
        {{ key | join(',\n        ') }},
        {% for column in content %}
        {{ column }} as now_{{ column }},
        lag({{ column }}) over ({{ partition }}) as before_{{ column }},
        {% endfor %}
        lag(_load_id) over ({{ partition }}) as load_id_before,
        _load_id
    from standing
    where newest_before is null or _version_at >= newest_before
),

changes as (
    select * from followed
    where
        load_id_before is null
        or not (
            {% for column in content %}
            {{ is_same('now_' ~ column, 'before_' ~ column) }}
            {{ 'and ' if not loop.last }}
            {% endfor %}
        )
)
{%- endmacro %}

{% macro changes_of_gone(key, content) -%}
{#-
    Of the keys that are gone and keep cells the load that last changed what is said of them: of `lives`, after each row,
    the row that counted and what the record had said last. A row that comes late may have changed the latter alone.
-#}
{%- set names = key | join(', ') -%}
{%- set place = '_load_id, _file, _row_number' -%}
{%- set before -%}
partition by {{ names }}, end_count order by {{ place }} rows between unbounded preceding and 1 preceding
{%- endset -%}
{%- set so_far -%}
partition by {{ names }} order by {{ place }} rows between unbounded preceding and current row
{%- endset -%}
gone_preceded as (
    select
        lives.*,
        max(_version_at) over ({{ before }}) as newest_before,
        max(case when not is_deleted then _version_at end) over ({{ before }}) as newest_life_before
    from lives
),

gone_marked as (
    select
        gone_preceded.*,
        case when newest_before is null or _version_at >= newest_before then 1 else 0 end as is_winner,
        case
            when not is_deleted and (newest_life_before is null or _version_at >= newest_life_before) then 1 else 0
        end as is_life
    from gone_preceded
),

gone_numbered as (
    select
        gone_marked.*,
        sum(is_winner) over ({{ so_far }}) as winner_number,
        sum(is_life) over ({{ so_far }}) as life_number
    from gone_marked
),

gone_told as (
    select
        gone_numbered.*,
        {% for column in content %}
        max(case when is_winner = 1 then {{ column }} end) over (partition by {{ names }}, winner_number) as winner_{{ column }},
        max(case when is_life = 1 then {{ column }} end) over (partition by {{ names }}, life_number) as life_{{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from gone_numbered
),

gone_said as (
    select
        {{ key | join(',\n        ') }},
        _load_id,
        _file,
        _row_number,
        end_count,
        {% for column in content %}
        case
            when winner_is_deleted then coalesce(winner_{{ column }}, life_{{ column }}) else winner_{{ column }}
        end as {{ column }}{{ ',' if not loop.last }}
        {% endfor %}
    from gone_told
),

gone_followed as (
    select
        gone_said.*,
        {% for column in content %}
        lag({{ column }}) over (partition by {{ names }}, end_count order by {{ place }}) as before_{{ column }},
        {% endfor %}
        lag(_load_id) over (partition by {{ names }}, end_count order by {{ place }}) as load_id_before
    from gone_said
),

gone as (
    select
        {{ key | join(',\n        ') }},
        max(_load_id) as changed_load_id
    from gone_followed
    where
        load_id_before is null
        or not (
            {% for column in content %}
            {{ is_same(column, 'before_' ~ column) }}
            {{ 'and ' if not loop.last }}
            {% endfor %}
        )
    group by {{ names }}
)
{%- endmacro %}

{% macro is_same(left, right) -%}
coalesce({{ left }} = {{ right }}, {{ left }} is null and {{ right }} is null)
{%- endmacro %}

{% macro or_before(column) -%}
case
    when winners.is_deleted then coalesce(deletions.{{ column }}, last_lives.{{ column }})
    else winners.{{ column }}
end as {{ column }}
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
