-- A deal that stays where it is has the same key every night, so it is told once for each entry into the stage.
with
muted as (
    select distinct rule_id from {{ ref('stg_settings__alert_mutes') }}
    where {{ business_date() }} between starts_on and ends_on
),

rules as (
    select rules.*
    from {{ ref('stg_settings__alert_rules') }} as rules
    left join muted on rules.rule_id = muted.rule_id
    where rules.kind = 'stalled_deals' and rules.rule_state = 'on' and muted.rule_id is null
),

stages as (
    select * from {{ ref('int_opportunity_stages_timed') }}
    where exit_type = 'open' and stalled_date <= {{ business_date() }}
)

select
    rules.rule_id || '|' || stages.opportunity_key || '|' || stages.stage || '|' || cast(stages.entered_at as {{ dbt.type_string() }})
        as incident_key,
    rules.rule_id || '|' || stages.opportunity_key as subject_key,
    rules.rule_id,
    rules.severity,
    rules.owner,
    rules.playbook_id,
    stages.opportunity_key,
    opportunities.customer_key,
    stages.owner_rep_key,
    opportunities.region_key,
    stages.stage,
    cast(stages.entry_number as bigint) as entry_number,
    stages.entered_date,
    stages.entered_date as period_start_date,
    {{ business_date() }} as period_end_date,
    stages.stalled_date,
    stages.stage_days,
    stages.stage_workdays,
    stages.limit_type,
    cast(stages.limit_days as bigint) as limit_days,
    opportunities.amount,
    'A deal stands still in ' || stages.stage as title_en,
    '商机停滞在「' || stages.stage || '」阶段' as title_zh,
    {{ id_of('stages.opportunity_key') }} || ' has been in ' || stages.stage || ' for '
    || cast(stages.stage_days as {{ dbt.type_string() }}) || ' days ('
    || coalesce(cast(stages.stage_workdays as {{ dbt.type_string() }}), '?') || ' workdays) in all, more than '
    || cast(stages.limit_days as {{ dbt.type_string() }})
    || case stages.limit_type when 'business' then ' workdays' else ' days' end
    || case
        when opportunities.has_amount then '; ' || {{ amount_text('opportunities.amount') }} || ' are at stake.'
        else '; nobody has said how much is at stake.'
    end as reason_en,
    '商机 ' || {{ id_of('stages.opportunity_key') }} || ' 在「' || stages.stage || '」阶段累计停留 '
    || cast(stages.stage_days as {{ dbt.type_string() }}) || ' 天（'
    || coalesce(cast(stages.stage_workdays as {{ dbt.type_string() }}), '?') || ' 个工作日），超过 '
    || cast(stages.limit_days as {{ dbt.type_string() }})
    || case stages.limit_type when 'business' then ' 个工作日' else ' 天' end
    || case
        when opportunities.has_amount then '；涉及金额 ' || {{ amount_text('opportunities.amount') }} || '。'
        else '；未填写涉及金额。'
    end as reason_zh
from stages
cross join rules
inner join {{ ref('fct_opportunities') }} as opportunities on stages.opportunity_key = opportunities.opportunity_key
where rules.minimum_volume is null or opportunities.amount >= rules.minimum_volume
