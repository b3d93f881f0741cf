-- Who bought on two days or more in the 365 days up to the end of a month, of those who bought at all; the same a year
-- before. The two stretches share no day. The month of the business date ends there, in both years.
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" %}
with
days as (
    select
        customer_key,
        category,
        price_band,
        order_date,
        lag(order_date) over (partition by customer_key, category, price_band order by order_date asc) as previous_date,
        lead(order_date) over (partition by customer_key, category, price_band order by order_date asc) as next_date
    from (
        select distinct
            customer_key,
            category,
            price_band,
            order_date
        from {{ ref('int_order_days_bought') }}
        where order_date > {{ this_month }} - 1200
    ) as distinct_days
),

months as (
    {{ last_months(13) | indent(4) }}
),

periods as (
    select
        month_start_date,
        period_end_date,
        cast({{ dbt.dateadd('year', -1, 'period_end_date') }} as date) as year_before_date
    from months
),

ends as (
    select period_end_date as end_date from periods
    union distinct
    select year_before_date as end_date from periods
),

moved as (
    {{ repurchases_moved('days', ['category', 'price_band']) | indent(4) }}
),

counted as (
    select
        ends.end_date,
        moved.category,
        moved.price_band,
        cast(sum(moved.customer_count) as bigint) as customer_count,
        cast(sum(moved.repurchase_customer_count) as bigint) as repurchase_customer_count
    from ends
    inner join moved on ends.end_date >= moved.moved_date
    group by ends.end_date, moved.category, moved.price_band
    having sum(moved.customer_count) > 0
),

-- A year that the records do not cover says nothing; a company need not have sold on the first days of a year.
history as (
    select min(order_date) as first_date from {{ ref('int_order_days_bought') }}
),

members as (
    select distinct
        category,
        price_band
    from counted
),

compared as (
    select
        periods.month_start_date,
        periods.period_end_date,
        periods.year_before_date,
        members.category,
        members.price_band,
        coalesce(this_year.customer_count, 0) as customer_count,
        coalesce(this_year.repurchase_customer_count, 0) as repurchase_customer_count,
        coalesce(last_year.customer_count, 0) as previous_customer_count,
        coalesce(last_year.repurchase_customer_count, 0) as previous_repurchase_customer_count,
        history.first_date <= periods.year_before_date - 357 as is_comparable
    from periods
    cross join members
    cross join history
    left join counted as this_year
        on
            periods.period_end_date = this_year.end_date
            and members.category = this_year.category
            and members.price_band = this_year.price_band
    left join counted as last_year
        on
            periods.year_before_date = last_year.end_date
            and members.category = last_year.category
            and members.price_band = last_year.price_band
),

rules as (
    select * from {{ ref('stg_settings__comparison_rules') }}
),

tested as (
    select
        compared.*,
        rules.significance,
        rules.least_change_rate,
        case
            when
                compared.is_comparable
                and compared.customer_count >= rules.least_count
                and compared.previous_customer_count >= rules.least_count
                then {{ two_shares_p(
                    'compared.repurchase_customer_count', 'compared.customer_count',
                    'compared.previous_repurchase_customer_count', 'compared.previous_customer_count'
                ) }}
        end as p_value
    from compared
    cross join rules
)

{{ false_discovery_rates('tested', 'p_value', ['month_start_date']) }}
