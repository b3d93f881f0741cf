{%- set counts = [
    'order_count_total', 'order_count_365d', 'net_sales_total_amount', 'net_sales_365d_amount', 'visit_count_90d',
    'chat_count_90d', 'won_opportunity_count', 'lead_count', 'unconverted_lead_count', 'open_quote_count',
] -%}
{#- What moves a count: the rows, their day (and how many days later), the counts, and the last day that they are. -#}
{%- set moves = [
    ('orders', 'order_date', 0, {'order_count_total': 'order_count', 'order_count_365d': 'order_count', 'last_order_date': 'order_date'}),
    ('orders', 'order_date', 365, {'order_count_365d': '-order_count'}),
    ('sales', 'moved_date', 0, {'net_sales_total_amount': 'amount', 'net_sales_365d_amount': 'amount'}),
    ('sales', 'moved_date', 365, {'net_sales_365d_amount': '-amount'}),
    ('touches', 'occurred_date', 0, {'visit_count_90d': 'visit_count', 'chat_count_90d': 'chat_count', 'last_touch_date': 'occurred_date'}),
    ('touches', 'occurred_date', 90, {'visit_count_90d': '-visit_count', 'chat_count_90d': '-chat_count'}),
    ('wins', 'won_date', 0, {'won_opportunity_count': 'won_count'}),
    ('leads', 'created_date', 0, {'lead_count': '1', 'unconverted_lead_count': '1'}),
    ('leads', 'converted_date', 0, {'unconverted_lead_count': '-1'}),
    ('quotes', 'from_date', 0, {'open_quote_count': '1'}),
    ('quotes', 'until_date', 0, {'open_quote_count': '-1'}),
    ('deals', 'from_date', 0, {}),
    ('deals', 'until_date', 0, {}),
    ('crossings', 'crossed_date', 0, {}),
    ('marks', 'marked_date', 0, {}),
] -%}
{%- set last_days = ['last_order_date', 'last_touch_date'] -%}
{%- set open_deals = ['open_opportunity_count', 'open_opportunity_amount', 'open_opportunity_max_probability_rate'] -%}
-- Kept are the days on which a condition of the settings turns, a customer's first day, the days on which its attributes
-- changed, and the business date. Between two days that are kept nothing turns. Facts are counted on days on which a
-- condition may turn: those that move a fact which some condition names. What moves on the others is counted with the
-- next of them. Nothing is carried from night to night: any business date can be computed from the facts.
with
conditions as (
    select
        fact as condition_name,
        operator,
        threshold
    from {{ ref('stg_settings__lifecycle_rules') }}
    union distinct
    select
        condition_name,
        operator,
        threshold
    from {{ ref('stg_settings__segment_conditions') }}
    where condition_kind = 'fact'
),

-- 1 for each fact that a condition names.
asked as (
    select
        {% for fact in lifecycle_facts() %}  -- noqa: LT02
        max(case when condition_name = '{{ fact }}' then 1 else 0 end) as {{ fact }}{{ "," if not loop.last }}
        {% endfor %}  -- noqa: LT02
    from conditions
),

created as (
    select
        customer_key,
        min({{ business_date_of('created_at') }}) as created_date
    from {{ ref('int_customers_identified') }}
    where customer_key <> 'unknown'
    group by customer_key
),

orders as (
    select
        customer_key,
        order_date,
        count(*) as order_count
    from {{ ref('int_orders_keyed') }}
    where not is_cancelled
    group by customer_key, order_date
),

movements as (
    {{ sales_moved(['customer_key']) | indent(4) }}
),

sales as (
    select
        customer_key,
        moved_date,
        sum(amount) as amount
    from movements
    group by customer_key, moved_date
),

touches as (
    select
        customer_key,
        occurred_date,
        count(*) filter (where touchpoint_type = 'visit') as visit_count,
        count(*) filter (where touchpoint_type = 'chat') as chat_count
    from {{ ref('fct_touchpoints') }}
    where {{ counts_as_touch() }}
    group by customer_key, occurred_date
),

wins as (
    select
        customer_key,
        coalesce(closed_date, created_date) as won_date,
        count(*) as won_count
    from {{ ref('fct_opportunities') }}
    where opportunity_status = 'won'
    group by customer_key, coalesce(closed_date, created_date)
),

leads as (
    select
        customer_key,
        created_date,
        case
            when first_opportunity_at is not null
                then greatest(created_date, {{ business_date_of('first_opportunity_at') }})
        end as converted_date
    from {{ ref('fct_leads') }}
),

deals as (
    select * from {{ ref('int_opportunities_dated') }}
),

deal_days as (
    select
        opportunity_key,
        min(from_date) as from_date,
        max(until_date) as until_date
    from deals
    group by opportunity_key
),

quote_versions as (
    select
        fct_quotes.*,
        lead(created_date) over (partition by quote_key order by quote_version asc) as next_date
    from {{ ref('fct_quotes') }} as fct_quotes
),

-- A quote can be accepted while its deal is open, from its version on until the next one or the end of its validity.
quote_days as (
    select
        quote_versions.customer_key,
        greatest(coalesce(quote_versions.created_date, deal_days.from_date), deal_days.from_date) as from_date,
        least(
            deal_days.until_date,
            coalesce(quote_versions.next_date, deal_days.until_date),
            coalesce(quote_versions.valid_until_date + 1, deal_days.until_date)
        ) as until_date
    from quote_versions
    inner join deal_days on quote_versions.opportunity_key = deal_days.opportunity_key
),

quotes as (
    select * from quote_days
    where from_date < until_date
),

events as (
    {% for relation, day, fact in [
        ('created', 'created_date', 'days_since_created'),
        ('orders', 'order_date', 'days_since_last_order'),
        ('touches', 'occurred_date', 'days_since_last_touch'),
    ] %}
    select
        customer_key,
        {{ day }} as event_date,
        '{{ fact }}' as fact
    from {{ relation }}
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
),

followed as (
    select
        events.*,
        lag(event_date) over (partition by customer_key, fact order by event_date asc) as previous_date,
        lead(event_date) over (partition by customer_key, fact order by event_date asc) as next_date
    from events
    where event_date is not null and fact in (select conditions.condition_name from conditions)
),

-- "At most 60 days since" turns on day 61, "at least 60" on day 60, unless something happens before. Other facts are
-- no days, and their thresholds may be too large for one.
day_conditions as (
    select
        condition_name as fact,
        threshold
    from conditions
    where condition_name in (select fact from events) and threshold between -1 and 36500
),

thresholds as (
    select
        fact,
        cast(floor(threshold) as integer) as day_count
    from day_conditions
    union distinct
    select
        fact,
        cast(floor(threshold) as integer) + 1 as day_count
    from day_conditions
),

crossed as (
    select
        followed.customer_key,
        followed.event_date + thresholds.day_count as crossed_date,
        followed.next_date
    from followed
    inner join thresholds on followed.fact = thresholds.fact
    where
        thresholds.day_count between 0 and 36500
        and (followed.next_date is null or followed.event_date + thresholds.day_count < followed.next_date)
),

-- What turned as time went by may turn back when it happens again, and something may turn when it happens first.
crossings as (
    select
        customer_key,
        crossed_date
    from crossed
    union all
    select
        customer_key,
        next_date as crossed_date
    from crossed
    where next_date is not null
    union all
    select
        customer_key,
        event_date as crossed_date
    from followed
    where previous_date is null
),

first_events as (
    select
        customer_key,
        min(event_date) as event_date
    from (
        {% for relation, day in [('events', 'event_date'), ('sales', 'moved_date'), ('wins', 'won_date'), ('deals', 'from_date')] %}
        select
            customer_key,
            {{ day }} as event_date
        from {{ relation }}
        {{ "union all" if not loop.last }}  -- noqa: LT02
        {% endfor %}
    ) as every_event
    group by customer_key
),

attributes as (
    select * from {{ ref('int_customers_dated') }}
),

-- A customer is there from the first thing that is known of it. One that is younger than the business date (of a refresh
-- for a past day) is there on that day alone.
first_days as (
    select
        attributes.customer_key,
        least(coalesce(first_events.event_date, attributes.from_date), {{ business_date() }}) as first_date
    from attributes
    left join first_events on attributes.customer_key = first_events.customer_key
    where attributes.is_first
),

marks as (
    select
        customer_key,
        first_date as marked_date
    from first_days
    union distinct
    select
        attributes.customer_key,
        attributes.from_date as marked_date
    from attributes
    where not attributes.is_first
    union distinct
    select
        customer_key,
        {{ business_date() }} as marked_date
    from first_days
),

-- Each day of a customer with the next day on which something may turn, on which it is counted.
days as (
    {% for relation, day, days_later, given in moves %}
    select
        customer_key,
        {{ day }}{{ " + " ~ days_later if days_later }} as moved_date,
        {{ '1' if relation in ('marks', 'crossings') else 'asked.' ~ (
            open_deals if relation == 'deals' else given | reject('in', last_days)
        ) | join(' + asked.') }} as may_turn
    from {{ relation }}
    {{ 'cross join asked' if relation not in ('marks', 'crossings') }}  -- noqa: LT02
    {{ "union all" if not loop.last }}
    {% endfor %}
),

counted_days as (
    select
        customer_key,
        moved_date,
        min(case when max(may_turn) > 0 then moved_date end) over (
            partition by customer_key order by moved_date asc rows between current row and unbounded following
        ) as profile_date
    from days
    where customer_key <> 'unknown' and moved_date <= {{ business_date() }}
    group by customer_key, moved_date
),

moved as (
    {% for relation, day, days_later, given in moves %}
    select
        customer_key,
        {{ day }}{{ " + " ~ days_later if days_later }} as moved_date,
        {% for count in counts %}
        {{ given.get(count, '0') }} as {{ count }},
        {% endfor %}
        {% for day_of in last_days %}
        {{ given.get(day_of, 'cast(null as date)') }} as {{ day_of }},
        {% endfor %}
        {{ 1 if relation == 'marks' else 0 }} as is_marked
    from {{ relation }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

counted as (
    select
        counted_days.customer_key,
        counted_days.profile_date,
        {% for count in counts %}
        sum(moved.{{ count }}) as {{ count }},
        {% endfor %}
        {% for day_of in last_days %}
        max(moved.{{ day_of }}) as {{ day_of }},
        {% endfor %}
        max(moved.is_marked) as is_marked
    from counted_days
    inner join moved
        on counted_days.customer_key = moved.customer_key and counted_days.moved_date = moved.moved_date
    where counted_days.profile_date is not null
    group by counted_days.customer_key, counted_days.profile_date
),

running as (
    select
        counted.customer_key,
        counted.profile_date,
        {% for count in counts %}
        sum(counted.{{ count }}) over so_far as {{ count }},
        {% endfor %}
        {% for day_of in last_days %}
        max(counted.{{ day_of }}) over so_far as {{ day_of }},
        {% endfor %}
        counted.is_marked
    from counted
    window so_far as (partition by counted.customer_key order by counted.profile_date asc rows unbounded preceding)
),

open_deals as (
    select
        running.customer_key,
        running.profile_date,
        count(*) as open_opportunity_count,
        sum(deals.amount) as open_opportunity_amount,
        max(deals.probability_rate) as open_opportunity_max_probability_rate
    from running
    inner join deals
        on
            running.customer_key = deals.customer_key
            and running.profile_date >= deals.from_date
            and running.profile_date < deals.until_date
    group by running.customer_key, running.profile_date
),

profiled as (
    select
        running.customer_key,
        running.profile_date,
        running.is_marked,
        running.last_order_date,
        case
            when created.created_date <= running.profile_date
                then cast({{ dbt.datediff('created.created_date', 'running.profile_date', 'day') }} as bigint)
        end as days_since_created,
        cast({{ dbt.datediff('running.last_order_date', 'running.profile_date', 'day') }} as bigint) as days_since_last_order,
        cast({{ dbt.datediff('running.last_touch_date', 'running.profile_date', 'day') }} as bigint) as days_since_last_touch,
        cast(running.order_count_365d as bigint) as order_count_365d,
        cast(running.order_count_total as bigint) as order_count_total,
        cast(running.net_sales_365d_amount as decimal(18, 4)) as net_sales_365d_amount,
        cast(running.net_sales_total_amount as decimal(18, 4)) as net_sales_total_amount,
        cast(running.visit_count_90d as bigint) as visit_count_90d,
        cast(running.chat_count_90d as bigint) as chat_count_90d,
        cast(coalesce(open_deals.open_opportunity_count, 0) as bigint) as open_opportunity_count,
        cast(coalesce(open_deals.open_opportunity_amount, 0) as decimal(18, 4)) as open_opportunity_amount,
        cast(coalesce(open_deals.open_opportunity_max_probability_rate, 0) as decimal(18, 4)) as open_opportunity_max_probability_rate,
        cast(running.won_opportunity_count as bigint) as won_opportunity_count,
        cast(running.lead_count as bigint) as lead_count,
        cast(running.unconverted_lead_count as bigint) as unconverted_lead_count,
        cast(running.open_quote_count as bigint) as open_quote_count
    from running
    inner join first_days
        on running.customer_key = first_days.customer_key and running.profile_date >= first_days.first_date
    left join created on running.customer_key = created.customer_key
    left join open_deals
        on running.customer_key = open_deals.customer_key and running.profile_date = open_deals.profile_date
),

compared as (
    select
        {% for fact in lifecycle_facts() %}
        lag(profiled.{{ fact }}) over by_day as before_{{ fact }},
        {% endfor %}
        profiled.*
    from profiled
    window by_day as (partition by profiled.customer_key order by profiled.profile_date asc)
),

valued as (
    select
        compared.customer_key,
        compared.profile_date,
        conditions.operator,
        conditions.threshold,
        {{ fact_named('conditions.condition_name', 'compared') | indent(8) }} as fact_value,
        {{ fact_named('conditions.condition_name', 'compared', 'before_') | indent(8) }} as value_before
    from compared
    cross join conditions
),

turns as (
    select distinct
        customer_key,
        profile_date
    from valued
    where
        {{ is_within('fact_value', 'operator', 'threshold') | indent(8) }}
        <> {{ is_within('value_before', 'operator', 'threshold') | indent(8) }}
)

select
    profiled.customer_key,
    profiled.profile_date,
    {% for fact in lifecycle_facts() %}
    profiled.{{ fact }},
    {% endfor %}
    profiled.last_order_date
from profiled
left join turns
    on profiled.customer_key = turns.customer_key and profiled.profile_date = turns.profile_date
where profiled.is_marked = 1 or turns.customer_key is not null
