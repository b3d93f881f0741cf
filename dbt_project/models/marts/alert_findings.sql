{%- set order_rate = "round(100.0 * spikes.returned_order_count / nullif(spikes.sold_order_count, 0), 1)" -%}
{%- set baseline_order_rate
    = "round(100.0 * spikes.baseline_returned_order_count / nullif(spikes.baseline_sold_order_count, 0), 1)" -%}
-- A finding is told once for the month in which it is found; it looks back on a year of days.
with
owners as (
    select
        causes.cause,
        min_by(playbooks.playbook_id, playbooks.priority) as playbook_id,
        min_by(playbooks.owner, playbooks.priority) as owner
    from {{ ref('stg_settings__playbook_causes') }} as causes
    inner join {{ ref('stg_settings__playbooks') }} as playbooks on causes.playbook_id = playbooks.playbook_id
    group by causes.cause
),

slow_teams as (
    select
        'slow_team' as rule_id,
        team as member,
        'lead_first_response_hours' as metric_id,
        'team' as dimension_name,
        team as dimension_value,
        cast(date_trunc('month', period_end_date) as date) as period_start_date,
        period_end_date,
        'A team answers slowly: ' || team as title_en,
        '团队响应慢：' || team as title_zh,
        'The typical first answer of ' || team || ' takes ' || {{ number_text('round(answer_factor, 1)') }}
        || ' times as long as that of the other teams.' as reason_en,
        team || '的典型首次响应时长为其余团队的 ' || {{ number_text('round(answer_factor, 1)') }} || ' 倍。' as reason_zh
    from {{ ref('kpi_team_responses') }}
    where response_status = 'slower'
),

repurchases as (
    select
        'repurchase_fall' as rule_id,
        category || ', ' || price_band as member,
        'repurchase_rate' as metric_id,
        'category' as dimension_name,
        category as dimension_value,
        month_start_date as period_start_date,
        period_end_date,
        'Bought again less: ' || category || ', ' || price_band as title_en,
        '复购下降：' || category || '、' || price_band as title_zh,
        'Of the customers who bought ' || category || ' (' || price_band || '), '
        || {{ number_text('round(-change_points, 1)') }} || ' points fewer bought it again than a year ago.' as reason_en,
        category || '（' || price_band || '）的复购率较上年同期下降 ' || {{ number_text('round(-change_points, 1)') }}
        || ' 个百分点。' as reason_zh
    from {{ ref('kpi_repurchase') }}
    where is_flagged and month_start_date = cast(date_trunc('month', {{ business_date() }}) as date)
),

-- Of a region that is out of line in several weeks and months the newest counts.
spikes as (
    select
        *,
        case period_grain
            when 'week' then {{ period_end('week', 'period_start_date') }}
            else {{ period_end('month', 'period_start_date') }}
        end as period_end_date
    from {{ ref('kpi_return_rates') }}
    where
        is_spike
        and period_start_date >= {{ return_spikes_from() }}
),

newest_spikes as (
    select
        *,
        row_number() over (
            partition by region_key
            order by period_end_date desc, period_start_date asc
        ) as place
    from spikes
),

returns as (
    select
        'return_spike' as rule_id,
        spikes.region_key as member,
        'return_rate' as metric_id,
        'region' as dimension_name,
        spikes.region_key as dimension_value,
        spikes.period_start_date,
        spikes.period_end_date,
        'Returns jumped: ' || coalesce(regions.region_name_en, spikes.region_key) as title_en,
        '退货率飙升：' || coalesce(regions.region_name_zh, spikes.region_key) as title_zh,
        'Of the orders of ' || coalesce(regions.region_name_en, spikes.region_key) || ' from '
        || cast(spikes.period_start_date as {{ dbt.type_string() }}) || ' to '
        || cast(spikes.period_end_date as {{ dbt.type_string() }}) || ', '
        || {{ number_text(order_rate) }} || ' % had something come back; of those of the half year before '
        || {{ number_text(baseline_order_rate) }} || ' %.' as reason_en,
        coalesce(regions.region_name_zh, spikes.region_key) || ' '
        || cast(spikes.period_start_date as {{ dbt.type_string() }}) || ' 至 '
        || cast(spikes.period_end_date as {{ dbt.type_string() }}) || ' 的订单中 '
        || {{ number_text(order_rate) }} || '% 发生退货，此前半年为 ' || {{ number_text(baseline_order_rate) }} || '%。' as reason_zh
    from newest_spikes as spikes
    left join {{ ref('dim_regions') }} as regions on spikes.region_key = regions.region_key
    where spikes.place = 1
),

findings as (
    select * from slow_teams
    union all
    select * from repurchases
    union all
    select * from returns
)

select
    findings.rule_id || '|' || findings.member || '|' || cast(findings.period_start_date as {{ dbt.type_string() }})
        as incident_key,
    findings.rule_id || '|' || findings.member as subject_key,
    findings.rule_id,
    'info' as severity,
    coalesce(owners.owner, metrics.owner_en) as owner,
    owners.playbook_id,
    findings.metric_id,
    findings.dimension_name,
    findings.dimension_value,
    findings.period_start_date,
    findings.period_end_date,
    findings.title_en,
    findings.title_zh,
    findings.reason_en,
    findings.reason_zh
from findings
left join owners on findings.rule_id = owners.cause
inner join {{ ref('kpi_metrics') }} as metrics on findings.metric_id = metrics.metric_id
