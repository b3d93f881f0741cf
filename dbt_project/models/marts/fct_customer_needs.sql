with
statements as (
    select * from {{ ref('int_needs_stated') }}
),

rules as (
    select * from {{ ref('stg_settings__need_rules') }}
),

fields as (
    select * from {{ ref('stg_settings__need_fields') }}
),

touchpoints as (
    select * from {{ ref('fct_touchpoints') }}
),

cited as (
    select
        touchpoints.customer_key,
        fields.field_id,
        fields.field_name_en,
        fields.field_name_zh,
        fields.has_several,
        statements.need_value,
        coalesce(statements.stated_at, touchpoints.occurred_at) as stated_at,
        touchpoints.touchpoint_key,
        touchpoints.touchpoint_type,
        touchpoints.source,
        touchpoints.channel,
        coalesce(statements.message_number, 0) as message_number,
        statements.quoted_text,
        statements.rule_id,
        row_number() over (
            partition by
                fields.field_id, touchpoints.touchpoint_key, statements.message_number,
                case when fields.has_several then statements.need_value end
            order by rules.priority asc, statements.match_number asc
        ) as place_of_rule
    from statements
    inner join rules on statements.rule_id = rules.rule_id
    inner join fields on rules.field_id = fields.field_id
    inner join touchpoints on statements.touchpoint_key = touchpoints.touchpoint_key
    where
        touchpoints.customer_key <> 'unknown'
        -- A conversation goes on after the business date.
        and {{ business_date_of('coalesce(statements.stated_at, touchpoints.occurred_at)') }} <= {{ business_date() }}
),

ranked as (
    select
        cited.*,
        row_number() over (
            partition by customer_key, field_id, case when has_several then need_value end
            order by stated_at desc nulls last, touchpoint_key desc, message_number desc, need_value asc
        ) as place
    from cited
    where place_of_rule = 1
)

select
    customer_key,
    field_id,
    field_name_en,
    field_name_zh,
    need_value,
    place = 1 as is_latest,
    stated_at,
    {{ business_date_of('stated_at') }} as stated_date,
    touchpoint_key,
    touchpoint_type,
    source,
    channel,
    message_number,
    quoted_text,
    rule_id
from ranked
