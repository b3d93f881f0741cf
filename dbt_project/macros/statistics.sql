{# Tests of significance in SQL. Each says where its formula is from; tests/dbt/test_analyses.py computes them again. #}

{% macro window_of(grain, windows) -%}
{#- A number of periods by grain, where a grain is a column. -#}
case {{ grain }}{% for name, count in windows.items() %} when '{{ name }}' then {{ count }}{% endfor %} end
{%- endmacro %}

{% macro squared(amount) -%}
{#-
    An amount of money times itself, to be summed: as a decimal, whose sums are the same in whatever order rows come, with
    all four places that amounts have, which leaves room for amounts below 10^15.
-#}
cast({{ amount }} as decimal(19, 4)) * cast({{ amount }} as decimal(19, 4))
{%- endmacro %}

{% macro stirling_log_factorial(n) -%}
{#-
    ln n! = ln Γ(n + 1) by Stirling's series at n + 8, seven steps up, where its error is below 1e-12
    (Abramowitz and Stegun 1964, 6.1.15 and 6.1.41). For engines without lgamma.
-#}
{%- set z = '(cast(' ~ n ~ ' as double) + 8)' -%}
(
    ({{ z }} - 0.5) * ln({{ z }}) - {{ z }} + 0.91893853320467274178 + 1 / (12 * {{ z }}) - 1 / (360 * power({{ z }}, 3))
    + 1 / (1260 * power({{ z }}, 5)) - 1 / (1680 * power({{ z }}, 7)) + 1 / (1188 * power({{ z }}, 9))
    {% for step in range(1, 8) %}- ln({{ z }} - {{ step }}) {% endfor %}
)
{%- endmacro %}

{% macro log_choose(n, k) -%}
({{ log_factorial(n) }} - {{ log_factorial(k) }} - {{ log_factorial(n ~ ' - ' ~ k) }})
{%- endmacro %}

{% macro normal_tail(z) -%}
{#-
    P(Z > z) of a standard normal Z for z >= 0, to 14 digits: Hart (1968), algorithm 5666, as in West, "Better
    approximations to cumulative normal functions", Wilmott 2005. Beyond 37 it is below 1e-300.
-#}
case
    when {{ z }} > 37 then 0.0
    when {{ z }} < 7.07106781186547
        then
            exp(-{{ z }} * {{ z }} / 2)
            * ((((((0.0352624965998911 * {{ z }} + 0.700383064443688) * {{ z }} + 6.37396220353165) * {{ z }}
            + 33.912866078383) * {{ z }} + 112.079291497871) * {{ z }} + 221.213596169931) * {{ z }} + 220.206867912376)
            / (((((((0.0883883476483184 * {{ z }} + 1.75566716318264) * {{ z }} + 16.064177579207) * {{ z }}
            + 86.7807322029461) * {{ z }} + 296.564248779674) * {{ z }} + 637.333633378831) * {{ z }}
            + 793.826512519948) * {{ z }} + 440.413735824752)
    else
        exp(-{{ z }} * {{ z }} / 2)
        / ({{ z }} + 1 / ({{ z }} + 2 / ({{ z }} + 3 / ({{ z }} + 4 / ({{ z }} + 0.65)))))
        / 2.506628274631000502
end
{%- endmacro %}

{% macro hypergeometric_tails(relation, key, population, marked, drawn, found, tail='upper') -%}
{#-
    One row for each key with p_value = P(X >= found) (tail lower: P(X <= found)) where X of `drawn` are marked, drawn
    from `population` of which `marked` are: Fisher's exact test, one-sided (Fisher 1935). All columns are whole numbers.
-#}
select
    {% for column in key %}
    rows_tested.{{ column }},
    {% endfor %}
    least(
        1.0,
        sum(
            exp(
                {{ log_choose('rows_tested.' ~ marked, 'possible.n') }}
                + {{ log_choose('(rows_tested.' ~ population ~ ' - rows_tested.' ~ marked ~ ')', '(rows_tested.' ~ drawn ~ ' - possible.n)') }}
                - {{ log_choose('rows_tested.' ~ population, 'rows_tested.' ~ drawn) }}
            )
        )
    ) as p_value
from {{ relation }} as rows_tested
{% if tail == 'upper' -%}
{{ each_number('possible', 'rows_tested.' ~ found, 'least(rows_tested.' ~ marked ~ ', rows_tested.' ~ drawn ~ ')') }}
{%- else -%}
{{ each_number(
    'possible',
    'greatest(0, rows_tested.' ~ drawn ~ ' + rows_tested.' ~ marked ~ ' - rows_tested.' ~ population ~ ')',
    'rows_tested.' ~ found
) }}
{%- endif %}

group by {% for column in key %}rows_tested.{{ column }}{{ ', ' if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro false_discovery_rates(relation, p_value, families) -%}
{#-
    The rows of a relation with q_value: the share of false ones among all of its family with a p as small, which
    Benjamini and Hochberg (1995) bound: the least of p x tests / rank over this and every greater p. A row without a
    p is no test and gets no q.
-#}
{%- set family = families | join(', ') -%}
select
    stepped.*,
    case
        when {{ p_value }} is not null
            then min(step_up) over (partition by {{ family ~ ', ' if family }}{{ p_value }} is null order by {{ p_value }} desc nulls last)
    end as q_value
from (
    select
        ranked.*,
        least(
            1.0,
            {{ p_value }} * count({{ p_value }}) over (partition by {{ family if family else '1' }})
            / row_number() over ({{ 'partition by ' ~ family ~ ' ' if family }}order by {{ p_value }} asc nulls last)
        ) as step_up
    from {{ relation }} as ranked
) as stepped
{%- endmacro %}

{% macro signed_root(value) -%}
case when {{ value }} >= 0 then sqrt({{ value }}) else -sqrt(-({{ value }})) end
{%- endmacro %}

{% macro student_quantile(z, degrees) -%}
{#- The quantile of Student's t where that of a normal distribution is z (Abramowitz and Stegun 1964, 26.7.5). -#}
(
    {{ z }} + (power({{ z }}, 3) + {{ z }}) / (4 * {{ degrees }})
    + (5 * power({{ z }}, 5) + 16 * power({{ z }}, 3) + 3 * {{ z }}) / (96 * power({{ degrees }}, 2))
)
{%- endmacro %}
