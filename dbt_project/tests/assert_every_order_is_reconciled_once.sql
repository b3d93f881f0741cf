-- Every order that a rule of reconciliation.yml speaks of is in exactly one row of the rule: matched, only left or only right.
with
rules as (
    select * from {{ ref('stg_settings__order_reconciliations') }}
),

{% for side in ['left', 'right'] %}
{{ side }}_found as (
    select
        reconciliation_id,
        {{ side }}_order_key as order_key,
        count(*) as row_count
    from {{ ref('trust_order_matches') }}
    where {{ side }}_order_key is not null
    group by reconciliation_id, {{ side }}_order_key
),

{{ side }}_expected as (
    select
        rules.reconciliation_id,
        orders.order_key
    from {{ ref('int_orders_keyed') }} as orders
    inner join rules on orders.source = rules.{{ side }}_source
    where
        (
            rules.{{ side }}_orders in ('all', 'named')
            or (rules.{{ side }}_number = 'order_id' and trim(orders.order_id) <> '')
            or (rules.{{ side }}_number = 'opportunity_id' and trim(orders.opportunity_key) <> '')
            or (rules.{{ side }}_number = 'order_number' and trim(orders.order_number) <> '')
        )
        and (rules.since_date is null or orders.order_date >= rules.since_date)
),

{% endfor %}
unmatched as (
    {% for side in ['left', 'right'] %}
    select
        '{{ side }}' as side,
        coalesce(expected.reconciliation_id, found.reconciliation_id) as reconciliation_id,
        coalesce(expected.order_key, found.order_key) as order_key,
        coalesce(found.row_count, 0) as row_count
    from {{ side }}_expected as expected
    full outer join {{ side }}_found as found
        on expected.reconciliation_id = found.reconciliation_id and expected.order_key = found.order_key
    left join rules on coalesce(expected.reconciliation_id, found.reconciliation_id) = rules.reconciliation_id
    where
        coalesce(found.row_count, 0) <> 1
        and (coalesce(found.row_count, 0) > 1 or rules.{{ side }}_orders <> 'named')
    {{ "union all" if not loop.last }}  -- noqa: LT02
    {% endfor %}
)

select * from unmatched
