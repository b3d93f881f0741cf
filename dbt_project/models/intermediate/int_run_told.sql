-- dbt's Python models read it: their configuration is of the night on which the project was parsed.
select
    {{ business_date() }} as business_date,
    {{ text_literal(var('time_zone')) }} as time_zone,
    {{ text_literal(var('currency')) }} as currency
