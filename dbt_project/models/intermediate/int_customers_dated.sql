{%- set attributes = customer_attributes() -%}
{%- set content = ['versions.is_deleted', 'versions.updated_at'] -%}
{%- for attribute in attributes -%}
{%- do content.append('versions.' ~ attribute) -%}
{%- endfor -%}
-- What was known of a customer on a day. A version of a record is in force from the day on which it changed, as its
-- source says, else from its load; the first version that is known counts from the beginning. Which of several records of one
-- customer speaks for an attribute, golden_record in identity.yml says, as for dim_customers.
with
-- A deletion without a version counts from its load on, and so does what lands after it, whatever versions it names.
ends as (
    select
        customer_record_key,
        max(_load_id) as load_id
    from {{ ref('stg_accepted__customers') }}
    where is_deleted and _version_at is null
    group by customer_record_key
),

records as (
    select
        customer_record_key,
        customer_key
    from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
),

loads as (
    select * from {{ ref('stg_ledger__loads') }}
),

versions as (
    select
        records.customer_key,
        versions.customer_record_key,
        versions.customer_id,
        versions.source,
        {% for attribute in attributes %}
        versions.{{ attribute }},
        {% endfor %}
        versions.is_deleted,
        {{ all_text(content) }} as content,
        coalesce(versions.updated_at, versions.created_at) as changed_at,
        coalesce(
            {{ business_date_of('coalesce(versions._version_at, versions.updated_at)') }},
            {{ loaded_date('loads.extracted_at') }},
            {{ business_date() }}
        ) as version_date,
        row_number() over (
            partition by versions.customer_record_key
            order by
                case when versions._load_id >= ends.load_id then 1 else 0 end desc,
                coalesce(versions._version_at, versions.updated_at) desc nulls last,
                versions._load_id desc, versions._file desc, versions._row_number desc
        ) as version_rank
    from {{ ref('stg_accepted__customers') }} as versions
    inner join records on versions.customer_record_key = records.customer_record_key
    left join loads on versions.source = loads.source and versions._load_id = loads.load_id
    left join ends on versions.customer_record_key = ends.customer_record_key
),

superseded as (
    select
        versions.*,
        min(version_date) over (
            partition by customer_record_key order by version_rank asc rows between unbounded preceding and 1 preceding
        ) as superseded_date,
        min(case when not is_deleted then version_rank end) over (
            partition by customer_record_key order by version_rank asc rows between current row and unbounded following
        ) as life_rank
    from versions
),

-- Where a deletion says nothing, the record says what it said last.
told as (
    select
        superseded.customer_key,
        superseded.customer_record_key,
        superseded.customer_id,
        superseded.source,
        {% for attribute in attributes %}
        coalesce(superseded.{{ attribute }}, lives.{{ attribute }}) as {{ attribute }},
        {% endfor %}
        superseded.is_deleted,
        superseded.content,
        coalesce(superseded.changed_at, lives.changed_at) as changed_at,
        superseded.version_date,
        superseded.superseded_date
    from superseded
    left join versions as lives
        on
            superseded.is_deleted
            and superseded.customer_record_key = lives.customer_record_key
            and superseded.life_rank = lives.version_rank
),

compared as (
    select
        told.*,
        lag(content) over (partition by customer_record_key order by version_date asc) as content_before
    from told
    where superseded_date is null or version_date < superseded_date
),

-- A source that sends its whole table every night says nothing new.
in_force as (
    select
        compared.*,
        lead(version_date) over (partition by customer_record_key order by version_date asc) as next_date,
        row_number() over (partition by customer_record_key order by version_date asc) as place
    from compared
    where content_before is null or content <> content_before
),

days as (
    select distinct
        customer_key,
        version_date
    from in_force
),

known as (
    select
        days.customer_key,
        days.version_date,
        in_force.source,
        in_force.is_deleted,
        {% for attribute in attributes %}
        in_force.{{ attribute }},
        {% endfor %}
        row_number() over (
            partition by days.customer_key, days.version_date
            order by
                in_force.is_deleted asc, in_force.changed_at desc nulls last, in_force.source asc, in_force.customer_id asc
        ) as record_rank
    from days
    inner join in_force
        on
            days.customer_key = in_force.customer_key
            and (in_force.place = 1 or days.version_date >= in_force.version_date)
            and days.version_date < coalesce(in_force.next_date, {{ the_end() }})
),

said as (
    {{ said_of('known', attributes, ['customer_key', 'version_date', 'source', 'record_rank', 'is_deleted']) | indent(4) }}
),

survived as (
    {{ survived('said', ['customer_key', 'version_date']) | indent(4) }}
),

merged as (
    select
        days.customer_key,
        {% for attribute in attributes %}
        {{ value_of(attribute) }} as {{ attribute }},
        {% endfor %}
        days.version_date
    from days
    left join survived on days.customer_key = survived.customer_key and days.version_date = survived.version_date
    group by days.customer_key, days.version_date
)

select
    customer_key,
    version_date as from_date,
    lead(version_date) over (partition by customer_key order by version_date asc) as until_date,
    row_number() over (partition by customer_key order by version_date asc) = 1 as is_first,
    coalesce(region_key, 'unknown') as region_key,
    province_key,
    city,
    industry,
    size_band,
    coalesce(owner_rep_key, 'unknown') as owner_rep_key,
    coalesce(is_addressable = 'true', true) as is_addressable
from merged
