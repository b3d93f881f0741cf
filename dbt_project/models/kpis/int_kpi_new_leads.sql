{%- set dimensions = {'channel': 'channel', 'region': 'region_key', 'team': 'team', 'rep': 'rep_key'} -%}
{%- set grains = ['day', 'week', 'month', 'quarter'] -%}
-- A lead that is created in one period and first given to a rep in the next is new in both, and once in each.
with
leads as (
    select
        leads.lead_key,
        leads.channel,
        leads.owner_rep_key as rep_key,
        reps.team,
        leads.region_key,
        leads.created_date,
        leads.first_assigned_date
    from {{ ref('fct_leads') }} as leads
    inner join {{ ref('dim_sales_reps') }} as reps on leads.owner_rep_key = reps.rep_key
),

days as (
    select
        lead_key,
        channel,
        rep_key,
        team,
        region_key,
        created_date as lead_date
    from leads
    union distinct
    select
        lead_key,
        channel,
        rep_key,
        team,
        region_key,
        first_assigned_date as lead_date
    from leads
),

counted as (
    {{ kpi_grouped('days', 'lead_date', grains, dimensions, {
        'numerator': 'count(distinct lead_key)', 'denominator': 'cast(null as bigint)', 'value': 'count(distinct lead_key)',
    }) | indent(4) }}
)

{{ kpi_without_gaps('new_leads', 'counted', grains, is_count=true) }}
