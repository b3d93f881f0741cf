{#- How many periods before this one its amount is compared with; of a day those on the same day of the week. -#}
{%- set windows = {'day': 13, 'week': 26, 'month': 12, 'quarter': 8} -%}
{#- How many periods back the year before is: of days and weeks 52 weeks, so that the days of the week meet. -#}
{%- set year_before = {'day': 364, 'week': 52, 'month': 12, 'quarter': 4} -%}
{#- Of fewer a median deviation is so rough that one period in seven is unusual by chance. -#}
{%- set fewest = 8 -%}
-- A day or a week is compared with those that had as many workdays: a holiday is nothing unusual.
-- Net sales of every day, week, month and quarter from the first sale to the business date, also of those without any.
with
cells as (
    {{ kpi_cells(
        ref('fct_sales_daily'),
        'sales_date',
        {'region': 'region_key', 'product_line': 'product_line', 'category': 'category', 'channel': 'channel'},
        'sum(net_sales_amount)',
        '0',
    ) | indent(4) }}
),

rolled_up as (
    {{ kpi_rolled_up('cells', ['day', 'week', 'month', 'quarter'], is_additive=true) | indent(4) }}
),

worked as (
    {{ period_days(['day', 'week', 'month', 'quarter']) | indent(4) }}
),

numbered as (
    select
        rolled_up.period_grain,
        rolled_up.period_start_date,
        rolled_up.period_end_date,
        rolled_up.dimension_name,
        rolled_up.dimension_value,
        rolled_up.period_end_date <= {{ business_date() }} as is_complete,
        cast(rolled_up.numerator as decimal(18, 4)) as net_sales_amount,
        coalesce(worked.workday_count, 0) as workday_count,
        -- a day or a week is compared with those that had as many workdays
        case when rolled_up.period_grain in ('day', 'week') then coalesce(worked.workday_count, 0) else 0 end as kind,
        row_number() over (
            partition by rolled_up.period_grain, rolled_up.dimension_name, rolled_up.dimension_value
            order by rolled_up.period_start_date asc
        ) as place
    from rolled_up
    left join worked
        on rolled_up.period_grain = worked.period_grain and rolled_up.period_start_date = worked.period_start_date
    where rolled_up.period_start_date <= {{ business_date() }}
),

-- The periods before a period that it is compared with.
looking_back as (
    select
        numbered.period_grain,
        numbered.dimension_name,
        numbered.dimension_value,
        numbered.place,
        numbered.kind,
        numbered.place - back.n * case when numbered.period_grain = 'day' then 7 else 1 end as earlier_place
    from numbered
    {{ each_number('back', 1, window_of('numbered.period_grain', windows)) }}
),

pairs as (
    select
        looking_back.*,
        earlier.net_sales_amount as earlier_amount
    from looking_back
    inner join numbered as earlier
        on
            looking_back.period_grain = earlier.period_grain
            and looking_back.dimension_name = earlier.dimension_name
            and looking_back.dimension_value = earlier.dimension_value
            and looking_back.earlier_place = earlier.place
            and looking_back.kind = earlier.kind
),

centred as (
    select
        period_grain,
        dimension_name,
        dimension_value,
        place,
        count(*) as baseline_period_count,
        cast(median(earlier_amount) as decimal(28, 5)) as median_amount,
        avg(earlier_amount) as mean_amount,
        sqrt(greatest(
            cast(sum({{ squared('earlier_amount') }}) as double)
            - cast(sum(earlier_amount) as double) * cast(sum(earlier_amount) as double) / count(*),
            0
        ) / (count(*) - 1)) as deviation_amount
    from pairs
    group by period_grain, dimension_name, dimension_value, place
    having count(*) >= {{ fewest }}
),

spread as (
    select
        pairs.period_grain,
        pairs.dimension_name,
        pairs.dimension_value,
        pairs.place,
        median(abs(pairs.earlier_amount - centred.median_amount)) as median_deviation,
        avg(abs(pairs.earlier_amount - centred.median_amount)) as mean_deviation
    from pairs
    inner join centred
        on
            pairs.period_grain = centred.period_grain
            and pairs.dimension_name = centred.dimension_name
            and pairs.dimension_value = centred.dimension_value
            and pairs.place = centred.place
    group by pairs.period_grain, pairs.dimension_name, pairs.dimension_value, pairs.place
)

select
    numbered.period_grain,
    numbered.period_start_date,
    numbered.period_end_date,
    numbered.dimension_name,
    numbered.dimension_value,
    numbered.is_complete,
    numbered.net_sales_amount,
    numbered.workday_count,
    previous.workday_count as previous_workday_count,
    year_before.workday_count as year_before_workday_count,
    previous.net_sales_amount as previous_amount,
    year_before.net_sales_amount as year_before_amount,
    coalesce(centred.baseline_period_count, 0) as baseline_period_count,
    centred.median_amount as baseline_median_amount,
    spread.median_deviation as baseline_mad_amount,
    centred.mean_amount as baseline_mean_amount,
    centred.deviation_amount as baseline_deviation_amount,
    -- Iglewicz and Hoaglin (1993): 0.6745 (x - median) / MAD, and by the mean deviation where more than half are equal.
    case
        when spread.median_deviation > 0
            then 0.6745 * (numbered.net_sales_amount - centred.median_amount) / spread.median_deviation
        when spread.mean_deviation > 0
            then 0.7979 * (numbered.net_sales_amount - centred.median_amount) / spread.mean_deviation
    end as robust_z
from numbered
left join numbered as previous
    on
        numbered.period_grain = previous.period_grain
        and numbered.dimension_name = previous.dimension_name
        and numbered.dimension_value = previous.dimension_value
        and numbered.place = previous.place + 1
left join numbered as year_before
    on
        numbered.period_grain = year_before.period_grain
        and numbered.dimension_name = year_before.dimension_name
        and numbered.dimension_value = year_before.dimension_value
        and numbered.place - {{ window_of('numbered.period_grain', year_before) }} = year_before.place
left join centred
    on
        numbered.period_grain = centred.period_grain
        and numbered.dimension_name = centred.dimension_name
        and numbered.dimension_value = centred.dimension_value
        and numbered.place = centred.place
left join spread
    on
        numbered.period_grain = spread.period_grain
        and numbered.dimension_name = spread.dimension_name
        and numbered.dimension_value = spread.dimension_value
        and numbered.place = spread.place
