-- The last whole ISO week against the one before it, region by region.
with
rules as (
    select * from {{ ref('stg_settings__alert_rules') }}
    where kind = 'week_on_week_fall' and metric_id = 'net_sales' and dimension = 'region'
),

weeks as (
    select
        week_start_date,
        week_start_date + 6 as week_end_date,
        week_start_date - 7 as previous_week_start_date
    from (
        -- The day after the business date starts the first week that is not over yet.
        select cast(date_trunc('week', {{ business_date() }} + 1) as date) - 7 as week_start_date
    ) as last_whole_week
),

sales as (
    select
        sales.*,
        cast(date_trunc('week', sales.sales_date) as date) as sales_week
    from {{ ref('fct_sales_daily') }} as sales
),

recent as (
    select
        sales.region_key,
        sales.product_line,
        sales.channel,
        case when sales.sales_week = weeks.week_start_date then sales.net_sales_amount else 0 end as current_amount,
        case when sales.sales_week = weeks.week_start_date then 0 else sales.net_sales_amount end as previous_amount
    from sales
    inner join weeks on sales.sales_week in (weeks.week_start_date, weeks.previous_week_start_date)
),

regions as (
    select
        region_key,
        sum(current_amount) as current_amount,
        sum(previous_amount) as previous_amount
    from recent
    group by region_key
),

contributions as (
    select
        region_key,
        'product_line' as dimension_name,
        product_line as dimension_value,
        sum(current_amount) - sum(previous_amount) as contribution_amount
    from recent
    group by region_key, product_line
    union all
    select
        region_key,
        'channel' as dimension_name,
        channel as dimension_value,
        sum(current_amount) - sum(previous_amount) as contribution_amount
    from recent
    group by region_key, channel
),

-- A product line explains more than a channel that fell by as much.
top_contributions as (
    select
        contributions.*,
        row_number() over (
            partition by region_key order by contribution_amount asc, dimension_name desc, dimension_value asc
        ) as place
    from contributions
),

fallen as (
    select
        rules.*,
        regions.region_key,
        weeks.week_start_date,
        weeks.week_end_date,
        cast(regions.current_amount as decimal(18, 4)) as current_amount,
        cast(regions.previous_amount as decimal(18, 4)) as previous_amount,
        {{ ratio('regions.current_amount - regions.previous_amount', 'regions.previous_amount') }} as change_rate
    from regions
    cross join weeks
    inner join rules
        on
            regions.previous_amount > 0
            and regions.previous_amount >= coalesce(rules.minimum_amount, 0)
            and regions.current_amount - regions.previous_amount <= -rules.threshold_rate * regions.previous_amount
)

select
    fallen.rule_id || '|' || fallen.region_key || '|' || cast(fallen.week_start_date as {{ dbt.type_string() }}) as incident_key,
    fallen.rule_id,
    fallen.severity,
    fallen.owner,
    fallen.region_key,
    regions.region_name_en,
    regions.region_name_zh,
    fallen.week_start_date,
    fallen.week_end_date,
    fallen.current_amount,
    fallen.previous_amount,
    fallen.change_rate,
    fallen.threshold_rate,
    top.dimension_name as top_dimension,
    top.dimension_value as top_value,
    cast(top.contribution_amount as decimal(18, 4)) as top_contribution_amount,
    'Net sales of ' || regions.region_name_en || ' fell by ' || {{ number_text("round(-fallen.change_rate * 100, 1)") }}
    || ' % in the week from ' || cast(fallen.week_start_date as {{ dbt.type_string() }})
    || ', from ' || {{ amount_text('fallen.previous_amount') }} || ' to ' || {{ amount_text('fallen.current_amount') }}
    || '. Largest part: ' || case top.dimension_name when 'channel' then 'channel ' else 'product line ' end
    || top.dimension_value || ' (' || {{ amount_text('top.contribution_amount') }} || ').' as reason_en,
    regions.region_name_zh || '在' || cast(fallen.week_start_date as {{ dbt.type_string() }})
    || '起的一周净销售额下降 ' || {{ number_text("round(-fallen.change_rate * 100, 1)") }}
    || '%，由 ' || {{ amount_text('fallen.previous_amount') }} || ' 降至 ' || {{ amount_text('fallen.current_amount') }}
    || '。主要来自' || case top.dimension_name when 'channel' then '渠道' else '产品线' end
    || '「' || top.dimension_value || '」（' || {{ amount_text('top.contribution_amount') }} || '）。' as reason_zh,
    fallen.playbook_id
from fallen
inner join {{ ref('dim_regions') }} as regions on fallen.region_key = regions.region_key
inner join top_contributions as top on fallen.region_key = top.region_key and top.place = 1
