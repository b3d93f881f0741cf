with
leads as (
    select * from {{ ref('fct_leads') }}
),

cells as (
    {{ kpi_cells(
        'leads',
        'created_date',
        {'channel': 'channel', 'region': 'region_key', 'rep': 'owner_rep_key'},
        'sum(case when is_converted_30d then 1 else 0 end)',
        'count(*)',
    ) | indent(4) }}
)

-- A cohort is mature when its youngest lead has had its 30 days.
{{ kpi_ratio('lead_conversion_rate', 'cells', ['week'], maturity_days=30) }}
