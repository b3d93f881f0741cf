{#- What the week before sold, as if it had had the days of this one: a holiday is no fall. -#}
{%- set comparable -%}
case
    when comparison_rate = 1 then sum(previous_amount)
    else cast(cast(sum(previous_amount) as double) * comparison_rate as decimal(28, 4))
end
{%- endset -%}
-- The last whole ISO week against the last one before it that had a workday, region by region. A week without any is not judged.
with
rules as (
    select * from {{ ref('stg_settings__alert_rules') }}
    where kind = 'week_on_week_fall' and metric_id = 'net_sales' and dimension = 'region'
),

weeks_worked as (
    select
        week_start_date,
        count(*) filter (where is_workday) as workday_count
    from {{ ref('dim_dates') }}
    group by week_start_date
),

weeks as (
    select
        this.week_start_date,
        this.week_start_date + 6 as week_end_date,
        this.workday_count as current_workday_count,
        max(earlier.week_start_date) as previous_week_start_date,
        max_by(earlier.workday_count, earlier.week_start_date) as previous_workday_count
    from weeks_worked as this
    inner join weeks_worked as earlier
        on this.week_start_date > earlier.week_start_date and this.week_start_date - 56 <= earlier.week_start_date
    where
        -- The day after the business date starts the first week that is not over yet.
        this.week_start_date = cast(date_trunc('week', {{ business_date() }} + 1) as date) - 7
        and this.workday_count > 0
        and earlier.workday_count > 0
    group by this.week_start_date, this.workday_count
),

sales as (
    select
        sales.*,
        cast(date_trunc('week', sales.sales_date) as date) as sales_week
    from {{ ref('fct_sales_daily') }} as sales
),

-- Who sells on workdays alone has half the days in half a week; who sells on any day has all of them. What a day off brings beside
-- a workday is told by the half year up to the week before.
days as (
    select
        dates.date_day,
        dates.is_workday,
        count(*) filter (where dates.is_workday) over () as workday_count,
        count(*) filter (where not dates.is_workday) over () as off_day_count
    from {{ ref('dim_dates') }} as dates
    inner join weeks
        on
            dates.date_day >= weeks.previous_week_start_date - 182
            and dates.date_day <= weeks.previous_week_start_date + 6
),

brought as (
    select
        sales.region_key,
        cast(coalesce(sum(sales.net_sales_amount) filter (where days.is_workday), 0) as double)
        / max(days.workday_count) as workday_amount,
        cast(coalesce(sum(sales.net_sales_amount) filter (where not days.is_workday), 0) as double)
        / nullif(max(days.off_day_count), 0) as off_day_amount
    from sales
    inner join days on sales.sales_date = days.date_day
    group by sales.region_key
),

weights as (
    select
        region_key,
        case when workday_amount > 0 and off_day_amount >= 0 then off_day_amount / workday_amount else 1 end as off_day_weight
    from brought
),

compared as (
    select
        weights.region_key,
        case
            when weeks.current_workday_count = weeks.previous_workday_count then 1
            else
                cast((
                    weeks.current_workday_count + weights.off_day_weight * (7 - weeks.current_workday_count)
                ) / (
                    weeks.previous_workday_count + weights.off_day_weight * (7 - weeks.previous_workday_count)
                ) as decimal(18, 8))
        end as comparison_rate
    from weights
    cross join weeks
),

recent as (
    select
        sales.region_key,
        sales.product_line,
        sales.channel,
        case when sales.sales_week = weeks.week_start_date then sales.net_sales_amount else 0 end as current_amount,
        case when sales.sales_week = weeks.week_start_date then 0 else sales.net_sales_amount end as previous_amount,
        coalesce(compared.comparison_rate, 1) as comparison_rate
    from sales
    inner join weeks on sales.sales_week in (weeks.week_start_date, weeks.previous_week_start_date)
    left join compared on sales.region_key = compared.region_key
),

regions as (
    select
        region_key,
        comparison_rate,
        sum(current_amount) as current_amount,
        {{ comparable | indent(8) }} as previous_amount
    from recent
    group by region_key, comparison_rate
),

contributions as (
    select
        region_key,
        'product_line' as dimension_name,
        product_line as dimension_value,
        sum(current_amount) - {{ comparable | indent(8) }} as contribution_amount
    from recent
    group by region_key, product_line, comparison_rate
    union all
    select
        region_key,
        'channel' as dimension_name,
        channel as dimension_value,
        sum(current_amount) - {{ comparable | indent(8) }} as contribution_amount
    from recent
    group by region_key, channel, comparison_rate
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
        weeks.previous_week_start_date,
        weeks.current_workday_count,
        weeks.previous_workday_count,
        cast(regions.comparison_rate as decimal(18, 8)) as comparison_rate,
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
    fallen.current_workday_count,
    fallen.previous_week_start_date,
    fallen.previous_workday_count,
    fallen.comparison_rate,
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
    || case
        when fallen.current_workday_count = fallen.previous_workday_count then ''
        else
            ' (the week from ' || cast(fallen.previous_week_start_date as {{ dbt.type_string() }}) || ' had '
            || fallen.previous_workday_count || ' workdays, this one ' || fallen.current_workday_count
            || '; what it sold counts times ' || {{ number_text("round(fallen.comparison_rate, 2)") }} || ')'
    end
    || '. Largest part: ' || case top.dimension_name when 'channel' then 'channel ' else 'product line ' end
    || top.dimension_value || ' (' || {{ amount_text('top.contribution_amount') }} || ').' as reason_en,
    regions.region_name_zh || '在' || cast(fallen.week_start_date as {{ dbt.type_string() }})
    || '起的一周净销售额下降 ' || {{ number_text("round(-fallen.change_rate * 100, 1)") }}
    || '%，由 ' || {{ amount_text('fallen.previous_amount') }} || ' 降至 ' || {{ amount_text('fallen.current_amount') }}
    || case
        when fallen.current_workday_count = fallen.previous_workday_count then ''
        else
            '（' || cast(fallen.previous_week_start_date as {{ dbt.type_string() }}) || ' 起的一周有 '
            || fallen.previous_workday_count || ' 个工作日，本周 ' || fallen.current_workday_count
            || ' 个，对比额按 ' || {{ number_text("round(fallen.comparison_rate, 2)") }} || ' 倍折算）'
    end
    || '。主要来自' || case top.dimension_name when 'channel' then '渠道' else '产品线' end
    || '「' || top.dimension_value || '」（' || {{ amount_text('top.contribution_amount') }} || '）。' as reason_zh,
    fallen.playbook_id
from fallen
inner join {{ ref('dim_regions') }} as regions on fallen.region_key = regions.region_key
inner join top_contributions as top on fallen.region_key = top.region_key and top.place = 1
