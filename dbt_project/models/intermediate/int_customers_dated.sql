{%- set attributes = customer_attributes() -%}
{%- set said_columns = ['customer_key', 'version_date', 'source', 'record_rank', 'is_deleted', 'has_date', 'is_there'] -%}
{%- set content = ['versions.is_deleted', 'versions.updated_at'] -%}
{%- for attribute in attributes -%}
{%- do content.append('versions.' ~ attribute) -%}
{%- endfor -%}
-- What was known of a customer on a day. A version of a record is in force from the day on which it changed, as its
-- source says, else from its load; the first version that is known counts from the beginning, where no record that was
-- there says otherwise. Which of several records of one customer speaks for an attribute, golden_record in identity.yml says,
-- as for dim_customers.
with
-- A deletion without a version counts from its load on, and so does what comes after it, whatever versions it names.
ended as (
    {{ last_ends(ref('stg_accepted__customers'), ['customer_record_key']) }}
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
        min({{ business_date_of('versions.created_at') }}) over (partition by versions.customer_record_key) as created_date,
        count(*) over (partition by records.customer_key) as version_count,
        coalesce(
            {{ business_date_of('coalesce(versions._version_at, versions.updated_at)') }},
            {{ loaded_date('loads.extracted_at') }},
            {{ business_date() }}
        ) as version_date,
        row_number() over (
            partition by versions.customer_record_key
            order by
                case when {{ counts_after_end('versions', ['customer_record_key']) }} then 1 else 0 end desc,
                coalesce(versions._version_at, versions.updated_at) desc nulls last,
                versions._load_id desc, versions._file desc, versions._row_number desc
        ) as version_rank
    from {{ ref('stg_accepted__customers') }} as versions
    inner join records on versions.customer_record_key = records.customer_record_key
    left join loads on versions.source = loads.source and versions._load_id = loads.load_id
    left join ended on versions.customer_record_key = ended.customer_record_key
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
    where version_count > 1
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
        superseded.created_date,
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

-- A record is there from its creation on, and says until its first version what that says.
begun as (
    select
        customer_key,
        customer_record_key,
        least(coalesce(created_date, version_date), version_date) as begin_date,
        count(*) over (partition by customer_key) as record_count
    from in_force
    where place = 1
),

days as (
    select
        customer_key,
        version_date
    from in_force
    union distinct
    select
        customer_key,
        begin_date as version_date
    from begun
    where record_count > 1
),

known as (
    select
        days.customer_key,
        days.version_date,
        in_force.source,
        in_force.is_deleted,
        in_force.changed_at is not null as has_date,
        days.version_date >= begun.begin_date as is_there,
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
    inner join begun on in_force.customer_record_key = begun.customer_record_key
),

told_then as (
    {{ said_of('known', attributes, said_columns) | indent(4) }}
),

compared_then as (
    select
        told_then.*,
        sum(case when is_there then 1 else 0 end) over (partition by customer_key, version_date, attribute) as there_count
    from told_then
),

said as (
    select * from compared_then
    where is_there or there_count = 0
),

survived as (
    {{ survived('said', ['customer_key', 'version_date']) | indent(4) }}
),

lives as (
    select
        customer_key,
        version_date,
        min(case when is_deleted then 1 else 0 end) = 1 as is_deleted
    from known
    where is_there
    group by customer_key, version_date
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
),

-- Of nearly all customers one record tells once: it says everything there is, and nothing of it is compared.
known_then as (
    select
        merged.*,
        lives.is_deleted
    from merged
    inner join lives on merged.customer_key = lives.customer_key and merged.version_date = lives.version_date
    union all
    select
        customer_key,
        {% for attribute in attributes %}
        cast({{ attribute }} as {{ dbt.type_string() }}) as {{ attribute }},
        {% endfor %}
        version_date,
        is_deleted
    from versions
    where version_count = 1
)

select
    customer_key,
    version_date as from_date,
    lead(version_date) over (partition by customer_key order by version_date asc) as until_date,
    row_number() over (partition by customer_key order by version_date asc) = 1 as is_first,
    is_deleted,
    coalesce(region_key, 'unknown') as region_key,
    province_key,
    city,
    industry,
    size_band,
    coalesce(owner_rep_key, 'unknown') as owner_rep_key,
    coalesce(is_addressable = 'true', true) as is_addressable
from known_then
