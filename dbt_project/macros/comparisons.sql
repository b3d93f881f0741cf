{# When a difference counts: tests of two shares, and the guard where many are looked at together. Portable SQL. #}

{% macro two_sided_p(z) -%}
{#-
    How probable a standard normal value at least as far from 0 is. Abramowitz and Stegun, Handbook of Mathematical
    Functions (1964), formula 7.1.26 of the error function: at most 0.00000015 off.
-#}
{%- set x = "(abs(cast(" ~ z ~ " as double)) / 1.4142135623730951)" -%}
{%- set t = "(1 / (1 + 0.3275911 * " ~ x ~ "))" -%}
least(
    1,
    {{ t }} * (0.254829592 + {{ t }} * (-0.284496736 + {{ t }} * (1.421413741 + {{ t }} * (-1.453152027 + {{ t }} * 1.061405429))))
    * exp(-{{ x }} * {{ x }})
)
{%- endmacro %}

{% macro two_shares_z(hits, total, other_hits, other_total) -%}
{#-
    The pooled z of a share less another one, of two groups; null where nobody, or everybody, is a hit. A customer who is
    in both groups makes the true difference surer than this says, never less sure.
-#}
{%- set pooled = "(cast(" ~ hits ~ " + " ~ other_hits ~ " as double) / nullif(" ~ total ~ " + " ~ other_total ~ ", 0))" -%}
(cast({{ hits }} as double) / nullif({{ total }}, 0) - cast({{ other_hits }} as double) / nullif({{ other_total }}, 0))
/ nullif(sqrt({{ pooled }} * (1 - {{ pooled }}) * (1 / cast(nullif({{ total }}, 0) as double) + 1 / cast(nullif({{ other_total }}, 0) as double))), 0)
{%- endmacro %}

{% macro two_shares_p(hits, total, other_hits, other_total) -%}
{#- How probable it is by chance that two shares differ as much; two that are both none, or both all, do not differ. -#}
{{ two_sided_p('coalesce(' ~ two_shares_z(hits, total, other_hits, other_total) ~ ', 0)') }}
{%- endmacro %}

{% macro clustered_variance(ends, days, ends_squares, products, days_squares) -%}
{#-
    The variance of the logarithm of ends per day, where what one customer does hangs together: the sum over customers of
    (its ends - rate x its days)², by the ends of all squared. Of each customer are given the sums of its ends squared, of
    ends x days, and of its days squared.
-#}
{%- set rate = "(cast(" ~ ends ~ " as double) / nullif(" ~ days ~ ", 0))" -%}
({{ ends_squares }} - 2 * {{ rate }} * {{ products }} + {{ rate }} * {{ rate }} * {{ days_squares }})
/ (cast(nullif({{ ends }}, 0) as double) * {{ ends }})
{%- endmacro %}

{% macro amount_of_all_won() -%}
{#- What all deals that were won are worth, if those without an amount are worth what the others are on average. -#}
case
    when won_with_amount_count = won_count then cast(won_amount as double)
    else cast(won_amount as double) * won_count / nullif(won_with_amount_count, 0)
end
{%- endmacro %}

{% macro last_months(count) -%}
{#- The month of the business date, which ends there, and those before it, with their last days. -#}
{%- set this_month = "cast(date_trunc('month', " ~ business_date() ~ ") as date)" -%}
{% for back in range(count) %}
select
    cast({{ dbt.dateadd('month', -back, this_month) }} as date) as month_start_date,
    {{ business_date() if back == 0 else "cast(" ~ dbt.dateadd('month', -back + 1, this_month) ~ " as date) - 1" }} as period_end_date
{{ "union all" if not loop.last }}  -- noqa: LT02
{% endfor %}
{%- endmacro %}

{% macro overlap_days(from_date, until_date, first_date, last_date) -%}
{#- Days that a stretch (until_date is the day after) has in a period of whole days; 0 where it has none. -#}
greatest(
    0,
    {{ dbt.datediff(
        "greatest(" ~ from_date ~ ", " ~ first_date ~ ")",
        "least(" ~ until_date ~ ", " ~ last_date ~ " + 1)",
        "day"
    ) }}
)
{%- endmacro %}

{% macro log_mean(one, other) -%}
{#- The logarithmic mean of two positive numbers; of equal ones, themselves. -#}
case
    when abs({{ one }} - {{ other }}) <= 1e-9 * {{ other }} then {{ other }}
    else ({{ one }} - {{ other }}) / ln({{ one }} / {{ other }})
end
{%- endmacro %}

{% macro is_paid_order(orders) -%}
{#- Money came by the business date, or, where nobody says when, the status says that it came (int_orders_keyed). -#}
not {{ orders }}.is_cancelled
and coalesce({{ orders }}.paid_date <= {{ business_date() }}, {{ orders }}.is_paid_by_status)
{%- endmacro %}
