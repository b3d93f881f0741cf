{# How long something takes when some of it is not finished yet. #}

{% macro kaplan_meier(relation, group_columns, duration_column, is_event_column, quantiles, restricted_mean=false) -%}
{#-
    The product-limit estimate (Kaplan and Meier 1958): S(t) is the product over the durations u <= t at which something
    ended of 1 - ended(u) / at_risk(u). Who had not ended when last seen (is_event false) is at risk up to then, that
    duration included, and is never taken for an end, so no quantile lies below the one of the finished alone.

    One row for each group: the group columns, subject_count, event_count, and for each quantile of (0, 1) a column such
    as p50 or p97_5: the shortest duration with S(t) <= 1 - quantile, in the type of the duration; null where the curve
    does not come down so far. `restricted_mean` adds a column of that name, the area below the curve up to the longest
    duration seen: the mean where everything ended, else less than it. A row without a duration is left out.

    S is a product of fractions, and a sum of logarithms here: what is 0.5 exactly comes out some 1e-16 for each row
    off, so a billionth above counts as reached. No column of a group may have a name that begins with km_.
-#}
{%- set groups = group_columns | join(', ') -%}
{%- set partition = 'partition by ' ~ groups if groups else '' -%}
with
km_durations as (
    select
        {{ groups ~ ',' if groups }}
        {{ duration_column }} as km_duration,
        count(*) as km_leaving_count,
        count(*) filter (where {{ is_event_column }}) as km_event_count
    from {{ relation }}
    where {{ duration_column }} is not null
    group by {{ groups ~ ',' if groups }} {{ duration_column }}
),

km_risks as (
    select
        km_durations.*,
        sum(km_leaving_count) over (
            {{ partition }} order by km_duration desc rows between unbounded preceding and current row
        ) as km_risk_count
    from km_durations
),

km_curve as (
    select
        km_risks.*,
        -- The curve ends at 0 where everything left ends at once, and after that there is nothing.
        case
            when km_event_count = km_risk_count then 0
            else exp(sum(
                case
                    when km_event_count < km_risk_count
                        then ln(cast(km_risk_count - km_event_count as double) / km_risk_count)
                    else 0
                end
            ) over ({{ partition }} order by km_duration asc rows between unbounded preceding and current row))
        end as km_survival
        {%- if restricted_mean %},
        lag(km_duration) over ({{ partition }} order by km_duration asc) as km_duration_before
        {%- endif %}
    from km_risks
)
{%- if restricted_mean %},

km_areas as (
    select
        km_curve.*,
        coalesce(lag(km_survival) over ({{ partition }} order by km_duration asc), 1)
        * cast(km_duration - coalesce(km_duration_before, 0) as double) as km_area
    from km_curve
)
{%- endif %}

select
    {{ groups ~ ',' if groups }}
    cast(coalesce(sum(km_leaving_count), 0) as bigint) as subject_count,
    cast(coalesce(sum(km_event_count), 0) as bigint) as event_count
    {%- for quantile in quantiles %},
    min(km_duration) filter (where km_survival <= {{ (1 - quantile) | round(9) }} + 1e-9) as {{ quantile_name(quantile) }}
    {%- endfor %}
    {%- if restricted_mean %},
    sum(km_area) as restricted_mean
    {%- endif %}
from {{ 'km_areas' if restricted_mean else 'km_curve' }}
{{ 'group by ' ~ groups if groups }}
{%- endmacro %}

{% macro quantile_name(quantile) -%}
{#- 0.5 is p50, 0.975 is p97_5. -#}
p{{ ('%.6f' | format(quantile * 100)).rstrip('0').rstrip('.') | replace('.', '_') }}
{%- endmacro %}
