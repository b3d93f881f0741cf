{#
    Models that carry months: what a night found of a month stands for as long as the facts of that month are what they were. Each
    row keeps the fingerprint of the facts that it was made of; a night makes the months again whose fingerprint is another one
    now. Nothing else has to be remembered: it is the same after a night that was killed, an order that moved to another
    month, customers that were merged and a deletion.

    Such a model lies in models/intermediate/carried, which makes it incremental by `month_start_date`; it begins with
    due_months() and has forget_months() as its post-hook.
#}

{% macro month_of(day) -%}
{#- The first day of a month; facts without a day share the one that no fact has. -#}
coalesce(cast(date_trunc('month', {{ day }}) as date), date '0001-01-01')
{%- endmacro %}

{% macro due_months(fingerprint='fingerprint') -%}
{#-
    The months to make, with the fingerprint to keep: everything that is not kept as it is. Of a year without facts there is
    nothing to make and nothing to keep.
-#}
select
    months.month_start_date,
    months.last_date,
    months.{{ fingerprint }} as fingerprint
from {{ ref('int_sales_months') }} as months
where {{ 'months.has_year_facts' if fingerprint == 'year_fingerprint' else 'true' }}
{% if is_incremental() -%}
and not exists (
    select 1
    from {{ this }} as kept
    where kept.month_start_date = months.month_start_date and kept.fingerprint = months.{{ fingerprint }}
)
{%- endif %}
{%- endmacro %}

{% macro forget_months(fingerprint='fingerprint', months_kept=none) -%}
{#-
    Take out what was made of other facts: a month that has none any more gets no rows that would replace the old ones. Of
    models that are about the last so many months, those before them too.
-#}
{%- if is_incremental() -%}
delete from {{ this }}
where not exists (
    select 1
    from {{ ref('int_sales_months') }} as months
    where months.month_start_date = {{ this }}.month_start_date and months.{{ fingerprint }} = {{ this }}.fingerprint
)
{% if months_kept -%}
or month_start_date not in (select kept.month_start_date from ({{ last_months(months_kept) }}) as kept)
{%- endif %}
{%- else -%}
select 1
{%- endif -%}
{%- endmacro %}
