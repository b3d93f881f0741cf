-- Orders of two systems that should tell of the same ones (reconciliation.yml), side by side. Numbers that come twice on a side
-- are matched one by one, the oldest first; what finds no partner stands alone. Every order that a rule speaks of is here once.
with
rules as (
    select * from {{ ref('stg_settings__order_reconciliations') }}
),

sources as (
    select left_source as source
    from rules
    union distinct
    select right_source as source
    from rules
),

amounts as (
    select
        order_key,
        sum(net_amount) as net_amount
    from {{ ref('fct_order_lines') }}
    where source in (select sources.source from sources)
    group by order_key
),

orders as (
    select
        orders.*,
        coalesce(amounts.net_amount, 0) as net_amount
    from {{ ref('int_orders_keyed') }} as orders
    left join amounts on orders.order_key = amounts.order_key
    where orders.source in (select sources.source from sources)
),

{% for side in ['left', 'right'] %}
{{ side }}_numbered as (
    select
        rules.reconciliation_id,
        orders.*,
        nullif(upper(trim(
            case rules.{{ side }}_number
                when 'order_id' then orders.order_id
                when 'opportunity_id' then {{ id_of('orders.opportunity_key') }}
                else orders.order_number
            end
        )), '') as shared_number
    from orders
    inner join rules on orders.source = rules.{{ side }}_source
),

{{ side }}_side as (
    select
        numbered.*,
        row_number() over (
            partition by numbered.reconciliation_id, numbered.shared_number
            order by numbered.ordered_at nulls last, numbered.order_key
        ) as number_place
    from {{ side }}_numbered as numbered
    inner join rules on numbered.reconciliation_id = rules.reconciliation_id
    where rules.{{ side }}_orders = 'all' or numbered.shared_number is not null
),

{% endfor %}
paired as (
    select
        coalesce(left_side.reconciliation_id, right_side.reconciliation_id) as reconciliation_id,
        coalesce(left_side.shared_number, right_side.shared_number) as shared_number,
        case
            when right_side.order_key is null then 'only_left'
            when left_side.order_key is null then 'only_right'
            else 'matched'
        end as match_status,
        left_side.order_key as left_order_key,
        left_side.customer_key as left_customer_key,
        left_side.order_status as left_order_status,
        left_side.order_date as left_order_date,
        left_side.net_amount as left_net_amount,
        left_side.is_cancelled as left_is_cancelled,
        right_side.order_key as right_order_key,
        right_side.customer_key as right_customer_key,
        right_side.order_status as right_order_status,
        right_side.order_date as right_order_date,
        right_side.net_amount as right_net_amount,
        right_side.is_cancelled as right_is_cancelled
    from left_side
    full outer join right_side
        on
            left_side.reconciliation_id = right_side.reconciliation_id
            and left_side.shared_number = right_side.shared_number
            and left_side.number_place = right_side.number_place
)

select
    paired.reconciliation_id || '|' || coalesce(paired.left_order_key, '') || '|' || coalesce(paired.right_order_key, '') as match_key,
    paired.reconciliation_id,
    rules.left_source,
    rules.right_source,
    paired.shared_number,
    paired.match_status,
    {% for side in ['left', 'right'] %}
    paired.{{ side }}_order_key,
    paired.{{ side }}_customer_key,
    paired.{{ side }}_order_status,
    paired.{{ side }}_order_date,
    cast(paired.{{ side }}_net_amount as decimal(18, 4)) as {{ side }}_net_amount,
    {% endfor %}
    -- Of a pair alone; what stands alone differs as a whole.
    coalesce(paired.match_status = 'matched' and paired.left_customer_key <> paired.right_customer_key, false) as is_customer_different,
    coalesce(paired.match_status = 'matched' and paired.left_order_status <> paired.right_order_status, false) as is_status_different,
    coalesce(
        paired.match_status = 'matched'
        and abs({{ dbt.datediff('paired.left_order_date', 'paired.right_order_date', 'day') }}) > rules.date_tolerance_days, false
    ) as is_date_different,
    coalesce(
        paired.match_status = 'matched' and abs(paired.left_net_amount - paired.right_net_amount) > rules.amount_tolerance, false
    ) as is_amount_different,
    -- Two systems told of it and both were counted as sales.
    cast(case
        when paired.match_status = 'matched' and not paired.left_is_cancelled and not paired.right_is_cancelled
            then least(paired.left_net_amount, paired.right_net_amount)
        else 0
    end as decimal(18, 4)) as counted_twice_amount
from paired
inner join rules on paired.reconciliation_id = rules.reconciliation_id
where
    (
        rules.since_date is null
        or paired.left_order_date >= rules.since_date
        or paired.right_order_date >= rules.since_date
    )
    -- of a side whose orders are `named`, what the other side does not tell of is nobody's business
    and (rules.left_orders <> 'named' or paired.match_status <> 'only_left')
    and (rules.right_orders <> 'named' or paired.match_status <> 'only_right')
