{{ config(
    materialized='incremental',
    incremental_strategy='delete+insert',
    unique_key=['experiment_key', 'unit_id'],
    on_schema_change='fail',
    post_hook=[
        "{{ forget('int_experiment_assignments_deduplicated', ['experiment_key', 'unit_id']) }}",
    ],
) }}

select
    experiment_key,
    unit_id,
    source,
    coalesce(variant, 'unknown') as variant,
    assigned_at,
    {{ business_date_of('assigned_at') }} as assigned_date
from {{ present('int_experiment_assignments_deduplicated') }}
{% if is_incremental() %}
where {{ is_pending() }}
{% endif %}
