-- The mean over the customers with an estimate that some source still has: of who is deleted in all of them nothing is
-- expected, though it is in kpi_customer_lifetime_values, and others are judged by how it bought.
with
estimates as (
    select
        {{ business_date() }} as today,
        customers.region_key,
        lifetimes.clv_12m_amount
    from {{ ref('kpi_customer_lifetime_values') }} as lifetimes
    inner join {{ ref('dim_customers') }} as customers on lifetimes.customer_key = customers.customer_key
    where lifetimes.clv_12m_amount is not null and not customers.is_deleted
),

summed as (
    {{ kpi_grouped('estimates', 'today', ['day'], {'region': 'region_key'}, {
        'numerator': 'sum(clv_12m_amount)', 'denominator': 'count(*)',
    }) | indent(4) }}
),

means as (
    select
        summed.*,
        {{ ratio('numerator', 'denominator') }} as value
    from summed
)

{{ kpi_of_today('clv_12m', 'means') }}
