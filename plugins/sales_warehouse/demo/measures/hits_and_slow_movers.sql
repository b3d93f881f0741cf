with sold as (
    select p.product_no, any_value(p.traits) as traits, sum(l.net) as net
    from shop_lines as l
    join products as p using (sku)
    group by p.product_no
),
ranked as (
    select *, row_number() over (order by net desc) as best, row_number() over (order by net) as worst from sold
),
shared as (
    select 'hit' as list, unnest(string_split(traits, '|')) as trait from ranked where best <= 3
    union all
    select 'slow', unnest(string_split(traits, '|')) from ranked where worst <= 3
),
common as (
    select list, trait from shared group by all having count(*) = 3
)
select
    coalesce((select min(trait) from common where list = 'hit'), 'none') as hit_trait,
    coalesce((select min(trait) from common where list = 'slow'), 'none') as slow_trait
