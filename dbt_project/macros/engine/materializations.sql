{#
    How a table or a view is built on DuckDB: in its place, in one transaction. dbt-duckdb builds beside it and renames twice,
    which costs more than most of these models; nobody reads this file while it is written, and a transaction that does not
    end leaves what was there.
#}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing is not none %}{% do adapter.drop_relation(existing) %}{% endif %}
    {% call statement('main', language=model['language']) -%}
        {{ create_table_as(False, target, compiled_code, model['language']) }}
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% if existing is not none and not existing.is_view %}{% do adapter.drop_relation(existing) %}{% endif %}
    {% call statement('main') -%}
        create or replace view {{ target }} as (
            {{ sql }}
        )
    {%- endcall %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do persist_docs(target, model) %}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{#
    Comments of a table and of its columns in one statement. Columns with comments are those of a contract, which was held
    against the query a moment ago: they are not looked up again.
#}

{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) %}
    {% set comments %}
        {% if for_relation and config.persist_relation_docs() and model.description %}
            {{ alter_relation_comment(relation, model.description) }}
        {% endif %}
        {% if for_columns and config.persist_column_docs() %}
            {% for name, column in model.columns.items() %}
                comment on column {{ relation }}.{{ name }} is {{ duckdb_escape_comment(column.description) }};
            {% endfor %}
        {% endif %}
    {% endset %}
    {% if comments.strip() %}
        {% call statement('comments') %}{{ comments }}{% endcall %}
    {% endif %}
{% endmacro %}
