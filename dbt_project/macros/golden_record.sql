{# Which of several records says what counts of a customer or a person: golden_record in identity.yml. #}

{% macro said_of(relation, attributes, columns) -%}
{#- One row for each attribute that a record has, with these columns of the record. -#}
{%- for attribute in attributes %}
select
    {{ columns | join(',\n    ') }},
    '{{ attribute }}' as attribute,
    cast({{ attribute }} as {{ dbt.type_string() }}) as attribute_value
from {{ relation }}
where {{ attribute }} is not null
{{ "union all" if not loop.last }}  -- noqa: LT02
{% endfor %}
{%- endmacro %}

{% macro survived(said, owner) -%}
{#-
    Of what records say of an owner (columns), for each attribute the value that counts, with how many records say so and how
    many say anything. The rows of `said` have source, is_deleted and record_rank, 1 for the newest record of an owner. A
    record that was deleted speaks last, and sources that are not named speak after those that are: the most common value is that
    of the records that speak first. Of the oldest and the newest record one without any date (has_date) is neither.
-#}
{%- set owned = [] -%}
{%- for column in owner -%}
{%- do owned.append('said.' ~ column) -%}
{%- endfor -%}
{%- set owned = owned | join(', ') -%}
select * from (
    select
        counted.*,
        row_number() over (
            partition by {{ owned | replace('said.', 'counted.') }}, counted.attribute
            order by
                counted.is_deleted asc,
                counted.source_rank asc nulls last,
                case when counted.survivorship_rule = 'most_common' then -counted.vote_count else 0 end asc,
                counted.has_date desc,
                case when counted.survivorship_rule = 'oldest' then -counted.record_rank else counted.record_rank end asc
        ) as value_rank
    from (
        select
            said.*,
            coalesce(rules.survivorship_rule, 'newest') as survivorship_rule,
            preferred.source_rank,
            count(*) over (partition by {{ owned }}, said.attribute, said.attribute_value) as agreeing_record_count,
            count(*) over (
                partition by {{ owned }}, said.attribute, said.is_deleted, preferred.source_rank, said.attribute_value
            ) as vote_count,
            count(*) over (partition by {{ owned }}, said.attribute) as record_count
        from {{ said }} as said
        left join (
            select * from {{ ref('stg_settings__survivorship') }}
            where source is null
        ) as rules on said.attribute = rules.attribute
        left join (
            select * from {{ ref('stg_settings__survivorship') }}
            where source is not null
        ) as preferred on said.attribute = preferred.attribute and said.source = preferred.source
    ) as counted
) as ranked
where value_rank = 1
{%- endmacro %}

{% macro value_of(attribute) -%}
{#- The text that counts of an attribute, over rows of survived(). -#}
max(case when attribute = '{{ attribute }}' then attribute_value end)
{%- endmacro %}
